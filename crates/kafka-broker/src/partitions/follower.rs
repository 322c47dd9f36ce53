//! The log of a partition that this broker follows, for its fetcher (`Partition.appendRecordsToFollowerOrFutureReplica`).

use crate::disk::Log;
use kafka_log::log::LogStartOffsetReason;
use kafka_log::log::error::LogError;

use super::Partition;
use super::role::Role;
use crate::replication::{Appended, Offsets, Replica, ReplicaError};

/// A partition while this broker follows in one epoch. Neither log nor role change during a call.
pub(crate) struct FollowerLog<'p> {
    partition: &'p Partition,
    leader_epoch: i32,
}

impl Partition {
    /// The log, for the follower in this epoch.
    pub(crate) fn as_follower(&self, leader_epoch: i32) -> FollowerLog<'_> {
        FollowerLog { partition: self, leader_epoch }
    }
}

impl FollowerLog<'_> {
    fn with<R>(&self, change: impl FnOnce(&Log) -> Result<R, ReplicaError>) -> Result<R, ReplicaError> {
        let state = self.partition.state().read();
        let log = state.hosted.log().map_err(ReplicaError::Gone)?;
        match state.role {
            Role::Follower { .. } if state.leader_epoch == self.leader_epoch => change(log),
            _ => Err(ReplicaError::Superseded),
        }
    }
}

impl Replica for FollowerLog<'_> {
    fn offsets(&self) -> Result<Offsets, ReplicaError> {
        self.with(|log| {
            let at = log.watermarks();
            Ok(Offsets { log_start: at.log_start, high_watermark: at.high_watermark, log_end: at.log_end })
        })
    }

    fn latest_epoch(&self) -> Result<Option<i32>, ReplicaError> {
        self.with(|log| Ok(log.latest_epoch()))
    }

    fn end_offset_for_epoch(&self, epoch: i32) -> Result<Option<(i32, i64)>, ReplicaError> {
        self.with(|log| Ok(log.end_offset_for_epoch(epoch)))
    }

    fn append(&self, records: &[u8], now_ms: i64) -> Result<Appended, ReplicaError> {
        self.with(|log| {
            let appended = log.append_as_follower(records, self.leader_epoch, now_ms);
            let appended = appended.map_err(ReplicaError::Append)?;
            let (last_offset, bytes) = (appended.last_offset, appended.valid_bytes);
            Ok(Appended { last_offset, last_epoch: log.latest_epoch(), bytes })
        })
    }

    fn truncate_to(&self, offset: i64, now_ms: i64) -> Result<(), ReplicaError> {
        self.with(|log| log.truncate_to(offset, now_ms).map(|_| ()).map_err(ReplicaError::Log))
    }

    fn truncate_fully_and_start_at(&self, offset: i64, now_ms: i64) -> Result<(), ReplicaError> {
        self.with(|log| log.truncate_fully_and_start_at(offset, None, now_ms).map_err(ReplicaError::Log))
    }

    fn take_over(&self, high_watermark: i64, log_start_offset: i64, now_ms: i64) -> Result<(), ReplicaError> {
        self.with(|log| take_over(log, high_watermark, log_start_offset, now_ms).map_err(ReplicaError::Log))
    }
}

/// Most answers move neither: then no lock is taken.
fn take_over(log: &Log, high_watermark: i64, log_start_offset: i64, now_ms: i64) -> Result<(), LogError> {
    let at = log.watermarks();
    let mut known = at.high_watermark;
    if high_watermark.max(at.log_start).min(at.log_end) != known {
        known = log.update_high_watermark(high_watermark)?;
    }
    if log_start_offset > at.log_start {
        let reason = LogStartOffsetReason::LeaderOffsetIncremented;
        log.maybe_increment_log_start_offset(log_start_offset.min(known), reason, now_ms)?;
    }
    Ok(())
}
