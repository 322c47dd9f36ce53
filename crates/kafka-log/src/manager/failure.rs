//! Directories that fail (`LogDirFailureChannel`, `handleLogDirFailure`).

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{LogManager, ManagerError};
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::{LogError, StorageError};

impl<F: Fs> LogManager<F> {
    /// Takes a directory offline, as if its disk had failed. Its logs answer `Offline` from now on, and the lock on it is
    /// let go of. It stays so until the manager is opened again.
    ///
    /// # Errors
    /// A path that is no log directory.
    pub fn fail_log_dir(&self, path: &Path, why: &str) -> Result<(), ManagerError> {
        self.check_running()?;
        self.dirs[self.dir_index(path)?].fail(why.to_owned());
        self.handle_failed_dirs();
        Ok(())
    }

    /// Drops the logs of directories that have failed since the last call, and says which these are
    /// (`takeNextOfflineLogDir`, `handleLogDirFailure`). [`LogManager::tick`] does this too.
    pub(crate) fn handle_failed_dirs(&self) -> Vec<PathBuf> {
        let failed: Vec<usize> = (0..self.dirs.len()).filter(|&at| self.dirs[at].give_up()).collect();
        for &dir in &failed {
            let why = self.dirs[dir].failure().unwrap_or_default();
            tracing::error!(dir = %self.dirs[dir].path.display(), why, "log directory failed");
            // Dropped last, and without any lock: the last owner of a log closes its files.
            let gone: Vec<Arc<Log<F>>> = {
                let mut logs = self.logs.write();
                let gone = logs.in_dir(dir);
                logs.current.retain(|_, hosted| hosted.dir != dir);
                logs.future.retain(|_, hosted| hosted.dir != dir);
                gone
            };
            self.leaving.lock().retain(|(log, _)| !log.dir().starts_with(&self.dirs[dir].path));
            self.stray.lock().retain(|log| !log.dir().starts_with(&self.dirs[dir].path));
            for log in gone {
                log.tell();
                log.release_dir_if_unused();
            }
            self.dirs[dir].unlock();
        }
        failed.into_iter().map(|dir| self.dirs[dir].path.clone()).collect()
    }

    /// Whether some directory is offline.
    pub(crate) fn has_offline_log_dirs(&self) -> bool {
        self.dirs.iter().any(|dir| !dir.is_online())
    }

    /// Whether a log directory works.
    ///
    /// # Errors
    /// A path that is no log directory.
    pub fn is_log_dir_online(&self, path: &Path) -> Result<bool, ManagerError> {
        Ok(self.dirs[self.dir_index(path)?].is_online())
    }

    pub(super) fn offline_dirs(&self) -> Vec<PathBuf> {
        self.dirs.iter().filter(|dir| !dir.is_online()).map(|dir| dir.path.clone()).collect()
    }

    pub(super) fn require_online(&self, dir: usize) -> Result<(), ManagerError> {
        if self.dirs[dir].is_online() {
            return Ok(());
        }
        Err(ManagerError::Storage(StorageError::Offline { path: self.dirs[dir].path.clone() }))
    }

    /// Notes why a directory failed, if this is why.
    pub(super) fn note_failure<T>(&self, dir: usize, result: Result<T, LogError>) -> Result<T, LogError> {
        if let Err(LogError::Storage(error @ StorageError::Io { .. })) = &result {
            self.dirs[dir].fail(error.to_string());
        }
        result
    }
}
