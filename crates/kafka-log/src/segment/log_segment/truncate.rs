//! Cutting a segment.

use super::{CompactOption, Home, LogSegment, SegmentError, SegmentState};
use crate::format::file_name::FileKind;
use crate::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex};
use crate::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex};
use crate::format::transaction_index::{ABORTED_TXN_LEN, TransactionIndex, VERSION_FIELD};
use crate::fs::{ENTRY_FILE_MAX, Fs, FsFile, OpenMode, read_at_most};
use crate::segment::error::StorageError;

impl<F: Fs> LogSegment<F> {
    /// Cuts everything from the batch on that has `offset` (`LogSegment.truncateTo`); says how many bytes that were.
    /// Removes the index entries of `offset` and later. The segment becomes active: its indexes may grow again.
    ///
    /// # Errors
    /// I/O errors; a batch on the way that cannot be read.
    pub(crate) fn truncate_to(
        &self,
        home: &Home<F>,
        offset: i64,
        index_bytes_max: u32,
        now_ms: i64,
    ) -> Result<u32, SegmentError> {
        let place = self.translate_for_cut(home, offset)?;
        let mut state = self.write_state();
        let state = &mut *state;
        // Kafka's entries are in the file at once, and stay there until others take their place or the file is trimmed.
        self.write_indexes_locked(home, state)?;
        state.unsynced = true;
        state.cuts += 1;
        let path = home.path(self.name(FileKind::OffsetIndex, state));
        let bytes = state.offset_index.grow(home.fs(), || path.clone(), OFFSET_INDEX_ENTRY_LEN)?;
        let kept = OffsetIndex::new(self.base_offset, bytes).entries_below(offset);
        state.offset_index.truncate(kept * OFFSET_INDEX_ENTRY_LEN);
        let path = home.path(self.name(FileKind::TimeIndex, state));
        let bytes = state.time_index.grow(home.fs(), || path.clone(), TIME_INDEX_ENTRY_LEN)?;
        let kept = TimeIndex::new(self.base_offset, bytes).entries_below(offset);
        state.time_index.truncate(kept * TIME_INDEX_ENTRY_LEN);
        state.offset_index_used = true;
        state.time_index_used = true;
        self.truncate_txn_index(home, state, offset)?;
        state.index_bytes_max = index_bytes_max;

        let mut cut = 0;
        if let Some(place) = place {
            cut = self.cut_log(home, state, place.batch.position)?;
        }
        if state.size == 0 {
            state.created_ms = now_ms;
            state.first_batch_timestamp = CompactOption::NOTHING;
        }
        state.bytes_since_index_entry = 0;
        if self.max_timestamp_locked(home, state)?.timestamp >= 0 {
            state.max_timestamp = Some(self.read_largest_timestamp(home, state)?);
        }
        Ok(cut)
    }

    /// What `look` finds in the files while nothing cuts them. It is called again after a cut: what it read may then have been anything,
    /// or not there.
    ///
    /// # Errors
    /// The errors of `look`.
    pub(crate) fn undisturbed<T>(&self, mut look: impl FnMut() -> Result<T, SegmentError>) -> Result<T, SegmentError> {
        loop {
            let cuts = self.read_state().cuts;
            let found = look();
            if self.read_state().cuts == cuts {
                return found;
            }
        }
    }

    /// Cuts the log file to `size` bytes; says how many were cut. The indexes stay as they are.
    pub(super) fn cut_log(&self, home: &Home<F>, state: &mut SegmentState<F>, size: u32) -> Result<u32, StorageError> {
        let cut = state.size.saturating_sub(size);
        self.fit_log(home, state, size)?;
        state.size = state.size.min(size);
        Ok(cut)
    }

    /// Leaves the log file no longer than `size` bytes, and without space in advance; says whether it was longer.
    pub(super) fn fit_log(&self, home: &Home<F>, state: &mut SegmentState<F>, size: u32) -> Result<bool, StorageError> {
        let path = home.path(self.name(FileKind::Log, state));
        let file = self.file_locked(home, state)?;
        let is_longer = file.len().map_err(StorageError::io("look at", &path))? > size.into();
        if is_longer || state.is_extended {
            file.set_len(size.into()).map_err(StorageError::io("cut", &path))?;
            state.unsynced = true;
        }
        state.is_extended = false;
        Ok(is_longer)
    }

    fn truncate_txn_index(&self, home: &Home<F>, state: &mut SegmentState<F>, offset: i64) -> Result<(), SegmentError> {
        if state.txn_bytes == 0 {
            return Ok(());
        }
        let path = home.path(self.name(FileKind::TransactionIndex, state));
        let bytes = read_at_most(home.fs(), &path, ENTRY_FILE_MAX)
            .map_err(StorageError::io("read", &path))?
            .unwrap_or_default();
        let index = TransactionIndex::new(&bytes);
        let slot = index.truncation_slot(offset).map_err(StorageError::corrupt(&path))?;
        // Kafka cuts at the slot and remembers the offset of the entry before it.
        if let Some(slot) = slot {
            let file = home.fs().open(&path, OpenMode::Write).map_err(StorageError::io("open", &path))?;
            let len = slot * ABORTED_TXN_LEN;
            file.set_len(len as u64).map_err(StorageError::io("cut", &path))?;
            state.txn_bytes = len as u32;
            let before = slot.checked_sub(1).and_then(|slot| index.entry(slot));
            state.last_aborted_offset =
                before.map_or(CompactOption::NOTHING, |entry| CompactOption(entry.txn.last_offset));
        }
        Ok(())
    }

    /// Drops all entries of all indexes.
    pub(super) fn reset_indexes(&self, home: &Home<F>, state: &mut SegmentState<F>) -> Result<(), SegmentError> {
        state.unsynced = true;
        state.rebuilt = true;
        state.cuts += 1;
        let path = home.path(self.name(FileKind::OffsetIndex, state));
        state.offset_index.grow(home.fs(), || path.clone(), OFFSET_INDEX_ENTRY_LEN)?;
        state.offset_index.truncate(0);
        let path = home.path(self.name(FileKind::TimeIndex, state));
        state.time_index.grow(home.fs(), || path.clone(), TIME_INDEX_ENTRY_LEN)?;
        state.time_index.truncate(0);
        state.offset_index_used = true;
        state.time_index_used = true;
        if state.txn_index_open {
            let path = home.path(self.name(FileKind::TransactionIndex, state));
            match home.fs().open(&path, OpenMode::Write) {
                Ok(file) => file.set_len(0).map_err(StorageError::io("cut", &path))?,
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                Err(e) => return Err(StorageError::io("open", &path)(e).into()),
            }
        }
        state.txn_bytes = 0;
        state.last_aborted_offset = CompactOption::NOTHING;
        Ok(())
    }

    /// Whether the transaction index must be rebuilt (`TransactionIndex.sanityCheck`), and why.
    ///
    /// # Errors
    /// I/O errors; `Corrupt` for an entry of a version that Kafka does not know, which it does not start with.
    pub(crate) fn check_txn_index(&self, home: &Home<F>) -> Result<Option<StorageError>, StorageError> {
        let state = self.read_state();
        if state.txn_bytes == 0 {
            return Ok(None);
        }
        let path = home.path(self.name(FileKind::TransactionIndex, &state));
        let bytes = read_at_most(home.fs(), &path, ENTRY_FILE_MAX)
            .map_err(StorageError::io("read", &path))?
            .unwrap_or_default();
        let why = TransactionIndex::new(&bytes).sanity_check(self.base_offset).err();
        let is_unknown = why.is_some_and(|why| why.field == VERSION_FIELD);
        let why = why.map(StorageError::corrupt(&path));
        if is_unknown { why.map_or(Ok(None), Err) } else { Ok(why) }
    }
}
