//! Segments whose offsets do not fit any more (`LocalLog.splitOverflowedSegment`).

use std::sync::Arc;

use super::{Loader, OpenError};
use crate::format::file_name::FileState;
use crate::fs::Fs;
use crate::log::error::LogError;
use crate::log::segments::{Change, swap_in, write_parts};
use crate::segment::log_segment::{LogSegment, remove_segment_files};

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
        let swapped = write_parts(home, &segment, &self.segment_options, now_ms, &mut new).and_then(|()| {
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
}
