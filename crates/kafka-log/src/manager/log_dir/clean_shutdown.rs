//! The marker of a clean stop (`CleanShutdownFileHandler`).

use std::io;

use super::LogDir;
use crate::format::clean_shutdown::{read_clean_shutdown, write_clean_shutdown};
use crate::fs::{Fs, FsFile, OpenMode, exists, read_whole};
use crate::log::error::StorageError;

const NAME: &str = ".kafka_cleanshutdown";

impl<F: Fs> LogDir<F> {
    /// Whether the last stop was clean. The marker goes at once: a crash while logs are being loaded is no clean stop.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn take_clean_shutdown(&self, fs: &F) -> Result<bool, StorageError> {
        let path = self.join(NAME);
        let clean = exists(fs, &path).map_err(StorageError::io("look at", &path))?;
        if clean {
            fs.remove_file(&path).map_err(StorageError::io("remove", &path))?;
            // Otherwise it might come back with the next crash.
            fs.sync_dir(&self.path).map_err(StorageError::io("sync", &self.path))?;
        }
        Ok(clean)
    }

    /// Leaves the marker.
    ///
    /// # Errors
    /// `Io`.
    pub(crate) fn leave_clean_shutdown(&self, fs: &F, broker_epoch: i64) -> Result<(), StorageError> {
        let path = self.join(NAME);
        let mut bytes = Vec::new();
        write_clean_shutdown(broker_epoch, &mut bytes);
        let write = || -> io::Result<()> {
            let file = fs.open(&path, OpenMode::Create)?;
            file.set_len(0)?;
            file.write_all_at(&bytes, 0)?;
            file.sync()
        };
        write().map_err(StorageError::io("write", &path))?;
        fs.sync_dir(&self.path).map_err(StorageError::io("sync", &self.path))
    }

    /// The broker epoch in the marker, before the logs are loaded.
    pub(crate) fn broker_epoch(&self, fs: &F) -> Option<i64> {
        read_clean_shutdown(&read_whole(fs, &self.join(NAME)).ok()??)
    }
}
