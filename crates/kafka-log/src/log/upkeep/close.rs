//! The end of a log: closed, renamed, deleted.

use std::path::Path;

use crate::fs::{Fs, FsFile, OpenMode};
use crate::log::epochs::LeaderEpochCache;
use crate::log::error::{LogError, StorageError};
use crate::log::{Ended, Log};

impl<F: Fs> Log<F> {
    /// Brings the files to the state that a clean shutdown leaves (`close`): a producer snapshot at the log end, the last
    /// entry of the time index, no file longer than what is in it. All of it is on disk when this returns.
    ///
    /// A log of a manager is closed by [`LogManager::shutdown`](crate::manager::LogManager::shutdown); a holder of its `Arc` cannot end it:
    ///
    /// ```compile_fail,E0507
    /// # fn example(manager: &kafka_log::manager::LogManager, partition: &kafka_log::log::TopicPartition) {
    /// let shared = manager.get_log(partition).unwrap();
    /// shared.close();
    /// # }
    /// ```
    ///
    /// # Errors
    /// I/O errors.
    pub fn close(self) -> Result<(), LogError> {
        self.close_shared()
    }

    /// Leaves the files as a process that was killed leaves them (`closeHandlers`): what was written is there, nothing is
    /// trimmed, synced or added, but for the index entries that are in memory alone.
    ///
    /// # Errors
    /// I/O errors.
    pub fn abandon(self) -> Result<(), LogError> {
        let segments = self.segments.read().all().to_vec();
        segments.iter().try_for_each(|segment| Ok(segment.write_indexes(&self.home)?))
    }

    /// Removes all files of the log, and its directory (`delete`). Slices that were read before stay readable.
    ///
    /// A log of a manager is deleted by [`LogManager::async_delete`](crate::manager::LogManager::async_delete).
    ///
    /// # Errors
    /// I/O errors.
    pub fn delete(self) -> Result<(), LogError> {
        self.remove_files()
    }

    /// Gives the directory of the partition another name (`renameDir`), which the log uses from then on.
    ///
    /// # Errors
    /// I/O errors.
    pub fn rename_dir(&mut self, to: &Path) -> Result<(), LogError> {
        self.move_to(to, None)
    }

    /// [`Log::close`] of a log that others may hold: their calls answer `Closed` from then on.
    pub(crate) fn close_shared(&self) -> Result<(), LogError> {
        let _told = self.tell_when_done();
        let mut writer = self.lock_usable()?;
        self.write_metadata(&mut writer)?;
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
        self.end(Ended::Closed);
        Ok(())
    }

    /// [`Log::rename_dir`] of a log that others may hold. If it ends with that, their calls are refused before the files have
    /// their new names, so that nothing is appended to what is about to be removed.
    pub(crate) fn move_to(&self, to: &Path, ends: Option<Ended>) -> Result<(), LogError> {
        let _told = self.tell_when_done();
        let mut writer = self.lock_usable()?;
        self.write_metadata(&mut writer)?;
        if let Some(how) = ends {
            self.end(how);
        }
        if ends == Some(Ended::Deleted) {
            writer.epochs = LeaderEpochCache::default();
        }
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
        if renamed.is_err() {
            self.health.set_offline();
        }
        Ok(renamed.map_err(StorageError::io("rename", &from))?)
    }

    /// Refuses all calls from now on, as those of a deleted log: its folder says so already.
    pub(crate) fn mark_deleted(&self) {
        let _writer = self.writer.lock();
        self.end(Ended::Deleted);
    }

    /// [`Log::delete`] of a log that others may hold.
    pub(crate) fn remove_files(&self) -> Result<(), LogError> {
        let mut writer = self.writer.lock();
        self.health.check(&self.home.dir())?;
        self.state.end(Ended::Deleted);
        writer.epochs = LeaderEpochCache::default();
        self.tasks.lock().clear();
        let removed = remove_dir_with_files(self.home.fs(), &self.home.dir());
        if removed.is_err() {
            self.health.set_offline();
        }
        self.end(Ended::Deleted);
        Ok(removed?)
    }

    /// Makes the files and their names durable, whatever was synced before. For directories that are about to be renamed into
    /// place.
    ///
    /// # Errors
    /// I/O errors.
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
/// I/O errors.
fn remove_dir_with_files<F: Fs>(fs: &F, dir: &Path) -> Result<(), StorageError> {
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
