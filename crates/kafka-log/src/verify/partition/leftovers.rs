//! Files on their way in or out, and files that are none of Kafka's.

use std::path::Path;

use super::files::Files;
use crate::format::file_name::{FileKind, FileState};
use crate::verify::code::Code;
use crate::verify::finding::{Finding, Remedy, Severity};
use crate::verify::report::PartitionReport;

/// Tells what lies around.
pub(super) fn check(files: &Files, dir: &Path, report: &mut PartitionReport) {
    for (name, path) in &files.leftovers {
        let (code, what) = match (name.state, name.kind) {
            (FileState::Swap, FileKind::Log) => (Code::SwapFile, "a file that is about to replace others"),
            (FileState::Swap, _) => (Code::Leftover, "a file that is about to replace another"),
            (FileState::Cleaned, _) => (Code::Leftover, "a file that the cleaner did not finish"),
            (FileState::Deleted, _) => (Code::Leftover, "a file that waits to be deleted"),
            (FileState::Partial, _) => (Code::Leftover, "a snapshot that is not complete"),
            (FileState::Temporary | FileState::Live, _) => (Code::Leftover, "a file that is about to be renamed"),
        };
        report.findings.push(Finding::new(code, path, "files in use alone", what));
    }
    for path in &files.unknown {
        let finding = Finding::new(Code::UnknownFile, path, "files of Kafka's alone", "another");
        report.findings.push(finding);
    }
    if files.logs.is_empty() && files.kraft_snapshots.is_empty() {
        let found = if files.logs_in_transit.is_empty() { "none" } else { "only some on their way in or out" };
        // What Kafka makes of it is an empty log; whether anything was there, its files may tell.
        let finding = Finding::new(Code::SegmentMissing, dir, "a segment", found).graded(Severity::Warning);
        let finding = if files.logs_in_transit.is_empty() { finding } else { finding.with(Remedy::FinishSwap) };
        report.findings.push(finding);
    }
}
