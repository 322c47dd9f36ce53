//! What is read of the file, and the work that may be spent on checksums of what is no batch after all.

use std::io;

use crate::format::checksum::RunningChecksum;
use crate::fs::ReadAt;

/// Bytes read at once.
pub(super) const CHUNK: usize = 64 * 1024;

/// A file up to `end`, and a piece of it in memory.
pub(super) struct Source<'f, R: ?Sized> {
    file: &'f R,
    pub(super) end: u64,
    start: u64,
    buf: Vec<u8>,
}

impl<'f, R: ReadAt + ?Sized> Source<'f, R> {
    pub(super) fn new(file: &'f R, end: u64) -> Self {
        Source { file, end, start: 0, buf: Vec::new() }
    }

    /// The `len` bytes at `at`, fewer only where the file ends before.
    pub(super) fn bytes(&mut self, at: u64, len: u64) -> io::Result<&mut [u8]> {
        let len = usize::try_from(len.min(self.end.saturating_sub(at))).map_err(|_| io::ErrorKind::OutOfMemory)?;
        let held = at.checked_sub(self.start).and_then(|skip| usize::try_from(skip).ok());
        let held = held.filter(|skip| skip.checked_add(len).is_some_and(|need| need <= self.buf.len()));
        let skip = match held {
            Some(skip) => skip,
            None => {
                self.read(at, len)?;
                0
            }
        };
        let have = (self.buf.len() - skip).min(len);
        Ok(&mut self.buf[skip..skip + have])
    }

    fn read(&mut self, at: u64, len: usize) -> io::Result<()> {
        let rest = usize::try_from(self.end.saturating_sub(at)).unwrap_or(usize::MAX);
        let want = len.max(CHUNK).min(rest);
        if self.buf.capacity() > 16 * CHUNK && want <= CHUNK {
            self.buf = Vec::new();
        }
        self.buf.resize(want, 0);
        self.start = at;
        let read = self.file.read_full_at(&mut self.buf, at);
        // What was not read does not stay as if it had been.
        self.buf.truncate(*read.as_ref().unwrap_or(&0));
        read.map(|_| ())
    }

    /// Takes the bytes from `from` to `to` into a checksum, without keeping them. `None` where the file ends before.
    pub(super) fn update(&mut self, sum: &mut RunningChecksum, from: u64, to: u64) -> io::Result<Option<()>> {
        let mut at = from;
        while at < to {
            let piece = self.bytes(at, (to - at).min(CHUNK as u64))?;
            if piece.is_empty() {
                return Ok(None);
            }
            sum.update(piece);
            at += piece.len() as u64;
        }
        Ok(Some(()))
    }
}
