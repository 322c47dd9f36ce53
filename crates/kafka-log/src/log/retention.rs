//! Deleting old segments.

use std::sync::Arc;

use super::error::LogError;
use super::writer::Writer;
use super::{Log, LogStartOffsetReason};
use crate::fs::Fs;
use crate::log::config::LogConfig;
use crate::segment::log_segment::LogSegment;

impl<F: Fs> Log<F> {
    /// Deletes the segments that the settings let go, oldest first (`deleteOldSegments`): those wholly below the log start,
    /// then by `retention.bytes`, then by `retention.ms`; says how many. Nothing at or above the high watermark goes.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn delete_old_segments(&self, now_ms: i64) -> Result<usize, LogError> {
        self.check_usable()?;
        let deleted = self.apply_retention(now_ms);
        self.guard(deleted)
    }

    fn apply_retention(&self, now_ms: i64) -> Result<usize, LogError> {
        let config = self.config();
        let copies = self.remote_copy_enabled(&config);
        let mut deleted = self.delete_below_log_start(&config, now_ms)?;
        if config.delete || copies && !config.compact {
            deleted += self.delete_by_size(&config, now_ms)?;
            deleted += self.delete_by_time(&config, now_ms)?;
        }
        Ok(deleted)
    }

    fn remote_copy_enabled(&self, config: &LogConfig) -> bool {
        self.remote_log_enabled(config) && !config.remote_log_copy_disable
    }

    fn delete_below_log_start(&self, config: &LogConfig, now_ms: i64) -> Result<usize, LogError> {
        let is_remote = self.remote_log_enabled(config);
        self.delete_while(now_ms, |_, next| {
            let offsets = self.offsets.read();
            let start = if is_remote { offsets.local_log_start } else { offsets.log_start };
            Ok(next.is_some_and(|next| next.base_offset() <= start))
        })
    }

    fn delete_by_size(&self, config: &LogConfig, now_ms: i64) -> Result<usize, LogError> {
        let local =
            self.remote_copy_enabled(config).then_some(config.local_retention_bytes).filter(|&local| local != -2);
        let retained = local.unwrap_or(config.retention_bytes);
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
        let local = self.remote_copy_enabled(config).then_some(config.local_retention_ms).filter(|&local| local != -2);
        let retained = local.unwrap_or(config.retention_ms);
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
        let mut writer = self.writer.lock();
        let deletable = self.deletable(&mut writer, now_ms, may_go)?;
        if deletable.is_empty() { Ok(0) } else { self.delete_segments(&mut writer, deletable, now_ms) }
    }

    /// (`deletableSegments`)
    fn deletable(
        &self,
        writer: &mut Writer,
        now_ms: i64,
        mut may_go: impl FnMut(&LogSegment<F>, Option<&Arc<LogSegment<F>>>) -> Result<bool, LogError>,
    ) -> Result<Vec<Arc<LogSegment<F>>>, LogError> {
        let config = self.config();
        let (is_remote, copies) = (self.remote_log_enabled(&config), self.remote_copy_enabled(&config));
        let segments = Arc::clone(&self.segments.read());
        let mut deletable = Vec::new();
        let mut should_roll = false;
        for (at, segment) in segments.all().iter().enumerate() {
            let next = segments.all().get(at + 1);
            let offsets = *self.offsets.read();
            let upper_bound = next.map_or(offsets.log_end_offset(), |next| next.base_offset());
            let may_go = offsets.high_watermark.message_offset >= upper_bound && may_go(segment, next)?;
            // With tiered storage the active segment has to be copied first, and for that sealed.
            should_roll |= may_go && is_remote && next.is_none() && segment.size() > 0;
            let is_empty_last = next.is_none() && segment.size() == 0;
            let is_copied = upper_bound > 0 && upper_bound - 1 <= offsets.highest_in_remote_storage;
            let is_below_start = next.is_some_and(|next| offsets.log_start >= next.base_offset());
            if !may_go || is_empty_last || copies && !is_copied && !is_below_start {
                break;
            }
            deletable.push(Arc::clone(segment));
        }
        if should_roll {
            self.roll_locked(writer, None, now_ms)?;
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
            if self.remote_copy_enabled(&self.config()) {
                let mut offsets = self.offsets.write();
                offsets.local_log_start = offsets.local_log_start.max(start);
            } else {
                self.increment_log_start_locked(writer, start, now_ms)?;
            }
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
