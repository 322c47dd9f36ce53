//! Looking for damage in the files of a log, without writing anything.
//!
//! A thing that is wrong is a [`Finding`], not an error: all of them are collected, graded, and name their remedy. Errors
//! are for what keeps the verification itself from running.

mod code;
mod directory;
mod finding;
mod options;
mod partition;
pub mod predict;
mod report;
mod run;
mod segment;
mod small_file;

pub use code::Code;
pub use finding::{Class, Finding, OffsetRange, Remedy, Severity};
pub use options::{Observer, Silent, VerifyOptions};
pub use report::{
    DirectoryReport, Fault, FaultKind, IndexReport, Level, PartitionReport, Report, SegmentReport, Verdict,
};
pub use run::{PathKind, VerifyError, combine, path_kind, verify, verify_log_dir, verify_partition, verify_segment};
