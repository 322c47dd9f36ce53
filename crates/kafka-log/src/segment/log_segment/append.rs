//! Adding batches at the end of a segment.

use std::sync::Arc;

use super::times::{last_offset, max_timestamp};
use super::{CompactOption, Home, LogSegment, SegmentError, SegmentOptions, SegmentState};
use crate::format::file_name::{FileKind, FileName};
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex, OffsetIndexAppender};
use crate::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex, TimeIndexAppender, TimestampOffset};
use crate::format::transaction_index::{AbortedTxn, TransactionIndexAppender};
use crate::fs::{Fs, FsFile, OpenMode};
use crate::segment::batch::{Batches, RawBatch};
use crate::segment::error::StorageError;

/// A batch in a write, as the indexes need it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IndexedBatch {
    /// Last offset.
    pub last_offset: i64,
    /// Largest timestamp in ms, -1 none.
    pub max_timestamp: i64,
    /// Size in bytes.
    pub size: u32,
}

/// A segment as an append finds it.
pub(crate) struct AppendState<F: Fs> {
    /// The log file.
    pub file: Arc<F::File>,
    /// Bytes of batches, which is where the next one goes.
    pub size: u32,
    /// How many entries fit into both indexes; 0 where one is full (`isFull`).
    pub index_room: u32,
    /// Largest timestamp of the first batch in ms, where it is known already.
    pub first_batch_timestamp: Option<i64>,
}

impl<F: Fs> AppendState<F> {
    fn of(state: &SegmentState<F>, file: &Arc<F::File>) -> Self {
        AppendState {
            file: Arc::clone(file),
            size: state.size,
            index_room: index_room(state),
            first_batch_timestamp: state.first_batch_timestamp.get(),
        }
    }

    /// Brings it up to date after an append.
    fn follow(&mut self, state: &SegmentState<F>, added_entry: bool) {
        self.size = state.size;
        self.first_batch_timestamp = state.first_batch_timestamp.get();
        if added_entry {
            self.index_room = index_room(state);
        }
    }
}

/// How many entries fit into both indexes; 0 where one is full (`isFull`).
fn index_room<F: Fs>(state: &SegmentState<F>) -> u32 {
    let max = state.index_bytes_max as usize;
    let offsets = state.offset_index.bytes().len() / OFFSET_INDEX_ENTRY_LEN;
    let times = state.time_index.bytes().len() / TIME_INDEX_ENTRY_LEN;
    let offsets_max = max / OFFSET_INDEX_ENTRY_LEN;
    let times_max = (max / TIME_INDEX_ENTRY_LEN).saturating_sub(1);
    offsets_max.saturating_sub(offsets).min(times_max.saturating_sub(times)) as u32
}

impl<F: Fs> LogSegment<F> {
    /// Makes an opened segment the active one: its indexes may grow to `index_bytes_max` (`resizeIndexes`).
    pub(crate) fn make_active(&self, options: &SegmentOptions) {
        let mut state = self.write_state();
        state.index_bytes_max = options.index_bytes_max;
        state.offset_index_used = true;
        state.time_index_used = true;
    }

    /// What an append needs to know of the segment, all under one lock; loads what is not in memory.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn append_state(&self, home: &Home<F>) -> Result<AppendState<F>, StorageError> {
        {
            let state = self.read_state();
            if state.offset_index.is_loaded()
                && state.time_index.is_loaded()
                && let Some(file) = &state.file
            {
                return Ok(AppendState::of(&state, file));
            }
        }
        let mut state = self.write_state();
        self.load_offset_index(home, &mut state)?;
        self.load_time_index(home, &mut state)?;
        let file = self.file_locked(home, &mut state)?;
        Ok(AppendState::of(&state, &file))
    }

    /// Writes `records`, whole batches of which the last one ends at `largest_offset`, and adds the index entries that
    /// are due (`LogSegment.append`). What is written is on its way to disk only; see [`SegmentFiles::sync`](super::SegmentFiles::sync).
    ///
    /// # Errors
    /// [`SegmentError::OffsetOverflow`] before anything is written; I/O errors, after which any part of the
    /// bytes may be written, though none is visible; [`SegmentError::Index`] when the bytes are written and visible.
    pub(crate) fn append(&self, home: &Home<F>, largest_offset: i64, records: &[u8]) -> Result<(), SegmentError> {
        if records.is_empty() {
            return Ok(());
        }
        if !self.can_hold(largest_offset) {
            return Err(SegmentError::OffsetOverflow { offset: largest_offset, base_offset: self.base_offset });
        }
        let mut at = self.append_state(home)?;
        let batches = Batches::new(records).map_while(Result::ok).map(|batch| appended(&batch));
        self.append_to(home, &mut at, [records, &[]], batches)
    }

    /// As [`LogSegment::append`], for a caller that has called [`LogSegment::append_state`], which is brought up to date, checked
    /// the offset, and knows what the batches are; `records` come in two parts. After an error the state has to be asked for again.
    ///
    /// # Errors
    /// As [`LogSegment::append`].
    pub(crate) fn append_to(
        &self,
        home: &Home<F>,
        at: &mut AppendState<F>,
        records: [&[u8]; 2],
        batches: impl IntoIterator<Item = IndexedBatch>,
    ) -> Result<(), SegmentError> {
        let size = at.size;
        if size == 0 {
            // A segment with batches and no index would be recovered before those that lie before it.
            self.write_indexes(home)?;
        }
        let written = at.file.write_both_at(records, size.into());
        written.map_err(|e| StorageError::io("write", &self.log_path(home))(e))?;
        let mut state = self.write_state();
        let state = &mut *state;
        state.unsynced = true;
        state.sealed = false;
        state.size = size + (records[0].len() + records[1].len()) as u32;
        let (mut position, mut added_entry) = (size, false);
        for batch in batches {
            added_entry |= self.index_batch(home, state, &batch, position)?;
            position += batch.size;
        }
        if added_entry && (state.offset_index.is_behind() || state.time_index.is_behind()) {
            self.write_indexes_locked(home, state)?;
        }
        at.follow(state, added_entry);
        Ok(())
    }

    /// Says whether an index got an entry.
    fn index_batch(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
        batch: &IndexedBatch,
        position: u32,
    ) -> Result<bool, SegmentError> {
        let mut max = self.max_timestamp_locked(home, state)?;
        if batch.max_timestamp > max.timestamp {
            max = TimestampOffset { timestamp: batch.max_timestamp, offset: batch.last_offset };
            state.max_timestamp = Some(max);
        }
        if state.first_batch_timestamp.get().is_none() && position == 0 {
            state.first_batch_timestamp = CompactOption(batch.max_timestamp);
        }
        let is_due = state.bytes_since_index_entry > self.index_interval_bytes;
        if is_due {
            self.append_offset_entry(home, state, batch.last_offset, position)?;
            self.append_time_entry(home, state, max, false)?;
            state.bytes_since_index_entry = 0;
        }
        state.bytes_since_index_entry = state.bytes_since_index_entry.saturating_add(batch.size);
        Ok(is_due)
    }

    pub(super) fn append_offset_entry(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
        offset: i64,
        position: u32,
    ) -> Result<(), SegmentError> {
        state.offset_index_used = true;
        let max = state.index_bytes_max as usize;
        let suffix = state.suffix;
        let path = || home.path(FileName::segment(FileKind::OffsetIndex, self.base_offset, suffix));
        let bytes = state.offset_index.grow(home.fs(), path, OFFSET_INDEX_ENTRY_LEN)?;
        let mut appender = OffsetIndexAppender::new(OffsetIndex::new(self.base_offset, bytes), max);
        Ok(appender.append(offset, position.cast_signed(), bytes)?)
    }

    pub(super) fn append_time_entry(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
        entry: TimestampOffset,
        use_reserved_slot: bool,
    ) -> Result<(), SegmentError> {
        state.time_index_used = true;
        let max = state.index_bytes_max as usize;
        let suffix = state.suffix;
        let path = || home.path(FileName::segment(FileKind::TimeIndex, self.base_offset, suffix));
        let bytes = state.time_index.grow(home.fs(), path, TIME_INDEX_ENTRY_LEN)?;
        let mut appender = TimeIndexAppender::new(TimeIndex::new(self.base_offset, bytes), max);
        appender.maybe_append(entry.timestamp, entry.offset, use_reserved_slot, bytes)?;
        Ok(())
    }

    /// Adds an entry to the transaction index, at once into the file.
    ///
    /// # Errors
    /// I/O errors; an offset that does not follow that of the entry before.
    pub(crate) fn append_aborted_txn(&self, home: &Home<F>, txn: AbortedTxn) -> Result<(), SegmentError> {
        let mut state = self.write_state();
        self.append_aborted_txn_locked(home, &mut state, txn)
    }

    pub(super) fn append_aborted_txn_locked(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
        txn: AbortedTxn,
    ) -> Result<(), SegmentError> {
        let mut entry = Vec::new();
        TransactionIndexAppender::new(state.last_aborted_offset.get()).append(txn, &mut entry)?;
        let path = home.path(self.name(FileKind::TransactionIndex, state));
        let file = home.fs().open(&path, OpenMode::Create).map_err(StorageError::io("open", &path))?;
        if !std::mem::replace(&mut state.txn_index_open, true) {
            home.note_names();
        }
        state.unsynced = true;
        file.write_all_at(&entry, state.txn_bytes.into()).map_err(StorageError::io("write", &path))?;
        state.txn_bytes += entry.len() as u32;
        state.last_aborted_offset = CompactOption(txn.last_offset);
        Ok(())
    }
}

fn appended(batch: &RawBatch<'_>) -> IndexedBatch {
    IndexedBatch {
        last_offset: last_offset(batch),
        max_timestamp: max_timestamp(batch),
        size: batch.overhead.size() as u32,
    }
}
