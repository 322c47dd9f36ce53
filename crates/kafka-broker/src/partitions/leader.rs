//! What a partition does for its replicas while this broker leads (`Partition`).

use std::sync::Arc;

use crate::disk::Log;
use kafka_rpc::ErrorCode;

use super::Partition;
use super::partition::State;
use super::role::Role;
use crate::replication::{Accepted, Altered, FollowerFetch, IsrChange};
use crate::topics::GROUP_METADATA_TOPIC;

impl Partition {
    /// Moves the high watermark to what the replicas in sync have. To be called when something of that has changed, in the lock
    /// that has kept the role the same.
    pub(super) fn advance(&self, state: &State) {
        let (Role::Leader(leader), Ok(log)) = (&state.role, state.hosted.log()) else { return };
        // The high watermark of the only replica follows by itself.
        if log.is_sole_replica() {
            return;
        }
        let replication = self.replication();
        // Held until the log has it: the ISR must not change in between.
        let leader = leader.lock();
        let (min_isr, now_ms) = (log.config().min_insync_replicas, replication.clock.now_ms());
        let committed = leader.high_watermark(log.watermarks(), min_isr, now_ms, &**replication);
        let Some(committed) = committed else { return };
        let tp = self.topic_partition();
        match log.maybe_increment_high_watermark(committed) {
            // Callers may hold the lock of the groups of the partition.
            Ok(Some(_)) if tp.topic() == GROUP_METADATA_TOPIC => {
                replication.groups_committed(tp.partition(), committed)
            }
            Ok(_) => {}
            Err(error) => tracing::error!(partition = %tp, %error, "a high watermark cannot be moved"),
        }
    }

    /// Whether too few replicas are in sync for an append that has to be on all of them.
    pub(super) fn lacks_replicas(state: &State, log: &Log) -> bool {
        let Role::Leader(leader) = &state.role else { return false };
        !log.is_sole_replica() && leader.lock().is_under_min_isr(log.config().min_insync_replicas)
    }

    /// The log for a fetch of a follower, and the epoch of the leader.
    ///
    /// # Errors
    /// As [`Partition::leader_log`]. A broker that has no replica, as far as is known here, has to try again:
    /// `UNKNOWN_LEADER_EPOCH`, or `NOT_LEADER_OR_FOLLOWER` where it has not said which epoch it knows.
    pub(crate) fn log_for_follower(&self, known_epoch: i32, replica: i32) -> Result<(Arc<Log>, i32), ErrorCode> {
        let state = self.state().read();
        let found = state.leader_log_in(known_epoch)?;
        match &state.role {
            Role::Leader(leader) if leader.lock().knows(replica) => Ok((Arc::clone(found), state.leader_epoch)),
            _ if known_epoch >= 0 => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// Notes what a fetch tells of a follower (`updateFollowerFetchState`): it may join the ISR, and the high watermark may move.
    ///
    /// # Errors
    /// `NOT_LEADER_OR_FOLLOWER` where the fetch is of an earlier life of the broker, or this one has lost the lead.
    pub(crate) fn follower_fetched(&self, fetch: &FollowerFetch) -> Result<(), ErrorCode> {
        let state = self.state().read();
        let log = state.leader_log()?;
        let Role::Leader(leader) = &state.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        let replication = self.replication();
        let (has_moved, before, after) = {
            let mut leader = leader.lock();
            let low_watermark = || log.log_start_offset();
            let before = leader.low_watermark(low_watermark(), &**replication);
            let has_moved = leader.fetched(fetch, &**replication)?;
            let after = leader.low_watermark(low_watermark(), &**replication);
            if let Some(change) = leader.expand(fetch.replica, log.watermarks(), &**replication) {
                replication.submit(self.key(), change);
            }
            (has_moved, before, after)
        };
        if has_moved {
            self.advance(&state);
        }
        drop(state);
        if after > before {
            // Who deletes records waits for that.
            self.watch().wake();
        }
        Ok(())
    }

    /// Removes followers from the ISR that are late.
    pub(crate) fn shrink_isr(&self) {
        let state = self.state().read();
        let (Role::Leader(leader), Ok(log)) = (&state.role, state.hosted.log()) else { return };
        let replication = self.replication();
        let mut leader = leader.lock();
        if !leader.has_followers() {
            return;
        }
        let now_ms = replication.clock.now_ms();
        if let Some(change) = leader.shrink(log.log_end_offset(), now_ms, &**replication) {
            let isr: Vec<i32> = change.isr.iter().map(|(id, _)| *id).collect();
            tracing::info!(partition = %self.topic_partition(), ?isr, "followers are late: shrinking the ISR");
            replication.submit(self.key(), change);
        }
    }

    /// Takes the controller's answer to a change of the ISR.
    pub(crate) fn altered(&self, change: &IsrChange, answer: &Result<Accepted, ErrorCode>) -> Altered {
        let replication = self.replication();
        let mut state = self.state().write();
        let Role::Leader(leader) = &mut state.role else { return Altered::Outdated };
        let altered = leader.get_mut().altered(change, answer);
        let partition = self.topic_partition();
        match (altered, answer) {
            (Altered::Committed, Ok(to)) => {
                state.partition_epoch = to.partition_epoch;
                let count = if change.is_expansion { &replication.isr_expands } else { &replication.isr_shrinks };
                count.add(1);
                tracing::info!(%partition, isr = ?to.isr, epoch = to.partition_epoch, "the ISR has changed");
                self.advance(&state);
            }
            (_, Err(code)) => {
                replication.failed_isr_updates.add(1);
                tracing::debug!(%partition, code = code.name(), ?altered, "the ISR has not changed");
            }
            (_, Ok(_)) => replication.failed_isr_updates.add(1),
        }
        drop(state);
        // Producers may hear now that too few replicas are in sync.
        self.watch().wake();
        altered
    }

    /// What is told to who waits until all replicas in sync have the records that end before `required`. `None`: they have to wait.
    pub(crate) fn acknowledged(&self, required: i64) -> Option<Result<(), ErrorCode>> {
        let state = self.state().read();
        let log = match state.leader_log() {
            Ok(log) => log,
            Err(code) => return Some(Err(code)),
        };
        let Role::Leader(leader) = &state.role else { return Some(Err(ErrorCode::NotLeaderOrFollower)) };
        if log.is_sole_replica() {
            return Some(Ok(()));
        }
        let (high_watermark, min_isr) = (log.high_watermark(), log.config().min_insync_replicas);
        leader.lock().acknowledged(required, high_watermark, min_isr)
    }

    /// The lowest log start of all replicas that are alive.
    ///
    /// # Errors
    /// Why the log is not here; `NOT_LEADER_OR_FOLLOWER`.
    pub(crate) fn low_watermark(&self) -> Result<i64, ErrorCode> {
        let state = self.state().read();
        let log = state.leader_log()?;
        let Role::Leader(leader) = &state.role else { return Err(ErrorCode::NotLeaderOrFollower) };
        Ok(leader.lock().low_watermark(log.log_start_offset(), &**self.replication()))
    }

    /// The followers in sync that can serve an offset, the one that is most caught up last. None where this broker does not lead.
    pub(crate) fn readable_from(&self, offset: i64) -> Vec<i32> {
        match &self.state().read().role {
            Role::Leader(leader) => leader.lock().readable_from(offset),
            Role::Follower { .. } => Vec::new(),
        }
    }

    /// Whether this broker leads, and replicas are not in sync.
    pub(crate) fn is_under_replicated(&self) -> bool {
        match &self.state().read().role {
            Role::Leader(leader) => leader.lock().is_under_replicated(),
            Role::Follower { .. } => false,
        }
    }

    /// Whether this broker leads, and fewer replicas are in sync than `min.insync.replicas` asks for.
    pub(crate) fn is_under_min_isr(&self) -> bool {
        let state = self.state().read();
        match (&state.role, state.hosted.log()) {
            (Role::Leader(leader), Ok(log)) => leader.lock().is_under_min_isr(log.config().min_insync_replicas),
            _ => false,
        }
    }

    /// The leader that is known here, `NO_LEADER` for none, and its epoch.
    pub(crate) fn leader_and_epoch(&self) -> (i32, i32) {
        let state = self.state().read();
        match state.role {
            Role::Leader(_) => (self.replication().node_id, state.leader_epoch),
            Role::Follower { leader } => (leader, state.leader_epoch),
        }
    }

    /// The offset from which on clients may be told offsets: the high watermark has to reach the start of the leader's epoch first.
    /// `None` where this broker does not lead.
    pub(crate) fn epoch_start(&self) -> Option<i64> {
        match &self.state().read().role {
            Role::Leader(leader) => Some(leader.lock().epoch_start()),
            Role::Follower { .. } => None,
        }
    }
}
