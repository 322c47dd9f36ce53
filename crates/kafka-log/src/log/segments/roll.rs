//! New segments.

use std::sync::Arc;

use super::list::Segments;
use crate::format::file_name::FileState;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::config::LogConfig;
use crate::log::error::{LogError, StorageError};
use crate::log::types::LogOffsetMetadata;
use crate::log::upkeep::Work;
use crate::log::writer::{Appender, Writer};
use crate::segment::log_segment::{AppendState, LogSegment, SegmentOptions, remove_segment_files};

/// What is about to be written, as far as it decides on a roll (`RollParams`).
#[derive(Clone, Copy, Debug)]
pub(in crate::log) struct RollParams {
    pub(in crate::log) size: usize,
    pub(in crate::log) max_timestamp: i64,
    pub(in crate::log) last_offset: i64,
    /// -1 where only decompression could tell.
    pub(in crate::log) first_offset: i64,
    pub(in crate::log) now_ms: i64,
}

impl<F: Fs> Log<F> {
    /// Makes a new active segment (`roll`), at the log end or at `expected_next_offset` if that lies after it; gives its
    /// base offset. The old one is sealed, and synced by [`Log::run_due`].
    ///
    /// # Errors
    /// `Roll` where there is such a segment already; I/O errors.
    pub fn roll(&self, expected_next_offset: Option<i64>, now_ms: i64) -> Result<i64, LogError> {
        let mut writer = self.lock_usable()?;
        let rolled = self.roll_locked(&mut writer, expected_next_offset, now_ms);
        self.guard(rolled)
    }

    /// Makes a new active segment if the present one cannot take the write or has waited long enough (`maybeRoll`).
    pub(in crate::log) fn roll_if_due(
        &self,
        appender: &mut Appender<F>,
        config: &LogConfig,
        write: &RollParams,
    ) -> Result<(), LogError> {
        let (_, tail) = self.tail_of(appender)?;
        if !self.should_roll(&tail.segment, &tail.state, tail.state.size, config, write)? {
            return Ok(());
        }
        // Batches of magic 0 and 1 do not tell their first offset; this one is not above it.
        let from = match write.first_offset {
            -1 => write.last_offset.wrapping_sub(i64::from(i32::MAX)),
            first => first,
        };
        appender.tail = None;
        self.roll_locked(&mut appender.writer, Some(from), write.now_ms).map(|_| ())
    }

    /// Whether a segment that will have `size` bytes by then is too full or too old for a write (`LogSegment.shouldRoll`).
    pub(in crate::log) fn should_roll(
        &self,
        active: &LogSegment<F>,
        state: &AppendState<F>,
        size: u32,
        config: &LogConfig,
        write: &RollParams,
    ) -> Result<bool, LogError> {
        let lag = if config.compact { config.max_compaction_lag_ms } else { i64::MAX };
        let (segment_bytes, segment_ms) = (i64::from(config.segment_bytes), config.segment_ms.min(lag));
        let size = i64::from(size);
        let has_waited = || -> Result<bool, LogError> {
            let waited = match state.first_batch_timestamp {
                Some(first) if first >= 0 => write.max_timestamp.wrapping_sub(first),
                _ => active.time_waited_for_roll(&self.home, write.now_ms, write.max_timestamp)?,
            };
            Ok(waited > segment_ms.wrapping_sub(active.roll_jitter_ms()))
        };
        Ok(size > segment_bytes - write.size as i64
            || size > 0 && has_waited()?
            || state.index_room == 0
            || !active.can_hold(write.last_offset))
    }

    pub(in crate::log) fn active_segment(&self) -> Result<Arc<LogSegment<F>>, LogError> {
        let segments = self.segments.read();
        segments.last().cloned().ok_or_else(|| LogError::IllegalState("a log has no segment".to_owned()))
    }

    pub(super) fn roll_locked(
        &self,
        writer: &mut Writer,
        expected_next_offset: Option<i64>,
        now_ms: i64,
    ) -> Result<i64, LogError> {
        let end = self.log_end_offset();
        let base_offset = expected_next_offset.unwrap_or(0).max(end);
        let active = self.active_segment()?;
        let segments = Arc::clone(&self.segments.read());
        if segments.contains(base_offset) {
            if active.base_offset() != base_offset || active.size() > 0 {
                return Err(LogError::Roll(format!(
                    "a new segment of {} would start at offset {base_offset}, where there is one already",
                    self.topic_partition
                )));
            }
            // Kafka replaces an empty active segment by one that is just like it.
            self.replace_active(&active, base_offset, now_ms)?;
        } else if base_offset < active.base_offset() {
            return Err(LogError::Roll(format!(
                "a new segment of {} would start at offset {base_offset}, below the active one at {}",
                self.topic_partition,
                active.base_offset()
            )));
        } else {
            remove_segment_files(self.home.fs(), &self.home.dir(), base_offset, FileState::Live)?;
            if active.seal(&self.home)? {
                active.sync_batches(&self.home)?;
            }
            // A flush that took it for the active segment sees that, or has moved the recovery point before it is looked at.
            self.syncs.note_sealed_change();
            self.sync_what_is_promised(&active, end)?;
            self.add_segment(base_offset, now_ms)?;
        }
        self.set_log_end(end)?;
        writer.producers.update_map_end_offset(base_offset);
        let snapshot = writer.producers.take_snapshot(self.home.fs(), &self.home.dir(), false)?;
        self.follow_log_end(writer)?;
        self.schedule(now_ms, Work::FlushUpTo { snapshot, offset: base_offset });
        self.metrics.rolls.add(1);
        tracing::debug!(partition = %self.topic_partition, base_offset, "rolled a new segment");
        Ok(base_offset)
    }

    /// Syncs a segment that gets no more batches, up to `end`, where the next recovery will not look at it again as all of it lies
    /// below the recovery point: flushes have left out its indexes as long as it was active, or recovery or a truncation replaced them.
    fn sync_what_is_promised(&self, segment: &LogSegment<F>, end: i64) -> Result<(), StorageError> {
        if segment.is_rebuilt_unsynced() || self.recovery_point() >= end {
            segment.files_to_sync(&self.home)?.sync()?;
            self.home.sync_names()?;
        }
        Ok(())
    }

    fn add_segment(&self, base_offset: i64, now_ms: i64) -> Result<(), LogError> {
        let options = self.segment_options(&self.config());
        let segment = LogSegment::create(&self.home, base_offset, FileState::Live, &options, now_ms)?;
        self.change_segments(|segments| segments.add(Arc::new(segment)));
        Ok(())
    }

    /// Puts an empty segment at `base_offset` in the place of the active one (`createAndDeleteSegment`).
    pub(super) fn replace_active(
        &self,
        active: &Arc<LogSegment<F>>,
        base_offset: i64,
        now_ms: i64,
    ) -> Result<(), LogError> {
        if base_offset == active.base_offset() {
            self.renew_active(active, now_ms)?;
        } else {
            // Before the new one is there: a crash in between must not leave both, with offsets that overlap.
            active.change_suffix(&self.home, FileState::Deleted)?;
            self.add_segment(base_offset, now_ms)?;
            self.change_segments(|segments| segments.remove(active.base_offset()));
        }
        self.delete_segment_files(std::slice::from_ref(active), now_ms)
    }

    /// Puts an empty segment at its own base offset in the place of the active one. A crash at any point leaves one of the
    /// two, or what the next start turns into the new one. Kafka makes it when the old one is gone: without any segment the
    /// next start would give offsets from 0 on once more.
    fn renew_active(&self, active: &Arc<LogSegment<F>>, now_ms: i64) -> Result<(), LogError> {
        let options = self.segment_options(&self.config());
        // What the next start is to finish has to end with a batch, not with zeros.
        let short = SegmentOptions { preallocate_bytes: None, ..options };
        let new = LogSegment::create(&self.home, active.base_offset(), FileState::Swap, &short, now_ms)?;
        active.change_suffix(&self.home, FileState::Deleted)?;
        new.change_suffix(&self.home, FileState::Live)?;
        // Before there is anything in it, for the same reason.
        self.home.sync_names()?;
        if let Some(bytes) = options.preallocate_bytes {
            new.preallocate(&self.home, bytes)?;
        }
        self.change_segments(|segments| segments.add(Arc::new(new)));
        Ok(())
    }

    pub(super) fn change_segments(&self, change: impl FnOnce(&mut Segments<F>)) {
        let mut segments = self.segments.write();
        let mut new = (**segments).clone();
        change(&mut new);
        *segments = Arc::new(new);
    }

    /// Sets the log end to `offset` at the end of the active segment (`updateLogEndOffset`).
    pub(super) fn set_log_end(&self, offset: i64) -> Result<(), LogError> {
        let active = self.active_segment()?;
        let end = LogOffsetMetadata::at(offset, active.base_offset(), active.size());
        let mut offsets = self.offsets.write();
        offsets.log_end = end;
        offsets.recovery_point = offsets.recovery_point.min(offset);
        Ok(())
    }
}
