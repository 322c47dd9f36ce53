//! One segment: its batches, and its offset and time index beside them, in one pass.

mod chain;
mod damage;
mod entries;
mod epochs;
mod header;
mod index_files;
mod offset_index;
mod ordered;
mod quick;
mod records;
mod seen;
mod time_index;
mod worker;

use std::io;
use std::path::Path;
use std::sync::Mutex;

use super::code::Code;
use super::finding::{Finding, Remedy, Severity};
use super::options::VerifyOptions;
use super::partition::state::PartitionState;
use super::report::{Level, SegmentReport};
use crate::format::control::ControlRecordType;
use crate::fs::{Fs, FsFile, OpenMode, ReadAt};
use crate::segment::resync::Resync;
use crate::segment::scan::{ScanEnd, scan};
use damage::{Place, Stepped};
use index_files::Indexes;
use offset_index::OffsetIndexCheck;
use ordered::Ordered;
pub(super) use seen::Seen;
use time_index::TimeIndexCheck;
use worker::{Judge, Worker};

/// Bytes that the closer look goes on for behind damage, for each damage so far, before the fast walk takes over again.
const CLOSE_LOOK: u64 = 256 * 1024;

/// A segment to be verified.
#[derive(Clone, Copy, Debug)]
pub(super) struct Segment<'s> {
    /// File of batches.
    pub(super) path: &'s Path,
    /// Base offset in its name.
    pub(super) base_offset: Option<i64>,
    /// Base offset of the segment behind it.
    pub(super) next_base: Option<i64>,
    /// Offset of the first batch of the segment behind it, no less than that.
    pub(super) next_first: Option<i64>,
    /// Whether no segment follows in its partition.
    pub(super) is_last: bool,
    /// Whether it is a snapshot of KRaft, whose offsets mean nothing.
    pub(super) is_kraft_snapshot: bool,
    /// Whether indexes belong to it.
    pub(super) has_indexes: bool,
    /// How bad a torn tail is: after a clean stop there may be none.
    pub(super) torn: Severity,
    /// How thoroughly to look.
    pub(super) level: Level,
    /// Threads that work on it.
    pub(super) threads: usize,
    /// Bytes that a batch may decompress to.
    pub(super) decompressed_max: usize,
}

/// Verifies a segment. `state` takes what the partition has to know of its batches.
pub(super) fn verify<F: Fs>(fs: &F, segment: Segment<'_>, state: &mut PartitionState) -> SegmentReport {
    let mut report = SegmentReport {
        path: segment.path.to_owned(),
        base_offset: segment.base_offset,
        size: 0,
        modified_ms: 0,
        valid_to: 0,
        first_offset: None,
        last_offset: None,
        batches: 0,
        records: 0,
        min_timestamp: None,
        max_timestamp: None,
        faults: Vec::new(),
        offset_index: None,
        time_index: None,
        transaction_index: None,
        findings: Vec::new(),
    };
    // Indexes first: what the log says later is at least as new.
    let indexes = segment.has_indexes.then(|| Indexes::open(fs, segment.path, segment.is_last, &mut report));
    let opened = fs.metadata(segment.path).and_then(|metadata| {
        report.modified_ms = metadata.modified_ms;
        fs.open(segment.path, OpenMode::Read)
    });
    let walked = opened.and_then(|file| {
        report.size = file.len()?;
        match segment.level {
            Level::Quick => quick::look(&file, segment, indexes.as_ref(), &mut report),
            Level::Default | Level::Deep => walk(&file, segment, indexes.as_ref(), &mut report, state),
        }
    });
    if let Err(error) = walked {
        report.findings.push(Finding::new(Code::ReadFailed, segment.path, "a file to read", error.to_string()));
    }
    if let Some(indexes) = indexes {
        indexes.close(&mut report);
    }
    report
}

/// Verifies a snapshot of KRaft: batches between a header and a footer (`RecordsSnapshotReader`).
pub(super) fn verify_kraft_snapshot<F: Fs>(fs: &F, path: &Path, options: &VerifyOptions) -> SegmentReport {
    let segment = Segment {
        path,
        base_offset: None,
        next_base: None,
        next_first: None,
        is_last: false,
        is_kraft_snapshot: true,
        has_indexes: false,
        torn: Severity::Damage,
        level: options.level,
        threads: options.threads,
        decompressed_max: options.decompressed_max,
    };
    let mut state = PartitionState::default();
    let mut report = verify(fs, segment, &mut state);
    for finding in &mut report.findings {
        finding.remedy = Remedy::RestoreFromReplica;
    }
    let (first, last) = (state.first_control, state.last_control);
    let footer = ControlRecordType::SnapshotFooter.id();
    if options.level != Level::Quick && (first.is_none() || last != Some(footer)) {
        let shown = |id: Option<i16>| id.map_or("none", |id| ControlRecordType::from_id(id).name());
        let found = format!("{} first and {} last", shown(first), shown(last));
        let expected = "a control record first and SNAPSHOT_FOOTER last";
        report.findings.push(Finding::new(Code::KRaftSnapshot, path, expected, found));
    }
    report
}

fn walk<R: FsFile>(
    file: &R,
    segment: Segment<'_>,
    indexes: Option<&Indexes<R>>,
    report: &mut SegmentReport,
    state: &mut PartitionState,
) -> io::Result<()> {
    let base = segment.base_offset.unwrap_or(0);
    let offsets = match segment.base_offset {
        Some(base) => base..=base.saturating_add(i64::from(i32::MAX)),
        None => 0..=i64::MAX,
    };
    let place = Place { is_last: segment.is_last, torn: segment.torn, modified_ms: report.modified_ms };
    let mut len = report.size;
    let offset_index = OffsetIndexCheck::new(indexes.and_then(Indexes::offset_file), base);
    let time_index = TimeIndexCheck::new(indexes.and_then(Indexes::time_file), base);
    let mut ordered = Ordered::new(segment, report, state, offset_index, time_index);
    let mut judge = Judge::new(segment.level, segment.decompressed_max);
    let mut resync = None;
    let (mut at, mut damages, mut looks) = (0, 0u64, 0);
    while at < len {
        let is_done = fast(file, at, len, segment, &mut ordered)?;
        at = ordered.walked_to.max(at);
        if is_done || at >= len {
            break;
        }
        // Something is not as it should be. A closer look, longer each time, so that a file full of damage is read once.
        let last = ordered.newest();
        let closer = resync.get_or_insert_with(|| Resync::new(file, 0..len, offsets.clone(), None));
        closer.resume(at, last);
        damages += 1;
        let enough = at.saturating_add(damages.saturating_mul(CLOSE_LOOK));
        loop {
            match damage::step(file, closer, len, place, &mut judge, &mut ordered)? {
                Stepped::Good if closer.position() >= enough => break,
                Stepped::Good | Stepped::Hole => {}
                Stepped::End => break,
                Stepped::Tail(tail) => {
                    let grown = file.len()?;
                    if grown > len || damage::may_grow(place, looks) {
                        looks += 1;
                        if grown > len {
                            len = grown;
                        }
                        // From the same place again, with what is there now.
                        resync = None;
                        ordered.walked_to = tail.bytes.start;
                        break;
                    }
                    let hole = damage::tail(file, tail, len, place)?;
                    ordered.hole(hole);
                    break;
                }
            }
        }
        at = ordered.walked_to.max(at);
    }
    ordered.finish();
    ordered.offset_index.finish(len, || file.len().unwrap_or(len));
    if ordered.offset_index.entries_in_hole() > 0 {
        ordered.zeros_were_batches();
    }
    let has_grown = file.len().is_ok_and(|now| now > len);
    ordered.time_index.finish(has_grown);
    let Ordered { offset_index, time_index, report, .. } = ordered;
    report.size = len;
    if let Some(indexes) = indexes {
        indexes.report(offset_index, time_index, segment, report);
    }
    Ok(())
}

/// Walks on with all threads as long as nothing is wrong; gives whether the end was reached.
fn fast<R: ReadAt + Sync + ?Sized>(
    file: &R,
    at: u64,
    len: u64,
    segment: Segment<'_>,
    ordered: &mut Ordered<'_>,
) -> io::Result<bool> {
    ordered.walked_to = at;
    let shared = Mutex::new(ordered);
    let mut workers: Vec<_> = (0..segment.threads.max(1))
        .map(|_| Worker::new(Judge::new(segment.level, segment.decompressed_max), &shared))
        .collect();
    match scan(file, at..len, len, &mut workers) {
        Some(scanned) => match scanned.end {
            ScanEnd::NoMoreBatches => Ok(scanned.position >= len),
            ScanEnd::Corrupt(_) => Ok(false),
            ScanEnd::Io(error) => Err(error),
        },
        None => Ok(false),
    }
}
