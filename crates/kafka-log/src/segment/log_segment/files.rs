//! The files of a segment: brought up to date, synced, renamed, removed, let go of.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::index_memory::Purpose;
use super::{Home, LogSegment, SegmentError, SegmentState};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::offset_index::OFFSET_INDEX_ENTRY_LEN;
use crate::format::time_index::TIME_INDEX_ENTRY_LEN;
use crate::fs::{Fs, FsFile, OpenMode};
use crate::segment::error::StorageError;

/// Kinds of the files of a segment, in the order in which Kafka renames and removes them.
const KINDS: [FileKind; 4] = [FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex, FileKind::TransactionIndex];

/// Open files that a sync has to reach; see [`LogSegment::files_to_sync`].
#[derive(Debug)]
pub(crate) struct SegmentFiles<F: Fs> {
    log: (Arc<F::File>, PathBuf),
    indexes: Vec<(F::File, PathBuf)>,
}

impl<F: Fs> SegmentFiles<F> {
    /// Returns when what was in the files is on disk.
    ///
    /// # Errors
    /// I/O errors; what was written may then be lost, undetectably.
    pub(crate) fn sync(&self) -> Result<(), StorageError> {
        self.log.0.sync().map_err(StorageError::io("sync", &self.log.1))?;
        self.indexes.iter().try_for_each(|(file, path)| file.sync().map_err(StorageError::io("sync", path)))
    }
}

impl<F: Fs> LogSegment<F> {
    pub(super) fn write_indexes_locked(&self, home: &Home<F>, state: &mut SegmentState<F>) -> Result<(), StorageError> {
        self.index_files_locked(home, state, Purpose::Write).map(|_| ())
    }

    /// Writes all index entries and leaves the files no longer than these.
    pub(super) fn trim_indexes_locked(&self, home: &Home<F>, state: &mut SegmentState<F>) -> Result<(), StorageError> {
        self.index_files_locked(home, state, Purpose::Trim).map(|_| ())
    }

    fn index_files_locked(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
        purpose: Purpose,
    ) -> Result<Vec<(F::File, PathBuf)>, StorageError> {
        let mut files = Vec::new();
        let path = home.path(self.name(FileKind::OffsetIndex, state));
        let file = state.offset_index.write(home, &path, OFFSET_INDEX_ENTRY_LEN, state.offset_index_used, purpose)?;
        files.extend(file.map(|file| (file, path)));
        let path = home.path(self.name(FileKind::TimeIndex, state));
        let file = state.time_index.write(home, &path, TIME_INDEX_ENTRY_LEN, state.time_index_used, purpose)?;
        files.extend(file.map(|file| (file, path)));
        state.unsynced |= !files.is_empty();
        Ok(files)
    }

    /// Writes all index entries that are in memory alone.
    ///
    /// # Errors
    /// I/O errors.
    pub fn write_indexes(&self, home: &Home<F>) -> Result<(), StorageError> {
        self.write_indexes_locked(home, &mut self.write_state())
    }

    /// Brings the files up to date and hands them out, to be synced without any lock (`LogSegment.flush`).
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn files_to_sync(&self, home: &Home<F>) -> Result<SegmentFiles<F>, StorageError> {
        {
            let mut state = self.write_state();
            state.offset_index_used = true;
            state.time_index_used = true;
        }
        self.existing_files_to_sync(home)
    }

    /// As [`LogSegment::files_to_sync`], without creating index files that are not needed yet.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn existing_files_to_sync(&self, home: &Home<F>) -> Result<SegmentFiles<F>, StorageError> {
        let mut state = self.write_state();
        let mut indexes = self.index_files_locked(home, &mut state, Purpose::Sync)?;
        // One that was emptied, too: the entries that it had must not come back beside a segment that is not recovered again.
        if state.txn_index_open {
            let path = home.path(self.name(FileKind::TransactionIndex, &state));
            match home.fs().open(&path, OpenMode::Write) {
                Ok(file) => indexes.push((file, path)),
                Err(e) if e.kind() == io::ErrorKind::NotFound && state.txn_bytes == 0 => {}
                Err(e) => return Err(StorageError::io("open", &path)(e)),
            }
        }
        let path = home.path(self.name(FileKind::Log, &state));
        let log = (self.file_locked(home, &mut state)?, path);
        // What changes from here on is for the next sync.
        state.unsynced = false;
        state.rebuilt = false;
        Ok(SegmentFiles { log, indexes })
    }

    /// Returns when what a start after a crash cannot rebuild is on disk: the batches. Index files are brought up to
    /// date and not synced, for which the segment goes on asking; it may be left so as long as each such start recovers it.
    ///
    /// # Errors
    /// As [`SegmentFiles::sync`].
    pub(crate) fn sync_recoverable(&self, home: &Home<F>) -> Result<(), StorageError> {
        {
            let mut state = self.write_state();
            state.offset_index_used = true;
            state.time_index_used = true;
            self.write_indexes_locked(home, &mut state)?;
            state.unsynced = true;
        }
        self.sync_batches(home)
    }

    /// Returns when the batches and the aborted transactions are on disk, as they are and no longer than they are.
    /// Entries of the other indexes stay in memory as they would without.
    ///
    /// # Errors
    /// As [`SegmentFiles::sync`].
    pub(crate) fn sync_batches(&self, home: &Home<F>) -> Result<(), StorageError> {
        let (log, log_path) = (self.file(home)?, self.log_path(home));
        log.sync().map_err(StorageError::io("sync", &log_path))?;
        let path = {
            let state = self.read_state();
            state.txn_index_open.then(|| home.path(self.name(FileKind::TransactionIndex, &state)))
        };
        let Some(path) = path else { return Ok(()) };
        match home.fs().open(&path, OpenMode::Write) {
            Ok(file) => file.sync().map_err(StorageError::io("sync", &path)),
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(e) => Err(StorageError::io("open", &path)(e)),
        }
    }

    /// Makes the log file longer in advance.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn preallocate(&self, home: &Home<F>, bytes: u64) -> Result<(), StorageError> {
        let mut state = self.write_state();
        let path = home.path(self.name(FileKind::Log, &state));
        self.file_locked(home, &mut state)?.set_len(bytes).map_err(StorageError::io("extend", &path))?;
        state.is_extended = true;
        Ok(())
    }

    /// Asks for a sync: an earlier process may have ended between a change and its sync.
    pub(crate) fn note_unsynced(&self) {
        self.write_state().unsynced = true;
    }

    /// Whether indexes that were on disk have been rebuilt or cut, and what took their place may not be there.
    pub(crate) fn is_rebuilt_unsynced(&self) -> bool {
        self.read_state().rebuilt
    }

    /// Whether something was written or cut since the files were last handed out to be synced.
    pub(crate) fn is_unsynced(&self) -> bool {
        self.read_state().unsynced
    }

    /// Whether it was sealed, and got no batch since: a truncation may have made it the active one again.
    pub(crate) fn is_sealed(&self) -> bool {
        self.read_state().sealed
    }

    /// Brings the files to the state of a segment that gets no more batches (`onBecomeInactiveSegment`): last entry of the
    /// time index, files no longer than what is in them. Says whether the log file was longer, and so was cut: all below the
    /// next base may be flushed already, and a start after a crash would not look at zeros at the end.
    ///
    /// # Errors
    /// I/O errors; an entry that does not fit.
    pub(crate) fn seal(&self, home: &Home<F>) -> Result<bool, SegmentError> {
        let mut state = self.write_state();
        let state = &mut *state;
        self.append_last_time_entry(home, state)?;
        state.offset_index_used = true;
        // Entries of batches that were cut: they must not come back beside others, once no start recovers this segment any more.
        state.rebuilt |= state.offset_index.is_file_longer() || state.time_index.is_file_longer();
        self.trim_indexes_locked(home, state)?;
        let is_longer = self.fit_log(home, state, state.size)?;
        state.offset_index.release();
        state.time_index.release();
        state.sealed = true;
        Ok(is_longer)
    }

    /// Brings the files to the state that a closed segment leaves (`LogSegment.close`), and lets go of them.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn close(&self, home: &Home<F>) -> Result<(), SegmentError> {
        let mut state = self.write_state();
        let state = &mut *state;
        if state.max_timestamp.is_some() {
            match self.append_last_time_entry(home, state) {
                // Kafka swallows what goes wrong here.
                Ok(()) | Err(SegmentError::Index(_)) => {}
                Err(error) => return Err(error),
            }
        }
        self.trim_indexes_locked(home, state)?;
        if state.file.is_some() || state.is_extended {
            self.fit_log(home, state, state.size)?;
        }
        state.offset_index.release();
        state.time_index.release();
        state.file = None;
        Ok(())
    }

    /// Lets go of the open file and what is in memory of the indexes, if the files have it.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn release_idle(&self, home: &Home<F>) -> Result<(), StorageError> {
        let mut state = self.write_state();
        if state.suffix == FileState::Deleted {
            // What is open of it cannot be opened again, and goes with the last reader.
            return Ok(());
        }
        self.write_indexes_locked(home, &mut state)?;
        state.offset_index.release();
        state.time_index.release();
        state.file = None;
        Ok(())
    }

    /// Closes the log file of a deleted segment that no reader can have.
    pub(crate) fn release_unread(&self) {
        self.write_state().file = None;
    }

    /// Gives all files another suffix (`changeFileSuffixes`); those that do not exist stay so.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn change_suffix(&self, home: &Home<F>, suffix: FileState) -> Result<(), StorageError> {
        let mut state = self.write_state();
        if suffix == FileState::Deleted {
            // A reader may have it from a list that is old by now, and the file will be gone.
            self.file_locked(home, &mut state)?;
        }
        for kind in KINDS {
            let from = home.path(FileName::segment(kind, self.base_offset, state.suffix));
            let to = home.path(FileName::segment(kind, self.base_offset, suffix));
            match home.fs().rename(&from, &to) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound && kind != FileKind::Log => {}
                Err(e) => return Err(StorageError::io("rename", &from)(e)),
            }
        }
        home.note_names();
        state.suffix = suffix;
        Ok(())
    }

    /// Sets when the files were last modified, in ms (`setLastModified`).
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn set_last_modified(&self, home: &Home<F>, modified_ms: i64) -> Result<(), StorageError> {
        let suffix = self.read_state().suffix;
        for kind in [FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex] {
            let path = home.path(FileName::segment(kind, self.base_offset, suffix));
            match home.fs().set_modified(&path, modified_ms) {
                Ok(()) => {}
                Err(e) if e.kind() == io::ErrorKind::NotFound && kind != FileKind::Log => {}
                Err(e) => return Err(StorageError::io("set the time of", &path)(e)),
            }
        }
        Ok(())
    }

    /// Removes all files there are (`deleteIfExists`).
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn remove_files(&self, home: &Home<F>) -> Result<(), StorageError> {
        let suffix = self.read_state().suffix;
        remove_segment_files(home.fs(), &home.dir(), self.base_offset, suffix)
    }
}

/// Removes all files of a segment that there are (`LogSegment.deleteIfExists`).
///
/// # Errors
/// I/O errors.
pub(crate) fn remove_segment_files<F: Fs>(
    fs: &F,
    dir: &Path,
    base_offset: i64,
    suffix: FileState,
) -> Result<(), StorageError> {
    for kind in KINDS {
        let path = dir.join(FileName::segment(kind, base_offset, suffix).to_string());
        match fs.remove_file(&path) {
            Ok(()) => {}
            Err(e) if e.kind() == io::ErrorKind::NotFound => {}
            Err(e) => return Err(StorageError::io("remove", &path)(e)),
        }
    }
    Ok(())
}
