//! An open file, as long as it was when it was opened.

use std::fs::{File, FileType};
use std::io;
use std::path::Path;

use kafka_log::fs::{ReadAt, SMALL_FILE_MAX, TooLarge};

use super::error::DumpError;
use crate::shared::progress::Progress;

/// A file that is open for reading. It may grow or shrink meanwhile: what comes later is not looked at, what is
/// gone is an error of the read.
#[derive(Debug)]
pub(crate) struct Source<'p> {
    file: File,
    len: u64,
    /// Receives the number of bytes that are read.
    progress: Option<&'p Progress>,
}

impl<'p> Source<'p> {
    /// Opens the file at `path`, see [`open_file`].
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let (file, len) = open_file(path)?;
        Ok(Source { file, len, progress: None })
    }

    /// Length in bytes when it was opened.
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    /// The same file, with what is read of it counted.
    pub(crate) fn watched(self, progress: Option<&'p Progress>) -> Self {
        Source { progress, ..self }
    }

    /// All bytes.
    ///
    /// # Errors
    /// A file that is too large for that; I/O errors.
    pub(crate) fn read_whole(&self) -> Result<Vec<u8>, DumpError> {
        TooLarge::check(self.len, SMALL_FILE_MAX)?;
        Ok(self.head(self.len)?)
    }

    /// Up to `len` bytes from the start; fewer where the file is shorter.
    pub(crate) fn head(&self, len: u64) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(len.min(self.len)).unwrap_or(usize::MAX)];
        let read = self.read_full_at(&mut bytes, 0)?;
        bytes.truncate(read);
        Ok(bytes)
    }
}

/// Opens the file at `path` and returns its length in bytes. A pipe, of which opening would wait for a writer, is refused
/// like a directory. A device such as `/dev/null` is an empty file, as for Java.
pub(crate) fn open_file(path: &Path) -> io::Result<(File, u64)> {
    let kind = std::fs::metadata(path)?.file_type();
    if !kind.is_file() && !is_character_device(kind) {
        return Err(io::Error::other("expected a regular file"));
    }
    let file = File::open(path)?;
    let len = if kind.is_file() { file.metadata()?.len() } else { 0 };
    Ok((file, len))
}

#[cfg(unix)]
fn is_character_device(kind: FileType) -> bool {
    std::os::unix::fs::FileTypeExt::is_char_device(&kind)
}

#[cfg(not(unix))]
fn is_character_device(_: FileType) -> bool {
    false
}

impl ReadAt for Source<'_> {
    fn read_at(&self, buf: &mut [u8], position: u64) -> io::Result<usize> {
        let read = self.file.read_at(buf, position)?;
        if let Some(progress) = self.progress {
            progress.add(read as u64);
        }
        Ok(read)
    }
}
