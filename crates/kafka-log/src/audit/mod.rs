//! The one judgement of the files of a log: what is wrong, what proves it, and what helps.
//!
//! A directory is listed once, the batches of a segment are walked through once, and one set of deciders turns them into
//! evidence. A verification reports the findings, a repair acts on the proven values, and a prediction adds what the next
//! start would do: none of them judges again. Nothing here writes.
//!
//! Something that is wrong is a [`Finding`], not an error: all of them are collected, graded, and name their remedy. Errors
//! are for what keeps the judgement itself from running.

pub(crate) mod batch;
mod change;
mod code;
mod consequences;
pub(crate) mod directory;
mod finding;
pub(crate) mod node;
pub(crate) mod options;
pub(crate) mod partition;
mod paths;
pub mod predict;
mod report;
pub(crate) mod run;
pub(crate) mod segment;
pub(crate) mod small_file;

pub use change::{Change, Content, Piece};
pub use code::Code;
pub use finding::{Class, Finding, OffsetRange, Remedy, Severity};
pub use node::{LogDirCheckpoints, NodeStart, Refusal, Remaining, Stray};
pub use options::{AuditOptions, Observer, Silent};
pub use partition::Checkpoints;
pub use partition::evidence::OpenTransaction;
pub use paths::{PathKind, VerifyError, path_kind};
pub use report::{
    DirectoryReport, Fault, FaultKind, IndexReport, Level, PartitionReport, Report, SegmentReport, Verdict,
};
pub use run::{verify, verify_groups, verify_log_dir, verify_partition, verify_segment};
pub use segment::settle::{HeaderField, Restored};

/// Topic of the metadata log, which the log manager leaves alone.
pub(crate) const CLUSTER_METADATA: &str = "__cluster_metadata";
