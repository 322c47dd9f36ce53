//! Whether a log is to be cleaned, and how far (`LogCleanerManager.grabFilthiestCompactedLog`, `LogToClean`).

use std::sync::Arc;

use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::LogError;
use crate::segment::log_segment::LogSegment;

/// How much of a log is dirty, and how far it can be cleaned now (`LogToClean`). A segment is clean when it ends below the
/// first dirty offset; sizes count whole segments.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogToClean {
    /// Where the round starts to look for keys.
    pub first_dirty_offset: i64,
    /// Base offset of the first segment that must not be cleaned.
    pub first_uncleanable_offset: i64,
    /// Bytes of the segments below the first dirty offset.
    pub clean_bytes: u64,
    /// Bytes of the segments that a round would clean of keys.
    pub cleanable_bytes: u64,
    /// For how long something has been dirty for longer than `max.compaction.lag.ms` allows, in ms; 0 when nothing has.
    pub compaction_delay_ms: i64,
    /// Whether the checkpoint is outside of the log and should become [`LogToClean::first_dirty_offset`].
    pub force_update_checkpoint: bool,
}

impl LogToClean {
    /// Bytes of all segments that a round would go through.
    pub fn total_bytes(&self) -> u64 {
        self.clean_bytes + self.cleanable_bytes
    }

    /// Dirty part of these bytes; not a number where there are none.
    pub fn cleanable_ratio(&self) -> f64 {
        self.cleanable_bytes as f64 / self.total_bytes() as f64
    }

    /// Whether the log should be cleaned now, with this `min.cleanable.dirty.ratio`. Of many logs the one with the largest
    /// [`LogToClean::cleanable_ratio`] comes first.
    pub fn needs_cleaning(&self, min_cleanable_ratio: f64) -> bool {
        self.total_bytes() > 0
            && (self.compaction_delay_ms > 0 && self.cleanable_bytes > 0
                || self.cleanable_ratio() > min_cleanable_ratio)
    }
}

impl<F: Fs> Log<F> {
    /// Looks at how dirty the log is. `checkpoint` is the first offset that no round has reached yet, from
    /// `cleaner-offset-checkpoint`.
    ///
    /// # Errors
    /// I/O errors: time indexes and first batches are read where a lag is set.
    #[doc(hidden)]
    pub fn log_to_clean(&self, checkpoint: Option<i64>, now_ms: i64) -> Result<LogToClean, LogError> {
        self.check_usable()?;
        let assessed = self.assess(checkpoint, now_ms);
        self.guard(assessed)
    }

    fn assess(&self, checkpoint: Option<i64>, now_ms: i64) -> Result<LogToClean, LogError> {
        let (first_dirty_offset, force_update_checkpoint) = self.first_dirty_offset(checkpoint);
        let first_uncleanable_offset = self.first_uncleanable_offset(first_dirty_offset, now_ms)?;
        let compaction_delay_ms = self.max_compaction_delay(first_dirty_offset, now_ms)?;
        let active_base_offset = self.active_base_offset();
        // Cleaning ends between segments.
        let first_uncleanable_offset = self
            .non_active_segments_from(first_uncleanable_offset)
            .first()
            .map_or(active_base_offset, |segment| segment.base_offset());
        let size = |segments: Vec<Arc<LogSegment<F>>>| segments.iter().map(|s| u64::from(s.size())).sum();
        let from = first_dirty_offset.min(first_uncleanable_offset);
        Ok(LogToClean {
            first_dirty_offset,
            first_uncleanable_offset,
            clean_bytes: size(self.segments_between(-1, first_dirty_offset)),
            cleanable_bytes: size(self.segments_between(from, first_uncleanable_offset)),
            compaction_delay_ms,
            force_update_checkpoint,
        })
    }

    /// The checkpoint, or the log start where the checkpoint lies outside of the log: segments may have been deleted or
    /// truncated since.
    fn first_dirty_offset(&self, checkpoint: Option<i64>) -> (i64, bool) {
        let log_start_offset = self.log_start_offset();
        match checkpoint {
            None => (log_start_offset, false),
            Some(offset) if (log_start_offset..=self.log_end_offset()).contains(&offset) => (offset, false),
            Some(_) => (log_start_offset, true),
        }
    }

    /// The first offset that must stay as it is: of an open transaction or above the high watermark, of the active segment,
    /// of a segment that is younger than `min.compaction.lag.ms` (`cleanableOffsets`).
    fn first_uncleanable_offset(&self, first_dirty_offset: i64, now_ms: i64) -> Result<i64, LogError> {
        let mut first = self.last_stable_offset().min(self.active_base_offset());
        let lag_ms = self.config().min_compaction_lag_ms.max(0);
        if lag_ms > 0 {
            for segment in self.non_active_segments_from(first_dirty_offset) {
                if segment.largest_timestamp(self.home())? > now_ms.wrapping_sub(lag_ms) {
                    first = first.min(segment.base_offset());
                    break;
                }
            }
        }
        Ok(first.max(first_dirty_offset))
    }

    /// (`maxCompactionDelay`)
    fn max_compaction_delay(&self, first_dirty_offset: i64, now_ms: i64) -> Result<i64, LogError> {
        let clean_until = now_ms.wrapping_sub(self.config().max_compaction_lag_ms.max(0));
        if clean_until <= 0 {
            // No timestamp that counts lies below, so no file need be opened: without a lag that is always so.
            return Ok(0);
        }
        let mut earliest = i64::MAX;
        for segment in self.non_active_segments_from(first_dirty_offset) {
            let first = segment.first_batch_timestamp(self.home())?;
            if first > 0 {
                earliest = earliest.min(first);
            }
        }
        Ok(if earliest < clean_until { clean_until - earliest } else { 0 })
    }

    fn active_base_offset(&self) -> i64 {
        self.segments.read().last().map_or(0, |segment| segment.base_offset())
    }

    /// The segments from the one that holds `from` on, with base offsets below `to`.
    pub(super) fn segments_between(&self, from: i64, to: i64) -> Vec<Arc<LogSegment<F>>> {
        self.segments.read().range(from, to).to_vec()
    }

    fn non_active_segments_from(&self, from: i64) -> Vec<Arc<LogSegment<F>>> {
        let active = self.active_base_offset();
        if from > active { Vec::new() } else { self.segments_between(from, active) }
    }
}
