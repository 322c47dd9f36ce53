//! Sealed files mapped into memory.
#![expect(unsafe_code, reason = "a mapping is only as good as the promise that nobody shortens the file")]

use std::fs::File;
use std::io;
use std::ops::Deref;
use std::path::Path;

use memmap2::Mmap;

/// A file that nobody writes any more, mapped read-only: a sealed segment, looked at offline.
///
/// Dereferences to the bytes of the file, so that views borrow from the page cache without a copy. Not for files that a
/// broker may cut or delete meanwhile: those are for [`super::ReadAt`] on a [`File`].
#[derive(Debug)]
pub struct SealedFile {
    map: Mmap,
}

impl SealedFile {
    /// Maps the file at `path`.
    ///
    /// # Safety
    /// Until the value is dropped no process may shorten the file or write to it: reading behind a new end kills this
    /// process with SIGBUS, and bytes that change break the promise of a shared slice.
    ///
    /// # Errors
    /// Those of opening and mapping.
    pub unsafe fn open(path: &Path) -> io::Result<Self> {
        let file = File::open(path)?;
        // SAFETY: the caller promises what a mapping asks for.
        let map = unsafe { Mmap::map(&file)? };
        Ok(SealedFile { map })
    }

    /// Maps an index file of a sealed segment in a log directory that this process has locked.
    pub(super) fn of_engine(file: &File) -> io::Result<Self> {
        // SAFETY: the engine neither shortens nor rewrites such a file, it puts a new one in its place (`FsFile::map`), and
        // the lock on the directory keeps other brokers away.
        let map = unsafe { Mmap::map(file)? };
        Ok(SealedFile { map })
    }
}

impl Deref for SealedFile {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.map
    }
}
