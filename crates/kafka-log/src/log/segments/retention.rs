//! Deleting old segments.

use std::sync::Arc;

use crate::fs::Fs;
use crate::log::Log;
use crate::log::config::LogConfig;
use crate::log::error::LogError;
use crate::log::offsets::LogStartOffsetReason;
use crate::log::writer::Writer;
use crate::segment::log_segment::LogSegment;

impl<F: Fs> Log<F> {
    /// Deletes the segments that the settings let go, oldest first (`deleteOldSegments`): those wholly below the log start,
    /// then by `retention.bytes`, then by `retention.ms`; says how many. Nothing at or above the high watermark goes.
    ///
    /// # Errors
    /// I/O errors.
    pub fn delete_old_segments(&self, now_ms: i64) -> Result<usize, LogError> {
        let _told = self.tell_when_done();
        self.check_usable()?;
        let deleted = self.apply_retention(now_ms);
        self.guard(deleted)
    }

    fn apply_retention(&self, now_ms: i64) -> Result<usize, LogError> {
        let config = self.config();
        let mut deleted = self.delete_below_log_start(now_ms)?;
        if config.delete {
            deleted += self.delete_by_size(&config, now_ms)?;
            deleted += self.delete_by_time(&config, now_ms)?;
        }
        Ok(deleted)
    }

    fn delete_below_log_start(&self, now_ms: i64) -> Result<usize, LogError> {
        self.delete_while(now_ms, |_, next| Ok(next.is_some_and(|next| next.base_offset() <= self.log_start_offset())))
    }

    fn delete_by_size(&self, config: &LogConfig, now_ms: i64) -> Result<usize, LogError> {
        let retained = config.retention_bytes;
        let size = i64::try_from(self.size()).unwrap_or(i64::MAX);
        if retained < 0 || size < retained {
            return Ok(0);
        }
        let mut excess = size - retained;
        self.delete_while(now_ms, |segment, _| {
            let without = excess - i64::from(segment.size());
            if without >= 0 {
                excess = without;
            }
            Ok(without >= 0)
        })
    }

    fn delete_by_time(&self, config: &LogConfig, now_ms: i64) -> Result<usize, LogError> {
        let retained = config.retention_ms;
        if retained < 0 {
            return Ok(0);
        }
        self.delete_while(now_ms, |segment, _| {
            Ok(now_ms.wrapping_sub(segment.largest_timestamp(&self.home)?) > retained)
        })
    }

    /// Deletes segments from the oldest on, up to the first that may not go.
    fn delete_while(
        &self,
        now_ms: i64,
        may_go: impl FnMut(&LogSegment<F>, Option<&Arc<LogSegment<F>>>) -> Result<bool, LogError>,
    ) -> Result<usize, LogError> {
        let mut writer = self.lock_usable()?;
        let deletable = self.deletable(may_go)?;
        if deletable.is_empty() { Ok(0) } else { self.delete_segments(&mut writer, deletable, now_ms) }
    }

    /// (`deletableSegments`)
    fn deletable(
        &self,
        mut may_go: impl FnMut(&LogSegment<F>, Option<&Arc<LogSegment<F>>>) -> Result<bool, LogError>,
    ) -> Result<Vec<Arc<LogSegment<F>>>, LogError> {
        let segments = Arc::clone(&self.segments.read());
        let mut deletable = Vec::new();
        for (at, segment) in segments.all().iter().enumerate() {
            let next = segments.all().get(at + 1);
            let offsets = *self.offsets.read();
            let upper_bound = next.map_or(offsets.log_end_offset(), |next| next.base_offset());
            let may_go = offsets.high_watermark.message_offset >= upper_bound && may_go(segment, next)?;
            let is_empty_last = next.is_none() && segment.size() == 0;
            if !may_go || is_empty_last {
                break;
            }
            deletable.push(Arc::clone(segment));
        }
        Ok(deletable)
    }

    /// (`deleteSegments`)
    fn delete_segments(
        &self,
        writer: &mut Writer,
        mut deletable: Vec<Arc<LogSegment<F>>>,
        now_ms: i64,
    ) -> Result<usize, LogError> {
        let count = deletable.len();
        if self.segments.read().all().len() == count {
            let new = self.roll_locked(writer, None, now_ms)?;
            if deletable.last().is_some_and(|last| last.base_offset() == new) {
                deletable.pop();
            }
        }
        if let Some(last) = deletable.last() {
            let start = self.segments.read().higher(last.base_offset()).first().map(|next| next.base_offset());
            let start = start.ok_or_else(|| LogError::IllegalState("no segment would be left".to_owned()))?;
            self.increment_log_start_locked(writer, start, now_ms)?;
            tracing::info!(
                partition = %self.topic_partition, segments = deletable.len(), log_start_offset = start,
                reason = %LogStartOffsetReason::SegmentDeletion, "deleting old segments"
            );
            self.remove_and_delete(&deletable, now_ms)?;
            // They were perhaps never flushed, and must not come back below the recovery point, which went up with the start.
            self.home.sync_names()?;
        }
        self.delete_snapshots_of(writer, &deletable, now_ms)?;
        Ok(count)
    }
}
