//! Making a log durable.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::Log;
use super::error::{LogError, StorageError};
use super::tasks::Work;
use crate::fs::Fs;

impl<F: Fs> Log<F> {
    /// Returns when everything that was appended before is on the medium (`flush`). Callers that come at the same time share
    /// one sync. `force` includes the active segment also when it is empty.
    ///
    /// # Errors
    /// Those of the medium: the log is offline then, and what a failed sync left behind nobody knows.
    pub fn flush(&self, force: bool, now_ms: i64) -> Result<(), LogError> {
        self.flush_to(None, force, now_ms)
    }

    /// Returns when everything below `offset` is on the medium (`flushUptoOffsetExclusive`).
    ///
    /// # Errors
    /// As [`Log::flush`].
    pub fn flush_up_to_exclusive(&self, offset: i64, now_ms: i64) -> Result<(), LogError> {
        self.flush_to(Some(offset), false, now_ms)
    }

    /// Up to an offset, or to the log end.
    fn flush_to(&self, offset: Option<i64>, inclusive: bool, now_ms: i64) -> Result<(), LogError> {
        self.check_usable()?;
        let is_needed = |offset: i64| {
            let flush_offset = if inclusive { offset.saturating_add(1) } else { offset };
            (flush_offset > self.recovery_point()).then_some(flush_offset)
        };
        if is_needed(offset.unwrap_or_else(|| self.log_end_offset())).is_none() {
            return Ok(());
        }
        let began = Instant::now();
        // Who waits here finds, most often, that the one before him has synced his records as well.
        let _syncing = self.syncing.lock();
        self.check_usable()?;
        let before = *self.offsets.read();
        let offset = offset.unwrap_or(before.log_end_offset());
        let Some(flush_offset) = is_needed(offset) else { return Ok(()) };
        let flushed = self.sync_segments(before.recovery_point, flush_offset);
        self.guard(flushed)?;
        self.metrics.flush_us.record_us(began.elapsed());
        let mut offsets = self.offsets.write();
        // A truncation meanwhile may have made room for other records at the same offsets.
        if offset > offsets.recovery_point && offsets.truncations == before.truncations {
            offsets.recovery_point = offset;
            self.last_flush_ms.store(now_ms, Ordering::Relaxed);
        }
        Ok(())
    }

    fn sync_segments(&self, recovery_point: i64, flush_offset: i64) -> Result<(), StorageError> {
        let segments = Arc::clone(&self.segments.read());
        let range = segments.range(recovery_point, flush_offset);
        for segment in range {
            segment.files_to_sync(&self.home)?.sync()?;
        }
        if range.iter().any(|segment| segment.base_offset() >= recovery_point) {
            let dir = self.home.dir();
            self.home.fs().sync_dir(&dir).map_err(StorageError::io("sync", &dir))?;
        }
        Ok(())
    }

    /// The recovery point as it will be when the flushes that rolls asked for are done.
    pub(super) fn promised_recovery_point(&self) -> i64 {
        let promised = self
            .tasks
            .lock()
            .iter()
            .map(|task| match task.work {
                Work::FlushUpTo { offset, .. } => offset,
                _ => 0,
            })
            .max();
        self.recovery_point().max(promised.unwrap_or(0))
    }
}
