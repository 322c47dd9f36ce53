//! Index files read in place: as many entries as the question needs, however large the file is.

use std::io;

use crate::format::abstract_index::largest_lower_bound_slot;
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex, OffsetPosition};
use crate::fs::ReadAt;

/// Bytes that are read and kept together; a multiple of the entry size.
const BLOCK: usize = 4096;

/// Blocks that are kept, each in the slot of its number.
const BLOCKS: usize = 64;

const _: () = assert!(BLOCK.is_multiple_of(OFFSET_INDEX_ENTRY_LEN));

/// An `.index` file (`OffsetIndex`).
pub struct OffsetIndexFile<'f, R: ?Sized> {
    file: &'f R,
    len: u64,
    base_offset: i64,
    blocks: Vec<Option<(u64, Vec<u8>)>>,
}

impl<'f, R: ReadAt + ?Sized> OffsetIndexFile<'f, R> {
    /// The index of a segment that starts at `base_offset`; the file is `len` bytes long.
    pub fn new(file: &'f R, len: u64, base_offset: i64) -> Self {
        OffsetIndexFile { file, len, base_offset, blocks: (0..BLOCKS).map(|_| None).collect() }
    }

    /// Number of entries; zeros of a preallocated file are entries like any other.
    pub fn entries(&self) -> usize {
        usize::try_from(self.len / OFFSET_INDEX_ENTRY_LEN as u64).unwrap_or(usize::MAX)
    }

    /// The entry in slot `slot`.
    ///
    /// # Errors
    /// I/O errors; `UnexpectedEof` where there is no such slot, or not any more.
    pub fn entry(&mut self, slot: usize) -> io::Result<OffsetPosition> {
        let at = slot as u64 * OFFSET_INDEX_ENTRY_LEN as u64;
        let (number, within) = (at / BLOCK as u64, (at % BLOCK as u64) as usize);
        let base_offset = self.base_offset;
        let bytes = self.block(number)?.get(within..within + OFFSET_INDEX_ENTRY_LEN).unwrap_or_default();
        OffsetIndex::new(base_offset, bytes).entry(0).ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The last entry, if there is one.
    ///
    /// # Errors
    /// As [`Self::entry`].
    pub fn last(&mut self) -> io::Result<Option<OffsetPosition>> {
        self.entries().checked_sub(1).map(|slot| self.entry(slot)).transpose()
    }

    /// The entry with the largest offset that is not above `target`; if there is none, the base offset at position 0.
    /// Unsorted entries of a damaged index give Kafka's answer.
    ///
    /// # Errors
    /// As [`Self::entry`].
    pub fn lookup(&mut self, target: i64) -> io::Result<OffsetPosition> {
        let entries = self.entries();
        let slot = largest_lower_bound_slot(entries, OFFSET_INDEX_ENTRY_LEN, target, |slot| {
            self.entry(slot).map(|entry| entry.offset)
        })?;
        match slot {
            Some(slot) => self.entry(slot),
            None => Ok(OffsetPosition { offset: self.base_offset, position: 0 }),
        }
    }

    fn block(&mut self, number: u64) -> io::Result<&[u8]> {
        let kept = &mut self.blocks[(number % BLOCKS as u64) as usize];
        if !matches!(kept, Some((n, _)) if *n == number) {
            let mut bytes = kept.take().map_or_else(Vec::new, |(_, bytes)| bytes);
            bytes.resize(BLOCK, 0);
            let got = self.file.read_full_at(&mut bytes, number * BLOCK as u64)?;
            bytes.truncate(got);
            *kept = Some((number, bytes));
        }
        Ok(kept.as_ref().map_or(&[], |(_, bytes)| bytes))
    }
}
