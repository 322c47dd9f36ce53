//! Reads the batches of a segment, whole and in large pieces.

use std::path::PathBuf;

use super::error::FilterError;
use super::io_buffer::{IoBuffer, Misfit};
use crate::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::{FormatError, FormatErrorKind};
use crate::fs::{Fs, ReadAt};
use crate::log::error::{LogError, StorageError};
use crate::segment::batch::{Batches, RawBatch};
use crate::segment::log_segment::{Home, LogSegment};

/// Bytes read at once, unless a batch has more: what the second cache holds, so that they are copied from memory once.
const WINDOW: usize = 256 * 1024;

/// A segment to be read.
pub(crate) struct Source<'a, F: Fs> {
    pub(crate) home: &'a Home<F>,
    pub(crate) segment: &'a LogSegment<F>,
    /// `max.message.bytes`
    pub(crate) max_message_bytes: i32,
}

/// Whole batches of a segment, as one thread has them.
#[derive(Default)]
pub(crate) struct Window {
    bytes: Vec<u8>,
    /// Where `bytes` lie in the file, and how many of them were read.
    start: u64,
    got: usize,
    /// Where the batches lie in `bytes`.
    from: usize,
    len: usize,
    /// State of Kafka's buffers after each batch.
    io_buffers: Vec<IoBuffer>,
}

impl Window {
    /// Where a window ends that starts here.
    pub(crate) fn end(start: u64) -> u64 {
        start + WINDOW as u64
    }

    /// Bytes of the batches.
    pub(crate) fn batches_len(&self) -> u64 {
        self.len as u64
    }

    /// The batches that were looked at, in order.
    pub(crate) fn batches(&self) -> impl Iterator<Item = RawBatch<'_>> {
        let bytes = &self.bytes[self.from..self.from + self.len];
        let batches = Batches::new(bytes).map_while(Result::ok).take(self.io_buffers.len());
        batches.map(|mut batch| {
            batch.position += self.start + self.from as u64;
            batch
        })
    }

    pub(crate) fn io_buffer_behind(&self, batch: usize) -> Option<IoBuffer> {
        self.io_buffers.get(batch).copied()
    }

    pub(crate) fn io_buffer_behind_all(&self) -> Option<IoBuffer> {
        self.io_buffers.last().copied()
    }

    /// Lets go of memory that only an unusually large batch needed.
    pub(crate) fn restore(&mut self) {
        self.clear(0);
        self.bytes.truncate(2 * WINDOW);
        self.bytes.shrink_to(2 * WINDOW);
    }

    /// No batches and no bytes; those come from `start` on.
    pub(crate) fn clear(&mut self, start: u64) {
        self.io_buffers.clear();
        (self.start, self.got, self.from, self.len) = (start, 0, 0, 0);
    }

    /// Reads as much as belongs into a window and lies before `end`. Says how many bytes.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn fetch<F: Fs>(&mut self, source: &Source<'_, F>, file: &F::File, end: u64) -> Result<u64, LogError> {
        let end = Window::end(self.start).min(end);
        self.read_on(source, file, end.saturating_sub(self.start) as usize)
    }

    /// Reads on until there are `len` bytes.
    fn read_on<F: Fs>(&mut self, source: &Source<'_, F>, file: &F::File, len: usize) -> Result<u64, LogError> {
        self.bytes.resize(self.bytes.len().max(len), 0);
        let read = |e| StorageError::Io { op: "read", path: source.path(), source: e };
        let missing = self.bytes.get_mut(self.got..len).unwrap_or_default();
        let got = file.read_full_at(missing, self.start + self.got as u64).map_err(read)?;
        if got < missing.len() {
            return Err(read(std::io::ErrorKind::UnexpectedEof.into()).into());
        }
        self.got += got;
        Ok(got as u64)
    }

    /// Has `look` see the batches from `at` on that start before `until`, in turn; the segment ends at `end`. What is not
    /// there yet is read, unless somebody else will (`leaves_rest`) and it is not the first. Of an error on, batches do not
    /// count.
    ///
    /// # Errors
    /// I/O errors, those of `look`; a batch that cannot be read, or is larger than it may be.
    pub(crate) fn look_through<F: Fs>(
        &mut self,
        source: &Source<'_, F>,
        file: &F::File,
        (at, until, end): (u64, u64, u64),
        leaves_rest: bool,
        io_buffer: &mut IoBuffer,
        mut look: impl FnMut(&RawBatch<'_>) -> Result<(), FilterError>,
    ) -> Result<(), LogError> {
        match usize::try_from(at.saturating_sub(self.start)) {
            Ok(from) if from <= self.got => self.from = from,
            // A long batch reaches beyond what was read.
            _ => self.clear(at),
        }
        loop {
            let first = at + self.len as u64;
            for batch in Batches::new(&self.bytes[self.from + self.len..self.got]) {
                let corrupt = |e: FormatError| StorageError::Corrupt { path: source.path(), source: e.shifted(first) };
                if at + self.len as u64 >= until {
                    return Ok(());
                }
                let mut batch = batch.map_err(corrupt)?;
                batch.position += first;
                let size = batch.overhead.size();
                io_buffer
                    .take(Some(size as u64), end - batch.position, source.max_message_bytes)
                    .map_err(|e| source.at(e, batch.position))?;
                look(&batch).map_err(|e| source.refused(&batch, &e))?;
                self.io_buffers.push(*io_buffer);
                self.len += size;
            }
            let next = at + self.len as u64;
            if next >= until.min(end) || leaves_rest && self.len > 0 {
                return Ok(());
            }
            let there = &self.bytes[self.from + self.len..self.got];
            let needed = if there.len() < HEADER_SIZE_UP_TO_MAGIC && next + (there.len() as u64) < end {
                HEADER_SIZE_UP_TO_MAGIC.min((end - next) as usize)
            } else {
                source.needed(there, end - next, io_buffer).map_err(|e| source.at(e, next))?
            };
            if needed <= there.len() {
                let source_error = std::io::ErrorKind::UnexpectedEof.into();
                return Err(StorageError::Io { op: "read", path: source.path(), source: source_error }.into());
            }
            self.read_on(source, file, self.from + self.len + needed)?;
        }
    }
}

impl<F: Fs> Source<'_, F> {
    /// Size of the batch of which `bytes` is a part only.
    fn needed(&self, bytes: &[u8], left: u64, io_buffer: &mut IoBuffer) -> Result<usize, Misfit> {
        let header = bytes.first_chunk::<HEADER_SIZE_UP_TO_MAGIC>();
        let size = header.and_then(|header| BatchOverhead::parse(header).ok()).map(|overhead| overhead.size());
        io_buffer.take(size.map(|size| size as u64), left, self.max_message_bytes)?;
        Ok(size.unwrap_or_default())
    }

    /// The log file, for errors.
    pub(crate) fn path(&self) -> PathBuf {
        self.home.path(FileName::segment(FileKind::Log, self.segment.base_offset(), FileState::Live))
    }

    fn at(&self, misfit: Misfit, position: u64) -> LogError {
        match misfit {
            Misfit::BeyondSegment { size, left } => {
                let kind = FormatErrorKind::Truncated { needed: size, available: left };
                let source = FormatError::new(position as usize, "batch", kind);
                LogError::CorruptRecord(StorageError::Corrupt { path: self.path(), source })
            }
            misfit => LogError::IllegalState(format!("{}: batch at byte {position}: {misfit}", self.path().display())),
        }
    }

    /// A batch could not be cleaned: in this file, at this place.
    pub(crate) fn refused(&self, batch: &RawBatch<'_>, error: &FilterError) -> LogError {
        let message = format!("{}: batch at byte {}: {error}", self.path().display(), batch.position);
        match error {
            FilterError::Format(error) => match error.kind {
                FormatErrorKind::Compression(_) | FormatErrorKind::CannotCompress(_) => LogError::Codec(message),
                _ => LogError::InvalidRecord(message),
            },
            FilterError::IllegalArgument(_) => LogError::IllegalArgument(message),
            FilterError::IllegalState(_) => LogError::IllegalState(message),
        }
    }
}
