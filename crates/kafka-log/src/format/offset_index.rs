//! Offset index (`OffsetIndex`, `<base offset>.index`): last offset of a batch to the batch's file position.
//!
//! Entries of 8 bytes: int32 offset relative to the base offset, int32 position in bytes. Offsets grow strictly. A file
//! that is being written is preallocated, with zeros after the last entry.

use std::convert::Infallible;

use super::abstract_index::{
    IndexAppendError, entries_kept, largest_lower_bound_slot, relative_offset, smallest_upper_bound_slot,
};
use super::bytes::i32_at;
use super::{FormatError, FormatErrorKind};

const RELATIVE_OFFSET_AT: usize = 0;
const POSITION_AT: usize = RELATIVE_OFFSET_AT + size_of::<i32>();
/// Bytes of an entry.
pub const OFFSET_INDEX_ENTRY_LEN: usize = POSITION_AT + size_of::<i32>();
const _: () = assert!(OFFSET_INDEX_ENTRY_LEN == 8);

/// An entry of an offset index (`OffsetPosition`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetPosition {
    /// Last offset of the batch, absolute.
    pub offset: i64,
    /// Where the batch starts in the log file, in bytes; negative only in damaged files.
    pub position: i32,
}

/// View of the entries of an offset index (`OffsetIndex`), or of a run of them.
///
/// Bytes after the last whole entry are left out, as Kafka does when it opens a file; zeros of a preallocated file are
/// entries like any other.
#[derive(Clone, Copy, Debug)]
pub struct OffsetIndex<'a> {
    base_offset: i64,
    entries: &'a [[u8; OFFSET_INDEX_ENTRY_LEN]],
}

impl<'a> OffsetIndex<'a> {
    /// The entries in `bytes`, for a segment that starts at `base_offset`.
    pub fn new(base_offset: i64, bytes: &'a [u8]) -> Self {
        OffsetIndex { base_offset, entries: bytes.as_chunks().0 }
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The entry in slot `slot`, if there is one.
    pub fn entry(&self, slot: usize) -> Option<OffsetPosition> {
        self.entries.get(slot).map(|bytes| parse(self.base_offset, bytes))
    }

    /// All entries in file order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = OffsetPosition> + 'a {
        let base_offset = self.base_offset;
        self.entries.iter().map(move |bytes| parse(base_offset, bytes))
    }

    /// The last entry; of an empty index the base offset at position 0.
    pub fn last(&self) -> OffsetPosition {
        self.entries.last().map_or(self.start(), |bytes| parse(self.base_offset, bytes))
    }

    /// The entry with the largest offset that is not above `target`; if there is none, the base offset at position 0.
    pub fn lookup(&self, target: i64) -> OffsetPosition {
        self.lower_bound_slot(target).map_or(self.start(), |slot| parse(self.base_offset, &self.entries[slot]))
    }

    /// An entry that surely lies after a read of `fetch_size` bytes from `position` (`fetchUpperBoundOffset`).
    pub fn fetch_upper_bound(&self, position: i32, fetch_size: i32) -> Option<OffsetPosition> {
        let target = i64::from(position.wrapping_add(fetch_size));
        let position_at = |slot: usize| Ok(i64::from(parse(0, &self.entries[slot]).position));
        let Ok(slot) =
            smallest_upper_bound_slot::<Infallible>(self.entries(), OFFSET_INDEX_ENTRY_LEN, target, position_at);
        slot.and_then(|slot| self.entry(slot))
    }

    /// Number of entries that remain when all with an offset of `offset` and above are removed (`truncateTo`).
    pub fn entries_below(&self, offset: i64) -> usize {
        let relative_target = offset.wrapping_sub(self.base_offset);
        entries_kept(self.lower_bound_slot(offset), relative_target, |slot| parse(0, &self.entries[slot]).offset as i32)
    }

    /// Kafka's check of a whole index file of `file_len` bytes; see [`sanity_check`].
    ///
    /// # Errors
    /// The errors of [`sanity_check`].
    pub fn sanity_check(&self, file_len: u64) -> Result<(), FormatError> {
        sanity_check(self.base_offset, self.entries.last().map(|bytes| parse(self.base_offset, bytes)), file_len)
    }

    /// The base offset at position 0: what a lookup gives below all entries.
    pub fn start(&self) -> OffsetPosition {
        OffsetPosition { offset: self.base_offset, position: 0 }
    }

    /// The slot of the entry with the largest offset that is not above `target`, if there is one.
    pub(crate) fn lower_bound_slot(&self, target: i64) -> Option<usize> {
        let offset_at = |slot: usize| Ok(parse(self.base_offset, &self.entries[slot]).offset);
        let Ok(slot) =
            largest_lower_bound_slot::<Infallible>(self.entries(), OFFSET_INDEX_ENTRY_LEN, target, offset_at);
        slot
    }
}

fn parse(base_offset: i64, entry: &[u8; OFFSET_INDEX_ENTRY_LEN]) -> OffsetPosition {
    let relative = i32_at(entry, RELATIVE_OFFSET_AT);
    OffsetPosition { offset: base_offset.wrapping_add(i64::from(relative)), position: i32_at(entry, POSITION_AT) }
}

/// Whether Kafka would rebuild an offset index on opening (`OffsetIndex.sanityCheck`), without the whole file at hand.
///
/// `last` is the last whole entry, none in a file shorter than one; `file_len` is in bytes.
///
/// # Errors
/// `OutOfRange` when the last offset is below the base offset, `TrailingBytes` when the length is no multiple of 8.
pub fn sanity_check(base_offset: i64, last: Option<OffsetPosition>, file_len: u64) -> Result<(), FormatError> {
    let entry_len = OFFSET_INDEX_ENTRY_LEN as u64;
    let (entries, rest) = (file_len / entry_len, file_len % entry_len);
    if let Some(last) = last
        && last.offset < base_offset
    {
        let kind = FormatErrorKind::OutOfRange { min: base_offset, max: i64::MAX, found: last.offset };
        return Err(FormatError { at: entries.saturating_sub(1) * entry_len, field: "last offset", kind });
    }
    if rest != 0 {
        let kind = FormatErrorKind::TrailingBytes { count: rest };
        return Err(FormatError { at: entries * entry_len, field: "index entries", kind });
    }
    Ok(())
}

/// Writes entries of an offset index one after another, under Kafka's rules (`OffsetIndex.append`).
#[derive(Clone, Debug)]
pub struct OffsetIndexAppender {
    base_offset: i64,
    entries: usize,
    entries_max: usize,
    last_offset: i64,
}

impl OffsetIndexAppender {
    /// Continues after the entries of `index`, up to a file of `index_bytes_max` bytes.
    pub fn new(index: OffsetIndex<'_>, index_bytes_max: usize) -> Self {
        OffsetIndexAppender {
            base_offset: index.base_offset,
            entries: index.entries(),
            entries_max: index_bytes_max / OFFSET_INDEX_ENTRY_LEN,
            last_offset: index.last().offset,
        }
    }

    /// Whether no slot is left.
    pub fn is_full(&self) -> bool {
        self.entries >= self.entries_max
    }

    /// Appends an entry to `out`: the last offset of a batch and its position in bytes.
    ///
    /// # Errors
    /// `Full`, `OffsetOutOfOrder` unless the offset is above the last one, `RelativeOffsetOverflow`; nothing is written.
    pub fn append(&mut self, offset: i64, position: i32, out: &mut Vec<u8>) -> Result<(), IndexAppendError> {
        if self.is_full() {
            return Err(IndexAppendError::Full { entries: self.entries });
        }
        if self.entries > 0 && offset <= self.last_offset {
            return Err(IndexAppendError::OffsetOutOfOrder { offset, last: self.last_offset });
        }
        let relative = relative_offset(self.base_offset, offset)
            .ok_or(IndexAppendError::RelativeOffsetOverflow { offset, base_offset: self.base_offset })?;
        out.extend_from_slice(&relative.to_be_bytes());
        out.extend_from_slice(&position.to_be_bytes());
        self.entries += 1;
        self.last_offset = offset;
        Ok(())
    }
}
