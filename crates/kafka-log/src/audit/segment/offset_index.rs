//! Offset index entries against the batches, both in order, in one pass (`OffsetIndex`).

use std::ops::Range;
use std::path::Path;

use super::entries::{EntryFaults, InOrder, IndexEntry};
use crate::audit::batch::BatchSummary;
use crate::audit::code::Code;
use crate::audit::finding::{Finding, Severity};
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex, OffsetPosition};
use crate::fs::ReadAt;

/// Intervals without an entry at the end of a log at which it is missed. A restart may leave one out, and so may a change
/// of `index.interval.bytes`.
const UNINDEXED_FACTOR: u64 = 8;

impl IndexEntry for OffsetPosition {
    fn parse(base_offset: i64, bytes: &[u8]) -> Self {
        let start = OffsetPosition { offset: base_offset, position: 0 };
        OffsetIndex::new(base_offset, bytes).entry(0).unwrap_or(start)
    }

    fn key(&self) -> i64 {
        i64::from(self.position)
    }

    fn offset(&self) -> i64 {
        self.offset
    }

    fn expected_first(base_offset: i64) -> String {
        format!("offset {base_offset} or more at 0 or more")
    }

    fn shown(&self) -> String {
        format!("offset {} at {}", self.offset, self.position)
    }
}

/// The merge of an offset index with the batches of its log.
pub(super) struct OffsetIndexCheck<'o> {
    entries: InOrder<'o, OffsetPosition, OFFSET_INDEX_ENTRY_LEN>,
    /// An entry whose position is that of a batch before, and whose offset is yet to come.
    waiting: Option<(u64, OffsetPosition)>,
    last_offset: Option<i64>,
    /// Stretches of the log in which no batch can be trusted, the newest alone.
    hole: Range<u64>,
    /// Where the largest distance between two entries is least: entries come at intervals longer than the configured one.
    least_interval: u64,
    last_position: u64,
    max_timestamp: i64,
    max_timestamp_at_entry: Option<i64>,
    /// An offset that the log had, by the index, in the gap before the newest batch.
    witness: Option<i64>,
    /// Entries that lead into the newest hole.
    in_hole: u64,
    misleading: EntryFaults,
    loose: EntryFaults,
}

impl<'o> OffsetIndexCheck<'o> {
    /// The index in `file`, of which the first `used` bytes count; without a file there is nothing to check.
    pub(super) fn new(file: Option<(&'o (dyn ReadAt + Sync), u64)>, base_offset: i64) -> Self {
        OffsetIndexCheck {
            entries: InOrder::new(file, base_offset),
            waiting: None,
            last_offset: None,
            hole: 0..0,
            witness: None,
            in_hole: 0,
            least_interval: u64::MAX,
            last_position: 0,
            max_timestamp: -1,
            max_timestamp_at_entry: None,
            misleading: EntryFaults::default(),
            loose: EntryFaults::default(),
        }
    }

    fn take(&mut self, entry: OffsetPosition) {
        if let Some(previous) = self.entries.previous() {
            let interval = i64::from(entry.position) - i64::from(previous.position);
            self.least_interval = self.least_interval.min(interval.unsigned_abs());
        }
        self.entries.take();
    }

    /// No batch can be trusted here.
    pub(super) fn hole(&mut self, bytes: Range<u64>) {
        if bytes.start == self.hole.end && !bytes.is_empty() {
            self.hole.end = bytes.end;
        } else {
            self.hole = bytes;
        }
        self.in_hole = 0;
    }

    /// The next good batch.
    #[inline]
    pub(super) fn batch(&mut self, seen: &BatchSummary) {
        if self.entries.has_file() {
            self.merge(seen);
        }
        self.last_offset = Some(seen.last_offset);
        self.last_position = seen.position;
    }

    fn merge(&mut self, seen: &BatchSummary) {
        self.max_timestamp = self.max_timestamp.max(seen.max_timestamp);
        while let Some((slot, entry)) = self.entries.peek() {
            // Not negative: the first is not, and the others grow.
            let position = entry.position as u64;
            if position > seen.position {
                break;
            }
            self.resolve(Some(seen.last_offset), true);
            if entry.offset < seen.first_offset && self.last_offset.is_none_or(|last| entry.offset > last) {
                self.witness = Some(entry.offset);
            }
            if position < seen.position {
                if self.hole.contains(&position) {
                    self.in_hole += 1;
                } else {
                    self.misleading.add(slot, || ("the position of a batch".to_owned(), entry.shown()));
                }
            } else if entry.offset > seen.last_offset {
                self.waiting = Some((slot, entry));
            } else if self.last_offset.is_some_and(|last| entry.offset <= last) {
                let expected = || format!("offset {} at {position}", seen.last_offset);
                self.misleading.add(slot, || (expected(), format!("offset {}", entry.offset)));
            } else if entry.offset != seen.last_offset || position == 0 {
                let expected = || match position {
                    // The first batch needs none, and gets none.
                    0 => "no entry for the first batch".to_owned(),
                    _ => format!("offset {} at {position}", seen.last_offset),
                };
                self.loose.add(slot, || (expected(), format!("offset {}", entry.offset)));
            }
            self.take(entry);
            self.max_timestamp_at_entry = Some(self.max_timestamp).filter(|&time| time >= 0);
        }
        self.resolve(Some(seen.last_offset), false);
    }

    /// Older versions index several batches at once: position of the first, last offset of the last.
    fn resolve(&mut self, last: Option<i64>, is_over: bool) {
        let Some((slot, entry)) = self.waiting else { return };
        match last {
            Some(last) if last == entry.offset => self.waiting = None,
            Some(last) if last < entry.offset && !is_over => {}
            _ => {
                self.loose.add(slot, || ("the last offset of a batch".to_owned(), entry.shown()));
                self.waiting = None;
            }
        }
    }

    /// The log is at its end, `file_len` bytes long; `newer_len` says how long it is by now.
    pub(super) fn finish(&mut self, file_len: u64, newer_len: &impl Fn() -> u64) {
        if let Some((slot, entry)) = self.waiting.take() {
            let last = self.last_offset.map_or_else(|| "none".to_owned(), |last| last.to_string());
            let expected = format!("no offset above the last one of the log, {last}");
            self.misleading.add(slot, || (expected, entry.shown()));
        }
        let mut newer_len = Some(newer_len);
        let mut len = file_len;
        while let Some((slot, entry)) = self.entries.peek() {
            let position = entry.position as u64;
            if position >= len
                && let Some(newer_len) = newer_len.take()
            {
                len = newer_len();
            }
            // What was written while the log was read is nothing to complain about.
            if self.hole.contains(&position) {
                self.in_hole += 1;
            } else if !(file_len..len).contains(&position) {
                let expected = || format!("a position in the log of {file_len} bytes");
                self.misleading.add(slot, || (expected(), entry.shown()));
            }
            self.take(entry);
        }
    }

    /// An offset in the gap before the newest batch that the index knows of.
    pub(super) fn take_witness(&mut self) -> Option<i64> {
        self.witness.take()
    }

    /// How many entries lead into the newest hole.
    pub(super) fn entries_in_hole(&self) -> u64 {
        self.in_hole
    }

    /// The largest timestamp up to the batch that the last entry leads to.
    pub(super) fn max_timestamp_at_last_entry(&self) -> Option<i64> {
        self.max_timestamp_at_entry
    }

    /// The distance at which entries come, and the bytes after the last one, where these are many times as many.
    pub(super) fn unindexed(&self, log_end: u64) -> Option<(u64, u64)> {
        let last = u64::try_from(self.entries.previous()?.position).ok()?;
        let (behind, least) = (self.last_position.saturating_sub(last), self.least_interval);
        (least < u64::MAX && behind > least.saturating_mul(UNINDEXED_FACTOR))
            .then(|| (least, log_end.saturating_sub(last)))
    }

    /// What was found.
    pub(super) fn findings(self, path: &Path) -> Vec<Finding> {
        let len = OFFSET_INDEX_ENTRY_LEN as u64;
        let loose = self.loose.finding(Code::OffsetIndexEntry, path, len);
        let (out_of_order, failed) = self.entries.findings(Code::OffsetIndexOrder, path);
        [
            out_of_order,
            self.misleading.finding(Code::OffsetIndexEntry, path, len),
            loose.map(|finding| finding.graded(Severity::Warning)),
            failed,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
