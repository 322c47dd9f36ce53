//! Time index entries against the batches, both in order, in one pass (`TimeIndex`).

use std::path::Path;

use super::entries::{EntryFaults, InOrder, IndexEntry};
use crate::audit::batch::BatchSummary;
use crate::audit::code::Code;
use crate::audit::finding::{Finding, OffsetRange, Remedy, Severity};
use crate::format::batch::NO_TIMESTAMP;
use crate::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex, TimestampOffset};
use crate::fs::ReadAt;

impl IndexEntry for TimestampOffset {
    fn parse(base_offset: i64, bytes: &[u8]) -> Self {
        let start = TimestampOffset { timestamp: NO_TIMESTAMP, offset: base_offset };
        TimeIndex::new(base_offset, bytes).entry(0).unwrap_or(start)
    }

    fn key(&self) -> i64 {
        self.timestamp
    }

    fn offset(&self) -> i64 {
        self.offset
    }

    fn expected_first(base_offset: i64) -> String {
        format!("a time at offset {base_offset} or more")
    }

    fn shown(&self) -> String {
        format!("time {} at offset {}", self.timestamp, self.offset)
    }
}

/// The merge of a time index with the batches of its log.
pub(super) struct TimeIndexCheck<'o> {
    entries: InOrder<'o, TimestampOffset, TIME_INDEX_ENTRY_LEN>,
    max_timestamp: i64,
    last_offset: Option<i64>,
    /// Offsets that cannot be read, the newest alone.
    hole: Option<OffsetRange>,
    /// An offset that the log had, by the index, in the gap before the newest batch.
    witness: Option<i64>,
    wrong: EntryFaults,
    loose: EntryFaults,
}

impl<'o> TimeIndexCheck<'o> {
    /// The index in `file`, of which the first `used` bytes count; without a file there is nothing to check.
    pub(super) fn new(file: Option<(&'o (dyn ReadAt + Sync), u64)>, base_offset: i64) -> Self {
        TimeIndexCheck {
            entries: InOrder::new(file, base_offset),
            max_timestamp: NO_TIMESTAMP,
            last_offset: None,
            hole: None,
            witness: None,
            wrong: EntryFaults::default(),
            loose: EntryFaults::default(),
        }
    }

    /// These offsets cannot be read.
    pub(super) fn hole(&mut self, offsets: OffsetRange) {
        self.hole = Some(offsets);
    }

    fn is_in_hole(&self, offset: i64) -> bool {
        self.hole.is_some_and(|hole| offset >= hole.first && hole.last.is_none_or(|last| offset <= last))
    }

    /// The next good batch.
    #[inline]
    pub(super) fn batch(&mut self, seen: &BatchSummary) {
        if self.entries.has_file() {
            self.merge(seen);
        }
        self.max_timestamp = self.max_timestamp.max(seen.max_timestamp);
        self.last_offset = Some(seen.last_offset);
    }

    fn merge(&mut self, seen: &BatchSummary) {
        while let Some((slot, entry)) = self.entries.peek() {
            if entry.offset > seen.last_offset {
                break;
            }
            let max = self.max_timestamp.max(seen.max_timestamp);
            let found = || entry.shown();
            let is_here = entry.offset >= seen.first_offset
                || !seen.knows_first && self.last_offset.is_none_or(|last| entry.offset > last);
            if self.is_in_hole(entry.offset) {
                // Undecidable from here on; what the batches after it have cannot contradict it.
                self.max_timestamp = self.max_timestamp.max(entry.timestamp);
            } else if !is_here {
                if self.last_offset.is_none_or(|last| entry.offset > last) {
                    self.witness = Some(entry.offset);
                }
                self.wrong.add(slot, || ("the offset of a batch".into(), found()));
            } else if entry.timestamp != seen.max_timestamp || entry.timestamp < max {
                let expected = || format!("time {max}, the largest up to offset {}", entry.offset);
                self.wrong.add(slot, || (expected(), found()));
            } else if entry.offset != seen.last_offset {
                // Older versions name the record, not its batch.
                self.loose.add(slot, || (format!("offset {}, the last of its batch", seen.last_offset), found()));
            }
            self.entries.take();
        }
    }

    /// The log is at its end; `has_grown` says whether it grew while it was read.
    pub(super) fn finish(&mut self, has_grown: bool) {
        while let Some((slot, entry)) = self.entries.peek() {
            if !self.is_in_hole(entry.offset) && !has_grown {
                let last = self.last_offset;
                self.wrong.add(slot, || {
                    let last = last.map_or_else(|| "none".to_owned(), |last| last.to_string());
                    (format!("no offset above the last one of the log, {last}"), entry.shown())
                });
            }
            self.entries.take();
        }
    }

    /// An offset in the gap before the newest batch that the index knows of.
    pub(super) fn take_witness(&mut self) -> Option<i64> {
        self.witness.take()
    }

    /// The largest timestamp that the index knows.
    pub(super) fn newest(&self) -> Option<i64> {
        self.entries.previous().map(|entry| entry.timestamp)
    }

    /// What was found.
    pub(super) fn findings(self, path: &Path) -> Vec<Finding> {
        let len = TIME_INDEX_ENTRY_LEN as u64;
        let loose = self.loose.finding(Code::TimeIndexEntry, path, len);
        let (out_of_order, failed) = self.entries.findings(Code::TimeIndexOrder, path);
        [
            out_of_order,
            self.wrong.finding(Code::TimeIndexEntry, path, len),
            loose.map(|finding| finding.graded(Severity::Note).with(Remedy::Nothing)),
            failed,
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
