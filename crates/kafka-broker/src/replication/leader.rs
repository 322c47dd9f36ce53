//! What the leader of a partition knows of its replicas (`Partition`, `Replica`): who is in sync, and what is committed.
//!
//! A pure state machine: offsets of the log, the time and the state of brokers come with each call.

use kafka_log::log::types::Watermarks;
use kafka_rpc::ErrorCode;

use crate::metadata;

/// An offset or an epoch that is not known.
const UNKNOWN: i64 = -1;

/// What the metadata says of brokers.
pub(crate) trait Brokers {
    /// A broker that is registered and not fenced.
    fn alive(&self, id: i32) -> Option<Alive>;
}

/// A broker that is registered and not fenced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Alive {
    pub(crate) epoch: i64,
    pub(crate) is_shutting_down: bool,
}

/// A change of the ISR that the leader wants (`LeaderAndIsr`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct IsrChange {
    pub(crate) leader_epoch: i32,
    /// The change is refused if the partition has changed since this epoch.
    pub(crate) partition_epoch: i32,
    /// Replicas and the epochs of their brokers, -1 where not known.
    pub(crate) isr: Vec<(i32, i64)>,
    pub(crate) is_expansion: bool,
}

/// A partition as the controller has changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accepted {
    pub(crate) leader_epoch: i32,
    pub(crate) partition_epoch: i32,
    pub(crate) isr: Vec<i32>,
}

/// What has become of a change of the ISR.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Altered {
    /// It is in force.
    Committed,
    /// It is not, and the old ISR is known to hold: another change may be tried.
    Rejected,
    /// Whether it is in force is not known. The metadata will tell.
    Unknown,
    /// The metadata has told already.
    Outdated,
    /// It has to be sent again.
    Retry,
}

/// What a fetch tells of its follower.
#[derive(Clone, Copy, Debug)]
pub(crate) struct FollowerFetch {
    pub(crate) replica: i32,
    pub(crate) broker_epoch: i64,
    /// The leader epoch in which the fetch was served.
    pub(crate) leader_epoch: i32,
    /// The offset that is fetched: the log end of the follower.
    pub(crate) offset: i64,
    pub(crate) log_start: i64,
    /// The log end of the leader before the read.
    pub(crate) leader_end: i64,
    pub(crate) now_ms: i64,
}

/// The state of the leader of a partition.
#[derive(Debug)]
pub(crate) struct Leader {
    id: i32,
    lag_max_ms: i64,
    leader_epoch: i32,
    partition_epoch: i32,
    /// The log end when the epoch began.
    epoch_start: i64,
    isr: Box<[i32]>,
    /// The change of the ISR that the controller has not answered yet.
    pending: Option<Box<IsrChange>>,
    followers: Box<[Follower]>,
    /// Replicas without those that a reassignment adds.
    replication_factor: usize,
}

/// A follower as its fetches show it (`ReplicaState`).
#[derive(Clone, Copy, Debug)]
struct Follower {
    id: i32,
    log_start: i64,
    log_end: i64,
    /// The log end of the leader at the last fetch.
    leader_end: i64,
    last_fetch_ms: i64,
    /// The last time at which it had all that the leader had then.
    caught_up_ms: i64,
    /// That of the last fetch, `None` before the first.
    broker_epoch: Option<i64>,
}

impl Follower {
    const fn new(id: i32) -> Self {
        Follower {
            id,
            log_start: UNKNOWN,
            log_end: UNKNOWN,
            leader_end: 0,
            last_fetch_ms: 0,
            caught_up_ms: 0,
            broker_epoch: None,
        }
    }

    /// (`ReplicaState.isCaughtUp`)
    fn is_caught_up(&self, leader_end: i64, now_ms: i64, lag_max_ms: i64) -> bool {
        self.log_end == leader_end || now_ms.saturating_sub(self.caught_up_ms) <= lag_max_ms
    }

    /// Whether its broker may be in an ISR (`isReplicaIsrEligible`).
    fn is_eligible(&self, brokers: &dyn Brokers) -> bool {
        let (Some(alive), Some(epoch)) = (brokers.alive(self.id), self.broker_epoch) else { return false };
        !alive.is_shutting_down && (epoch == UNKNOWN || epoch == alive.epoch)
    }

    /// (`Replica.updateFetchStateOrThrow`)
    fn fetched(&mut self, fetch: &FollowerFetch) {
        if fetch.offset >= fetch.leader_end {
            self.caught_up_ms = self.caught_up_ms.max(fetch.now_ms);
        } else if fetch.offset >= self.leader_end {
            self.caught_up_ms = self.caught_up_ms.max(self.last_fetch_ms);
        }
        self.log_start = fetch.log_start;
        self.log_end = fetch.offset;
        self.leader_end = self.leader_end.max(fetch.leader_end);
        self.last_fetch_ms = fetch.now_ms;
        self.broker_epoch = Some(fetch.broker_epoch);
    }

    /// Begins a leader epoch in which the leader stays the same (`Replica.resetReplicaState`).
    fn begin_epoch(&mut self, epoch_start: i64, is_in_sync: bool, now_ms: i64) {
        self.leader_end = epoch_start;
        self.last_fetch_ms = if is_in_sync { now_ms } else { 0 };
        self.caught_up_ms = self.last_fetch_ms;
    }
}

impl Leader {
    /// Begins to lead with a log that ends at `log_end`.
    pub(crate) fn new(id: i32, lag_max_ms: i64, to: &metadata::Partition, log_end: i64, now_ms: i64) -> Self {
        let mut leader = Leader {
            id,
            lag_max_ms,
            leader_epoch: to.leader_epoch,
            partition_epoch: to.partition_epoch,
            epoch_start: log_end,
            isr: Box::default(),
            pending: None,
            followers: Box::default(),
            replication_factor: 0,
        };
        leader.take_over(to);
        for follower in &mut leader.followers {
            // A follower in the ISR has the time of a lag to show up, and others do not hold up the high watermark.
            follower.caught_up_ms = if to.isr.contains(&follower.id) { now_ms } else { 0 };
            follower.leader_end = UNKNOWN;
        }
        leader
    }

    /// Takes over a change of the metadata that leaves the leader the same, perhaps in another epoch.
    pub(crate) fn update(&mut self, to: &metadata::Partition, log_end: i64, now_ms: i64) {
        // The controller's answer to a change of the ISR came before the metadata, and a further change may be pending: to forget it would
        // move the high watermark without a replica that the controller counts as in sync by now.
        if to.leader_epoch == self.leader_epoch && to.partition_epoch <= self.partition_epoch {
            // Only the metadata tells which replicas there are.
            if to.partition_epoch == self.partition_epoch {
                self.take_assignment(to);
            }
            return;
        }
        self.take_over(to);
        self.partition_epoch = to.partition_epoch;
        if to.leader_epoch > self.leader_epoch {
            self.leader_epoch = to.leader_epoch;
            self.epoch_start = log_end;
            for follower in &mut self.followers {
                follower.begin_epoch(log_end, to.isr.contains(&follower.id), now_ms);
            }
        }
    }

    /// (`Partition.updateAssignmentAndIsr`)
    fn take_over(&mut self, to: &metadata::Partition) {
        self.take_assignment(to);
        self.isr.clone_from(&to.isr);
        self.pending = None;
    }

    fn take_assignment(&mut self, to: &metadata::Partition) {
        let others = to.replicas.iter().filter(|id| **id != self.id);
        let known = |id: i32| self.followers.iter().find(|follower| follower.id == id).copied();
        self.followers = others.map(|id| known(*id).unwrap_or(Follower::new(*id))).collect();
        self.replication_factor = to.replicas.iter().filter(|id| !to.adding_replicas.contains(id)).count();
    }

    /// Whether a broker has a replica.
    pub(crate) fn knows(&self, replica: i32) -> bool {
        self.followers.iter().any(|follower| follower.id == replica)
    }

    /// Whether there are other replicas.
    pub(crate) const fn has_followers(&self) -> bool {
        !self.followers.is_empty()
    }

    /// The log end when the epoch began.
    pub(crate) const fn epoch_start(&self) -> i64 {
        self.epoch_start
    }

    /// Notes a fetch of a follower; says whether its log end has moved.
    ///
    /// # Errors
    /// `NOT_LEADER_OR_FOLLOWER` for the fetch of an earlier life of its broker.
    pub(crate) fn fetched(&mut self, fetch: &FollowerFetch, brokers: &dyn Brokers) -> Result<bool, ErrorCode> {
        let is_stale = |alive: Alive| fetch.broker_epoch != UNKNOWN && alive.epoch > fetch.broker_epoch;
        if fetch.leader_epoch != self.leader_epoch || brokers.alive(fetch.replica).is_some_and(is_stale) {
            return Err(ErrorCode::NotLeaderOrFollower);
        }
        let follower = self.followers.iter_mut().find(|follower| follower.id == fetch.replica);
        let follower = follower.ok_or(ErrorCode::NotLeaderOrFollower)?;
        let before = follower.log_end;
        follower.fetched(fetch);
        Ok(before != follower.log_end)
    }

    /// Adds a follower to the ISR that has caught up, if there is none pending (`Partition.maybeExpandIsr`).
    pub(crate) fn expand(&mut self, replica: i32, at: Watermarks, brokers: &dyn Brokers) -> Option<IsrChange> {
        if self.pending.is_some() || self.isr.contains(&replica) {
            return None;
        }
        let follower = self.followers.iter().find(|follower| follower.id == replica)?;
        let is_in_sync = follower.log_end >= at.high_watermark && follower.log_end >= self.epoch_start;
        if !is_in_sync || !follower.is_eligible(brokers) {
            return None;
        }
        let isr: Vec<i32> = self.isr.iter().copied().chain([replica]).collect();
        Some(self.propose(&isr, true, brokers))
    }

    /// Removes followers from the ISR that have not caught up for too long (`Partition.maybeShrinkIsr`).
    pub(crate) fn shrink(&mut self, log_end: i64, now_ms: i64, brokers: &dyn Brokers) -> Option<IsrChange> {
        if self.pending.is_some() {
            return None;
        }
        let is_in_sync = |id: &i32| {
            let follower = self.followers.iter().find(|follower| follower.id == *id);
            *id == self.id || follower.is_some_and(|it| it.is_caught_up(log_end, now_ms, self.lag_max_ms))
        };
        let isr: Vec<i32> = self.isr.iter().copied().filter(is_in_sync).collect();
        (isr.len() < self.isr.len()).then(|| self.propose(&isr, false, brokers))
    }

    /// (`prepareIsrExpand`, `prepareIsrShrink`, `addBrokerEpochToIsr`)
    fn propose(&mut self, isr: &[i32], is_expansion: bool, brokers: &dyn Brokers) -> IsrChange {
        let epoch_of = |id: i32| match id == self.id {
            true => brokers.alive(id).map_or(UNKNOWN, |alive| alive.epoch),
            // A follower that has not fetched in this epoch: if it fails, the controller will have changed the partition.
            false => {
                let follower = self.followers.iter().find(|follower| follower.id == id);
                follower.and_then(|follower| follower.broker_epoch).unwrap_or(UNKNOWN)
            }
        };
        let change = IsrChange {
            leader_epoch: self.leader_epoch,
            partition_epoch: self.partition_epoch,
            isr: isr.iter().map(|id| (*id, epoch_of(*id))).collect(),
            is_expansion,
        };
        self.pending = Some(Box::new(change.clone()));
        change
    }

    /// Takes the controller's answer to a change (`handleAlterPartitionUpdate`, `handleAlterPartitionError`).
    pub(crate) fn altered(&mut self, change: &IsrChange, answer: &Result<Accepted, ErrorCode>) -> Altered {
        if self.pending.as_deref() != Some(change) {
            return Altered::Outdated;
        }
        match answer {
            Ok(to) if to.leader_epoch != self.leader_epoch || to.partition_epoch < self.partition_epoch => {
                Altered::Outdated
            }
            Ok(to) => {
                self.isr = to.isr.as_slice().into();
                self.partition_epoch = to.partition_epoch;
                self.pending = None;
                Altered::Committed
            }
            // The controller says that the epochs are right and that it has not made the change: no other has.
            Err(ErrorCode::OperationNotAttempted | ErrorCode::IneligibleReplica) => {
                self.pending = None;
                Altered::Rejected
            }
            Err(
                ErrorCode::UnknownTopicOrPartition
                | ErrorCode::UnknownTopicId
                | ErrorCode::FencedLeaderEpoch
                | ErrorCode::InvalidUpdateVersion
                | ErrorCode::InvalidRequest
                | ErrorCode::NewLeaderElected,
            ) => Altered::Unknown,
            Err(_) => Altered::Retry,
        }
    }

    /// Whether a replica may be in sync, as far as this leader knows: a pending expansion counts, a pending shrinking does not
    /// (`PartitionState.maximalIsr`).
    fn may_be_in_sync(&self, id: i32) -> bool {
        let joins = |change: &IsrChange| change.is_expansion && change.isr.iter().any(|(member, _)| *member == id);
        self.isr.contains(&id) || self.pending.as_deref().is_some_and(joins)
    }

    fn maximal_isr_len(&self) -> usize {
        self.isr.len() + usize::from(self.pending.as_ref().is_some_and(|change| change.is_expansion))
    }

    /// `min.insync.replicas`, or the number of replicas if that is less.
    fn effective_min_isr(&self, min_isr: i32) -> usize {
        usize::try_from(min_isr).unwrap_or(0).min(self.followers.len() + 1)
    }

    /// Whether there are fewer replicas in sync than a commit needs.
    pub(crate) fn is_under_min_isr(&self, min_isr: i32) -> bool {
        self.isr.len() < self.effective_min_isr(min_isr)
    }

    /// Whether replicas are not in sync.
    pub(crate) fn is_under_replicated(&self) -> bool {
        self.isr.len() < self.replication_factor
    }

    /// Where the high watermark can move to (`maybeIncrementLeaderHW`): to what all replicas have that are in sync, or are about to be.
    /// It stays where too few are in sync (KIP-966).
    pub(crate) fn high_watermark(
        &self,
        at: Watermarks,
        min_isr: i32,
        now_ms: i64,
        brokers: &dyn Brokers,
    ) -> Option<i64> {
        if self.is_under_min_isr(min_isr) {
            return None;
        }
        let mut committed = at.log_end;
        for follower in &self.followers {
            if follower.log_end < committed
                && (self.may_be_in_sync(follower.id)
                    || follower.is_caught_up(at.log_end, now_ms, self.lag_max_ms) && follower.is_eligible(brokers))
            {
                committed = follower.log_end;
            }
        }
        (committed > at.high_watermark).then_some(committed)
    }

    /// What a producer is told that waits until all replicas in sync have its records, which end before `required`. `None`: it waits on
    /// (`checkEnoughReplicasReachOffset`).
    pub(crate) fn acknowledged(
        &self,
        required: i64,
        high_watermark: i64,
        min_isr: i32,
    ) -> Option<Result<(), ErrorCode>> {
        let has_enough = self.maximal_isr_len() >= self.effective_min_isr(min_isr);
        let answer = if has_enough { Ok(()) } else { Err(ErrorCode::NotEnoughReplicasAfterAppend) };
        (high_watermark >= required).then_some(answer)
    }

    /// The lowest log start of all replicas whose brokers are alive, with that of the leader (`lowWatermarkIfLeader`).
    pub(crate) fn low_watermark(&self, log_start: i64, brokers: &dyn Brokers) -> i64 {
        let alive = self.followers.iter().filter(|follower| brokers.alive(follower.id).is_some());
        alive.map(|follower| follower.log_start).fold(log_start, i64::min)
    }

    /// The followers in sync that can serve an offset, the one that is most caught up last (`ReplicaView.comparator`).
    pub(crate) fn readable_from(&self, offset: i64) -> Vec<i32> {
        let can_serve = |follower: &&Follower| {
            self.isr.contains(&follower.id) && follower.log_start <= offset && offset <= follower.log_end
        };
        let mut found: Vec<&Follower> = self.followers.iter().filter(can_serve).collect();
        found.sort_by_key(|follower| (follower.log_end, follower.caught_up_ms, follower.id));
        found.iter().map(|follower| follower.id).collect()
    }
}

#[cfg(test)]
mod tests;
