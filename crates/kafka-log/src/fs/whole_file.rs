//! Files that are read and written as a whole, and how large they may be.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::path::Path;

use super::{Fs, FsFile, OpenMode, ReadAt};

/// Bytes of the largest file that [`read_whole`] reads: a checkpoint, properties, a journal.
#[doc(hidden)]
pub const SMALL_FILE_MAX: u64 = 64 * 1024 * 1024;

/// Bytes of the largest producer snapshot or transaction index that is read as a whole: five million producers, or the aborts of a segment
/// of 1 GiB that has nothing but aborted transactions.
#[doc(hidden)]
pub const ENTRY_FILE_MAX: u64 = 256 * 1024 * 1024;

/// Bytes of the largest offset or time index: Kafka maps it, and counts its bytes in an int32.
pub(crate) const INDEX_FILE_MAX: u64 = i32::MAX as u64;

/// Bytes of a file from which on it is asked for holes.
const ASKED_FROM: u64 = 64 * 1024;

/// A file is larger than it may be to be read as a whole. Nothing of it was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooLarge {
    /// Bytes that it may have.
    pub limit: u64,
    /// Bytes that it has.
    pub found: u64,
}

impl TooLarge {
    /// Refuses a file of `found` bytes if that is more than `limit`.
    ///
    /// # Errors
    /// `FileTooLarge`, with this inside.
    pub fn check(found: u64, limit: u64) -> io::Result<()> {
        if found <= limit {
            return Ok(());
        }
        Err(io::Error::new(io::ErrorKind::FileTooLarge, TooLarge { limit, found }))
    }

    /// What an error of [`read_at_most`] says of this, if it does.
    pub fn of(error: &io::Error) -> Option<Self> {
        error.get_ref()?.downcast_ref::<TooLarge>().copied()
    }
}

impl fmt::Display for TooLarge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected at most {} bytes, found {}", self.limit, self.found)
    }
}

impl std::error::Error for TooLarge {}

/// Whether there is anything at `path`.
///
/// # Errors
/// I/O errors.
#[doc(hidden)]
pub fn exists<F: Fs>(fs: &F, path: &Path) -> io::Result<bool> {
    match fs.metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// The bytes of a file of at most [`SMALL_FILE_MAX`] bytes, `None` where there is none.
///
/// # Errors
/// I/O errors; one with [`TooLarge`] inside for a larger file.
#[doc(hidden)]
pub fn read_whole<F: Fs>(fs: &F, path: &Path) -> io::Result<Option<Vec<u8>>> {
    read_at_most(fs, path, SMALL_FILE_MAX)
}

/// The bytes of a file of at most `limit` bytes, `None` where there is none.
///
/// # Errors
/// I/O errors; one with [`TooLarge`] inside for a larger file.
#[doc(hidden)]
pub fn read_at_most<F: Fs>(fs: &F, path: &Path, limit: u64) -> io::Result<Option<Vec<u8>>> {
    let file = match fs.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let len = file.len()?;
    TooLarge::check(len, limit)?;
    read_stored(&file, len).map(Some)
}

/// The first `len` bytes of a file, fewer where it is shorter by now. Zeros that are not stored are not read, and cost no memory.
///
/// # Errors
/// I/O errors; `OutOfMemory` where they do not fit into memory at all.
pub(crate) fn read_stored<F: FsFile>(file: &F, len: u64) -> io::Result<Vec<u8>> {
    let size = usize::try_from(len).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = vec![0; size];
    if len < ASKED_FROM {
        let got = file.read_full_at(&mut bytes, 0)?;
        bytes.truncate(got);
        return Ok(bytes);
    }
    let mut at = 0;
    while let Some(data) = file.next_data(at)?.filter(|data| data.start < len) {
        let part = &mut bytes[data.start as usize..data.end.min(len) as usize];
        let got = file.read_full_at(part, data.start)?;
        if got < part.len() {
            bytes.truncate(data.start as usize + got);
            break;
        }
        at = data.end;
    }
    if at < len {
        // What is left is zeros, unless the file was cut.
        bytes.truncate(file.len()?.min(len) as usize);
    }
    Ok(bytes)
}

/// Whether the first `len` bytes of both are there and the same.
///
/// # Errors
/// I/O errors.
pub(crate) fn is_same<A: ReadAt + ?Sized, B: ReadAt + ?Sized>(one: &A, other: &B, len: u64) -> io::Result<bool> {
    const CHUNK: usize = 256 * 1024;
    let chunk = usize::try_from(len).unwrap_or(CHUNK).min(CHUNK);
    let (mut ours, mut theirs) = (vec![0; chunk], vec![0; chunk]);
    let mut at = 0;
    while at < len {
        let want = usize::try_from(len - at).unwrap_or(CHUNK).min(CHUNK);
        let got = one.read_full_at(&mut ours[..want], at)?;
        if got < want || other.read_full_at(&mut theirs[..want], at)? < want || ours[..want] != theirs[..want] {
            return Ok(false);
        }
        at += want as u64;
    }
    Ok(true)
}

/// Gives a file new content as Kafka does for its checkpoints (`CheckpointFile.write`): into `path.tmp`, synced, renamed
/// over the old one, directory synced. A crash leaves the old content or the new, and perhaps a `.tmp`. What is at
/// `path.tmp` before is removed and never written to: it may be a link to another file.
///
/// # Errors
/// I/O errors.
#[doc(hidden)]
pub fn write_atomically<F: Fs>(fs: &F, path: &Path, bytes: &[u8]) -> io::Result<()> {
    write(fs, path, bytes, None)
}

/// As [`write_atomically`]; the file gets the owner and the permissions of `model` ([`Fs::own_as`]) before it gets its name.
///
/// # Errors
/// I/O errors.
pub(crate) fn write_atomically_as<F: Fs>(fs: &F, path: &Path, bytes: &[u8], model: &Path) -> io::Result<()> {
    write(fs, path, bytes, Some(model))
}

fn write<F: Fs>(fs: &F, path: &Path, bytes: &[u8], model: Option<&Path>) -> io::Result<()> {
    let mut temporary = OsString::from(path);
    temporary.push(".tmp");
    let temporary = Path::new(&temporary);
    let file = match fs.open(temporary, OpenMode::CreateNew) {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
            fs.remove_file(temporary)?;
            fs.open(temporary, OpenMode::CreateNew)?
        }
        opened => opened?,
    };
    file.write_all_at(bytes, 0)?;
    file.sync()?;
    drop(file);
    if let Some(model) = model {
        fs.own_as(temporary, model)?;
    }
    fs.rename(temporary, path)?;
    path.parent().map_or(Ok(()), |dir| fs.sync_dir(dir))
}
