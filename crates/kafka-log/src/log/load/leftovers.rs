//! What was going on when the process ended: deletions, cleanings, splits.

use std::path::Path;
use std::sync::Arc;

use super::{Loader, OpenError, list_files};
use crate::format::file_name::{FileState, offset_from_file_name};
use crate::format::offset_index::OFFSET_INDEX_ENTRY_LEN;
use crate::fs::{Fs, FsFile, OpenMode};
use crate::log::error::{LogError, StorageError};
use crate::segment::log_segment::{LogSegment, SegmentError};

const DELETED: &str = ".deleted";
const CLEANED: &str = ".cleaned";
const SWAP: &str = ".swap";
const EPOCHS_TEMPORARY: &str = "leader-epoch-checkpoint.tmp";
/// Deleted snapshots of the metadata log belong to others.
const SNAPSHOT_DELETED: &str = ".checkpoint.deleted";

impl<F: Fs> Loader<'_, F> {
    /// Removes what was to be deleted and what was not finished, and gives what was finished its names.
    pub(super) fn finish_or_undo_leftovers(&mut self) -> Result<(), OpenError> {
        let names = self.file_names()?;
        self.has_epochs_temporary = names.iter().any(|name| name == EPOCHS_TEMPORARY);
        let has = |suffix: &str| names.iter().any(|name| name.ends_with(suffix));
        if !has(DELETED) && !has(CLEANED) && !has(SWAP) {
            self.names = Some(names);
            return Ok(());
        }
        let swaps = self.remove_temporary_files(&names)?;
        self.remove_swapped_out(&swaps)?;
        let dir = self.home.dir();
        for name in self.file_names()? {
            if let Some(live) = name.strip_suffix(SWAP) {
                let from = dir.join(&name);
                self.home.fs().rename(&from, &dir.join(live)).map_err(StorageError::io("rename", &from))?;
                self.report.finished_swaps.push(live.to_owned());
            }
        }
        if !self.report.finished_swaps.is_empty() {
            // Before something is appended: by the name that ends in `.swap` it would be taken for whole.
            self.home.fs().sync_dir(&dir).map_err(StorageError::io("sync", &dir))?;
        }
        Ok(())
    }

    /// Kafka writes the epochs again when one of them starts at the log start or below, and so uses up what an interrupted
    /// write has left.
    pub(super) fn remove_epochs_temporary(&mut self) -> Result<(), OpenError> {
        let log_start = self.options.log_start_offset;
        let is_written = self.epochs.earliest().is_some_and(|first| first.start_offset <= log_start);
        if self.has_epochs_temporary && is_written { self.remove(EPOCHS_TEMPORARY) } else { Ok(()) }
    }

    /// Names of all files, in order. The caller may change the files: they are listed again for the next one.
    pub(super) fn file_names(&mut self) -> Result<Vec<String>, OpenError> {
        if let Some(names) = self.names.take() {
            return Ok(names);
        }
        let dir = self.home.dir();
        Ok(list_files(self.home.fs(), &dir).map_err(StorageError::io("list", &dir))?)
    }

    /// (`removeTempFilesAndCollectSwapFiles`) The names of swap files that count.
    fn remove_temporary_files(&mut self, names: &[String]) -> Result<Vec<String>, OpenError> {
        let (mut cleaned, mut swaps) = (Vec::new(), Vec::new());
        let mut first_cleaned = i64::MAX;
        for name in names {
            if name.ends_with(DELETED) && !name.ends_with(SNAPSHOT_DELETED) {
                self.remove(name)?;
            } else if name.ends_with(CLEANED) {
                first_cleaned = first_cleaned.min(self.offset_in(name)?);
                cleaned.push(name);
            } else if name.ends_with(SWAP) {
                swaps.push(name);
            }
        }
        let mut valid = Vec::new();
        for name in swaps {
            // The swap started with the last segment and had not come to those that are still cleaned: it is undone.
            if self.offset_in(name)? >= first_cleaned {
                self.remove(name)?;
            } else {
                valid.push(name.clone());
            }
        }
        for name in cleaned {
            self.remove(name)?;
        }
        Ok(valid)
    }

    /// Removes the segments that complete swap files stand for.
    fn remove_swapped_out(&mut self, swaps: &[String]) -> Result<(), OpenError> {
        let (mut first, mut end) = (i64::MAX, i64::MIN);
        for name in swaps.iter().filter(|name| name.strip_suffix(SWAP).is_some_and(|live| live.ends_with(".log"))) {
            let base_offset = self.offset_in(name)?;
            let (home, now_ms) = (self.home, self.options.now_ms);
            let segment = LogSegment::open(home, base_offset, FileState::Swap, &self.segment_options, false, now_ms)
                .map_err(LogError::from)?;
            let segment = Arc::new(segment);
            first = first.min(base_offset);
            let next_offset = match segment.read_next_offset(home) {
                // The successor of an empty segment, which was appended to before its name was on disk. It is recovered
                // like any other; Kafka does not start.
                Err(SegmentError::Corrupt(_)) if self.goes_beyond_kafka() => base_offset,
                found => found.map_err(LogError::from)?,
            };
            end = end.max(next_offset);
            self.make_index_of_swapped(name)?;
        }
        for name in self.file_names()? {
            let offset = offset_from_file_name(&name);
            if !name.ends_with(SWAP) && offset.is_some_and(|offset| offset >= first && offset < end) {
                self.remove(&name)?;
            }
        }
        Ok(())
    }

    /// Kafka looks for the last batch of a swapped log by its offset index and so makes one if there is none: full of zeros,
    /// which is then taken for an index of a segment that needs no recovery.
    fn make_index_of_swapped(&self, name: &str) -> Result<(), OpenError> {
        let Some(stem) = name.strip_suffix(".log.swap") else { return Ok(()) };
        let path = self.home.dir().join(format!("{stem}.index.swap"));
        let len = self.segment_options.index_bytes_max as usize / OFFSET_INDEX_ENTRY_LEN * OFFSET_INDEX_ENTRY_LEN;
        let made = match self.home.fs().open(&path, OpenMode::CreateNew) {
            Ok(file) => file.set_len(len as u64),
            Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
            Err(e) => Err(e),
        };
        Ok(made.map_err(StorageError::io("make", &path))?)
    }

    fn offset_in(&self, name: &str) -> Result<i64, OpenError> {
        offset_from_file_name(name).ok_or_else(|| OpenError::BadName(self.home.dir().join(name)))
    }

    pub(super) fn remove(&mut self, name: &str) -> Result<(), OpenError> {
        remove(self.home.fs(), &self.home.dir().join(name))?;
        self.report.removed_files.push(name.to_owned());
        Ok(())
    }
}

fn remove<F: Fs>(fs: &F, path: &Path) -> Result<(), StorageError> {
    crate::log::upkeep::remove_file(fs, path.to_owned())
}
