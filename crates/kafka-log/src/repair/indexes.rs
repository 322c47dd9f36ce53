//! Offset and time indexes: whether those that are there lead to the right places, and new ones as Kafka's recovery
//! builds them.

use super::survivor::Survivor;
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex, OffsetIndexAppender};
use crate::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex, TimeIndexAppender};

/// Bytes of log between two entries (`index.interval.bytes`).
const INDEX_INTERVAL_BYTES: u64 = 4096;
/// Bytes of an index at most (`segment.index.bytes`).
const INDEX_BYTES_MAX: usize = 10 * 1024 * 1024;
/// An offset index that says nothing of so many bytes at the end of the log is not the whole of it.
const UNINDEXED_MAX: u64 = 4 * 1024 * 1024;

/// A batch as the indexes need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed {
    pub(super) position: u64,
    pub(super) first_offset: i64,
    pub(super) last_offset: i64,
    pub(super) max_timestamp: i64,
}

impl Indexed {
    pub(super) fn of(batch: &Survivor) -> Self {
        Indexed {
            position: batch.position,
            first_offset: batch.first_offset,
            last_offset: batch.last_offset,
            max_timestamp: batch.max_timestamp,
        }
    }
}

/// The offset and the time index over `batches` (`LogSegment.recover`).
pub(super) fn build(base_offset: i64, batches: &[Indexed]) -> (Vec<u8>, Vec<u8>) {
    let (mut offsets, mut times) = (Vec::new(), Vec::new());
    let mut offset_index = OffsetIndexAppender::new(OffsetIndex::new(base_offset, &[]), INDEX_BYTES_MAX);
    let mut time_index = TimeIndexAppender::new(TimeIndex::new(base_offset, &[]), INDEX_BYTES_MAX);
    let (mut timestamp, mut offset) = (-1, base_offset);
    let mut last_entry = 0;
    for batch in batches {
        if batch.max_timestamp > timestamp {
            (timestamp, offset) = (batch.max_timestamp, batch.last_offset);
        }
        if batch.position - last_entry > INDEX_INTERVAL_BYTES {
            let position = i32::try_from(batch.position).unwrap_or(i32::MAX);
            // An entry that does not fit leaves a sparser index, which is as right as any.
            let _ = offset_index.append(batch.last_offset, position, &mut offsets);
            let _ = time_index.maybe_append(timestamp, offset, false, &mut times);
            last_entry = batch.position;
        }
    }
    let _ = time_index.maybe_append(timestamp, offset, true, &mut times);
    (offsets, times)
}

/// What is wrong with an offset index over `batches`, if anything is.
///
/// `may_be_preallocated`: the segment is the active one of a log that was not closed, so zeros may follow the entries.
pub(super) fn check_offset_index(
    base_offset: i64,
    bytes: &[u8],
    batches: &[Indexed],
    may_be_preallocated: bool,
) -> Option<&'static str> {
    let used = if may_be_preallocated { without_zeros(bytes, OFFSET_INDEX_ENTRY_LEN) } else { bytes };
    if !bytes.len().is_multiple_of(OFFSET_INDEX_ENTRY_LEN) {
        return Some("its size is not a multiple of its entries");
    }
    let mut last: Option<(i64, i32)> = None;
    let mut at = 0;
    for entry in OffsetIndex::new(base_offset, used).iter() {
        if last.is_some_and(|(offset, position)| entry.offset <= offset || entry.position <= position) {
            return Some("its entries do not grow");
        }
        last = Some((entry.offset, entry.position));
        let Ok(position) = u64::try_from(entry.position) else { return Some("an entry leads to no batch") };
        while batches.get(at).is_some_and(|batch| batch.position < position) {
            at += 1;
        }
        match batches.get(at) {
            Some(batch) if batch.position == position && batch.first_offset <= entry.offset => {
                // Several batches of one append share an entry with the last offset of them all.
                let holder = batches[at..].partition_point(|batch| batch.last_offset < entry.offset);
                if batches.get(at + holder).is_none_or(|batch| batch.last_offset != entry.offset) {
                    return Some("an entry names an offset that ends no batch");
                }
            }
            _ => return Some("an entry leads to no batch"),
        }
    }
    let indexed_to = last.map_or(0, |(_, position)| position.unsigned_abs().into());
    let end = batches.last().map_or(0, |batch| batch.position);
    if end.saturating_sub(indexed_to) > UNINDEXED_MAX || last.is_none() && batches.len() > 64 && end > 64 * 1024 {
        return Some("most of the log is not in it");
    }
    None
}

/// What is wrong with a time index over `batches`, if anything is. `is_sealed` asks for the entry that a segment gets when
/// it is rolled or closed: Kafka takes the largest timestamp from there.
pub(super) fn check_time_index(
    base_offset: i64,
    bytes: &[u8],
    batches: &[Indexed],
    is_sealed: bool,
    may_be_preallocated: bool,
) -> Option<&'static str> {
    let used = if may_be_preallocated { without_zeros(bytes, TIME_INDEX_ENTRY_LEN) } else { bytes };
    if !bytes.len().is_multiple_of(TIME_INDEX_ENTRY_LEN) {
        return Some("its size is not a multiple of its entries");
    }
    let mut last: Option<(i64, i64)> = None;
    let mut at = 0;
    for entry in TimeIndex::new(base_offset, used).iter() {
        if last.is_some_and(|(timestamp, offset)| entry.timestamp <= timestamp || entry.offset < offset) {
            return Some("its entries do not grow");
        }
        last = Some((entry.timestamp, entry.offset));
        at += batches[at..].partition_point(|batch| batch.last_offset < entry.offset);
        let is_true = batches
            .get(at)
            .is_some_and(|batch| batch.first_offset <= entry.offset && batch.max_timestamp == entry.timestamp);
        if !is_true {
            return Some("an entry leads to no batch of its timestamp");
        }
    }
    if is_sealed {
        let newest = batches.iter().map(|batch| batch.max_timestamp).max().filter(|&newest| newest >= 0);
        if newest != last.map(|(timestamp, _)| timestamp).filter(|&timestamp| timestamp >= 0) {
            return Some("its last entry is not the largest timestamp of the segment");
        }
    }
    None
}

fn without_zeros(bytes: &[u8], entry_len: usize) -> &[u8] {
    let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    &bytes[..used.next_multiple_of(entry_len).min(bytes.len())]
}
