//! Looking for damage in the files of a log, without writing anything.
//!
//! A thing that is wrong is a [`Finding`], not an error: all of them are collected, graded, and name their remedy. Errors
//! are for what keeps the verification itself from running.

mod code;
mod finding;
mod report;

pub use code::Code;
pub use finding::{Class, Finding, OffsetRange, Remedy, Severity};
pub use report::{
    DirectoryReport, Fault, FaultKind, IndexReport, Level, PartitionReport, Report, SegmentReport, Verdict,
};
