//! Faults on demand, for tests of clients: requests that fail, come late or end the connection, and a clock, members and
//! coordinators that do as they are told.
//!
//! As long as no fault is armed, a request costs one relaxed load more than without all this.

mod answer;
mod control;
mod handle;
mod table;

pub use handle::Faults;
pub use table::{Fault, FaultError};

pub(crate) use answer::answer;
pub(crate) use control::serve;
pub(crate) use table::{Effect, FaultTable};
