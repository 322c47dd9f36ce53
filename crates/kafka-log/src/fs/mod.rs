//! Access to files, all of it behind two traits: [`Fs`] for names and [`FsFile`] for bytes.
//!
//! Positioned reads only: a file that shrinks or grows meanwhile gives short or longer reads, never a signal, and reading
//! moves no shared file position. [`OsFs`] is the real file system; tests of the engine bring one that loses and tears
//! what was not synced. Both are called statically, so the seam costs nothing. No file is
//! mapped: a map of a file that another process shortens ends this one, and bytes that change under a slice are undefined behaviour.

mod links;
mod lock;
mod os;
pub mod overlay;
#[cfg(unix)]
mod owner;
mod special;
mod whole_file;
#[cfg(target_os = "linux")]
mod writeback;

use std::fs::File;
use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};

pub use lock::DirLock;
pub use os::{OsFile, OsFs};
pub use special::{NotRegular, Special};
pub use whole_file::{ENTRY_FILE_MAX, SMALL_FILE_MAX, TooLarge, exists, read_at_most, read_whole, write_atomically};
pub(crate) use whole_file::{INDEX_FILE_MAX, is_same, read_stored, write_atomically_as};

/// How a file is opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OpenMode {
    /// To be read. It must exist.
    Read,
    /// To be read and written. It must exist.
    Write,
    /// To be read and written. Made if it is missing.
    Create,
    /// To be read and written. It must not exist.
    CreateNew,
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Metadata {
    /// Length in bytes.
    pub len: u64,
    /// When the content last changed, in ms since 1970.
    pub modified_ms: i64,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// A name in a directory.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct DirEntry {
    /// Name, without the directory. What is not UTF-8 in it is replaced by U+FFFD; no name of Kafka's has any.
    pub name: String,
    /// Whether it is a directory.
    pub is_dir: bool,
}

/// A file system: names, directories and what makes them durable.
///
/// What an implementation promises, and the engine builds on: a name made, renamed or removed survives a crash once
/// [`Fs::sync_dir`] of its directory has returned, and may survive before; a rename is atomic and replaces its target.
pub trait Fs: Clone + Send + Sync + 'static {
    /// An open file.
    type File: FsFile;
    /// A held lock; dropping it lets go.
    type Lock: Send + Sync + 'static;

    /// Opens the file at `path`. It never waits, and has no effect on what is no regular file.
    ///
    /// # Errors
    /// I/O errors; `NotFound` and `AlreadyExists` as [`OpenMode`] says; one with [`NotRegular`] inside for a directory, a FIFO, a socket or
    /// a device.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Self::File>;

    /// What is at `path`.
    ///
    /// # Errors
    /// `NotFound`, and I/O errors.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// The names in a directory, in no particular order.
    ///
    /// # Errors
    /// I/O errors.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>>;

    /// Makes a directory, with those above it; no error if it exists.
    ///
    /// # Errors
    /// I/O errors.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Renames a file or a directory, replacing a file that has the new name.
    ///
    /// # Errors
    /// I/O errors.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// `NotFound`, and I/O errors.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `NotFound`, and I/O errors.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Sets when the content of a file last changed, in ms since 1970.
    ///
    /// # Errors
    /// I/O errors.
    fn set_modified(&self, path: &Path, modified_ms: i64) -> io::Result<()>;

    /// Whether `path` itself is a symbolic link, whatever it points to; `false` where nothing is there.
    ///
    /// # Errors
    /// I/O errors.
    fn is_link(&self, path: &Path) -> io::Result<bool> {
        let _ = path;
        Ok(false)
    }

    /// The paths that lead to the file or directory at `path`, all absolute and each with its directory resolved: `path`
    /// first; if that is a symbolic link, the path it points to, and so on. The last one is the real path. What does not
    /// exist is taken as it is written.
    ///
    /// # Errors
    /// I/O errors, and links that lead in a circle.
    fn resolve(&self, path: &Path) -> io::Result<Vec<PathBuf>> {
        Ok(vec![path.to_owned()])
    }

    /// Gives a file or directory the owner, the group and the permissions of another one. A file gets from a directory the
    /// permissions to read and to write only. Symbolic links at `path` are not followed. Extended attributes and access
    /// control lists are not copied. Does nothing on a file system without owners.
    ///
    /// # Errors
    /// I/O errors; `PermissionDenied` if this process may not give the file to that owner. A group that cannot be set is no
    /// error as long as the owner is right.
    fn own_as(&self, path: &Path, model: &Path) -> io::Result<()> {
        let _ = (path, model);
        Ok(())
    }

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// I/O errors.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Takes the lock on a file that is made if it is missing; `None` if another holder has it. The file must not be a
    /// symbolic link.
    ///
    /// # Errors
    /// I/O errors.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;

    /// Takes a lock on a directory, which excludes other calls of this function only; `None` while another caller holds it.
    ///
    /// # Errors
    /// `Unsupported` if the file system cannot lock directories; I/O errors.
    fn try_lock_dir(&self, path: &Path) -> io::Result<Option<Self::Lock>> {
        let _ = path;
        Err(io::ErrorKind::Unsupported.into())
    }
}

/// An open file, shared by many readers and one writer.
pub trait FsFile: ReadAt + Send + Sync + 'static {
    /// Length in bytes.
    ///
    /// # Errors
    /// I/O errors.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// I/O errors.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// The first stretch of bytes from `from` on that the file system stores; `None` where there is none up to the end. What is in no
    /// stretch reads as zeros. A stretch may hold zeros as well: where nothing is known of holes, it is the rest of the file.
    ///
    /// # Errors
    /// I/O errors.
    fn next_data(&self, from: u64) -> io::Result<Option<Range<u64>>> {
        let len = self.len()?;
        Ok((from < len).then_some(from..len))
    }

    /// Writes all of `bytes` at `position`; beyond the end the file grows, with zeros in between.
    ///
    /// # Errors
    /// I/O errors; any part of the bytes may then be written.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;

    /// As [`FsFile::write_all_at`], of two parts that follow each other; with one system call where there is one for it.
    ///
    /// # Errors
    /// As [`FsFile::write_all_at`].
    fn write_both_at(&self, parts: [&[u8]; 2], position: u64) -> io::Result<()> {
        match parts {
            [one, []] | [[], one] => self.write_all_at(one, position),
            both => self.write_all_at(&both.concat(), position),
        }
    }

    /// Cuts the file, or lets it grow with zeros that take no space.
    ///
    /// # Errors
    /// I/O errors.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Starts to bring `len` written bytes from `position` on to disk, so that [`FsFile::sync`] has less to do later. A
    /// hint: it promises nothing and waits for nothing.
    fn start_writeback(&self, position: u64, len: u64) {
        let _ = (position, len);
    }

    /// Returns when the content and the length are on disk.
    ///
    /// # Errors
    /// I/O errors. What was written since the last sync may then be lost for good, and a later sync that
    /// succeeds says nothing about it.
    fn sync(&self) -> io::Result<()>;
}

/// Something that can be read at any position.
pub trait ReadAt {
    /// Reads up to `buf.len()` bytes at `position`; 0 at or beyond the end.
    ///
    /// # Errors
    /// I/O errors.
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize>;

    /// Fills `buf` from `position` on as far as the bytes reach, and says how many there were.
    ///
    /// # Errors
    /// I/O errors; an interrupted read is taken up again.
    fn read_full_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let mut done = 0;
        while done < buf.len() {
            match self.read_at(&mut buf[done..], position + done as u64) {
                Ok(0) => break,
                Ok(n) => done += n,
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(done)
    }
}

impl ReadAt for File {
    #[cfg(unix)]
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        Ok(rustix::io::pread(self, buf, position)?)
    }

    #[cfg(windows)]
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(self, buf, position)
    }
}

impl ReadAt for [u8] {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let rest = usize::try_from(position).ok().and_then(|at| self.get(at..)).unwrap_or_default();
        let n = rest.len().min(buf.len());
        buf[..n].copy_from_slice(&rest[..n]);
        Ok(n)
    }
}

impl<R: ReadAt + ?Sized> ReadAt for &R {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        (**self).read_at(buf, position)
    }
}
