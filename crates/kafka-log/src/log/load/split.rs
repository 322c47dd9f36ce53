//! Segments whose offsets do not fit any more (`LocalLog.splitOverflowedSegment`).

use std::sync::Arc;

use super::{Loader, OpenError};
use crate::format::file_name::FileState;
use crate::fs::Fs;
use crate::log::error::{LogError, StorageError};
use crate::log::replace::{Change, swap_in};
use crate::segment::log_segment::{BatchWalk, LogSegment, SegmentError, WalkError, remove_segment_files};

/// Bytes that are copied at once.
const CHUNK: usize = 1024 * 1024;

impl<F: Fs> Loader<'_, F> {
    /// Runs a step of the load; where a segment turns out to have an offset that does not fit, splits it and runs the step
    /// again (`retryOnOffsetOverflow`).
    pub(super) fn split_on_overflow<T>(
        &mut self,
        step: impl Fn(&mut Self) -> Result<T, OpenError>,
    ) -> Result<T, OpenError> {
        loop {
            match step(self) {
                Err(OpenError::Log(LogError::SegmentOverflow { base_offset, .. })) => self.split(base_offset)?,
                done => return done,
            }
        }
    }

    fn split(&mut self, base_offset: i64) -> Result<(), OpenError> {
        let (home, now_ms) = (self.home, self.options.now_ms);
        let known = self.segments.floor(base_offset).filter(|segment| segment.base_offset() == base_offset);
        let segment = match known {
            Some(segment) => Arc::clone(segment),
            // It had not been added to the list yet.
            None => Arc::new(
                LogSegment::open(home, base_offset, FileState::Live, &self.segment_options, false, now_ms)
                    .map_err(LogError::from)?,
            ),
        };
        if !segment.has_overflow(home).map_err(LogError::from)? {
            let message = format!("segment {base_offset} has an offset that does not fit, though not at its end");
            return Err(LogError::IllegalArgument(message).into());
        }
        let mut new = Vec::new();
        let swapped = self.write_parts(&segment, &mut new).and_then(|()| {
            let segments = &mut self.segments;
            let is_listed = segments.contains(base_offset);
            let old = if is_listed { vec![Arc::clone(&segment)] } else { Vec::new() };
            let names = swap_in(home, &new, &old, |change| match change {
                Change::Add(segment) => segments.add(Arc::clone(segment)),
                Change::Remove(segment) => segments.remove(segment.base_offset()),
            })?;
            Ok(names)
        });
        let names = match swapped {
            Ok(names) => names,
            Err(error) => {
                for part in &new {
                    remove_segment_files(home.fs(), &home.dir(), part.base_offset(), FileState::Cleaned)?;
                }
                return Err(LogError::from(error).into());
            }
        };
        self.schedule_removal(names);
        self.report.split_segments.push(base_offset);
        if new.iter().all(|part| part.base_offset() != base_offset) {
            self.delete_snapshots_of(std::slice::from_ref(&segment))?;
        }
        Ok(())
    }

    /// Copies the batches into segments that can hold them, ending in `.cleaned`.
    fn write_parts(&self, segment: &LogSegment<F>, new: &mut Vec<Arc<LogSegment<F>>>) -> Result<(), SegmentError> {
        let home = self.home;
        let file = segment.file(home)?;
        let mut writer = PartWriter { chunk: Vec::new(), last_offset: 0 };
        let mut walk = BatchWalk::new(&*file, 0, segment.size().into());
        loop {
            let batch = match walk.next_batch() {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(WalkError::Corrupt(source)) => {
                    let path = home.dir().to_path_buf();
                    return Err(SegmentError::Corrupt(StorageError::Corrupt { path, source }));
                }
                Err(WalkError::Io(source)) => {
                    return Err(StorageError::Io { op: "read", path: home.dir().to_path_buf(), source }.into());
                }
            };
            let last_offset = match batch.parse() {
                Ok(crate::segment::batch::Batch::Default(batch)) => batch.header().last_offset(),
                _ => batch.overhead.offset,
            };
            if new.last().is_none_or(|part| !part.can_hold(last_offset)) {
                writer.write(self, new)?;
                let base = batch.overhead.offset;
                remove_segment_files(home.fs(), &home.dir(), base, FileState::Cleaned)?;
                let now_ms = self.options.now_ms;
                let part = LogSegment::create(home, base, FileState::Cleaned, &self.segment_options, now_ms)?;
                new.push(Arc::new(part));
            }
            let bytes = batch.as_bytes();
            if !writer.chunk.is_empty() && writer.chunk.len() + bytes.len() >= CHUNK {
                writer.write(self, new)?;
            }
            writer.chunk.extend_from_slice(bytes);
            writer.last_offset = last_offset;
        }
        writer.write(self, new)?;
        let modified_ms = segment.last_modified_ms(home)?;
        for part in new.iter() {
            part.seal(home)?;
            part.files_to_sync(home)?.sync()?;
            part.set_last_modified(home, modified_ms)?;
        }
        Ok(())
    }
}

/// Batches that are not written yet.
struct PartWriter {
    chunk: Vec<u8>,
    last_offset: i64,
}

impl PartWriter {
    fn write<F: Fs>(&mut self, loader: &Loader<'_, F>, new: &[Arc<LogSegment<F>>]) -> Result<(), SegmentError> {
        if let Some(part) = new.last() {
            part.append(loader.home, self.last_offset, &self.chunk)?;
        }
        self.chunk.clear();
        Ok(())
    }
}
