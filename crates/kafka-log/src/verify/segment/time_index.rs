//! Time index entries against the batches, both in order, in one pass (`TimeIndex`).

use std::path::Path;

use super::entries::{Entries, EntryFaults};
use super::seen::Seen;
use crate::format::batch::NO_TIMESTAMP;
use crate::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex, TimestampOffset};
use crate::fs::ReadAt;
use crate::verify::code::Code;
use crate::verify::finding::{Finding, OffsetRange, Remedy, Severity};

/// The merge of a time index with the batches of its log.
pub(super) struct TimeIndexCheck<'o> {
    entries: Option<Entries<'o, TIME_INDEX_ENTRY_LEN>>,
    base_offset: i64,
    previous: Option<TimestampOffset>,
    /// The next entry, once it was looked at.
    peeked: Option<(u64, TimestampOffset)>,
    max_timestamp: i64,
    last_offset: Option<i64>,
    /// Offsets that cannot be read, the newest alone.
    hole: Option<OffsetRange>,
    /// An offset that the log had, by the index, in the gap before the newest batch.
    witness: Option<i64>,
    order: EntryFaults,
    wrong: EntryFaults,
    loose: EntryFaults,
}

impl<'o> TimeIndexCheck<'o> {
    /// The index in `file`, of which the first `used` bytes count; without a file there is nothing to check.
    pub(super) fn new(file: Option<(&'o (dyn ReadAt + Sync), u64)>, base_offset: i64) -> Self {
        TimeIndexCheck {
            entries: file.map(|(file, used)| Entries::new(file, used)),
            base_offset,
            previous: None,
            peeked: None,
            max_timestamp: NO_TIMESTAMP,
            last_offset: None,
            hole: None,
            witness: None,
            order: EntryFaults::default(),
            wrong: EntryFaults::default(),
            loose: EntryFaults::default(),
        }
    }

    fn parse(&self, bytes: &[u8]) -> TimestampOffset {
        let start = TimestampOffset { timestamp: NO_TIMESTAMP, offset: self.base_offset };
        TimeIndex::new(self.base_offset, bytes).entry(0).unwrap_or(start)
    }

    /// The next entry that stands in order; those that do not are told and passed by.
    #[inline]
    fn peek(&mut self) -> Option<(u64, TimestampOffset)> {
        if self.peeked.is_none() {
            self.peeked = self.next_in_order();
        }
        self.peeked
    }

    fn next_in_order(&mut self) -> Option<(u64, TimestampOffset)> {
        loop {
            let entries = self.entries.as_mut()?;
            let (slot, bytes) = entries.peek(0)?;
            let following = entries.peek(1).map(|(_, bytes)| bytes);
            let entry = self.parse(&bytes);
            let following = following.map(|bytes| self.parse(&bytes));
            let is_behind = |entry: TimestampOffset, previous: Option<TimestampOffset>| {
                previous.map_or(entry.timestamp >= 0 && entry.offset >= self.base_offset, |previous| {
                    entry.timestamp > previous.timestamp && entry.offset > previous.offset
                })
            };
            // One that is too large shows in the next one being smaller although that fits the one before.
            let is_outlier = following.is_some_and(|following| {
                is_behind(following, self.previous)
                    && (following.timestamp <= entry.timestamp || following.offset <= entry.offset)
            });
            if is_behind(entry, self.previous) && !is_outlier {
                return Some((slot, entry));
            }
            let expected = match self.previous {
                Some(previous) => format!("more than time {} at offset {}", previous.timestamp, previous.offset),
                None => format!("a time at offset {} or more", self.base_offset),
            };
            self.order.add(slot, expected, format!("time {} at offset {}", entry.timestamp, entry.offset));
            self.advance();
        }
    }

    fn advance(&mut self) {
        if let Some(entries) = &mut self.entries {
            entries.advance();
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
    pub(super) fn batch(&mut self, seen: &Seen) {
        if self.entries.is_some() {
            self.merge(seen);
        }
        self.max_timestamp = self.max_timestamp.max(seen.max_timestamp);
        self.last_offset = Some(seen.last_offset);
    }

    fn merge(&mut self, seen: &Seen) {
        while let Some((slot, entry)) = self.peek() {
            if entry.offset > seen.last_offset {
                break;
            }
            let max = self.max_timestamp.max(seen.max_timestamp);
            let found = || format!("time {} at offset {}", entry.timestamp, entry.offset);
            let is_here = entry.offset >= seen.first_offset
                || !seen.knows_first && self.last_offset.is_none_or(|last| entry.offset > last);
            if self.is_in_hole(entry.offset) {
                // Nobody can tell any more; what the batches behind it have cannot contradict it.
                self.max_timestamp = self.max_timestamp.max(entry.timestamp);
            } else if !is_here {
                if self.last_offset.is_none_or(|last| entry.offset > last) {
                    self.witness = Some(entry.offset);
                }
                self.wrong.add(slot, "the offset of a batch".into(), found());
            } else if entry.timestamp != seen.max_timestamp || entry.timestamp < max {
                self.wrong.add(slot, format!("time {max}, the largest up to offset {}", entry.offset), found());
            } else if entry.offset != seen.last_offset {
                // Older versions name the record, not its batch.
                self.loose.add(slot, format!("offset {}, the last of its batch", seen.last_offset), found());
            }
            self.previous = Some(entry);
            self.peeked = None;
            self.advance();
        }
    }

    /// The log is at its end; `has_grown` says whether it grew while it was read.
    pub(super) fn finish(&mut self, has_grown: bool) {
        while let Some((slot, entry)) = self.peek() {
            if !self.is_in_hole(entry.offset) && !has_grown {
                let last = self.last_offset.map_or_else(|| "none".to_owned(), |last| last.to_string());
                let found = format!("time {} at offset {}", entry.timestamp, entry.offset);
                self.wrong.add(slot, format!("no offset above the last one of the log, {last}"), found);
            }
            self.previous = Some(entry);
            self.peeked = None;
            self.advance();
        }
    }

    /// An offset in the gap before the newest batch that the index knows of.
    pub(super) fn take_witness(&mut self) -> Option<i64> {
        self.witness.take()
    }

    /// The largest timestamp that the index knows.
    pub(super) fn newest(&self) -> Option<i64> {
        self.previous.map(|entry| entry.timestamp)
    }

    /// What was found.
    pub(super) fn findings(self, path: &Path) -> Vec<Finding> {
        let len = TIME_INDEX_ENTRY_LEN as u64;
        let loose = self.loose.finding(Code::TimeIndexEntry, path, len);
        let failed = self.entries.and_then(|entries| entries.error);
        [
            self.order.finding(Code::TimeIndexOrder, path, len),
            self.wrong.finding(Code::TimeIndexEntry, path, len),
            loose.map(|finding| finding.graded(Severity::Note).with(Remedy::Nothing)),
            failed.map(|error| Finding::new(Code::ReadFailed, path, "a file to read", error)),
        ]
        .into_iter()
        .flatten()
        .collect()
    }
}
