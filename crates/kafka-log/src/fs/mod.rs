//! Access to files, all of it behind two traits: [`Fs`] for names and [`FsFile`] for bytes.
//!
//! Positioned reads only: a file that shrinks or grows meanwhile gives short or longer reads, never a signal, and reading
//! moves no shared file position. [`OsFs`] is the real file system; tests of the engine bring one that loses and tears
//! what was not synced. Both are called statically, so the seam costs nothing. [`SealedFile`] maps a file at rest.

#[cfg(feature = "mmap")]
mod mmap;
mod os;
pub mod overlay;
mod view;
mod whole_file;
mod window;
#[cfg(target_os = "linux")]
mod writeback;

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

#[cfg(feature = "mmap")]
pub use mmap::SealedFile;
pub use os::{DirLock, OsFile, OsFs};
#[cfg(feature = "mmap")]
pub use view::MappedView;
pub use view::NoView;
pub use whole_file::{exists, read_whole, write_atomically};
#[cfg(all(target_os = "linux", feature = "mmap"))]
pub use window::MappedWindow;
pub use window::{FileWindow, NoWindow};

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

    /// Opens the file at `path`.
    ///
    /// # Errors
    /// Those of the medium; `NotFound` and `AlreadyExists` as [`OpenMode`] says.
    fn open(&self, path: &Path, mode: OpenMode) -> io::Result<Self::File>;

    /// What is at `path`.
    ///
    /// # Errors
    /// `NotFound`, and those of the medium.
    fn metadata(&self, path: &Path) -> io::Result<Metadata>;

    /// The names in a directory, in no particular order.
    ///
    /// # Errors
    /// Those of the medium.
    fn read_dir(&self, path: &Path) -> io::Result<Vec<DirEntry>>;

    /// Makes a directory, with those above it; no error if it exists.
    ///
    /// # Errors
    /// Those of the medium.
    fn create_dir_all(&self, path: &Path) -> io::Result<()>;

    /// Renames a file or a directory, replacing a file that has the new name.
    ///
    /// # Errors
    /// Those of the medium.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Removes a file.
    ///
    /// # Errors
    /// `NotFound`, and those of the medium.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty directory.
    ///
    /// # Errors
    /// `NotFound`, and those of the medium.
    fn remove_dir(&self, path: &Path) -> io::Result<()>;

    /// Sets when the content of a file last changed, in ms since 1970.
    ///
    /// # Errors
    /// Those of the medium.
    fn set_modified(&self, path: &Path, modified_ms: i64) -> io::Result<()>;

    /// Gives a file the owner and the group of another file or directory, and the permissions of a file, as far as this
    /// process may: a broker has to be able to write what somebody else has made for it. Nothing where there are none.
    ///
    /// # Errors
    /// Those of the medium.
    fn own_as(&self, path: &Path, model: &Path) -> io::Result<()> {
        let _ = (path, model);
        Ok(())
    }

    /// Makes the names in a directory durable.
    ///
    /// # Errors
    /// Those of the medium.
    fn sync_dir(&self, path: &Path) -> io::Result<()>;

    /// Takes the lock on a file that is made if it is missing; `None` where somebody else holds it.
    ///
    /// # Errors
    /// Those of the medium.
    fn try_lock(&self, path: &Path) -> io::Result<Option<Self::Lock>>;
}

/// An open file, shared by many readers and one writer.
pub trait FsFile: ReadAt + Send + Sync + 'static {
    /// The bytes of a file at rest.
    type Map: Deref<Target = [u8]> + Send + Sync + 'static;
    /// Memory that is a part of the file, to be written to.
    type Window: FileWindow;
    /// The file as memory, to be read from.
    type View: ReadAt + Send + Sync + 'static;

    /// Length in bytes.
    ///
    /// # Errors
    /// Those of the medium.
    fn len(&self) -> io::Result<u64>;

    /// Whether the file has no bytes.
    ///
    /// # Errors
    /// Those of the medium.
    fn is_empty(&self) -> io::Result<bool> {
        Ok(self.len()? == 0)
    }

    /// Writes all of `bytes` at `position`; behind the end the file grows, with zeros in between.
    ///
    /// # Errors
    /// Those of the medium; any part of the bytes may then be written.
    fn write_all_at(&self, bytes: &[u8], position: u64) -> io::Result<()>;

    /// Cuts the file, or lets it grow with zeros that take no space.
    ///
    /// # Errors
    /// Those of the medium.
    fn set_len(&self, len: u64) -> io::Result<()>;

    /// Starts to bring `len` written bytes from `position` on to the medium, so that [`FsFile::sync`] has less to do later. A
    /// hint: it promises nothing and waits for nothing.
    fn start_writeback(&self, position: u64, len: u64) {
        let _ = (position, len);
    }

    /// Returns when the content and the length are on the medium.
    ///
    /// # Errors
    /// Those of the medium. What was written since the last sync may then be lost for good, and a later sync that
    /// succeeds says nothing about it.
    fn sync(&self) -> io::Result<()>;

    /// The whole file as it is now. Nobody may shorten it or write below its present end while the map lives: the
    /// engine maps index files of sealed segments alone, and replaces such a file by a new one instead of cutting it.
    ///
    /// # Errors
    /// Those of the medium.
    fn map(&self) -> io::Result<Self::Map>;

    /// Makes the file reach to `from + len` at least, with zeros, and gives the part from `from` on (or from somewhat before) to be
    /// written to without a call to the system; `None` where that cannot be had. What is written is a part of the file like
    /// any other: readers see it, a sync makes it durable, and it survives the end of the process.
    ///
    /// Nobody may cut the file into the window while it lives. Where the system has to fetch such a page from the medium anew
    /// and cannot, it ends the process (SIGBUS).
    ///
    /// # Errors
    /// Those of the medium.
    fn window(&self, from: u64, len: usize) -> io::Result<Option<Self::Window>>;

    /// The first `len` bytes of the file, to be read without a call to the system, whether the file has them already or will grow to
    /// have them; `None` where that cannot be had.
    ///
    /// Nobody may read behind the end of the file, nor bytes that somebody is writing, nor cut the file below what somebody is reading at
    /// that moment. Where the system has to fetch a page from the medium and cannot, it ends the process (SIGBUS).
    ///
    /// # Errors
    /// Those of the medium.
    fn view(&self, len: usize) -> io::Result<Option<Self::View>> {
        let _ = len;
        Ok(None)
    }

    /// Gets space on the medium for these bytes, without a change of what the file has: writes to them are faster, and do not
    /// run out of space. It is given back when the length is set.
    ///
    /// # Errors
    /// `Unsupported`, and those of the medium.
    fn reserve(&self, from: u64, len: usize) -> io::Result<()>;
}

/// Something that can be read at any position.
pub trait ReadAt {
    /// Reads up to `buf.len()` bytes at `position`; 0 at or behind the end.
    ///
    /// # Errors
    /// Those of the medium.
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize>;

    /// Fills `buf` from `position` on as far as the bytes reach, and says how many there were.
    ///
    /// # Errors
    /// Those of the medium; an interrupted read is taken up again.
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
