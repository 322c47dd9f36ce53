//! The locks that a repair holds, so that neither a broker nor another repair works on the same files.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::apply;
use super::error::RepairError;
use super::finish::{self, Finished};
use super::home::home_in;
use super::room::Room;
use super::undo;
use crate::audit::Change;
use crate::fs::{Fs, OpenMode};
use crate::segment::error::StorageError;

/// The lock file of a directory on a file system that cannot lock directories.
const LOCK_FILE: &str = ".kafka-log-repair.lock";

/// A partition directory or a log directory that is locked for repairs: no broker runs on it, and no other repair.
///
/// It holds the `.lock` of the log directory, as a broker does, and a lock on the directory itself, which excludes repairs
/// of a partition that lies in no log directory or is reached through another one. Plans should be made while it is held.
///
/// A partition directory that is a symbolic link is repaired as Kafka would use it: the files that the link leads to, with the
/// locks of the log directories on the way. A repair of those files by their real path cannot know which log directory has a
/// link to them.
pub struct LockedDir<F: Fs> {
    fs: F,
    dir: PathBuf,
    is_log_dir: bool,
    log_dirs: Vec<Arc<FileLock<F>>>,
    /// Let go of before the locks of the log directories.
    _own: FileLock<F>,
}

impl<F: Fs> LockedDir<F> {
    /// Locks a directory.
    ///
    /// # Errors
    /// `Locked` where a broker runs, `Busy` where another repair does; I/O errors.
    pub fn take(fs: &F, dir: &Path, is_log_dir: bool) -> Result<Self, RepairError> {
        if !is_log_dir {
            let home = home_in(fs, dir, None)?;
            return Self::with(fs, home.real, false, home.log_dirs, &[]);
        }
        let paths = fs.resolve(dir).map_err(StorageError::io("look at", dir))?;
        let real = paths.last().cloned().unwrap_or_else(|| dir.to_owned());
        Self::with(fs, real.clone(), true, vec![real], &[])
    }

    /// Locks a partition directory of this log directory, whose lock it shares.
    ///
    /// # Errors
    /// As [`LockedDir::take`].
    pub fn partition(&self, dir: &Path) -> Result<Self, RepairError> {
        let home = home_in(&self.fs, dir, Some(&self.dir))?;
        Self::with(&self.fs, home.real, false, home.log_dirs, &self.log_dirs)
    }

    fn with(
        fs: &F,
        dir: PathBuf,
        is_log_dir: bool,
        log_dirs: Vec<PathBuf>,
        held: &[Arc<FileLock<F>>],
    ) -> Result<Self, RepairError> {
        let mut locks = held.to_vec();
        for log_dir in log_dirs {
            if !held.iter().any(|lock| lock.path.parent() == Some(&log_dir)) {
                locks.push(Arc::new(FileLock::of_log_dir(fs, &log_dir)?));
            }
        }
        let own = FileLock::of_directory(fs, &dir)?;
        Ok(LockedDir { fs: fs.clone(), dir, is_log_dir, log_dirs: locks, _own: own })
    }

    /// The directory without any symbolic link in its path.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// Carries out changes; see [`apply()`](super::apply()).
    ///
    /// # Errors
    /// As there.
    pub fn apply(&self, changes: &[Change]) -> Result<(), RepairError> {
        apply::carry_out(&self.room(), changes)
    }

    /// Finishes what an interrupted repair or undo has left; see [`finish()`](super::finish()).
    ///
    /// # Errors
    /// As there.
    pub fn finish(&self) -> Result<Finished, RepairError> {
        finish::finish_in(&self.room())
    }

    /// Takes back the last repair; see [`undo()`](super::undo()).
    ///
    /// # Errors
    /// As there.
    pub fn undo(&self, is_forced: bool) -> Result<bool, RepairError> {
        undo::undo_in(&self.room(), is_forced)
    }

    fn room(&self) -> Room<'_, F> {
        Room::new(&self.fs, &self.dir, self.is_log_dir)
    }
}

/// A held lock. A lock file that was made for it is removed with it.
struct FileLock<F: Fs> {
    fs: F,
    path: PathBuf,
    is_ours: bool,
    lock: Option<F::Lock>,
}

impl<F: Fs> FileLock<F> {
    /// The lock that a broker holds on its log directory.
    fn of_log_dir(fs: &F, log_dir: &Path) -> Result<Self, RepairError> {
        let path = log_dir.join(".lock");
        Self::of_file(fs, &path, log_dir)?.ok_or(RepairError::Locked { path })
    }

    /// The lock of repairs alone.
    fn of_directory(fs: &F, dir: &Path) -> Result<Self, RepairError> {
        let busy = || RepairError::Busy { path: dir.to_owned() };
        match fs.try_lock_dir(dir) {
            Ok(Some(lock)) => Ok(FileLock { fs: fs.clone(), path: dir.to_owned(), is_ours: false, lock: Some(lock) }),
            Ok(None) => Err(busy()),
            Err(e) if e.kind() == io::ErrorKind::Unsupported => {
                Self::of_file(fs, &dir.join(LOCK_FILE), dir)?.ok_or_else(busy)
            }
            Err(e) => Err(StorageError::io("lock", dir)(e).into()),
        }
    }

    fn of_file(fs: &F, path: &Path, dir: &Path) -> Result<Option<Self>, RepairError> {
        let failed = |op, error| RepairError::NothingChanged { source: StorageError::io(op, path)(error) };
        let is_ours = match fs.open(path, OpenMode::CreateNew) {
            Ok(_) => true,
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => false,
            Err(e) => return Err(failed("make", e)),
        };
        let mut held = FileLock { fs: fs.clone(), path: path.to_owned(), is_ours, lock: None };
        if is_ours {
            // Before it is locked, as `fcntl` lets go of a lock when any descriptor of the file is closed. If the process is
            // killed and the file stays, the broker has to be able to open it.
            fs.own_as(path, dir).map_err(|e| failed("set the owner of", e))?;
        }
        held.lock = fs.try_lock(path).map_err(|e| failed("lock", e))?;
        // A file that another process has locked by now is no longer ours to remove.
        held.is_ours &= held.lock.is_some();
        Ok(held.lock.is_some().then_some(held))
    }
}

impl<F: Fs> Drop for FileLock<F> {
    fn drop(&mut self) {
        if self.is_ours {
            // Errors are ignored: a lock file that stays does no harm.
            let _ = self.fs.remove_file(&self.path);
        }
        drop(self.lock.take());
    }
}
