//! `leader-epoch-checkpoint` against the leader epochs of the batches (`LeaderEpochFileCache`).

use std::path::Path;

use super::Outside;
use super::files::Files;
use super::state::{EpochSeen, PartitionState};
use crate::format::leader_epoch_checkpoint::{EpochEntry, read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};
use crate::fs::Fs;
use crate::verify::code::Code;
use crate::verify::finding::{Finding, Remedy, Severity};
use crate::verify::report::PartitionReport;
use crate::verify::small_file::read_small;

/// Reads the file, if it is there.
pub(super) fn read<F: Fs>(fs: &F, files: &Files, state: &mut PartitionState, report: &mut PartitionReport) {
    let Some(path) = &files.epochs else { return };
    let Some(bytes) = read_small(fs, path, Code::EpochsCorrupt, &mut report.findings) else { return };
    match read_leader_epoch_checkpoint(&bytes) {
        Err(error) => {
            let expected = "epochs and their first offsets";
            report.findings.push(Finding::new(Code::EpochsCorrupt, path, expected, error.to_string()));
            state.epochs_are_corrupt = true;
        }
        Ok(entries) => {
            let is_ordered =
                |pair: &[EpochEntry]| matches!(pair, [a, b] if a.epoch < b.epoch && a.start_offset < b.start_offset);
            match entries.windows(2).find(|pair| !is_ordered(pair)) {
                Some([a, b]) => {
                    let found = format!("{b} behind {a}");
                    report.findings.push(Finding::new(Code::EpochsMismatch, path, "epochs that grow", found));
                    state.epochs_are_corrupt = true;
                }
                _ => {
                    let mut written = Vec::new();
                    write_leader_epoch_checkpoint(&entries, &mut written);
                    if written != bytes && !bytes.is_empty() {
                        let expected = "the bytes that Kafka writes for these epochs";
                        let finding = Finding::new(Code::EpochsMismatch, path, expected, "others that say the same");
                        report.findings.push(finding.graded(Severity::Note).with(Remedy::Nothing));
                    }
                    state.epochs_recorded = entries;
                }
            }
        }
    }
}

/// Compares what the file says with what the batches say.
pub(super) fn check(files: &Files, dir: &Path, state: &PartitionState, outside: Outside, report: &mut PartitionReport) {
    if state.epochs_are_corrupt {
        return;
    }
    let path = files.epochs.clone().unwrap_or_else(|| dir.join("leader-epoch-checkpoint"));
    let (recorded, seen) = (&state.epochs_recorded, &state.epochs_seen);
    if recorded.is_empty() {
        if let Some(first) = seen.first() {
            let expected = format!("epoch {} from offset {} on, as in the batches", first.epoch, first.start_offset);
            report.findings.push(Finding::new(Code::EpochsMissing, path, expected, "no epochs"));
        }
        return;
    }
    let end = report.log_end_offset;
    // The start of a new leader, before it has written anything, may stand at the end of the log.
    for entry in recorded.iter().filter(|entry| entry.start_offset > end) {
        let expected = format!("offsets up to the end of the log, {end}");
        let finding = Finding::new(Code::EpochsMismatch, &path, expected, entry.to_string());
        report.findings.push(finding.of(entry.start_offset, None).graded(Severity::Warning));
    }
    report.findings.extend(seen.iter().filter_map(|seen| not_recorded(&path, seen, recorded, outside)));
    if !state.is_compacted && report.segments.iter().all(|segment| segment.faults.is_empty()) {
        let is_seen = |entry: &&EpochEntry| seen.iter().any(|seen| seen.epoch == entry.epoch);
        let start = report.segments.first().and_then(|segment| segment.base_offset).unwrap_or(0);
        let within = recorded.iter().enumerate().filter(|(slot, entry)| {
            // One that ends before the log starts was cut off with it.
            let ends = recorded.get(slot + 1).map_or(end, |next| next.start_offset);
            entry.start_offset < end && ends > start
        });
        for (_, entry) in within.filter(|(_, entry)| !is_seen(entry)) {
            let expected = "the epochs of the batches alone";
            let finding = Finding::new(Code::EpochsMismatch, &path, expected, entry.to_string());
            report.findings.push(finding.of(entry.start_offset, None));
        }
    }
}

/// An epoch of the batches that the file does not have, or has elsewhere.
fn not_recorded(path: &Path, seen: &EpochSeen, recorded: &[EpochEntry], outside: Outside) -> Option<Finding> {
    let EpochSeen { epoch, start_offset, last_offset, end_before } = *seen;
    let entry = recorded.iter().find(|entry| entry.epoch == epoch);
    // Compaction may have taken the first batches of an epoch, and the start of the log those before it.
    let fits = entry.is_some_and(|entry| {
        entry.start_offset <= start_offset && end_before.is_none_or(|end| entry.start_offset > end)
    });
    // The log may start in the middle of its first batch, after records were deleted.
    let starts_within = entry.is_some_and(|entry| {
        end_before.is_none()
            && entry.start_offset <= last_offset
            && outside.log_start_offset.is_none_or(|start| start >= entry.start_offset)
    });
    if fits || starts_within && outside.log_start_offset.is_some() {
        return None;
    }
    let expected = format!("epoch {epoch} from offset {start_offset} on, as in the batches");
    let found = entry.map_or_else(|| "no such epoch".to_owned(), |entry| entry.to_string());
    let finding = Finding::new(Code::EpochsMismatch, path, expected, found).of(start_offset, None);
    Some(if starts_within { finding.graded(Severity::Note).with(Remedy::Nothing) } else { finding })
}
