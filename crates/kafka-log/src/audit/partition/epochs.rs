//! `leader-epoch-checkpoint` against the leader epochs of the batches (`LeaderEpochFileCache`).
//!
//! The file is a note about the log. A batch whose checksum holds outranks it: after an election the log is one epoch ahead
//! of a file that was not written in time.

use std::path::Path;

use crate::audit::code::Code;
use crate::audit::finding::{Finding, Remedy, Severity};
use crate::audit::small_file::{ReadSmall, read_small};
use crate::format::leader_epoch_checkpoint::{EpochEntry, read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};
use crate::fs::Fs;

/// Name of the file.
pub(crate) const FILE: &str = "leader-epoch-checkpoint";

/// Batches of one epoch that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EpochRun {
    pub(crate) epoch: i32,
    /// First offset of the first batch.
    pub(crate) first: i64,
    /// First offset of the last batch.
    pub(crate) last: i64,
    /// Last offset before the first batch.
    pub(crate) end_before: Option<i64>,
}

/// Content of the file.
#[derive(Debug, Default)]
pub(super) struct Filed {
    pub(super) entries: Vec<EpochEntry>,
    /// Why Kafka cannot use the file.
    pub(super) fault: Option<Finding>,
    is_there: bool,
}

/// What is wrong with the file, and the entries that it must have.
#[derive(Debug)]
pub(crate) struct WrongEpochs {
    pub(crate) finding: Finding,
    pub(crate) wanted: Vec<EpochEntry>,
}

/// Reads the file, if it is there. A remark about its form goes to `findings`.
pub(super) fn read<F: Fs>(fs: &F, dir: &Path, is_there: bool, findings: &mut Vec<Finding>) -> Filed {
    let path = dir.join(FILE);
    let mut filed = Filed { is_there, ..Filed::default() };
    if !is_there {
        return filed;
    }
    let bytes = match read_small(fs, &path) {
        ReadSmall::Content(bytes) => bytes,
        ReadSmall::Missing => {
            filed.is_there = false;
            return filed;
        }
        ReadSmall::Unreadable(finding) => {
            filed.fault = Some(finding.with(Remedy::RebuildLeaderEpochs));
            return filed;
        }
    };
    let fault = |expected: String, found: String| Finding::new(Code::EpochsCorrupt, &path, expected, found);
    match read_leader_epoch_checkpoint(&bytes) {
        Err(_) if !bytes.is_empty() && bytes.iter().all(|&byte| byte == 0) => {
            filed.fault =
                Some(fault("epochs and their first offsets".into(), "zeros, as after a power failure".into()));
        }
        Err(error) => filed.fault = Some(fault(error.expected(), error.found())),
        Ok(entries) => {
            let grows =
                |pair: &&[EpochEntry]| !matches!(pair, [a, b] if a.epoch < b.epoch && a.start_offset < b.start_offset);
            let is_negative = entries.iter().find(|entry| entry.epoch < 0 || entry.start_offset < 0);
            if let Some([a, b]) = entries.windows(2).find(grows) {
                let found = format!("{b} after {a}");
                filed.fault = Some(Finding::new(Code::EpochsMismatch, &path, "epochs that grow", found));
            } else if let Some(entry) = is_negative {
                let expected = "epochs and offsets of 0 or more";
                filed.fault = Some(Finding::new(Code::EpochsMismatch, &path, expected, entry.to_string()));
            } else {
                let mut written = Vec::new();
                write_leader_epoch_checkpoint(&entries, &mut written);
                if written != bytes && !bytes.is_empty() {
                    let expected = "the bytes that Kafka writes for these epochs";
                    let finding = Finding::new(Code::EpochsMismatch, &path, expected, "others that say the same");
                    findings.push(finding.graded(Severity::Note).with(Remedy::Nothing));
                }
                filed.entries = entries;
            }
        }
    }
    filed
}

/// What the log is like around the epochs.
pub(super) struct Around {
    /// Offset after the last batch, or where the log must end.
    pub(super) end: i64,
    /// First offset of the log.
    pub(super) start: i64,
    /// Whether an epoch may be without a batch: compaction or damage took them.
    pub(super) may_lack_batches: bool,
}

/// Compares the file with what the batches say.
pub(super) fn check(dir: &Path, filed: Filed, runs: &[EpochRun], around: &Around) -> Option<WrongEpochs> {
    let path = dir.join(FILE);
    let wanted = || wanted(&filed.entries, runs, around.end);
    if let Some(finding) = filed.fault {
        let wanted = of_batches(runs);
        return Some(WrongEpochs { finding, wanted });
    }
    if filed.entries.is_empty() {
        let first = runs.first()?;
        let expected = format!("epoch {} from offset {} on, as in the batches", first.epoch, first.first);
        let found = if filed.is_there { "no entries" } else { "no file" };
        let finding = Finding::new(Code::EpochsMissing, path, expected, found);
        return Some(WrongEpochs { finding, wanted: wanted() });
    }
    if let Some(run) = contradicted(&filed.entries, runs) {
        let expected = format!("epoch {} from offset {} on, as in the batches", run.epoch, run.first);
        let found = filed.entries.iter().find(|entry| entry.epoch == run.epoch);
        let found = found.map_or_else(|| "no such epoch".to_owned(), |entry| entry.to_string());
        let finding = Finding::new(Code::EpochsMismatch, path, expected, found).of(run.first, None);
        return Some(WrongEpochs { finding, wanted: wanted() });
    }
    // A leader that has written nothing yet may begin at the end, but not after it.
    if let Some(entry) = filed.entries.iter().find(|entry| entry.start_offset > around.end) {
        let expected = format!("offsets up to the log end offset, {}", around.end);
        let finding = Finding::new(Code::EpochsMismatch, path, expected, entry.to_string());
        let finding = finding.of(entry.start_offset, None).graded(Severity::Warning);
        return Some(WrongEpochs { finding, wanted: wanted() });
    }
    if around.may_lack_batches {
        return None;
    }
    let unknown = filed.entries.iter().enumerate().find(|(slot, entry)| {
        // One that ends before the log starts was cut off with it.
        let ends = filed.entries.get(slot + 1).map_or(around.end, |next| next.start_offset);
        let is_within = entry.start_offset < around.end && ends > around.start;
        is_within && runs.iter().all(|run| run.epoch != entry.epoch)
    });
    let (_, entry) = unknown?;
    let finding = Finding::new(Code::EpochsMismatch, path, "only the epochs of the batches", entry.to_string());
    Some(WrongEpochs { finding: finding.of(entry.start_offset, None), wanted: of_batches(runs) })
}

/// The first run of batches to which the file gives another epoch. Batches with a lower epoch than one before them, and
/// those before all entries, where records were deleted, contradict nothing.
fn contradicted<'r>(filed: &[EpochEntry], runs: &'r [EpochRun]) -> Option<&'r EpochRun> {
    let first = filed.first()?;
    let epoch_at = |offset: i64| {
        let after = filed.partition_point(|entry| entry.start_offset <= offset);
        after.checked_sub(1).map(|slot| filed[slot].epoch)
    };
    let gives = |offset: i64, epoch: i32| match epoch_at(offset) {
        Some(filed) => filed == epoch,
        None => epoch <= first.epoch,
    };
    let mut highest = -1;
    runs.iter().find(|run| {
        let is_lower = run.epoch < highest;
        highest = highest.max(run.epoch);
        !(is_lower || gives(run.first, run.epoch) && gives(run.last, run.epoch))
    })
}

/// The entries that follow from the batches alone.
pub(crate) fn of_batches(runs: &[EpochRun]) -> Vec<EpochEntry> {
    wanted(&[], runs, i64::MAX)
}

/// The entries that follow from the batches. Where compaction took the first batches of an epoch, the file tells better
/// where it began.
fn wanted(filed: &[EpochEntry], runs: &[EpochRun], end: i64) -> Vec<EpochEntry> {
    let mut entries: Vec<EpochEntry> = Vec::new();
    for run in runs {
        if entries.last().is_none_or(|last| run.epoch > last.epoch) {
            let begins = filed.iter().find(|entry| entry.epoch == run.epoch).map(|entry| entry.start_offset);
            let fits = |&start: &i64| start <= run.first && run.end_before.is_none_or(|before| start > before);
            let start_offset = begins.filter(fits).unwrap_or(run.first);
            entries.push(EpochEntry { epoch: run.epoch, start_offset });
        }
    }
    // Epochs before all batches, and one that has just begun, are known from the file alone.
    let lowest = entries.first().copied();
    let is_before = |entry: &&EpochEntry| {
        lowest.is_some_and(|lowest| entry.epoch < lowest.epoch && entry.start_offset < lowest.start_offset)
    };
    let newest = entries.last().copied();
    let is_after =
        |entry: &&EpochEntry| newest.is_none_or(|newest| entry.epoch > newest.epoch) && entry.start_offset == end;
    let mut all: Vec<EpochEntry> = filed.iter().filter(is_before).copied().collect();
    all.append(&mut entries);
    all.extend(filed.iter().rev().find(is_after).copied());
    all
}

/// The file with these entries.
pub(crate) fn file_of(entries: &[EpochEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_leader_epoch_checkpoint(entries, &mut bytes);
    bytes
}
