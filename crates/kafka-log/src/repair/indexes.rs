//! Offset and time indexes: whether those that are there lead to the right places, and new ones as Kafka's recovery
//! builds them. Batches go by one after another, so that nobody has to keep them.

use std::collections::VecDeque;

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

/// A new index, and why.
pub(super) type NewIndex = Option<(Vec<u8>, &'static str)>;

/// The indexes of a segment whose log stays, against its batches.
pub(super) struct Indexes {
    offsets: OffsetIndexCheck,
    times: TimeIndexCheck,
    built: IndexBuilder,
}

impl Indexes {
    /// Begins with what the files hold, if they are there. `is_closed`: the segment was rolled or closed.
    pub(super) fn new(base_offset: i64, offsets: Option<Vec<u8>>, times: Option<Vec<u8>>, is_closed: bool) -> Self {
        Indexes {
            offsets: OffsetIndexCheck::new(base_offset, offsets, is_closed),
            times: TimeIndexCheck::new(base_offset, times, is_closed),
            built: IndexBuilder::new(base_offset),
        }
    }

    /// The next batch.
    pub(super) fn batch(&mut self, batch: &Indexed) {
        self.offsets.batch(batch);
        self.times.batch(batch);
        self.built.batch(batch);
    }

    /// New offset and time indexes, where those that are there are wrong.
    pub(super) fn finish(self) -> (NewIndex, NewIndex) {
        let (offset_fault, time_fault) = (self.offsets.finish(), self.times.finish());
        let (offsets, times) = self.built.finish();
        (offset_fault.map(|why| (offsets, why)), time_fault.map(|why| (times, why)))
    }
}

/// The offset and the time index over batches (`LogSegment.recover`).
pub(super) struct IndexBuilder {
    base_offset: i64,
    offsets: Vec<u8>,
    times: Vec<u8>,
    timestamp: i64,
    offset: i64,
    last_entry: u64,
}

impl IndexBuilder {
    pub(super) fn new(base_offset: i64) -> Self {
        let (offsets, times) = (Vec::new(), Vec::new());
        IndexBuilder { base_offset, offsets, times, timestamp: -1, offset: base_offset, last_entry: 0 }
    }

    pub(super) fn batch(&mut self, batch: &Indexed) {
        if batch.max_timestamp > self.timestamp {
            (self.timestamp, self.offset) = (batch.max_timestamp, batch.last_offset);
        }
        if batch.position - self.last_entry > INDEX_INTERVAL_BYTES {
            let position = i32::try_from(batch.position).unwrap_or(i32::MAX);
            let index = OffsetIndex::new(self.base_offset, &self.offsets);
            let mut appender = OffsetIndexAppender::new(index, INDEX_BYTES_MAX);
            // An entry that does not fit leaves a sparser index, which is as right as any.
            let _ = appender.append(batch.last_offset, position, &mut self.offsets);
            self.add_time(false);
            self.last_entry = batch.position;
        }
    }

    fn add_time(&mut self, use_reserved_slot: bool) {
        let index = TimeIndex::new(self.base_offset, &self.times);
        let mut appender = TimeIndexAppender::new(index, INDEX_BYTES_MAX);
        let _ = appender.maybe_append(self.timestamp, self.offset, use_reserved_slot, &mut self.times);
    }

    pub(super) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.add_time(true);
        (self.offsets, self.times)
    }
}

/// What is wrong with an offset index, if anything is.
struct OffsetIndexCheck {
    base_offset: i64,
    /// `None`: there is no file.
    bytes: Option<Vec<u8>>,
    used: usize,
    /// The entry that the next batches are compared with.
    at: usize,
    last: Option<(i64, i32)>,
    /// Offsets of entries whose batches have been found, and which must end a batch.
    to_end: VecDeque<i64>,
    batches: u64,
    end: u64,
    fault: Option<&'static str>,
}

const NO_BATCH: &str = "an entry leads to no batch";

impl OffsetIndexCheck {
    fn new(base_offset: i64, bytes: Option<Vec<u8>>, is_closed: bool) -> Self {
        let (used, fault) = used_of(bytes.as_deref(), OFFSET_INDEX_ENTRY_LEN, is_closed);
        let (last, to_end) = (None, VecDeque::new());
        OffsetIndexCheck { base_offset, bytes, used, at: 0, last, to_end, batches: 0, end: 0, fault }
    }

    fn batch(&mut self, batch: &Indexed) {
        (self.batches, self.end) = (self.batches + 1, batch.position);
        let Some(bytes) = self.bytes.as_deref().filter(|_| self.fault.is_none()) else { return };
        let index = OffsetIndex::new(self.base_offset, &bytes[..self.used]);
        while let Some(entry) = index.entry(self.at) {
            if self.last.is_some_and(|(offset, position)| entry.offset <= offset || entry.position <= position) {
                self.fault = Some("its entries do not grow");
                return;
            }
            if i64::from(entry.position) > batch.position.cast_signed() {
                break;
            }
            if i64::from(entry.position) < batch.position.cast_signed() || batch.first_offset > entry.offset {
                self.fault = Some(NO_BATCH);
                return;
            }
            // Several batches of one append share an entry with the last offset of them all.
            self.to_end.push_back(entry.offset);
            self.last = Some((entry.offset, entry.position));
            self.at += 1;
        }
        while self.to_end.front().is_some_and(|&offset| offset <= batch.last_offset) {
            if self.to_end.pop_front() != Some(batch.last_offset) {
                self.fault = Some("an entry names an offset that ends no batch");
            }
        }
    }

    fn finish(self) -> Option<&'static str> {
        let Some(bytes) = &self.bytes else { return (self.batches > 0).then_some("it is missing") };
        if self.fault.is_some() {
            return self.fault;
        }
        let index = OffsetIndex::new(self.base_offset, &bytes[..self.used]);
        if let Some(entry) = index.entry(self.at) {
            let grows = self.last.is_none_or(|(offset, position)| entry.offset > offset && entry.position > position);
            return Some(if grows { NO_BATCH } else { "its entries do not grow" });
        }
        if !self.to_end.is_empty() {
            return Some("an entry names an offset that ends no batch");
        }
        let indexed_to = self.last.map_or(0, |(_, position)| position.unsigned_abs().into());
        let is_empty = self.last.is_none() && self.batches > 64 && self.end > 64 * 1024;
        let is_most_missing = is_empty || self.end.saturating_sub(indexed_to) > UNINDEXED_MAX;
        is_most_missing.then_some("most of the log is not in it")
    }
}

/// What is wrong with a time index, if anything is. A segment that was rolled or closed got an entry then: Kafka takes the
/// largest timestamp from there.
struct TimeIndexCheck {
    base_offset: i64,
    /// `None`: there is no file.
    bytes: Option<Vec<u8>>,
    used: usize,
    is_closed: bool,
    at: usize,
    last: Option<(i64, i64)>,
    has_batches: bool,
    newest: i64,
    fault: Option<&'static str>,
}

const NO_TIMESTAMP_THERE: &str = "an entry leads to no batch of its timestamp";

impl TimeIndexCheck {
    fn new(base_offset: i64, bytes: Option<Vec<u8>>, is_closed: bool) -> Self {
        let (used, fault) = used_of(bytes.as_deref(), TIME_INDEX_ENTRY_LEN, is_closed);
        let (has_batches, newest) = (false, -1);
        TimeIndexCheck { base_offset, bytes, used, is_closed, at: 0, last: None, has_batches, newest, fault }
    }

    fn batch(&mut self, batch: &Indexed) {
        self.has_batches = true;
        self.newest = self.newest.max(batch.max_timestamp);
        let Some(bytes) = self.bytes.as_deref().filter(|_| self.fault.is_none()) else { return };
        let index = TimeIndex::new(self.base_offset, &bytes[..self.used]);
        while let Some(entry) = index.entry(self.at) {
            if self.last.is_some_and(|(timestamp, offset)| entry.timestamp <= timestamp || entry.offset < offset) {
                self.fault = Some("its entries do not grow");
                return;
            }
            if entry.offset > batch.last_offset {
                return;
            }
            if batch.first_offset > entry.offset || batch.max_timestamp != entry.timestamp {
                self.fault = Some(NO_TIMESTAMP_THERE);
                return;
            }
            self.last = Some((entry.timestamp, entry.offset));
            self.at += 1;
        }
    }

    fn finish(self) -> Option<&'static str> {
        let Some(bytes) = &self.bytes else { return self.has_batches.then_some("it is missing") };
        if self.fault.is_some() {
            return self.fault;
        }
        let index = TimeIndex::new(self.base_offset, &bytes[..self.used]);
        if let Some(entry) = index.entry(self.at) {
            let last = self.last;
            let grows = last.is_none_or(|(timestamp, offset)| entry.timestamp > timestamp && entry.offset >= offset);
            return Some(if grows { NO_TIMESTAMP_THERE } else { "its entries do not grow" });
        }
        let last = self.last.map_or(-1, |(timestamp, _)| timestamp.max(-1));
        let is_wrong = self.is_closed && self.newest != last;
        is_wrong.then_some("its last entry is not the largest timestamp of the segment")
    }
}

/// Bytes of an index that hold entries. The active segment of a log that was not closed may have zeros behind them.
fn used_of(bytes: Option<&[u8]>, entry_len: usize, is_closed: bool) -> (usize, Option<&'static str>) {
    let bytes = bytes.unwrap_or_default();
    let fault = (!bytes.len().is_multiple_of(entry_len)).then_some("its size is not a multiple of its entries");
    if is_closed {
        return (bytes.len(), fault);
    }
    let used = bytes.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    (used.next_multiple_of(entry_len).min(bytes.len()), fault)
}
