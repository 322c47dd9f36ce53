//! The end of a log: closed, renamed, deleted.

use std::path::Path;
use std::sync::atomic::Ordering;

use super::Log;
use super::epochs::LeaderEpochCache;
use super::error::{LogError, StorageError};
use crate::fs::{Fs, FsFile, OpenMode};

impl<F: Fs> Log<F> {
    /// Brings the files to the state that a clean shutdown leaves (`close`): a producer snapshot at the log end, the last
    /// entry of the time index, no file longer than what is in it. All of it is on the medium when this returns.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn close(&self) -> Result<(), LogError> {
        self.check_usable()?;
        let mut writer = self.writer.lock();
        self.write_metadata(&mut writer)?;
        self.home.end_views();
        let dir = self.home.dir();
        let closed =
            writer.producers.take_snapshot(self.home.fs(), &dir, true).map_err(LogError::from).and_then(|_| {
                let segments = self.segments.read().all().to_vec();
                segments.iter().try_for_each(|segment| {
                    segment.close(&self.home)?;
                    if segment.is_unsynced() {
                        segment.existing_files_to_sync(&self.home)?.sync()?;
                        segment.release_idle(&self.home)?;
                    }
                    Ok(())
                })
            });
        let closed = closed.and_then(|()| Ok(self.home.sync_names()?));
        self.guard(closed)?;
        self.is_closed.store(true, Ordering::Release);
        Ok(())
    }

    /// Leaves the files as a process that was killed leaves them (`closeHandlers`): what was written is there, nothing is
    /// trimmed, synced or added, but for the index entries that are in memory alone.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn abandon(&self) -> Result<(), LogError> {
        let _writer = self.writer.lock();
        self.is_closed.store(true, Ordering::Release);
        self.home.end_views();
        let segments = self.segments.read().all().to_vec();
        segments.iter().for_each(|segment| segment.release_view());
        segments.iter().try_for_each(|segment| Ok(segment.write_indexes(&self.home)?))
    }

    /// Gives the directory of the partition another name (`renameDir`). With `stay_open` the log goes on as before, otherwise
    /// it is about to be deleted, and forgets its leader epochs.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn rename_dir(&self, to: &Path, stay_open: bool) -> Result<(), LogError> {
        self.check_usable()?;
        let mut writer = self.writer.lock();
        self.write_metadata(&mut writer)?;
        let from = self.home.dir();
        let renamed = self.home.fs().rename(&from, to).and_then(|()| {
            self.home.moved_to(to);
            match to.parent() {
                Some(parent) if from.parent() == Some(parent) => self.home.fs().sync_dir(parent),
                Some(parent) => {
                    self.home.fs().sync_dir(parent)?;
                    from.parent().map_or(Ok(()), |parent| self.home.fs().sync_dir(parent))
                }
                None => Ok(()),
            }
        });
        self.guard(renamed.map_err(StorageError::io("rename", &from)))?;
        if !stay_open {
            writer.epochs = LeaderEpochCache::default();
        }
        Ok(())
    }

    /// Removes all files of the log, and its directory (`delete`). It takes no call any more.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn delete(&self) -> Result<(), LogError> {
        self.check_usable()?;
        let mut writer = self.writer.lock();
        self.is_closed.store(true, Ordering::Release);
        writer.epochs = LeaderEpochCache::default();
        self.tasks.lock().clear();
        let removed = remove_dir_with_files(self.home.fs(), &self.home.dir());
        self.guard(removed)?;
        Ok(())
    }

    /// Makes the files and their names durable, whatever was synced before. For directories that are about to be renamed into
    /// place.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn sync_all(&self) -> Result<(), LogError> {
        self.check_usable()?;
        let dir = self.home.dir();
        let fs = self.home.fs();
        let synced = (|| {
            for entry in fs.read_dir(&dir)? {
                if !entry.is_dir {
                    fs.open(&dir.join(&entry.name), OpenMode::Write)?.sync()?;
                }
            }
            fs.sync_dir(&dir)
        })();
        Ok(self.guard(synced.map_err(StorageError::io("sync", &dir)))?)
    }
}

/// Removes a directory of a partition with everything in it.
///
/// # Errors
/// Those of the medium.
pub(super) fn remove_dir_with_files<F: Fs>(fs: &F, dir: &Path) -> Result<(), StorageError> {
    let removed = (|| {
        for entry in fs.read_dir(dir)? {
            if !entry.is_dir {
                fs.remove_file(&dir.join(&entry.name))?;
            }
        }
        fs.remove_dir(dir)?;
        dir.parent().map_or(Ok(()), |parent| fs.sync_dir(parent))
    })();
    removed.map_err(StorageError::io("remove", dir))
}
