//! What tests of this workspace share: files that Apache Kafka wrote, what its dump tool printed for them, and the rules
//! by which two runs of a dump tool count as equal.

pub mod allocations;
pub mod answers;
pub mod compare;
pub mod counting;
pub mod faults;
pub mod fixtures;
#[cfg(feature = "hostile")]
pub mod hostile;
mod random;
pub mod rewrite;
pub mod run;
pub mod segments;
pub mod sim;

pub use random::{Random, seed};
