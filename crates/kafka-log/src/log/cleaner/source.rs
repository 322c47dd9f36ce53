//! Reads the batches of a segment, whole and in large pieces.

use std::path::PathBuf;

use super::filter::FilterError;
use super::hooks::CleanerHooks;
use super::io_buffer::IoBuffer;
use crate::format::FormatErrorKind;
use crate::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC};
use crate::format::file_name::{FileKind, FileName, FileState};
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

impl<F: Fs> Source<'_, F> {
    /// Gives `visit` one batch after the other from `position` on, until it answers `false` or the segment ends. Says
    /// how many bytes were read.
    ///
    /// # Errors
    /// Those of the medium and of `visit`; a batch that cannot be read, or is larger than it may be.
    pub(crate) fn for_each_batch(
        &self,
        position: u32,
        window: &mut Vec<u8>,
        io_buffer: &mut IoBuffer,
        hooks: &impl CleanerHooks,
        mut visit: impl FnMut(&RawBatch<'_>) -> Result<bool, LogError>,
    ) -> Result<u64, LogError> {
        let file = self.segment.file(self.home)?;
        let end = u64::from(self.segment.size());
        let mut at = u64::from(position);
        let mut needed = WINDOW;
        while at < end {
            if hooks.is_aborted() {
                return Err(LogError::CleaningAborted);
            }
            let left = end - at;
            let len = (needed as u64).min(left) as usize;
            window.resize(window.len().max(len), 0);
            let got = file.read_full_at(&mut window[..len], at).map_err(|e| StorageError::Io {
                op: "read",
                path: self.path(),
                source: e,
            })?;
            let bytes = &window[..got];
            hooks.throttle(got as u64);
            let mut done = 0;
            for batch in Batches::new(bytes) {
                let mut batch =
                    batch.map_err(|e| StorageError::Corrupt { path: self.path(), source: e.shifted(at) })?;
                let size = batch.overhead.size() as u64;
                io_buffer.take(Some(size), left - done, self.max_message_bytes).map_err(|e| self.at(e, at + done))?;
                batch.position = at + done;
                done += size;
                if !visit(&batch)? {
                    return Ok(at + done - u64::from(position));
                }
            }
            needed = WINDOW;
            if done == 0 {
                needed = self.needed(bytes, left, io_buffer).map_err(|e| self.at(e, at))?;
                if got < len || needed <= len {
                    let source = std::io::ErrorKind::UnexpectedEof.into();
                    return Err(StorageError::Io { op: "read", path: self.path(), source }.into());
                }
            }
            at += done;
        }
        Ok(end.saturating_sub(position.into()))
    }

    /// Size of the batch of which `bytes` is a part only.
    fn needed(&self, bytes: &[u8], left: u64, io_buffer: &mut IoBuffer) -> Result<usize, LogError> {
        let header = bytes.first_chunk::<HEADER_SIZE_UP_TO_MAGIC>();
        let size = header.and_then(|header| BatchOverhead::parse(header).ok()).map(|overhead| overhead.size());
        io_buffer.take(size.map(|size| size as u64), left, self.max_message_bytes)?;
        Ok(size.unwrap_or_default())
    }

    /// The log file, for errors.
    pub(crate) fn path(&self) -> PathBuf {
        self.home.path(FileName::segment(FileKind::Log, self.segment.base_offset(), FileState::Live))
    }

    fn at(&self, error: LogError, position: u64) -> LogError {
        let place = |message: String| format!("{}: batch at byte {position}: {message}", self.path().display());
        match error {
            LogError::IllegalState(message) => LogError::IllegalState(place(message)),
            LogError::CorruptRecord(message) => LogError::CorruptRecord(place(message)),
            other => other,
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
