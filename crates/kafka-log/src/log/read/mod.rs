//! Reads by offset, as parts of files, and look-ups by time.

mod fetch;
mod lookup;
mod readable;
mod slice;

pub use fetch::FetchDataInfo;
pub use lookup::{TimestampAndOffset, TimestampSpec};
pub use slice::FileSlice;
