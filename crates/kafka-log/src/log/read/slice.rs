//! Bytes of a log that were not read yet.

use std::io;
use std::sync::Arc;

use crate::fs::{Fs, ReadAt};
#[cfg(unix)]
use crate::fs::{OsFile, OsFs};

/// A part of a segment file (`FileRecords` slice): what a fetch hands out. It keeps the file open, also when the segment is
/// deleted meanwhile. Send it to a socket ([`FileSlice::send_to`]), or read the bytes.
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
    pub(in crate::log) const fn empty() -> Self {
        FileSlice { file: None, position: 0, len: 0 }
    }

    pub(in crate::log) const fn new(file: Arc<F::File>, position: u32, len: u32) -> Self {
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

    /// Leaves out the first `count` bytes, or all if there are fewer: they were sent.
    pub fn advance(&mut self, count: usize) {
        let count = u32::try_from(count).unwrap_or(u32::MAX).min(self.len);
        self.position += count;
        self.len -= count;
    }

    /// Reads all bytes; fewer only where the log was cut meanwhile.
    ///
    /// # Errors
    /// I/O errors.
    pub fn read(&self) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; self.len()];
        let got = self.read_into(&mut bytes)?;
        bytes.truncate(got);
        Ok(bytes)
    }

    /// Reads as many bytes as `buf` has room for, from the first on; says how many.
    ///
    /// # Errors
    /// I/O errors.
    pub fn read_into(&self, buf: &mut [u8]) -> io::Result<usize> {
        let len = buf.len().min(self.len());
        self.file.as_ref().map_or(Ok(0), |file| file.read_full_at(&mut buf[..len], self.position.into()))
    }
}

#[cfg(unix)]
impl FileSlice<OsFs> {
    /// Sends bytes of the slice to a socket, as many as it takes at once, and leaves them out of the slice. Says how many there were; 0
    /// only when none are left. On Linux the kernel sends them (`sendfile`), and they are never in the memory of this process.
    ///
    /// A call may wait for the disk when the bytes are not in the page cache.
    ///
    /// # Errors
    /// I/O errors, `WouldBlock` of a socket that takes no more for now among them; `UnexpectedEof` where the log was cut meanwhile.
    pub fn send_to(&mut self, socket: impl std::os::fd::AsFd) -> io::Result<usize> {
        let Some(file) = self.file.as_ref().filter(|_| self.len > 0) else { return Ok(0) };
        let sent = loop {
            match send(file, self.position.into(), self.len(), &socket) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(sent) => break sent,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        };
        self.advance(sent);
        Ok(sent)
    }
}

#[cfg(target_os = "linux")]
fn send(file: &OsFile, mut position: u64, len: usize, socket: &impl std::os::fd::AsFd) -> io::Result<usize> {
    Ok(rustix::fs::sendfile(socket, file, Some(&mut position), len)?)
}

#[cfg(all(unix, not(target_os = "linux")))]
fn send(file: &OsFile, position: u64, len: usize, socket: &impl std::os::fd::AsFd) -> io::Result<usize> {
    let mut bytes = [0; 16 * 1024];
    let len = len.min(bytes.len());
    let got = file.read_full_at(&mut bytes[..len], position)?;
    Ok(rustix::io::write(socket, &bytes[..got])?)
}
