//! Appends (`UnifiedLog.append`): the first look at the bytes ([`analyze`]), what needs no lock (`prepare`), what does (`write`), and the ways
//! to call them, for one append (`single`), for several at once (`group`), and for several threads (`combine`).

pub(crate) mod analyze;

mod combine;
mod group;
mod prepare;
mod scratch;
mod single;
mod write;

pub use combine::Combiner;
pub use group::{Answer, GroupAppend, GroupedAppend};
pub use prepare::LeaderAppend;
