//! High watermark, last stable offset, log start.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::numbers::Offsets;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::{AppendError, LogError};
use crate::log::types::LogOffsetMetadata;
use crate::log::upkeep::Work;
use crate::log::writer::Writer;

/// Why the log start moves (`LogStartOffsetIncrementReason`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogStartOffsetReason {
    /// The leader's log start moved.
    LeaderOffsetIncremented,
    /// Segments were deleted.
    SegmentDeletion,
    /// A client deleted records.
    ClientRecordDeletion,
    /// A snapshot stands for what is before.
    SnapshotGenerated,
}

impl fmt::Display for LogStartOffsetReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            LogStartOffsetReason::LeaderOffsetIncremented => "leader offset increment",
            LogStartOffsetReason::SegmentDeletion => "segment deletion",
            LogStartOffsetReason::ClientRecordDeletion => "client delete records request",
            LogStartOffsetReason::SnapshotGenerated => "snapshot generated",
        })
    }
}

impl<F: Fs> Log<F> {
    /// Sets the high watermark, no lower than the log start and no higher than the log end; gives what it is then
    /// (`updateHighWatermark`).
    ///
    /// # Errors
    /// `IllegalArgument` where it would be negative; I/O errors.
    pub fn update_high_watermark(&self, high_watermark: i64) -> Result<i64, LogError> {
        let _told = self.tell_when_done();
        let mut writer = self.lock_usable_beside_segments()?;
        let updated = self.update_high_watermark_locked(&mut writer, high_watermark);
        self.guard(updated)
    }

    /// Moves the high watermark up; gives the old one if it moved (`maybeIncrementHighWatermark`).
    ///
    /// # Errors
    /// `IllegalArgument` above the log end; I/O errors.
    pub fn maybe_increment_high_watermark(&self, high_watermark: i64) -> Result<Option<i64>, LogError> {
        let _told = self.tell_when_done();
        let mut writer = self.lock_usable_beside_segments()?;
        let (old, end) = {
            let offsets = self.offsets.read();
            (offsets.high_watermark.message_offset, offsets.log_end_offset())
        };
        if high_watermark > end {
            let message = format!("high watermark {high_watermark} is above the log end offset {end}");
            return Err(LogError::IllegalArgument(message));
        }
        if high_watermark <= old {
            return Ok(None);
        }
        let updated = self.update_high_watermark_locked(&mut writer, high_watermark);
        self.guard(updated)?;
        Ok(Some(old))
    }

    /// Says whether this is the only replica of the partition: then the high watermark is the log end at once, and follows each
    /// append from then on, as all that is appended is on every replica.
    ///
    /// # Errors
    /// I/O errors.
    pub fn set_sole_replica(&self, is_sole: bool) -> Result<(), LogError> {
        let _told = self.tell_when_done();
        let mut writer = self.lock_usable_beside_segments()?;
        self.is_sole_replica.store(is_sole, Ordering::Relaxed);
        let moved = self.commit_if_sole(&mut writer);
        self.guard(moved)
    }

    /// Whether this is the only replica of the partition, as [`Log::set_sole_replica`] was told.
    pub fn is_sole_replica(&self) -> bool {
        self.is_sole_replica.load(Ordering::Relaxed)
    }

    /// Moves the high watermark of the only replica to the log end. After an append, once transactions that it began are known
    /// as unstable and those that it ended as completed.
    pub(in crate::log) fn commit_if_sole(&self, writer: &mut Writer) -> Result<(), LogError> {
        if !self.is_sole_replica() {
            return Ok(());
        }
        let end = self.offsets.read().log_end;
        self.set_high_watermark(writer, end)
    }

    pub(in crate::log) fn update_high_watermark_locked(&self, writer: &mut Writer, to: i64) -> Result<i64, LogError> {
        let new = {
            let offsets = self.offsets.read();
            if to < offsets.log_start {
                LogOffsetMetadata::offset_only(offsets.log_start)
            } else if to >= offsets.log_end_offset() {
                offsets.log_end
            } else {
                LogOffsetMetadata::offset_only(to)
            }
        };
        self.set_high_watermark(writer, new)?;
        Ok(new.message_offset)
    }

    fn set_high_watermark(&self, writer: &mut Writer, new: LogOffsetMetadata) -> Result<(), LogError> {
        if new.message_offset < 0 {
            return Err(LogError::IllegalArgument("expected a high watermark of 0 or more".to_owned()));
        }
        self.offsets.write().high_watermark = new;
        writer.producers.on_high_watermark_updated(new.message_offset);
        self.update_first_unstable(writer)
    }

    /// Keeps the high watermark at the log end where it is there, or above it (`updateHighWatermarkWithLogEndOffset`).
    pub(in crate::log) fn follow_log_end(&self, writer: &mut Writer) -> Result<(), LogError> {
        let end = {
            let offsets = self.offsets.read();
            (offsets.high_watermark.message_offset >= offsets.log_end_offset()).then_some(offsets.log_end)
        };
        end.map_or(Ok(()), |end| self.set_high_watermark(writer, end))
    }

    /// Takes over the first unstable offset from the producers (`maybeIncrementFirstUnstableOffset`).
    pub(in crate::log) fn update_first_unstable(&self, writer: &mut Writer) -> Result<(), LogError> {
        let mut unstable = writer.producers.first_unstable_offset();
        if unstable.is_none() && !writer.is_unstable {
            return Ok(());
        }
        writer.is_unstable = unstable.is_some();
        if let Some(found) = unstable {
            let log_start = self.log_start_offset();
            if found.place.is_none() || found.message_offset < log_start {
                unstable = Some(self.convert_to_metadata(found.message_offset.max(log_start))?);
            }
        }
        let mut offsets = self.offsets.write();
        offsets.first_unstable = unstable;
        Ok(())
    }

    /// Where an offset lies; without a place if it is outside of the log (`maybeConvertToOffsetMetadata`).
    fn convert_to_metadata(&self, offset: i64) -> Result<LogOffsetMetadata, LogError> {
        // In a statement of its own: the lock must not be held when the read asks for it again.
        let end = self.offsets.read().log_end;
        let segments = Arc::clone(&self.segments.read());
        match self.read_local(&segments, offset, 1, false, end, false) {
            Ok(found) => Ok(found.offset_metadata),
            Err(LogError::OffsetOutOfRange { .. }) => Ok(LogOffsetMetadata::offset_only(offset)),
            Err(error) => Err(error),
        }
    }

    /// The high watermark with its place, as it was with these offsets (`fetchHighWatermarkMetadata`).
    pub(in crate::log) fn high_watermark_metadata(&self, at: &Offsets) -> Result<LogOffsetMetadata, LogError> {
        let known = at.high_watermark;
        if known.place.is_some() {
            return Ok(known);
        }
        let found = self.convert_to_metadata(known.message_offset)?;
        // Kafka takes this for a new high watermark and looks again for what is unstable, which a truncation leaves undone. A
        // reader must not wait for an append for that: it will look itself.
        match self.writer.try_lock_beside_segments() {
            Some(mut writer) if self.offsets.read().high_watermark == known => {
                self.set_high_watermark(&mut writer, found)?;
            }
            _ => self.remember(|offsets| {
                if offsets.high_watermark == known {
                    offsets.high_watermark = found;
                }
            }),
        }
        Ok(found)
    }

    /// The last stable offset with its place, as it was with these offsets (`fetchLastStableOffsetMetadata`).
    pub(in crate::log) fn last_stable_metadata(&self, at: &Offsets) -> Result<LogOffsetMetadata, LogError> {
        let high_watermark = self.high_watermark_metadata(at)?;
        let Some(unstable) =
            at.first_unstable.filter(|unstable| unstable.message_offset < high_watermark.message_offset)
        else {
            return Ok(high_watermark);
        };
        if unstable.place.is_some() {
            return Ok(unstable);
        }
        let found = self.convert_to_metadata(unstable.message_offset)?;
        self.remember(|offsets| {
            if offsets.first_unstable == Some(unstable) {
                offsets.first_unstable = Some(found);
            }
        });
        Ok(found)
    }

    fn remember(&self, found: impl FnOnce(&mut Offsets)) {
        found(&mut self.offsets.write());
    }

    /// Moves the log start up (`maybeIncrementLogStartOffset`); says whether it moved. Records below it are not read any
    /// more, and go with their segment.
    ///
    /// # Errors
    /// `OffsetOutOfRange` above the high watermark; I/O errors.
    pub fn maybe_increment_log_start_offset(
        &self,
        to: i64,
        _reason: LogStartOffsetReason,
        now_ms: i64,
    ) -> Result<bool, LogError> {
        let _told = self.tell_when_done();
        let mut writer = self.lock_usable()?;
        let moved = self.increment_log_start_locked(&mut writer, to, now_ms);
        self.guard(moved)
    }

    pub(in crate::log) fn increment_log_start_locked(
        &self,
        writer: &mut Writer,
        to: i64,
        now_ms: i64,
    ) -> Result<bool, LogError> {
        {
            let offsets = self.offsets.read();
            let high_watermark = offsets.high_watermark.message_offset;
            if to > high_watermark {
                return Err(LogError::OffsetOutOfRange {
                    offset: to,
                    log_start_offset: offsets.log_start,
                    end_offset: high_watermark,
                });
            }
            if to <= offsets.log_start {
                return Ok(false);
            }
        }
        self.set_log_start(writer, to)?;
        if writer.epochs.truncate_from_start(to) {
            self.schedule(now_ms, Work::WriteEpochs);
        }
        writer.producers.on_log_start_offset_incremented(to);
        self.update_first_unstable(writer)?;
        Ok(true)
    }

    /// Sets the log start, and lifts the high watermark and the recovery point to it (`updateLogStartOffset`).
    pub(in crate::log) fn set_log_start(&self, writer: &mut Writer, to: i64) -> Result<(), LogError> {
        let high_watermark_is_below = {
            let mut offsets = self.offsets.write();
            offsets.log_start = to;
            offsets.high_watermark.message_offset < to
        };
        if high_watermark_is_below {
            self.update_high_watermark_locked(writer, to)?;
        }
        let mut offsets = self.offsets.write();
        offsets.recovery_point = offsets.recovery_point.max(to);
        Ok(())
    }
}

impl From<AppendError> for LogError {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Storage(error) => LogError::Storage(error),
            AppendError::IllegalArgument(message) => LogError::IllegalArgument(message),
            AppendError::Roll(message) => LogError::Roll(message),
            other => LogError::Replay(Box::new(other)),
        }
    }
}
