//! From an offset to a place in the file.

use std::path::PathBuf;

use super::walk::WalkError;
use super::{Home, LogSegment, SegmentError, SegmentState};
use crate::compression::{DECOMPRESSED_MAX, Decompressor};
use crate::format::FormatError;
use crate::format::batch::{BatchHeader, BatchOverhead, HEADER_SIZE_UP_TO_MAGIC, RECORD_BATCH_OVERHEAD};
use crate::format::file_name::FileKind;
use crate::format::legacy::LegacyRecord;
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex, OffsetPosition};
use crate::format::transaction_index::{TransactionIndex, TxnIndexSearchResult};
use crate::fs::{ENTRY_FILE_MAX, Fs, ReadAt, read_at_most};
use crate::segment::error::StorageError;

/// Bytes read at once on the way from an index entry to the batch where batches are small: about what lies between two
/// entries.
const READ_AHEAD: usize = 4096;

/// The least to read where batches are short: fewer bytes cost as much.
const READ_MIN: i64 = 512;

/// Size of a batch from which on headers are read one by one.
const LONG_BATCH: usize = 1024;

/// A batch by its header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FoundBatch {
    /// Base offset; of a wrapper of magic 0 and 1 the offset of its first record.
    pub base_offset: i64,
    /// Position of its first byte.
    pub position: u32,
    /// Size in bytes.
    pub size: u32,
    /// Version.
    pub magic: i8,
}

/// Where a read starts, and how much of the segment is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Located {
    /// The batch with the offset, or the next one if the offset lies in a gap.
    pub batch: FoundBatch,
    /// Bytes of batches in the segment at that moment.
    pub segment_size: u32,
}

/// Offset of the first record of a batch of magic 0 or 1, which only its records tell (`LegacyRecordBatch.baseOffset`).
fn first_offset<R: ReadAt + ?Sized>(file: &R, batch: &FoundBatch) -> Result<i64, WalkError> {
    let mut bytes = vec![0; batch.size as usize];
    let got = file.read_full_at(&mut bytes, batch.position.into()).map_err(WalkError::Io)?;
    let shifted = |e: FormatError| WalkError::Corrupt(e.shifted(batch.position.into()));
    let message = LegacyRecord::parse(&bytes[..got]).map_err(shifted)?;
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let first = message.records(&mut decompressor).and_then(|mut records| records.next().transpose());
    Ok(first.map_err(shifted)?.map_or(batch.base_offset, |record| record.offset()))
}

/// A walk through the log file ended badly.
pub(crate) fn broken_walk(path: PathBuf, error: WalkError) -> SegmentError {
    match error {
        WalkError::Corrupt(source) => SegmentError::Corrupt(StorageError::Corrupt { path, source }),
        WalkError::Io(source) => StorageError::Io { op: "read", path, source }.into(),
    }
}

impl<F: Fs> LogSegment<F> {
    pub(super) fn load_offset_index(&self, home: &Home<F>, state: &mut SegmentState<F>) -> Result<(), StorageError> {
        state.offset_index_used = true;
        if !state.offset_index.is_loaded() {
            let path = home.path(self.name(FileKind::OffsetIndex, state));
            state.offset_index.load(home.fs(), &path, OFFSET_INDEX_ENTRY_LEN)?;
        }
        Ok(())
    }

    pub(super) fn index_lookup_locked(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
        offset: i64,
    ) -> Result<OffsetPosition, StorageError> {
        self.load_offset_index(home, state)?;
        Ok(OffsetIndex::new(self.base_offset, state.offset_index.bytes()).lookup(offset))
    }

    /// Runs `look` on the entries of the offset index, which are loaded first if need be.
    fn with_offset_index<T>(
        &self,
        home: &Home<F>,
        look: impl FnOnce(OffsetIndex<'_>, &SegmentState<F>) -> T,
    ) -> Result<T, StorageError> {
        {
            let state = self.read_state();
            if state.offset_index_used && state.offset_index.is_loaded() {
                return Ok(look(OffsetIndex::new(self.base_offset, state.offset_index.bytes()), &state));
            }
        }
        let mut state = self.write_state();
        self.load_offset_index(home, &mut state)?;
        Ok(look(OffsetIndex::new(self.base_offset, state.offset_index.bytes()), &state))
    }

    /// Number of offset index entries.
    ///
    /// # Errors
    /// I/O errors.
    pub fn offset_index_entries(&self, home: &Home<F>) -> Result<usize, StorageError> {
        self.with_offset_index(home, |index, _| index.entries())
    }

    /// The entry of the offset index with the largest offset that is not above `offset`.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn index_lookup(&self, home: &Home<F>, offset: i64) -> Result<OffsetPosition, StorageError> {
        self.with_offset_index(home, |index, _| index.lookup(offset))
    }

    /// The offset of an index entry that surely lies after a read of `fetch_size` bytes from `position`
    /// (`fetchUpperBoundOffset`).
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn fetch_upper_bound_offset(
        &self,
        home: &Home<F>,
        position: u32,
        fetch_size: u32,
    ) -> Result<Option<i64>, StorageError> {
        self.with_offset_index(home, |index, _| {
            index.fetch_upper_bound(position.cast_signed(), fetch_size.cast_signed()).map(|entry| entry.offset)
        })
    }

    /// The batch that has `offset`, or the first one after it (`translateOffset`); `None` where all are below.
    ///
    /// # Errors
    /// I/O errors; a batch on the way that cannot be read.
    pub(crate) fn translate_offset(&self, home: &Home<F>, offset: i64) -> Result<Option<Located>, SegmentError> {
        self.translate(home, offset, true)
    }

    /// As [`LogSegment::translate_offset`], batch by batch: where batches overlap the short cut may find the first of them.
    pub(super) fn translate_for_cut(&self, home: &Home<F>, offset: i64) -> Result<Option<Located>, SegmentError> {
        self.translate(home, offset, false)
    }

    fn translate(&self, home: &Home<F>, offset: i64, short_cut: bool) -> Result<Option<Located>, SegmentError> {
        loop {
            let (places, segment_size, cuts) = self
                .with_offset_index(home, |index, state| (Places::of(index, state, offset), state.size, state.cuts))?;
            if let Some(known) = places.expected.filter(|_| places.is_verified && short_cut) {
                return Ok(Some(Located { batch: known.batch, segment_size }));
            }
            let found = self.search(home, &places, segment_size, short_cut);
            let state = self.read_state();
            if state.cuts != cuts {
                // What was cut in the meantime may have looked like anything.
                continue;
            }
            let Some(found) = found? else { return Ok(None) };
            if let Some(verified) = state.offset_index.verified().filter(|_| places.expected == Some(found)) {
                verified.note(places.slot, OffsetIndex::new(self.base_offset, state.offset_index.bytes()).entries());
            }
            home.note_short_batches(found.batch.size < READ_AHEAD as u32);
            return Ok(Some(Located { batch: found.batch, segment_size }));
        }
    }

    fn search(
        &self,
        home: &Home<F>,
        places: &Places,
        segment_size: u32,
        short_cut: bool,
    ) -> Result<Option<Header>, SegmentError> {
        let long = places.long_batch(home.has_short_batches()).filter(|_| short_cut);
        let (start, near) = (places.entry.position, places.bytes_to_look_at());
        let file = self.file(home)?;
        let header = long.and_then(|entry| long_batch_at(&*file, segment_size, entry, places.target));
        let found = match header.filter(|header| places.is_found_by_walk(header)) {
            Some(header) => Ok(Some(header)),
            None => search_for_offset(&*file, segment_size, start, places.target, near),
        };
        found.map_err(|error| broken_walk(self.log_path(home), error))
    }

    /// The offset after the last batch, as the batches from the last index entry on tell it (`readNextOffset`).
    ///
    /// # Errors
    /// I/O errors; a batch on the way that cannot be read.
    pub fn read_next_offset(&self, home: &Home<F>) -> Result<i64, SegmentError> {
        let last = self.with_offset_index(home, |index, _| index.last())?;
        let Some(from) = self.translate_offset(home, last.offset)? else { return Ok(self.base_offset) };
        let file = self.file(home)?;
        let mut headers = Headers::new(&*file, from.segment_size, from.batch.position, READ_AHEAD);
        let mut last_offset = None;
        // Kafka sees that a batch holds the offset only when it has come to one after it, or to the end: damage that repeats
        // earlier offsets hides it.
        let mut is_found = from.batch.base_offset >= last.offset;
        while let Some(header) = headers.next().map_err(|error| broken_walk(self.log_path(home), error))? {
            is_found |= last_offset.is_some() && header.batch.base_offset >= last.offset;
            last_offset = Some(header.last_offset);
        }
        let last_offset = last_offset.filter(|&last_offset| is_found || last_offset >= last.offset);
        Ok(last_offset.map_or(self.base_offset, |last_offset: i64| last_offset.wrapping_add(1)))
    }

    /// Whether the segment has an offset that cannot be written relative to its base offset (`hasOverflow`).
    ///
    /// # Errors
    /// As [`LogSegment::read_next_offset`].
    pub(crate) fn has_overflow(&self, home: &Home<F>) -> Result<bool, SegmentError> {
        let next = self.read_next_offset(home)?;
        Ok(next > self.base_offset && !self.can_hold(next.wrapping_sub(1)))
    }

    /// Aborted transactions that overlap offsets `fetch_offset` (inclusive) to `upper_bound_offset` (exclusive).
    ///
    /// # Errors
    /// I/O errors; an entry of a version that does not exist.
    pub(crate) fn collect_aborted_txns(
        &self,
        home: &Home<F>,
        fetch_offset: i64,
        upper_bound_offset: i64,
    ) -> Result<TxnIndexSearchResult, SegmentError> {
        let (path, len) = {
            let state = self.read_state();
            (home.path(self.name(FileKind::TransactionIndex, &state)), state.txn_bytes)
        };
        if len == 0 {
            return Ok(TxnIndexSearchResult { aborted_transactions: Vec::new(), is_complete: false });
        }
        let bytes = read_at_most(home.fs(), &path, ENTRY_FILE_MAX)
            .map_err(StorageError::io("read", &path))?
            .unwrap_or_default();
        let bytes = &bytes[..bytes.len().min(len as usize)];
        TransactionIndex::new(bytes)
            .collect_aborted_txns(fetch_offset, upper_bound_offset)
            .map_err(|e| StorageError::corrupt(&path)(e).into())
    }
}

/// Where an index says that an offset is.
struct Places {
    target: i64,
    /// What a lookup gives.
    entry: OffsetPosition,
    /// The entry of the batch with the offset, if each stands for one, and its slot.
    candidate: Option<OffsetPosition>,
    slot: usize,
    /// What its header must say, where it begins after the entry before it and ends where the next begins.
    expected: Option<Header>,
    /// Whether it was read, and says so.
    is_verified: bool,
}

impl Places {
    fn of<F: Fs>(index: OffsetIndex<'_>, state: &SegmentState<F>, target: i64) -> Self {
        let slot = index.lower_bound_slot(target);
        let entry = slot.and_then(|slot| index.entry(slot)).unwrap_or(index.start());
        let slot = match slot {
            Some(slot) if entry.offset == target => slot,
            Some(slot) => slot + 1,
            None => 0,
        };
        Places {
            target,
            entry,
            candidate: index.entry(slot),
            slot,
            expected: expected_at(&index, slot, state.size),
            is_verified: state.offset_index.verified().is_some_and(|verified| verified.has(slot)),
        }
    }

    /// Whether a walk from the entry on would come to this batch, too: it follows that of the entry, or is so far from it that nothing
    /// else can lie between them.
    fn is_found_by_walk(&self, header: &Header) -> bool {
        let position = i64::from(header.batch.position);
        header.batch.base_offset == self.entry.offset.wrapping_add(1)
            || position == i64::from(self.entry.position)
            || position - i64::from(self.entry.position) >= 2 * READ_AHEAD as i64
    }

    /// Bytes after the entry that likely have the batch with the offset, as offsets and bytes between two entries grow alike, and the
    /// header of the one after it.
    fn bytes_to_look_at(&self) -> usize {
        let Some(next) = self.candidate else { return READ_AHEAD };
        let bytes = i64::from(next.position) - i64::from(self.entry.position);
        let offsets = next.offset.saturating_sub(self.entry.offset).max(1);
        let ahead = self.target.saturating_sub(self.entry.offset).saturating_mul(bytes) / offsets;
        ahead.saturating_add(bytes / 8).clamp(READ_MIN, READ_AHEAD as i64) as usize
    }

    /// The entry of the batch with the offset, if it seems to stand for one batch: it is far from the entry before. Somewhat more than
    /// the interval of entries is far where batches are long, and where they are short some of them.
    fn long_batch(&self, has_short_batches: bool) -> Option<OffsetPosition> {
        let far = if has_short_batches { 2 * READ_AHEAD } else { READ_AHEAD };
        let is_long = |at: &OffsetPosition| {
            *at == self.entry || i64::from(at.position) - i64::from(self.entry.position) >= far as i64
        };
        self.candidate.filter(is_long)
    }
}

/// See [`Places::expected`]. Only of batches that are long: others may lie between two entries.
fn expected_at(index: &OffsetIndex<'_>, slot: usize, end: u32) -> Option<Header> {
    let before = index.entry(slot.checked_sub(1)?)?;
    let (entry, next) = (index.entry(slot)?, index.entry(slot + 1)?);
    let position = u32::try_from(entry.position).ok()?;
    let next_position = u32::try_from(next.position).ok().filter(|&next| next <= end)?;
    let size = next_position.checked_sub(position)?;
    let batch = FoundBatch { base_offset: before.offset.checked_add(1)?, position, size, magic: 2 };
    let is_long = i64::from(entry.position) - i64::from(before.position) >= READ_AHEAD as i64;
    is_long.then_some(Header { batch, last_offset: entry.offset })
}

/// The batch of an index entry, if it has `target`: one short read instead of a walk.
fn long_batch_at<R: ReadAt + ?Sized>(file: &R, end: u32, at: OffsetPosition, target: i64) -> Option<Header> {
    let position = u32::try_from(at.position).ok()?;
    let left = end.checked_sub(position)? as usize;
    let mut header = [0; RECORD_BATCH_OVERHEAD];
    if left < header.len() || file.read_full_at(&mut header, position.into()).ok()? < header.len() {
        return None;
    }
    let overhead = BatchOverhead::parse(header.first_chunk()?).ok()?;
    let (view, _) = BatchHeader::split_first(&header).ok()?;
    let size = overhead.size();
    let holds_target = overhead.magic > 1 && overhead.offset <= target && target <= view.last_offset();
    let batch = FoundBatch { base_offset: overhead.offset, position, size: size as u32, magic: overhead.magic };
    (holds_target && size <= left).then_some(Header { batch, last_offset: view.last_offset() })
}

/// The batch that has `target`, or the first one after it, from `position` on (`searchForOffsetFromPosition`).
fn search_for_offset<R: ReadAt + ?Sized>(
    file: &R,
    end: u32,
    position: i32,
    target: i64,
    first_read: usize,
) -> Result<Option<Header>, WalkError> {
    let mut headers = Headers::new(file, end, position.max(0).cast_unsigned(), first_read);
    let mut before: Option<Header> = None;
    while let Some(mut header) = headers.next()? {
        if header.batch.magic < 2 && header.last_offset >= target {
            header.batch.base_offset = first_offset(file, &header.batch)?;
        }
        // After truncations in the middle of a batch batches may overlap; of those with the offset the last one counts.
        if header.batch.base_offset >= target {
            let before = before.filter(|before| header.batch.base_offset > target && before.last_offset >= target);
            return Ok(Some(before.unwrap_or(header)));
        }
        before = Some(header);
    }
    Ok(before.filter(|before| before.last_offset >= target))
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Header {
    batch: FoundBatch,
    last_offset: i64,
}

/// Headers of batches from a position on, read into a buffer on the stack: most searches end within it.
struct Headers<'f, R: ?Sized> {
    file: &'f R,
    end: u32,
    position: u32,
    start: u32,
    filled: usize,
    read_ahead: usize,
    buf: [u8; READ_AHEAD],
}

impl<'f, R: ReadAt + ?Sized> Headers<'f, R> {
    fn new(file: &'f R, end: u32, position: u32, first_read: usize) -> Self {
        Headers { file, end, position, start: 0, filled: 0, read_ahead: first_read, buf: [0; READ_AHEAD] }
    }

    fn next(&mut self) -> Result<Option<Header>, WalkError> {
        let left = self.end.saturating_sub(self.position) as usize;
        if left <= HEADER_SIZE_UP_TO_MAGIC {
            return Ok(None);
        }
        let need = RECORD_BATCH_OVERHEAD.min(left);
        let at = self.position.wrapping_sub(self.start) as usize;
        let bytes = if self.filled > 0 && self.position >= self.start && at + need <= self.filled {
            &self.buf[at..self.filled]
        } else {
            let want = self.read_ahead.min(left);
            let got = self.file.read_full_at(&mut self.buf[..want], self.position.into()).map_err(WalkError::Io)?;
            self.start = self.position;
            self.filled = got;
            &self.buf[..got]
        };
        let Some(overhead) = bytes.first_chunk() else {
            return Err(WalkError::Io(std::io::ErrorKind::UnexpectedEof.into()));
        };
        let overhead =
            BatchOverhead::parse(overhead).map_err(|e| WalkError::Corrupt(e.shifted(self.position.into())))?;
        let size = overhead.size();
        if size > left {
            return Ok(None);
        }
        let last_offset = if overhead.magic > 1 {
            let (header, _) =
                BatchHeader::split_first(bytes).map_err(|e| WalkError::Corrupt(e.shifted(self.position.into())))?;
            header.last_offset()
        } else {
            overhead.offset
        };
        let batch = FoundBatch {
            base_offset: overhead.offset,
            position: self.position,
            size: size as u32,
            magic: overhead.magic,
        };
        self.position += size as u32;
        self.read_ahead = if size < LONG_BATCH { READ_AHEAD } else { RECORD_BATCH_OVERHEAD };
        Ok(Some(Header { batch, last_offset }))
    }
}
