//! One partition with a replica on this broker.

use std::sync::Arc;

use kafka_log::log::VerificationGuard;
use kafka_log::log::error::{AppendError, KafkaError as _};
use kafka_log::log::types::{AppendOrigin, FetchIsolation, LogAppendInfo};
use kafka_log::log::{Answer, GroupAppend, LeaderAppend, TopicPartition};
use kafka_rpc::{ErrorCode, Uuid};
use parking_lot::RwLock;

use super::Watch;
use super::role::Role;
use crate::disk::Log;
use crate::marker::Marker;
use crate::metadata::NO_LEADER;
use crate::replication::{PartitionKey, Replication};
use crate::transaction::Producer;

/// Whether the log of a partition is here.
#[derive(Clone)]
pub(crate) enum Hosted {
    /// It is.
    Log(Arc<Log>),
    /// Its directory is offline, or it could not be created.
    Offline,
    /// The partition was deleted.
    Deleted,
}

impl Hosted {
    pub(super) fn log(&self) -> Result<&Arc<Log>, ErrorCode> {
        match self {
            Hosted::Log(log) => Ok(log),
            Hosted::Offline => Err(ErrorCode::KafkaStorageError),
            Hosted::Deleted => Err(ErrorCode::UnknownTopicOrPartition),
        }
    }
}

/// Records of a request that are appended together with those of others.
pub(crate) trait Submission {
    /// The records.
    fn records(&self) -> &[u8];
    /// Proof that the transaction of the records was verified.
    fn guard(&self) -> VerificationGuard;
    /// Whether all replicas in sync have to acknowledge the records.
    fn needs_isr(&self) -> bool;
    /// Takes the answer: what was appended, and the log start.
    fn done(&mut self, answer: Result<(LogAppendInfo, i64), AppendRefused>);
}

struct Grouped<'p, S> {
    submission: &'p mut S,
    terms: LeaderAppend,
    log: &'p Log,
}

impl<S: Submission> GroupAppend for Grouped<'_, S> {
    fn records(&self) -> &[u8] {
        self.submission.records()
    }

    fn terms(&self) -> LeaderAppend {
        self.terms
    }

    fn done(&mut self, answer: Answer) {
        let log_start_offset = self.log.log_start_offset();
        self.submission.done(match answer {
            Ok(info) => Ok((info, log_start_offset)),
            Err(error) => Err(AppendRefused::Log(error, log_start_offset)),
        });
    }
}

/// Why a partition has not taken records.
pub(crate) enum AppendRefused {
    /// Its log is not here, this broker does not lead, or too few replicas are in sync.
    NotTried(ErrorCode),
    /// What its log says, and where that starts.
    Log(AppendError, i64),
}

/// A partition (`Partition`).
pub(crate) struct Partition {
    topic_id: Uuid,
    tp: TopicPartition,
    replication: Arc<Replication>,
    /// Held for reading while records are appended: log and role stay the same meanwhile.
    state: RwLock<State>,
    watch: Arc<Watch>,
}

/// What may change of a partition.
pub(super) struct State {
    pub(super) hosted: Hosted,
    pub(super) role: Role,
    /// The epoch of the role, -1 before the first.
    pub(super) leader_epoch: i32,
    /// The epoch of the partition, from the metadata or the controller's answer to a change of the ISR, which may come first.
    pub(super) partition_epoch: i32,
    /// The epoch of the metadata that was taken over last, -1 before the first.
    pub(super) metadata_epoch: i32,
}

impl State {
    /// The log, for what only the leader may do.
    pub(super) fn leader_log(&self) -> Result<&Arc<Log>, ErrorCode> {
        let log = self.hosted.log()?;
        match self.role {
            Role::Leader(_) => Ok(log),
            Role::Follower { .. } => Err(ErrorCode::NotLeaderOrFollower),
        }
    }

    /// The same for a client that knows an epoch, -1 for none (`Partition.getLocalLog`).
    pub(super) fn leader_log_in(&self, known_epoch: i32) -> Result<&Arc<Log>, ErrorCode> {
        self.log_in(known_epoch)?;
        self.leader_log()
    }

    /// The log, of a leader or a follower.
    fn log_in(&self, known_epoch: i32) -> Result<&Arc<Log>, ErrorCode> {
        let log = self.hosted.log()?;
        self.check_leader_epoch(known_epoch)?;
        Ok(log)
    }

    /// (`Partition.checkCurrentLeaderEpoch`)
    fn check_leader_epoch(&self, known: i32) -> Result<(), ErrorCode> {
        match known {
            -1 => Ok(()),
            older if older < self.leader_epoch => Err(ErrorCode::FencedLeaderEpoch),
            newer if newer > self.leader_epoch => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    fn terms(&self, guard: VerificationGuard) -> LeaderAppend {
        LeaderAppend { verification_guard: guard, ..LeaderAppend::from_client(self.leader_epoch) }
    }
}

impl Partition {
    /// A partition that has no role until [`Partition::assume`] gives it one.
    pub(crate) fn new(
        topic_id: Uuid,
        tp: TopicPartition,
        replication: Arc<Replication>,
        hosted: Hosted,
        watch: Arc<Watch>,
    ) -> Self {
        let role = Role::Follower { leader: NO_LEADER };
        let state = State { hosted: hosted.clone(), role, leader_epoch: -1, partition_epoch: -1, metadata_epoch: -1 };
        let partition = Partition { topic_id, tp, replication, state: RwLock::new(state), watch };
        partition.observe(&hosted);
        partition
    }

    /// Topic and number.
    pub(crate) fn topic_partition(&self) -> &TopicPartition {
        &self.tp
    }

    pub(super) fn key(&self) -> PartitionKey {
        (self.topic_id, self.tp.partition())
    }

    pub(super) const fn replication(&self) -> &Arc<Replication> {
        &self.replication
    }

    pub(super) fn state(&self) -> &RwLock<State> {
        &self.state
    }

    /// Has the log wake those who wait for it.
    fn observe(&self, hosted: &Hosted) {
        if let Hosted::Log(log) = hosted {
            log.observe(Arc::clone(&self.watch) as Arc<_>);
        }
    }

    /// Has `exchange` put another log in the place of this one. Nothing is appended meanwhile.
    ///
    /// # Errors
    /// Those of `exchange`, after which the log is the same as before.
    pub(crate) fn exchange<E>(&self, exchange: impl FnOnce() -> Result<Hosted, E>) -> Result<(), E> {
        {
            let mut state = self.state.write();
            let new = exchange()?;
            self.observe(&new);
            state.hosted = new;
        }
        self.watch.wake();
        Ok(())
    }

    /// Lets go of the log, and tells those who wait for the partition that it was deleted.
    pub(crate) fn delete(&self) {
        self.state.write().hosted = Hosted::Deleted;
        self.watch.wake();
    }

    /// Changes the log with `change`, as its leader: neither log nor role change meanwhile, as they might after [`Partition::log`].
    /// It is told the epoch of the leader.
    ///
    /// # Errors
    /// Why the log is not here; `NOT_LEADER_OR_FOLLOWER`.
    pub(crate) fn with_leader_log<R>(&self, change: impl FnOnce(&Log, i32) -> R) -> Result<R, ErrorCode> {
        let state = self.state.read();
        let changed = change(state.leader_log()?, state.leader_epoch);
        self.advance(&state);
        Ok(changed)
    }

    /// The same for records of coordinators, which count once all replicas in sync have them.
    ///
    /// # Errors
    /// As [`Partition::with_leader_log`]; `NOT_ENOUGH_REPLICAS`.
    pub(crate) fn with_coordinator_log<R>(&self, change: impl FnOnce(&Log, i32) -> R) -> Result<R, ErrorCode> {
        let state = self.state.read();
        let log = state.leader_log()?;
        if Self::lacks_replicas(&state, log) {
            return Err(ErrorCode::NotEnoughReplicas);
        }
        let changed = change(log, state.leader_epoch);
        self.advance(&state);
        Ok(changed)
    }

    /// Appends the records of a client as the leader. `guard` is the proof that their transaction was verified; `needs_isr`: all
    /// replicas in sync have to acknowledge them.
    ///
    /// Gives the log start, too.
    ///
    /// # Errors
    /// Why nothing was appended.
    pub(crate) fn append(
        &self,
        records: &[u8],
        guard: VerificationGuard,
        needs_isr: bool,
        now_ms: i64,
    ) -> Result<(LogAppendInfo, i64), AppendRefused> {
        let state = self.state.read();
        let log = state.leader_log().map_err(AppendRefused::NotTried)?;
        if needs_isr && Self::lacks_replicas(&state, log) {
            return Err(AppendRefused::NotTried(ErrorCode::NotEnoughReplicas));
        }
        match log.append_as_leader(records, state.terms(guard), now_ms) {
            Ok(info) => {
                self.advance(&state);
                Ok((info, log.log_start_offset()))
            }
            Err(error) => Err(AppendRefused::Log(error, log.log_start_offset())),
        }
    }

    /// Appends for several requests with one write, in their order.
    pub(crate) fn append_all(&self, submissions: &mut [&mut impl Submission], now_ms: i64) {
        let state = self.state.read();
        let log = match state.leader_log() {
            Ok(log) => log,
            Err(code) => {
                submissions.iter_mut().for_each(|submission| submission.done(Err(AppendRefused::NotTried(code))));
                return;
            }
        };
        let lacks_replicas =
            submissions.iter().any(|submission| submission.needs_isr()) && Self::lacks_replicas(&state, log);
        let grouped = submissions.iter_mut().filter_map(|submission| {
            if lacks_replicas && submission.needs_isr() {
                submission.done(Err(AppendRefused::NotTried(ErrorCode::NotEnoughReplicas)));
                return None;
            }
            let terms = state.terms(submission.guard());
            Some(Grouped { submission: &mut **submission, terms, log })
        });
        let mut group: Vec<_> = grouped.collect();
        log.append_group_as_leader(&mut group, now_ms);
        drop(group);
        self.advance(&state);
    }

    /// Appends the marker of a transaction.
    ///
    /// # Errors
    /// Why it was not appended.
    pub(crate) fn append_marker(&self, marker: &Marker, now_ms: i64) -> Result<(), ErrorCode> {
        let batch = marker.batch(now_ms).map_err(|error| {
            tracing::error!(%error, "a marker cannot be written");
            ErrorCode::UnknownServerError
        })?;
        self.with_coordinator_log(|log, leader_epoch| {
            let append = LeaderAppend {
                origin: AppendOrigin::Coordinator,
                transaction_version: marker.transaction_version,
                ..LeaderAppend::from_client(leader_epoch)
            };
            log.append_as_leader(&batch, append, now_ms).map(|_| ()).map_err(|error| error.code())
        })?
    }

    /// Begins to verify a transaction with its coordinator, unless it runs in the log already: then the guard is the sentinel.
    ///
    /// # Errors
    /// `INVALID_PRODUCER_EPOCH`, and why the log is not here.
    pub(crate) fn start_verification(
        &self,
        producer: Producer,
        sequence: i32,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> Result<VerificationGuard, ErrorCode> {
        self.with_leader_log(|log, _| {
            let (id, epoch) = (producer.id, producer.epoch);
            let started = log.maybe_start_transaction_verification(id, sequence, epoch, supports_epoch_bump, now_ms);
            started.map_err(|error| error.code())
        })?
    }

    /// The log, whatever this broker is to the partition.
    ///
    /// # Errors
    /// `KAFKA_STORAGE_ERROR` where it is offline, `UNKNOWN_TOPIC_OR_PARTITION` where it was deleted.
    pub(crate) fn log(&self) -> Result<Arc<Log>, ErrorCode> {
        self.state.read().hosted.log().cloned()
    }

    /// The log and the epoch of its leader, which this broker must be (`Partition.localLogWithEpochOrThrow`).
    ///
    /// # Errors
    /// Why the log is not here; for the epoch that a client knows, -1 for none: `FENCED_LEADER_EPOCH`, `UNKNOWN_LEADER_EPOCH`;
    /// `NOT_LEADER_OR_FOLLOWER`.
    pub(crate) fn leader_log(&self, known_epoch: i32) -> Result<(Arc<Log>, i32), ErrorCode> {
        let state = self.state.read();
        Ok((Arc::clone(state.leader_log_in(known_epoch)?), state.leader_epoch))
    }

    /// The log for clients that may read from followers, too, and the epoch of the leader.
    ///
    /// # Errors
    /// As [`Partition::leader_log`], but for `NOT_LEADER_OR_FOLLOWER`.
    pub(crate) fn replica_log(&self, known_epoch: i32) -> Result<(Arc<Log>, i32), ErrorCode> {
        let state = self.state.read();
        Ok((Arc::clone(state.log_in(known_epoch)?), state.leader_epoch))
    }

    /// Whether the log is here, and its directory works.
    pub(crate) fn is_online(&self) -> bool {
        self.log().is_ok_and(|log| log.readable_bytes(log.log_start_offset(), FetchIsolation::LogEnd).is_ok())
    }

    /// Whether this broker leads.
    pub(crate) fn is_leader(&self) -> bool {
        matches!(self.state.read().role, Role::Leader(_))
    }

    /// Who waits for the partition.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}
