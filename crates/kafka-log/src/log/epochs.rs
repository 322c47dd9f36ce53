//! Leader epochs of a partition and the offsets they start at (`LeaderEpochFileCache`), kept in the file
//! `leader-epoch-checkpoint`.
//!
//! What is added is on disk before anything else happens, but for an epoch that has no records yet
//! ([`LeaderEpochCache::announce`]): that is on disk before its first record. What is cut off may be written later
//! ([`LeaderEpochCache::flush`]): should it come back after a crash, the next start cuts it off again.

use std::path::{Path, PathBuf};

use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::leader_epoch_checkpoint::{EpochEntry, read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};

use crate::fs::{Fs, OpenMode, exists, read_whole, write_atomically};
use crate::log::error::{LogError, StorageError};

/// The leader epoch that stands for none (`UNDEFINED_EPOCH`).
pub(crate) const UNDEFINED_EPOCH: i32 = -1;

/// Leader epochs of a partition, ascending in epoch and start offset.
#[derive(Debug, Default)]
pub struct LeaderEpochCache {
    entries: Vec<EpochEntry>,
    is_dirty: bool,
    /// The last entry has no records yet, and is not in the file.
    is_announced: bool,
    /// The file has the same entries in other words than those it would be written with, or more that contradict them.
    is_odd: bool,
}

/// Path of the file.
fn checkpoint_path(dir: &Path) -> PathBuf {
    let (kind, state) = (FileKind::LeaderEpochCheckpoint, FileState::Live);
    dir.join(FileName { kind, state, offset: None, epoch: None, remote_segment_id: None }.to_string())
}

impl LeaderEpochCache {
    /// The epochs in the file of `dir`. An empty file is made if there is none, as Kafka does.
    ///
    /// # Errors
    /// I/O errors; for what Kafka does not start with `Corrupt`, where the file cannot be read, and
    /// `IllegalArgument` for a negative epoch or offset.
    pub fn open<F: Fs>(fs: &F, dir: &Path) -> Result<Self, LogError> {
        let path = checkpoint_path(dir);
        let Some(bytes) = read_whole(fs, &path).map_err(StorageError::io("read", &path))? else {
            fs.open(&path, OpenMode::Create).map_err(StorageError::io("create", &path))?;
            return Ok(LeaderEpochCache::default());
        };
        let mut cache = LeaderEpochCache::default();
        for entry in read_leader_epoch_checkpoint(&bytes).map_err(StorageError::corrupt(&path))? {
            if entry.epoch < 0 || entry.start_offset < 0 {
                let (path, epoch, start) = (path.display(), entry.epoch, entry.start_offset);
                let message = format!("{path}: leader epoch {epoch} cannot start at offset {start}");
                return Err(LogError::IllegalArgument(message));
            }
            cache.add(entry);
        }
        cache.is_dirty = false;
        cache.is_odd = cache.to_bytes() != bytes;
        Ok(cache)
    }

    /// Notes that `epoch` starts at `start_offset`, unless it is the latest and starts there or earlier already. Entries
    /// that contradict it go: those of the same or a higher epoch, or with the same or a higher start. Says whether
    /// anything changed; the file is then written and durable.
    ///
    /// # Errors
    /// `IllegalArgument` for a negative epoch or offset; I/O errors.
    pub fn assign<F: Fs>(&mut self, fs: &F, dir: &Path, epoch: i32, start_offset: i64) -> Result<bool, LogError> {
        check(epoch, start_offset)?;
        let is_new = self.add(EpochEntry { epoch, start_offset });
        if is_new || self.is_announced {
            self.write(fs, dir)?;
        }
        Ok(is_new)
    }

    /// As [`LeaderEpochCache::assign`], for an epoch without records: the file is written by the next `assign`, which has to
    /// come before the first record. Until then a crash leaves the entry out, and nothing misses it: no record has the epoch.
    ///
    /// A broker becomes the leader of all its partitions at each start. Written at once, that is a sync for each of them.
    ///
    /// # Errors
    /// `IllegalArgument` for a negative epoch or offset.
    pub fn announce(&mut self, epoch: i32, start_offset: i64) -> Result<bool, LogError> {
        check(epoch, start_offset)?;
        let is_new = self.add(EpochEntry { epoch, start_offset });
        if is_new {
            self.is_announced = true;
            // What was cut off can wait as long: the next start cuts it off again.
            self.is_dirty = false;
        }
        Ok(is_new)
    }

    /// Whether this is the epoch of records at `offset`, in the file, too.
    pub(in crate::log) fn is_latest(&self, epoch: i32, offset: i64) -> bool {
        !self.is_announced && self.latest().is_some_and(|last| last.epoch == epoch && last.start_offset <= offset)
    }

    fn add(&mut self, entry: EpochEntry) -> bool {
        let is_known =
            self.latest().is_some_and(|last| last.epoch == entry.epoch && last.start_offset <= entry.start_offset);
        if is_known {
            return false;
        }
        while self.latest().is_some_and(|last| last.epoch >= entry.epoch || last.start_offset >= entry.start_offset) {
            self.entries.pop();
        }
        self.entries.push(entry);
        self.is_dirty = true;
        true
    }

    /// Removes the entries that start at or above `end_offset`, none for a negative one. Says whether any went; the file
    /// is to be written by [`LeaderEpochCache::flush`], later if need be (`truncateFromEndAsyncFlush`).
    pub fn truncate_from_end(&mut self, end_offset: i64) -> bool {
        let kept = match end_offset {
            0.. => self.entries.partition_point(|entry| entry.start_offset < end_offset),
            _ => self.entries.len(),
        };
        let is_cut = kept < self.entries.len();
        self.entries.truncate(kept);
        self.is_dirty |= is_cut;
        is_cut
    }

    /// Removes the entries that start at or below `start_offset`, but for the last of them, which then starts there. Says
    /// whether the file is to be written by [`LeaderEpochCache::flush`], later if need be (`truncateFromStartAsyncFlush`).
    ///
    /// Kafka writes it whenever an entry starts there or below, which every start of a log does. Here that is left out where
    /// the file would stay as it is.
    pub fn truncate_from_start(&mut self, start_offset: i64) -> bool {
        let dropped = self.entries.partition_point(|entry| entry.start_offset <= start_offset);
        let Some(last) = dropped.checked_sub(1) else { return false };
        let is_changed = last > 0 || self.entries[last].start_offset != start_offset || self.is_odd;
        self.entries[last].start_offset = start_offset;
        self.entries.drain(..last);
        self.is_dirty |= is_changed;
        is_changed
    }

    /// Removes all entries. The file is written and durable when this returns (`clearAndFlush`).
    ///
    /// # Errors
    /// I/O errors.
    pub fn clear_and_flush<F: Fs>(&mut self, fs: &F, dir: &Path) -> Result<(), StorageError> {
        self.entries.clear();
        self.write(fs, dir)
    }

    /// Whether the file lags behind.
    pub fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Writes the file if it lags behind and `dir` is still there (`writeIfDirExists`): a topic that is deleted takes its
    /// directory away while a flush is due.
    ///
    /// # Errors
    /// I/O errors.
    pub fn flush<F: Fs>(&mut self, fs: &F, dir: &Path) -> Result<(), StorageError> {
        if self.is_dirty && exists(fs, dir).map_err(StorageError::io("look for", dir))? {
            self.write(fs, dir)?;
        }
        Ok(())
    }

    fn write<F: Fs>(&mut self, fs: &F, dir: &Path) -> Result<(), StorageError> {
        let path = checkpoint_path(dir);
        write_atomically(fs, &path, &self.to_bytes()).map_err(StorageError::io("write", &path))?;
        self.is_dirty = false;
        self.is_odd = false;
        self.is_announced = false;
        Ok(())
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_leader_epoch_checkpoint(&self.entries, &mut bytes);
        bytes
    }

    /// All entries, ascending.
    pub fn entries(&self) -> &[EpochEntry] {
        &self.entries
    }

    /// The first entry (`earliestEntry`).
    pub fn earliest(&self) -> Option<EpochEntry> {
        self.entries.first().copied()
    }

    /// The last entry (`latestEntry`).
    pub fn latest(&self) -> Option<EpochEntry> {
        self.entries.last().copied()
    }

    /// The last epoch.
    pub fn latest_epoch(&self) -> Option<i32> {
        self.latest().map(|entry| entry.epoch)
    }

    /// The last known epoch below this one.
    pub fn previous_epoch(&self, epoch: i32) -> Option<i32> {
        let higher = self.entries.partition_point(|entry| entry.epoch < epoch);
        higher.checked_sub(1).map(|at| self.entries[at].epoch)
    }

    /// The first known epoch above this one.
    pub fn next_epoch(&self, epoch: i32) -> Option<i32> {
        self.entries.get(self.entries.partition_point(|entry| entry.epoch <= epoch)).map(|entry| entry.epoch)
    }

    /// The entry of this epoch (`epochEntry`).
    pub fn entry(&self, epoch: i32) -> Option<EpochEntry> {
        self.entries.binary_search_by_key(&epoch, |entry| entry.epoch).ok().map(|at| self.entries[at])
    }

    /// The epoch that `offset` belongs to, whether or not it exists; `None` below the first entry.
    pub fn epoch_for_offset(&self, offset: i64) -> Option<i32> {
        let above = self.entries.partition_point(|entry| entry.start_offset <= offset);
        above.checked_sub(1).map(|at| self.entries[at].epoch)
    }

    /// The largest known epoch not above `epoch`, and the offset at which it ends: the start of the next one, the log end
    /// offset for the latest. An epoch below all known ones is given back with the start of the first. `None` for -1 and
    /// for an epoch above all known ones (`endOffsetFor`).
    pub fn end_offset_for(&self, epoch: i32, log_end_offset: i64) -> Option<(i32, i64)> {
        if epoch == UNDEFINED_EPOCH {
            return None;
        }
        if self.latest_epoch() == Some(epoch) {
            return Some((epoch, log_end_offset));
        }
        let higher = self.entries.partition_point(|entry| entry.epoch <= epoch);
        let end_offset = self.entries.get(higher)?.start_offset;
        let found = higher.checked_sub(1).map_or(epoch, |at| self.entries[at].epoch);
        Some((found, end_offset))
    }
}

fn check(epoch: i32, start_offset: i64) -> Result<(), LogError> {
    if epoch < 0 || start_offset < 0 {
        let message = format!("leader epoch {epoch} cannot start at offset {start_offset}");
        return Err(LogError::IllegalArgument(message));
    }
    Ok(())
}

#[cfg(test)]
mod tests;
