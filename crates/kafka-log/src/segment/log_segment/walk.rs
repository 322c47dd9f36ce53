//! The batches of a log file one after another, each whole in memory.

use std::io;

use crate::format::FormatError;
use crate::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC, RECORD_BATCH_OVERHEAD};
use crate::fs::ReadAt;
use crate::segment::batch::RawBatch;

/// Bytes read at once.
const WINDOW: usize = 256 * 1024;

/// Why a walk cannot go on.
#[derive(Debug)]
pub enum WalkError {
    /// The length of a batch is impossible; the position is that of the file.
    Corrupt(FormatError),
    /// The disk failed, or the file became shorter.
    Io(io::Error),
}

/// Reads the whole batches of a range of a file in order (`FileRecords.batchesFrom`). Each byte is read once, in large
/// pieces; no batch is longer than the file, so nor is the memory.
#[derive(Debug)]
pub struct BatchWalk<'f, R: ?Sized> {
    file: &'f R,
    position: u64,
    end: u64,
    /// What was read, before room that is kept: nothing is zeroed twice.
    buf: Vec<u8>,
    filled: usize,
    start: u64,
    window: usize,
}

impl<'f, R: ReadAt + ?Sized> BatchWalk<'f, R> {
    /// The batches from `position` up to `end`.
    pub fn new(file: &'f R, position: u64, end: u64) -> Self {
        BatchWalk { file, position, end, buf: Vec::new(), filled: 0, start: 0, window: WINDOW }
    }

    /// Reads `window` bytes at once, for walks that are expected to be short.
    pub(crate) fn with_window(self, window: usize) -> Self {
        BatchWalk { window: window.max(RECORD_BATCH_OVERHEAD), ..self }
    }

    /// Position after the batch that was given last.
    pub fn position(&self) -> u64 {
        self.position
    }

    /// The next whole batch; `None` where Kafka's `FileLogInputStream` finds no more.
    ///
    /// # Errors
    /// A length that no batch can have, and I/O errors.
    pub fn next_batch(&mut self) -> Result<Option<RawBatch<'_>>, WalkError> {
        let left = self.end.saturating_sub(self.position);
        if left <= HEADER_SIZE_UP_TO_MAGIC as u64 {
            return Ok(None);
        }
        self.need(HEADER_SIZE_UP_TO_MAGIC as u64)?;
        let at = (self.position - self.start) as usize;
        let overhead = self.buf[at..self.filled].first_chunk().ok_or_else(shorter)?;
        let overhead = BatchOverhead::parse(overhead).map_err(|e| WalkError::Corrupt(e.shifted(self.position)))?;
        let size = overhead.size() as u64;
        if size > left {
            return Ok(None);
        }
        self.need(size.max(RECORD_BATCH_OVERHEAD as u64).min(left))?;
        let at = (self.position - self.start) as usize;
        let position = self.position;
        self.position += size;
        match RawBatch::split_first(&self.buf[at..self.filled], position) {
            Ok(Some(batch)) => Ok(Some(batch)),
            Ok(None) => Err(shorter()),
            Err(error) => Err(WalkError::Corrupt(error)),
        }
    }

    /// Makes the first `len` bytes of what is left available.
    fn need(&mut self, len: u64) -> Result<(), WalkError> {
        let have = self.start + self.filled as u64;
        if self.start <= self.position && self.position + len <= have {
            return Ok(());
        }
        let want = (self.window as u64).max(len).min(self.end - self.position);
        let want = usize::try_from(want).map_err(|_| WalkError::Io(io::ErrorKind::OutOfMemory.into()))?;
        // What is in memory already is not read again.
        let kept = if self.start <= self.position && self.position < have {
            let at = (self.position - self.start) as usize;
            self.buf.copy_within(at..self.filled, 0);
            self.filled - at
        } else {
            0
        };
        self.start = self.position;
        self.filled = kept;
        if self.buf.len() < want {
            self.buf.resize(want, 0);
        }
        let got = self.file.read_full_at(&mut self.buf[kept..want], self.position + kept as u64);
        self.filled = kept + *got.as_ref().unwrap_or(&0);
        got.map_err(WalkError::Io)?;
        if (self.filled as u64) < len { Err(shorter()) } else { Ok(()) }
    }
}

fn shorter() -> WalkError {
    WalkError::Io(io::Error::new(io::ErrorKind::UnexpectedEof, "the file became shorter"))
}
