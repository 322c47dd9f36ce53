//! The offsets of a log that move: its end, the high watermark, the last stable offset, its start.

mod numbers;
mod watermark;

pub(in crate::log) use numbers::Offsets;
pub use watermark::LogStartOffsetReason;
