//! Cutting a log: a follower gives up what its leader does not have.

use std::sync::Arc;

use super::rebuild::rebuild_producer_state;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::LogError;
use crate::log::upkeep::Work;
use crate::log::writer::Writer;

impl<F: Fs> Log<F> {
    /// Cuts everything from `target_offset` on (`truncateTo`); says whether there was anything. A batch that reaches up to
    /// the offset goes as a whole, though the log end is the offset itself until the log is opened again. The cut is durable
    /// when this returns.
    ///
    /// # Errors
    /// `IllegalArgument` for a negative offset; I/O errors.
    pub fn truncate_to(&self, target_offset: i64, now_ms: i64) -> Result<bool, LogError> {
        let _told = self.tell_when_done();
        if target_offset < 0 {
            return Err(LogError::IllegalArgument(format!("cannot truncate to a negative offset, {target_offset}")));
        }
        let mut writer = self.lock_usable()?;
        let truncated = self.truncate_locked(&mut writer, target_offset, now_ms);
        self.guard(truncated)
    }

    fn truncate_locked(&self, writer: &mut Writer, target_offset: i64, now_ms: i64) -> Result<bool, LogError> {
        let end = self.log_end_offset();
        if target_offset >= end {
            self.truncate_epochs_from_end(writer, end, now_ms);
            return Ok(false);
        }
        self.metrics.truncations.add(1);
        tracing::info!(partition = %self.topic_partition, target_offset, "truncating");
        let first = self.segments.read().first().map_or(0, |first| first.base_offset());
        if first > target_offset {
            self.truncate_fully_locked(writer, target_offset, None, now_ms)?;
            return Ok(true);
        }
        // From the end, so that a crash leaves no hole.
        let deleted: Vec<_> = self.segments.read().higher(target_offset).iter().rev().cloned().collect();
        self.remove_and_delete(&deleted, now_ms)?;
        self.home.sync_names()?;
        let index_bytes_max = self.config.read().segment_index_bytes.max(0).cast_unsigned();
        let active = self.active_segment()?;
        active.truncate_to(&self.home, target_offset, index_bytes_max, now_ms)?;
        // What was cut must not come back: recovery does not look at it if the next segment starts here.
        active.sync_batches(&self.home)?;
        self.offsets.write().truncations += 1;
        self.set_log_end(target_offset)?;
        self.delete_snapshots_of(writer, &deleted, now_ms)?;
        self.truncate_epochs_from_end(writer, target_offset, now_ms);
        {
            let mut offsets = self.offsets.write();
            offsets.log_start = offsets.log_start.min(target_offset);
        }
        self.rebuild_producers(writer, target_offset, now_ms)?;
        let end = {
            let offsets = self.offsets.read();
            (offsets.high_watermark.message_offset >= offsets.log_end_offset()).then_some(offsets.log_end_offset())
        };
        if let Some(end) = end {
            self.update_high_watermark_locked(writer, end)?;
        }
        Ok(true)
    }

    /// Deletes everything and starts again, empty, at `new_offset` (`truncateFullyAndStartAt`), with the log start there or at
    /// `log_start_offset`.
    ///
    /// # Errors
    /// `IllegalArgument` for a negative offset; I/O errors.
    pub fn truncate_fully_and_start_at(
        &self,
        new_offset: i64,
        log_start_offset: Option<i64>,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let _told = self.tell_when_done();
        let mut writer = self.lock_usable()?;
        let truncated = self.truncate_fully_locked(&mut writer, new_offset, log_start_offset, now_ms);
        self.guard(truncated)
    }

    fn truncate_fully_locked(
        &self,
        writer: &mut Writer,
        new_offset: i64,
        log_start_offset: Option<i64>,
        now_ms: i64,
    ) -> Result<(), LogError> {
        let all = self.segments.read().all().to_vec();
        if let Some((last, others)) = all.split_last() {
            self.remove_and_delete(others, now_ms)?;
            self.replace_active(last, new_offset, now_ms)?;
            self.home.sync_names()?;
        }
        self.offsets.write().truncations += 1;
        self.set_log_end(new_offset)?;
        let dir = self.home.dir();
        writer.epochs.clear_and_flush(self.home.fs(), &dir)?;
        writer.producers.truncate_fully_and_start_at(self.home.fs(), &dir, new_offset)?;
        self.offsets.write().log_start = log_start_offset.unwrap_or(new_offset);
        self.rebuild_producers(writer, new_offset, now_ms)?;
        self.update_high_watermark_locked(writer, new_offset)?;
        Ok(())
    }

    fn truncate_epochs_from_end(&self, writer: &mut Writer, offset: i64, now_ms: i64) {
        if writer.epochs.truncate_from_end(offset) {
            self.schedule(now_ms, Work::WriteEpochs);
        }
    }

    fn rebuild_producers(&self, writer: &mut Writer, last_offset: i64, now_ms: i64) -> Result<(), LogError> {
        let segments = Arc::clone(&self.segments.read());
        let log_start = self.log_start_offset();
        rebuild_producer_state(&mut writer.producers, &self.home, &segments, log_start, last_offset, false, now_ms)
    }
}
