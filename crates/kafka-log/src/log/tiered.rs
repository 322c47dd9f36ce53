//! What tiered storage needs of a log (KIP-405). The storage itself is somebody else's.

use super::error::LogError;
use super::{Log, LogStartOffsetReason};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::{Fs, exists};
use crate::segment::error::StorageError;
use std::path::PathBuf;
use std::sync::Arc;

/// A sealed segment that may be copied to remote storage (`RemoteLogManager.EnrichedLogSegment`, `LogSegmentData`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TierableSegment {
    /// First offset.
    pub base_offset: i64,
    /// Offset behind its last one: the base offset of the next segment.
    pub next_offset: i64,
    /// Bytes of batches.
    pub size: u64,
    /// Log file.
    pub log: PathBuf,
    /// Offset index.
    pub offset_index: PathBuf,
    /// Time index.
    pub time_index: PathBuf,
    /// Transaction index, if it has one.
    pub transaction_index: Option<PathBuf>,
    /// Producer snapshot at its end, if there is one.
    pub producer_snapshot: Option<PathBuf>,
}

impl<F: Fs> Log<F> {
    /// The highest offset that is in remote storage, -1 for none.
    pub fn highest_offset_in_remote_storage(&self) -> i64 {
        self.offsets.read().highest_in_remote_storage
    }

    /// Notes that everything up to `offset`, inclusive, is in remote storage (`updateHighestOffsetInRemoteStorage`): segments
    /// up to there may go locally. It never goes back, and means nothing where the topic is not tiered.
    pub fn update_highest_offset_in_remote_storage(&self, offset: i64) {
        if self.remote_log_enabled(&self.config()) {
            let mut offsets = self.offsets.write();
            offsets.highest_in_remote_storage = offsets.highest_in_remote_storage.max(offset);
        }
    }

    /// Moves the log start up to what remote storage still has (`updateLogStartOffsetFromRemoteTier`).
    ///
    /// # Errors
    /// As [`Log::maybe_increment_log_start_offset`].
    pub fn update_log_start_offset_from_remote_tier(&self, offset: i64, now_ms: i64) -> Result<(), LogError> {
        if self.remote_log_enabled(&self.config()) {
            self.maybe_increment_log_start_offset(offset, LogStartOffsetReason::SegmentDeletion, now_ms)?;
        }
        Ok(())
    }

    /// The sealed segments that hold `from_offset` or later ones and end at or below the last stable offset, oldest first
    /// (`candidateLogSegments`): what remote storage may copy next.
    ///
    /// # Errors
    /// Those of the medium.
    pub fn tierable_segments(&self, from_offset: i64) -> Result<Vec<TierableSegment>, LogError> {
        self.check_usable()?;
        let last_stable_offset = self.last_stable_offset();
        let segments = Arc::clone(&self.segments.read());
        let mut tierable = Vec::new();
        for pair in segments.range(from_offset, i64::MAX).windows(2) {
            let [segment, next] = pair else { continue };
            if next.base_offset() > last_stable_offset {
                break;
            }
            segment.write_indexes(&self.home)?;
            let path = |kind, offset| self.home.path(FileName::segment(kind, offset, FileState::Live));
            let there = |path: PathBuf| {
                let is_there = exists(self.home.fs(), &path).map_err(StorageError::io("look for", &path))?;
                Ok::<_, StorageError>(is_there.then_some(path))
            };
            let base = segment.base_offset();
            tierable.push(TierableSegment {
                base_offset: base,
                next_offset: next.base_offset(),
                size: segment.size().into(),
                log: path(FileKind::Log, base),
                offset_index: path(FileKind::OffsetIndex, base),
                time_index: path(FileKind::TimeIndex, base),
                transaction_index: there(path(FileKind::TransactionIndex, base))?,
                producer_snapshot: there(path(FileKind::ProducerSnapshot, next.base_offset()))?,
            });
        }
        Ok(tierable)
    }
}
