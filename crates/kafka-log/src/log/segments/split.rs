//! A segment with offsets that do not fit it becomes several (`LocalLog.splitOverflowedSegment`).

use std::sync::Arc;

use crate::compression::{DECOMPRESSED_MAX, Decompressor};
use crate::format::file_name::FileState;
use crate::format::{FormatError, FormatErrorKind};
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::{LogError, PART_FIELD, TAIL_FIELD};
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::error::StorageError;
use crate::segment::log_segment::{
    BatchWalk, Home, LogSegment, SegmentError, SegmentOptions, broken_walk, last_offset, remove_segment_files,
};

/// Bytes that are copied at once.
const CHUNK: usize = 1024 * 1024;

impl<F: Fs> Log<F> {
    /// Splits a segment of the log that has an offset which is too far from its base offset. Loading does this to
    /// segments that it recovers; the cleaner meets the others.
    pub(in crate::log) fn split_overflowed_segment(
        &self,
        segment: &Arc<LogSegment<F>>,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let home = self.home();
        if !segment.has_overflow(home)? {
            let base_offset = segment.base_offset();
            let message = format!("segment {base_offset} has an offset that does not fit, though not at its end");
            return Err(LogError::IllegalArgument(message));
        }
        let mut parts = Vec::new();
        let written = write_parts(home, segment, &self.segment_options(&self.config()), now_ms, &mut parts);
        if written.is_err() {
            for part in &parts {
                let _ = part.remove_files(home);
            }
        }
        written?;
        self.replace_segments(&parts, std::slice::from_ref(segment), now_ms)
    }
}

/// Copies the batches into segments that can hold them, ending in `.cleaned`.
pub(in crate::log) fn write_parts<F: Fs>(
    home: &Home<F>,
    segment: &LogSegment<F>,
    options: &SegmentOptions,
    now_ms: i64,
    new: &mut Vec<Arc<LogSegment<F>>>,
) -> Result<(), SegmentError> {
    let file = segment.file(home)?;
    let mut writer = PartWriter { chunk: Vec::new(), last_offset: 0 };
    let mut walk = BatchWalk::new(&*file, 0, segment.size().into());
    loop {
        let batch = match walk.next_batch() {
            Ok(Some(batch)) => batch,
            Ok(None) => {
                let count = u64::from(segment.size()).saturating_sub(walk.position());
                if count > 0 {
                    let (path, kind) = (segment.log_path(home), FormatErrorKind::TrailingBytes { count });
                    let source = FormatError::new(walk.position() as usize, TAIL_FIELD, kind);
                    return Err(StorageError::Corrupt { path, source }.into());
                }
                break;
            }
            Err(error) => return Err(broken_walk(segment.log_path(home), error)),
        };
        let last_offset = last_offset(&batch);
        if new.last().is_none_or(|part| !part.can_hold(last_offset)) {
            writer.write(home, new)?;
            let base = base_offset(&batch)
                .map_err(StorageError::corrupt(&segment.log_path(home)))
                .map_err(SegmentError::Corrupt)?;
            if new.iter().any(|part| part.base_offset() == base) {
                let kind = FormatErrorKind::Invalid {
                    expected: "each part to begin at an offset of its own",
                    found: "two at one offset",
                };
                let source = FormatError::new(batch.position as usize, PART_FIELD, kind);
                return Err(StorageError::Corrupt { path: segment.log_path(home), source }.into());
            }
            remove_segment_files(home.fs(), &home.dir(), base, FileState::Cleaned)?;
            let part = LogSegment::create(home, base, FileState::Cleaned, options, now_ms)?;
            new.push(Arc::new(part));
        }
        let bytes = batch.as_bytes();
        if !writer.chunk.is_empty() && writer.chunk.len() + bytes.len() >= CHUNK {
            writer.write(home, new)?;
        }
        writer.chunk.extend_from_slice(bytes);
        writer.last_offset = last_offset;
    }
    writer.write(home, new)?;
    let modified_ms = segment.last_modified_ms(home)?;
    for part in new.iter() {
        part.seal(home)?;
        part.files_to_sync(home)?.sync()?;
        part.set_last_modified(home, modified_ms)?;
    }
    Ok(())
}

/// Base offset of a batch, which only its records tell where it is a wrapper of magic 0 or 1.
fn base_offset(batch: &RawBatch<'_>) -> Result<i64, FormatError> {
    let Batch::Legacy(message) = batch.parse()? else { return Ok(batch.overhead.offset) };
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let first = message.records(&mut decompressor)?.next().transpose()?;
    Ok(first.map_or(batch.overhead.offset, |record| record.offset()))
}

/// Batches that are not written yet.
struct PartWriter {
    chunk: Vec<u8>,
    last_offset: i64,
}

impl PartWriter {
    fn write<F: Fs>(&mut self, home: &Home<F>, new: &[Arc<LogSegment<F>>]) -> Result<(), SegmentError> {
        if let Some(part) = new.last() {
            part.append(home, self.last_offset, &self.chunk)?;
        }
        self.chunk.clear();
        Ok(())
    }
}
