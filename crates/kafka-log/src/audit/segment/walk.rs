//! The walk through a log file: with all threads as long as batch follows batch, with a closer look where they do not.

use std::io;
use std::sync::Mutex;

use super::closer::{self, Place, Stepped};
use super::deciders::Deciders;
use super::gather::Gather;
use super::index_files::Indexes;
use super::offset_index::OffsetIndexCheck;
use super::time_index::TimeIndexCheck;
use super::tolerant::Tolerant;
use super::worker::Worker;
use super::{Hold, Restart, Segment, SegmentAudit, batch_bytes, settled};
use crate::audit::batch::Summarizer;
use crate::audit::code::Code;
use crate::audit::finding::{Finding, Remedy};
use crate::audit::partition::state::PartitionState;
use crate::audit::report::Level;
use crate::fs::{FsFile, ReadAt};
use crate::segment::resync::Resync;
use crate::segment::scan::{ScanEnd, scan};

/// Bytes that the closer look goes on for after damage, for each damage so far, before the fast walk takes over again.
const CLOSE_LOOK: u64 = 256 * 1024;

/// Walks through a log file; returns why it has to be read again with all batches held back, if it has to.
///
/// # Errors
/// I/O errors.
pub(super) fn walk<R: FsFile>(
    file: &R,
    segment: &Segment<'_>,
    indexes: Option<&Indexes<R>>,
    audit: &mut SegmentAudit,
    state: &mut PartitionState,
) -> io::Result<Option<Restart>> {
    let base = segment.base_offset.unwrap_or(0);
    let bounds = segment.first_possible()..segment.end().unwrap_or(i64::MAX);
    let epoch_before = segment.before.map_or(-1, |(_, epoch)| epoch);
    let mut gather = Gather::new(bounds, epoch_before, segment.is_kraft_snapshot);
    if segment.hold != Hold::Nothing {
        gather.hold_all(segment.hold == Hold::Each, segment.lost_gaps);
    }
    let offset_index = OffsetIndexCheck::new(indexes.and_then(Indexes::offset_file), base);
    let time_index = TimeIndexCheck::new(indexes.and_then(Indexes::time_file), base);
    let len = audit.report.size;
    let place = Place { is_last: segment.next.is_none(), torn: segment.torn, modified_ms: audit.report.modified_ms };
    let mut deciders = Deciders::new(segment, &mut audit.report, state, offset_index, time_index);
    let tolerant = Tolerant::new(file, len);
    let len = to_the_end(&tolerant, len, || batch_bytes(file), place, segment, &mut gather, &mut deciders)?;
    if gather.must_restart() && segment.hold == Hold::Nothing {
        return Ok(Some(Restart::default()));
    }
    let settled =
        settled::settle(&tolerant, segment, indexes.and_then(Indexes::offset_file), gather.finish(), &mut deciders)?;
    let mut lost_gaps = deciders.take_lost_gaps();
    lost_gaps.retain(|gap| segment.lost_gaps.iter().all(|known| known.position != gap.position));
    if !lost_gaps.is_empty() || settled.lower_base.is_some() {
        return Ok(Some(Restart { lost_gaps, lower_base: settled.lower_base }));
    }
    let finished = deciders.finish(len, || batch_bytes(file).unwrap_or(len));
    finished.report.size = len;
    let has_gaps = finished.has_gaps;
    let entries_in_hole = finished.offset_index.entries_in_hole();
    if let Some(indexes) = indexes {
        indexes.report(finished.offset_index, finished.time_index, segment, finished.report);
    }
    for (bytes, error) in tolerant.unreadable() {
        let finding = Finding::new(Code::ReadFailed, segment.path, "bytes that can be read", error.to_string());
        finished.report.findings.push(finding.at(bytes).with(Remedy::Salvage));
    }
    settled.finish(segment, entries_in_hole > 0, audit);
    audit.has_gaps |= has_gaps;
    Ok(None)
}

/// Takes the walk to the end of the file, and returns its length: a file that grows is followed.
fn to_the_end<R: ReadAt + Sync>(
    file: &R,
    len: u64,
    newer_len: impl Fn() -> io::Result<u64>,
    place: Place,
    segment: &Segment<'_>,
    gather: &mut Gather,
    deciders: &mut Deciders<'_>,
) -> io::Result<u64> {
    let offsets = match segment.base_offset {
        Some(base) => base..=base.saturating_add(i64::from(i32::MAX)),
        None => 0..=i64::MAX,
    };
    let mut summarizer = summarizer(segment);
    let mut resync = None;
    let (mut at, mut damages, mut looks, mut len) = (0, 0u64, 0, len);
    while at < len {
        let is_done = fast(file, at, len, segment, gather, deciders)?;
        at = gather.walked_to.max(at);
        if is_done || at >= len || gather.must_restart() {
            break;
        }
        // A closer look, longer each time, so that a file full of damage is read once.
        let last = gather.newest();
        let closer = resync.get_or_insert_with(|| Resync::new(file, 0..len, offsets.clone(), None));
        closer.resume(at, last);
        damages += 1;
        let enough = at.saturating_add(damages.saturating_mul(CLOSE_LOOK));
        loop {
            match closer::step(file, closer, len, place, &mut summarizer, gather, deciders)? {
                Stepped::Good if closer.position() >= enough => break,
                Stepped::Good | Stepped::Hole => {}
                Stepped::End => break,
                Stepped::Tail(tail) => {
                    let grown = newer_len()?;
                    if grown > len || closer::may_grow(place, looks) {
                        looks += 1;
                        len = grown.max(len);
                        // From the same place again, with what is there now.
                        resync = None;
                        gather.walked_to = tail.bytes.start;
                        break;
                    }
                    gather.hole(closer::tail(file, tail, len, place)?);
                    break;
                }
            }
        }
        at = gather.walked_to.max(at);
    }
    Ok(len)
}

fn summarizer(segment: &Segment<'_>) -> Summarizer {
    Summarizer::new(segment.options.level == Level::Deep, segment.options.decompressed_max)
}

/// Walks on with all threads as long as nothing is wrong; returns whether the end was reached.
fn fast<R: ReadAt + Sync + ?Sized>(
    file: &R,
    at: u64,
    len: u64,
    segment: &Segment<'_>,
    gather: &mut Gather,
    deciders: &mut Deciders<'_>,
) -> io::Result<bool> {
    gather.walked_to = at;
    let shared = Mutex::new((gather, deciders));
    let mut workers: Vec<_> =
        (0..segment.options.threads.max(1)).map(|_| Worker::new(summarizer(segment), &shared)).collect();
    match scan(file, at..len, len, &mut workers) {
        Some(scanned) => match scanned.end {
            ScanEnd::NoMoreBatches => Ok(scanned.position >= len),
            ScanEnd::Corrupt(_) => Ok(false),
            ScanEnd::Io(error) => Err(error),
        },
        None => Ok(false),
    }
}
