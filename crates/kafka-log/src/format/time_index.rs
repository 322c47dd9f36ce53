//! Time index (`TimeIndex`, `<base offset>.timeindex`): largest timestamp so far to the offset it was seen at.
//!
//! Entries of 12 bytes: int64 timestamp in ms, int32 offset relative to the base offset. No batch up to and including
//! that offset is newer. Timestamps grow strictly, offsets do not shrink. Preallocated like the offset index.

use std::convert::Infallible;

use super::abstract_index::{IndexAppendError, entries_kept, largest_lower_bound_slot, relative_offset};
use super::bytes::{i32_at, i64_at};
use super::{FormatError, FormatErrorKind};

const TIMESTAMP_AT: usize = 0;
const RELATIVE_OFFSET_AT: usize = TIMESTAMP_AT + size_of::<i64>();
/// Bytes of an entry.
pub const TIME_INDEX_ENTRY_LEN: usize = RELATIVE_OFFSET_AT + size_of::<i32>();
const _: () = assert!(TIME_INDEX_ENTRY_LEN == 12);

/// Timestamp that stands for none (`RecordBatch.NO_TIMESTAMP`).
const NO_TIMESTAMP: i64 = -1;

/// An entry of a time index (`TimestampOffset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampOffset {
    /// Largest timestamp up to the offset, in ms; -1 for none.
    pub timestamp: i64,
    /// Offset, absolute.
    pub offset: i64,
}

/// View of the entries of a time index (`TimeIndex`), or of a run of them.
///
/// Bytes after the last whole entry are left out, as Kafka does when it opens a file; zeros of a preallocated file are
/// entries like any other.
#[derive(Clone, Copy, Debug)]
pub struct TimeIndex<'a> {
    base_offset: i64,
    entries: &'a [[u8; TIME_INDEX_ENTRY_LEN]],
}

impl<'a> TimeIndex<'a> {
    /// The entries in `bytes`, for a segment that starts at `base_offset`.
    pub fn new(base_offset: i64, bytes: &'a [u8]) -> Self {
        TimeIndex { base_offset, entries: bytes.as_chunks().0 }
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The entry in slot `slot`, if there is one.
    pub fn entry(&self, slot: usize) -> Option<TimestampOffset> {
        self.entries.get(slot).map(|bytes| parse(self.base_offset, bytes))
    }

    /// All entries in file order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = TimestampOffset> + 'a {
        let base_offset = self.base_offset;
        self.entries.iter().map(move |bytes| parse(base_offset, bytes))
    }

    /// The last entry; of an empty index timestamp -1 at the base offset.
    pub fn last(&self) -> TimestampOffset {
        self.entries.last().map_or(self.start(), |bytes| parse(self.base_offset, bytes))
    }

    /// The entry with the largest timestamp that is not above `target`, in ms; if there is none, timestamp -1 at the
    /// base offset.
    pub fn lookup(&self, target: i64) -> TimestampOffset {
        let slot = self.lower_bound_slot(target, |entry| entry.timestamp);
        slot.map_or(self.start(), |slot| parse(self.base_offset, &self.entries[slot]))
    }

    /// Number of entries that remain when all with an offset of `offset` and above are removed (`truncateTo`).
    pub fn entries_below(&self, offset: i64) -> usize {
        let slot = self.lower_bound_slot(offset, |entry| entry.offset);
        let relative_target = offset.wrapping_sub(self.base_offset);
        entries_kept(slot, relative_target, |slot| parse(0, &self.entries[slot]).offset as i32)
    }

    /// Kafka's check of a whole index file of `file_len` bytes; see [`sanity_check`].
    ///
    /// # Errors
    /// The errors of [`sanity_check`].
    pub fn sanity_check(&self, file_len: u64) -> Result<(), FormatError> {
        sanity_check(self.base_offset, self.entry(0).map(|first| (first, self.last())), file_len)
    }

    fn start(&self) -> TimestampOffset {
        TimestampOffset { timestamp: NO_TIMESTAMP, offset: self.base_offset }
    }

    fn lower_bound_slot(&self, target: i64, value: impl Fn(TimestampOffset) -> i64) -> Option<usize> {
        let value_at = |slot: usize| Ok(value(parse(self.base_offset, &self.entries[slot])));
        let Ok(slot) = largest_lower_bound_slot::<Infallible>(self.entries(), TIME_INDEX_ENTRY_LEN, target, value_at);
        slot
    }
}

fn parse(base_offset: i64, entry: &[u8; TIME_INDEX_ENTRY_LEN]) -> TimestampOffset {
    let relative = i32_at(entry, RELATIVE_OFFSET_AT);
    TimestampOffset { timestamp: i64_at(entry, TIMESTAMP_AT), offset: base_offset.wrapping_add(i64::from(relative)) }
}

/// Whether Kafka would rebuild a time index on opening (`TimeIndex.sanityCheck`), without the whole file at hand.
///
/// `first_and_last` are the first and the last whole entry, none in a file shorter than one; `file_len` is in bytes.
///
/// # Errors
/// `OutOfRange` when the last timestamp is below the first, or the last offset below the base offset; `TrailingBytes`
/// when the length is no multiple of 12.
pub fn sanity_check(
    base_offset: i64,
    first_and_last: Option<(TimestampOffset, TimestampOffset)>,
    file_len: u64,
) -> Result<(), FormatError> {
    let entry_len = TIME_INDEX_ENTRY_LEN as u64;
    let (entries, rest) = (file_len / entry_len, file_len % entry_len);
    if let Some((first, last)) = first_and_last {
        let last_at = entries.saturating_sub(1) * entry_len;
        if last.timestamp < first.timestamp {
            let kind = FormatErrorKind::OutOfRange { min: first.timestamp, max: i64::MAX, found: last.timestamp };
            return Err(FormatError { at: last_at, field: "last timestamp", kind });
        }
        if last.offset < base_offset {
            let kind = FormatErrorKind::OutOfRange { min: base_offset, max: i64::MAX, found: last.offset };
            return Err(FormatError { at: last_at + RELATIVE_OFFSET_AT as u64, field: "last offset", kind });
        }
    }
    if rest != 0 {
        let kind = FormatErrorKind::TrailingBytes { count: rest };
        return Err(FormatError { at: entries * entry_len, field: "time index entries", kind });
    }
    Ok(())
}

/// Writes entries of a time index one after another, under Kafka's rules (`TimeIndex.maybeAppend`).
#[derive(Clone, Debug)]
pub struct TimeIndexAppender {
    base_offset: i64,
    entries: usize,
    entries_max: usize,
    last: TimestampOffset,
}

impl TimeIndexAppender {
    /// Continues after the entries of `index`, up to a file of `index_bytes_max` bytes.
    pub fn new(index: TimeIndex<'_>, index_bytes_max: usize) -> Self {
        TimeIndexAppender {
            base_offset: index.base_offset,
            entries: index.entries(),
            entries_max: index_bytes_max / TIME_INDEX_ENTRY_LEN,
            last: index.last(),
        }
    }

    /// Whether no slot is left but the one reserved for the entry written when the segment becomes inactive.
    pub fn is_full(&self) -> bool {
        self.entries + 1 >= self.entries_max
    }

    /// Appends an entry to `out` if its timestamp, in ms, is above the last one; tells whether it did.
    ///
    /// `use_reserved_slot` is for the entry written when the segment becomes inactive.
    ///
    /// # Errors
    /// `Full`, `OffsetOutOfOrder` and `TimestampOutOfOrder` when below the last entry, `RelativeOffsetOverflow`; nothing
    /// is written.
    pub fn maybe_append(
        &mut self,
        timestamp: i64,
        offset: i64,
        use_reserved_slot: bool,
        out: &mut Vec<u8>,
    ) -> Result<bool, IndexAppendError> {
        let full = IndexAppendError::Full { entries: self.entries };
        if !use_reserved_slot && self.is_full() {
            return Err(full);
        }
        if self.entries > 0 && offset < self.last.offset {
            return Err(IndexAppendError::OffsetOutOfOrder { offset, last: self.last.offset });
        }
        if self.entries > 0 && timestamp < self.last.timestamp {
            return Err(IndexAppendError::TimestampOutOfOrder { timestamp, last: self.last.timestamp });
        }
        if timestamp <= self.last.timestamp {
            return Ok(false);
        }
        if self.entries >= self.entries_max {
            return Err(full);
        }
        let relative = relative_offset(self.base_offset, offset)
            .ok_or(IndexAppendError::RelativeOffsetOverflow { offset, base_offset: self.base_offset })?;
        out.extend_from_slice(&timestamp.to_be_bytes());
        out.extend_from_slice(&relative.to_be_bytes());
        self.entries += 1;
        self.last = TimestampOffset { timestamp, offset };
        Ok(true)
    }
}
