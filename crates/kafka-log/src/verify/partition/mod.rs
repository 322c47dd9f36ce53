//! One partition: the chain of its segments, and the files beside them.

mod chain;
mod epochs;
mod files;
mod leftovers;
mod replay;
mod snapshots;
pub(super) mod state;
mod txn_index;

use std::io;
use std::path::Path;

use super::code::Code;
use super::finding::{Class, Finding, Severity};
use super::options::VerifyOptions;
use super::report::{IndexReport, Level, PartitionReport, SegmentReport};
use super::segment::{self, Segment};
use super::small_file::read_small;
use crate::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC};
use crate::format::partition_dir::PartitionDirName;
use crate::format::partition_metadata::PartitionMetadata;
use crate::format::quorum_state::QuorumState;
use crate::format::transaction_index::ABORTED_TXN_LEN;
use crate::fs::{Fs, OpenMode, ReadAt};
use files::Files;
use snapshots::Snapshot;
use state::PartitionState;

/// What is known of a partition from outside of its directory.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Outside {
    /// From `log-start-offset-checkpoint`.
    pub(super) log_start_offset: Option<i64>,
    /// From `recovery-point-offset-checkpoint`.
    pub(super) recovery_point: Option<i64>,
    /// Whether the broker stopped cleanly, if that is known.
    pub(super) is_clean_stop: Option<bool>,
    /// Whether the cleaner has been at it, by its checkpoint.
    pub(super) is_compacted: bool,
}

/// Verifies the partition in a directory.
///
/// # Errors
/// The directory cannot be listed.
pub(super) fn verify<F: Fs>(
    fs: &F,
    dir: &Path,
    outside: Outside,
    options: &VerifyOptions,
) -> io::Result<PartitionReport> {
    let files = Files::list(fs, dir)?;
    let name = dir.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let parsed = PartitionDirName::parse(&name);
    let mut report = PartitionReport {
        path: dir.to_owned(),
        topic: parsed.map_or(name.as_str(), |parsed| parsed.topic).to_owned(),
        partition: parsed.map(|parsed| parsed.partition),
        topic_id: None,
        log_start_offset: 0,
        log_end_offset: 0,
        segments: Vec::with_capacity(files.logs.len()),
        findings: Vec::new(),
    };
    let mut state = PartitionState { is_compacted: outside.is_compacted, ..PartitionState::default() };
    beside(fs, &files, &mut state, &mut report);
    segments(fs, &files, outside, options, &mut state, &mut report);
    leftovers::check(&files, dir, &mut report);
    chain::check(&files, dir, &state, outside, &mut report);
    if options.level != Level::Quick {
        epochs::check(&files, dir, &state, outside, &mut report);
    }
    snapshots_at_the_end(&mut state, &mut report);
    report.findings.append(&mut state.findings);
    settle(&mut report, &state);
    Ok(report)
}

/// The small files of the partition.
fn beside<F: Fs>(fs: &F, files: &Files, state: &mut PartitionState, report: &mut PartitionReport) {
    if let Some(path) = &files.metadata {
        let read = read_small(fs, path, Code::PartitionMetadataCorrupt, &mut report.findings);
        match read.map(|bytes| PartitionMetadata::read(&bytes)) {
            Some(Ok(metadata)) => report.topic_id = Some(metadata.topic_id),
            Some(Err(error)) => {
                let (expected, found) = ("a version and a topic id", error.to_string());
                report.findings.push(Finding::new(Code::PartitionMetadataCorrupt, path, expected, found));
            }
            None => {}
        }
    }
    if let Some(path) = &files.quorum_state
        && let Some(bytes) = read_small(fs, path, Code::QuorumState, &mut report.findings)
        && let Err(error) = QuorumState::read(&bytes)
    {
        report.findings.push(Finding::new(Code::QuorumState, path, "an election state", error.to_string()));
    }
    epochs::read(fs, files, state, report);
}

fn segments<F: Fs>(
    fs: &F,
    files: &Files,
    outside: Outside,
    options: &VerifyOptions,
    state: &mut PartitionState,
    report: &mut PartitionReport,
) {
    let first_base = files.logs.first_key_value().map_or(0, |(&base, _)| base);
    state.snapshots.log_start = first_base;
    state.replay.unknown_before = if first_base > 0 { first_base } else { i64::MIN };
    for (&offset, path) in &files.snapshots {
        if options.level == Level::Quick {
            break;
        }
        let (fs, path) = (fs.clone(), path.clone());
        let file = path.clone();
        let read = Box::new(move || read_small(&fs, &file, Code::SnapshotCorrupt, &mut Vec::new()));
        state.snapshots.push(Snapshot { offset, path, read });
    }
    // A mark of a clean stop promises a whole tail; without it a torn one is what a crash leaves.
    let torn = if outside.is_clean_stop == Some(true) { Severity::Damage } else { Severity::Warning };
    let last = files.logs.last_key_value().map(|(&base, _)| base);
    let mut bases = files.logs.iter().peekable();
    while let Some((&base, path)) = bases.next() {
        let next = bases.peek().map(|(next, path)| (**next, *path));
        let next_base = next.map(|(base, _)| base);
        let next_first = next.filter(|_| options.level != Level::Quick);
        let next_first = next_first.and_then(|(base, path)| first_offset(fs, path, base)).or(next_base);
        let segment = Segment {
            path,
            base_offset: Some(base),
            next_base,
            next_first,
            is_last: last == Some(base),
            is_kraft_snapshot: false,
            has_indexes: true,
            torn,
            level: options.level,
            threads: options.threads,
            decompressed_max: options.decompressed_max,
        };
        state.starts_at(base);
        let known_from = state.replay.unknown_before;
        let mut verified = segment::verify(fs, segment, state);
        transaction_index(fs, files, base, known_from, options.level, state, &mut verified, report);
        report.segments.push(verified);
    }
    for path in &files.kraft_snapshots {
        let snapshot = segment::verify_kraft_snapshot(fs, path, options);
        report.findings.extend(snapshot.findings);
    }
    report.log_end_offset = report.segments.iter().rev().find_map(|segment| segment.last_offset).map_or_else(
        || report.segments.last().and_then(|segment| segment.base_offset).unwrap_or(0),
        |last| last.saturating_add(1).max(report.segments.last().and_then(|s| s.base_offset).unwrap_or(0)),
    );
    report.log_start_offset = outside.log_start_offset.unwrap_or(first_base).max(first_base);
}

/// Offset of the first batch in a file, if it is above the one in the name and not out of reach.
fn first_offset<F: Fs>(fs: &F, path: &Path, base: i64) -> Option<i64> {
    let file = fs.open(path, OpenMode::Read).ok()?;
    let mut bytes = [0; HEADER_SIZE_UP_TO_MAGIC];
    let got = file.read_full_at(&mut bytes, 0).ok()?;
    let overhead = BatchOverhead::parse(bytes[..got].first_chunk()?).ok()?;
    let distance = overhead.offset.checked_sub(base)?;
    (overhead.magic == 2 && (0..=i64::from(i32::MAX)).contains(&distance)).then_some(overhead.offset)
}

#[expect(clippy::too_many_arguments, reason = "one segment, its partition, and where both are told")]
fn transaction_index<F: Fs>(
    fs: &F,
    files: &Files,
    base: i64,
    known_from: i64,
    level: Level,
    state: &mut PartitionState,
    segment: &mut SegmentReport,
    report: &mut PartitionReport,
) {
    let aborted = std::mem::take(&mut state.aborted);
    let found = files.transaction_index(base);
    let path = found.map_or_else(|| segment.path.with_extension("txnindex"), Path::to_owned);
    if level == Level::Quick {
        let Some(len) = found.and_then(|path| fs.metadata(path).ok()).map(|metadata| metadata.len) else { return };
        let rest = len % ABORTED_TXN_LEN as u64;
        if rest != 0 {
            let expected = format!("whole entries of {ABORTED_TXN_LEN} bytes");
            segment.findings.push(Finding::new(Code::TxnIndexSize, path, expected, format!("{rest} bytes more")));
        }
        let entries = len / ABORTED_TXN_LEN as u64;
        segment.transaction_index = Some(IndexReport { size: len, entries, is_bad: rest != 0 });
        return;
    }
    let bytes = match found {
        Some(path) => match read_small(fs, path, Code::TxnIndexEntry, &mut report.findings) {
            None => return,
            read => read,
        },
        None => None,
    };
    let known_from = known_from.max(state.replay.unknown_before);
    let (index, findings) = txn_index::check(&path, bytes.as_deref(), &aborted, known_from);
    segment.transaction_index = index;
    segment.findings.extend(findings);
}

fn snapshots_at_the_end(state: &mut PartitionState, report: &mut PartitionReport) {
    let end = report.log_end_offset;
    state.snapshots.compare_up_to(end, &mut state.replay, &mut state.findings);
    for path in state.snapshots.rest() {
        let expected = format!("no snapshot behind the end of the log, offset {end}");
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let finding = Finding::new(Code::SnapshotStray, path, expected, name);
        report.findings.push(finding.graded(Severity::Warning));
    }
    sequences(state, report);
}

fn sequences(state: &PartitionState, report: &mut PartitionReport) {
    let of = |jumps: &(u64, Option<replay::Jump>), code, field: &str| {
        let (count, jump) = (jumps.0, jumps.1?);
        let replay::Jump { offset, producer_id, expected, found } = jump;
        let found = match count {
            1 => found.to_string(),
            more => format!("{found}, and {} more like it", more - 1),
        };
        let expected = format!("{field} {expected} of producer {producer_id}");
        Some(Finding::new(code, &report.path, expected, found).of(offset, None))
    };
    let found = [
        of(&state.replay.jumps, Code::Sequence, "sequence"),
        of(&state.replay.fenced, Code::ProducerEpoch, "no epoch below"),
    ];
    report.findings.extend(found.into_iter().flatten());
}

/// What only the whole partition can tell.
fn settle(report: &mut PartitionReport, state: &PartitionState) {
    let is_uncertain = |finding: &Finding| {
        matches!(finding.code, Code::SnapshotMismatch | Code::TxnIndexMismatch | Code::Sequence | Code::ProducerEpoch)
    };
    if state.is_compacted {
        // The cleaner takes away batches and markers that the replay would need.
        report.findings.retain(|finding| !is_uncertain(finding));
    }
    for segment in &mut report.segments {
        if state.is_compacted {
            segment.findings.retain(|finding| !is_uncertain(finding));
        } else {
            for finding in segment.findings.iter_mut().filter(|finding| finding.code == Code::OffsetGap) {
                finding.severity = finding.severity.max(Severity::Warning);
            }
        }
        if let Some(index) = &mut segment.transaction_index {
            index.is_bad = segment.findings.iter().any(|finding| {
                matches!(finding.code, Code::TxnIndexSize | Code::TxnIndexEntry | Code::TxnIndexMismatch)
                    && finding.class == Class::IndexOnly
            });
        }
    }
}
