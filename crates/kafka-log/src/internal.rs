//! The inside of the engine, for the tests and benchmarks of this workspace. There is no promise of stability for what is here, and
//! [`crate::log::Log`] does not protect itself from a caller that uses it.

pub use crate::log::analyze::{AnalyzeParams, analyze, unexpected_append_offset};
pub use crate::log::cleaner::{Cleaner, CleanerConfig, CleanerHooks};
pub use crate::log::epochs::LeaderEpochCache;
pub use crate::log::producers::{
    AppendTerms, Checked, CompletedTxn, EndTransaction, ProducerAppends, ProducerStateManager, TV_UNKNOWN,
    snapshot_path,
};
pub use crate::log::validate::{ValidationParams, ValidationScratch, validate};
pub use crate::segment::log_segment::BatchWalk;
