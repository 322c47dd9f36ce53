//! Locks on files and directories of the real file system.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata, OpenOptions, TryLockError};
use std::io;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// The lock on a log directory (`FileLock`), or on any directory: gone with the value, or with the process.
#[derive(Debug)]
pub struct DirLock {
    #[expect(dead_code, reason = "the lock lives as long as the open file")]
    file: File,
    id: Option<FileId>,
}

/// Device and inode of a file.
type FileId = (u64, u64);

/// The lock files that this process holds. They must not be opened: `fcntl` lets go of all locks of a process on a file when
/// it closes any descriptor of it, and a JVM would then take the lock.
static HELD: Mutex<BTreeSet<FileId>> = Mutex::new(BTreeSet::new());

impl Drop for DirLock {
    fn drop(&mut self) {
        if let Some(id) = &self.id {
            held().remove(id);
        }
    }
}

fn held() -> MutexGuard<'static, BTreeSet<FileId>> {
    HELD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// How often a lock file may turn out to be another one after it was locked.
const TRIES: usize = 10;

/// Locks a file that is made if it is missing, as a JVM does.
pub(super) fn try_lock(path: &Path) -> io::Result<Option<DirLock>> {
    let mut held = held();
    let mut tries = 0;
    loop {
        if id_at(path)?.is_some_and(|id| held.contains(&id)) {
            return Ok(None);
        }
        let file = open(path)?;
        if !flock(&file)? || !lock_as_jvm(&file)? {
            return Ok(None);
        }
        // The last holder may have removed the file after it was opened here: no other process would find this lock. Where it is
        // never the same file, the file system has no lasting inode numbers.
        let id = id(&file.metadata()?);
        tries += 1;
        if tries == TRIES || id_at(path)? == id {
            held.extend(id);
            return Ok(Some(DirLock { file, id }));
        }
    }
}

/// Locks a directory. `fcntl` locks are for files that are open for writing, so only `flock` serves here.
#[cfg(unix)]
pub(super) fn try_lock_dir(path: &Path) -> io::Result<Option<DirLock>> {
    use rustix::io::Errno;
    let dir = File::open(path)?;
    if !dir.metadata()?.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    match flock(&dir) {
        Ok(true) => Ok(Some(DirLock { file: dir, id: None })),
        Ok(false) => Ok(None),
        // NFS turns `flock` into a lock on bytes, which a directory has none of.
        Err(e) => match Errno::from_io_error(&e) {
            Some(Errno::BADF | Errno::INVAL | Errno::NOLCK | Errno::NOTSUP) => Err(io::ErrorKind::Unsupported.into()),
            _ => Err(e),
        },
    }
}

/// Opens a lock file. A link might lead to any file of the system.
fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create(true).truncate(false);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::custom_flags(&mut options, rustix::fs::OFlags::NOFOLLOW.bits().cast_signed());
    let refused = |what| io::Error::new(io::ErrorKind::InvalidInput, what);
    let file = options.open(path).map_err(|e| match super::links::is_link(path) {
        Ok(true) => refused("expected a lock file, found a symbolic link"),
        _ => e,
    })?;
    if !file.metadata()?.is_file() {
        return Err(refused("expected a lock file, found something else"));
    }
    Ok(file)
}

fn flock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// The JVM locks with `fcntl`, which knows nothing of `flock`, and which in turn sees no other lock of this process.
#[cfg(unix)]
fn lock_as_jvm(file: &File) -> io::Result<bool> {
    use rustix::fs::{FlockOperation, fcntl_lock};
    use rustix::io::Errno;
    match fcntl_lock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(true),
        Err(Errno::AGAIN | Errno::ACCESS) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

#[cfg(not(unix))]
fn lock_as_jvm(_: &File) -> io::Result<bool> {
    Ok(true)
}

/// The file that `path` itself stands for; `None` where there is none, and where files have no numbers.
fn id_at(path: &Path) -> io::Result<Option<FileId>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(id(&found)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

#[cfg(unix)]
fn id(found: &Metadata) -> Option<FileId> {
    use std::os::unix::fs::MetadataExt;
    Some((found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn id(_: &Metadata) -> Option<FileId> {
    None
}

#[cfg(all(test, unix))]
mod tests;
