//! Bytes of a log that were not read yet.

use std::io;
use std::sync::Arc;

use crate::fs::{Fs, ReadAt};

/// A part of a segment file (`FileRecords` slice): what a fetch hands out. It keeps the file open, also when the segment is
/// deleted meanwhile. Give file, position and length to `sendfile`, or read the bytes.
pub struct FileSlice<F: Fs> {
    file: Option<Arc<F::File>>,
    position: u32,
    len: u32,
}

impl<F: Fs> Clone for FileSlice<F> {
    fn clone(&self) -> Self {
        FileSlice { file: self.file.clone(), position: self.position, len: self.len }
    }
}

impl<F: Fs> std::fmt::Debug for FileSlice<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FileSlice").field("position", &self.position).field("len", &self.len).finish_non_exhaustive()
    }
}

impl<F: Fs> FileSlice<F> {
    pub(super) const fn empty() -> Self {
        FileSlice { file: None, position: 0, len: 0 }
    }

    pub(super) const fn new(file: Arc<F::File>, position: u32, len: u32) -> Self {
        FileSlice { file: Some(file), position, len }
    }

    /// The file; `None` only where there are no bytes.
    pub fn file(&self) -> Option<&F::File> {
        self.file.as_deref()
    }

    /// Position of the first byte in the file.
    pub fn position(&self) -> u32 {
        self.position
    }

    /// Number of bytes.
    pub fn len(&self) -> usize {
        self.len as usize
    }

    /// Whether there are no bytes.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Reads all bytes; fewer only where the log was cut meanwhile.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.len()];
        let got = self.read_into(&mut bytes)?;
        bytes.truncate(got);
        Ok(bytes)
    }

    /// Reads as many bytes as `buf` has room for, from the first on; says how many.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn read_into(&self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(self.len());
        self.file.as_ref().map_or(Ok(0), |file| file.read_full_at(&mut buf[..len], self.position.into()))
    }
}
