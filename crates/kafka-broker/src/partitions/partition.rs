//! One partition that this broker leads.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};

use kafka_log::log::VerificationGuard;
use kafka_log::log::error::{AppendError, KafkaError as _};
use kafka_log::log::types::{AppendOrigin, FetchIsolation, LogAppendInfo};
use kafka_log::log::{Answer, GroupAppend, LeaderAppend, TopicPartition};
use kafka_rpc::ErrorCode;
use parking_lot::RwLock;

use super::Watch;
use crate::disk::Log;
use crate::marker::Marker;
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
    fn log(&self) -> Result<&Arc<Log>, ErrorCode> {
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
    /// Its log is not here.
    NoLog(ErrorCode),
    /// What its log says, and where that starts.
    Log(AppendError, i64),
}

/// A partition (`Partition`).
pub(crate) struct Partition {
    tp: TopicPartition,
    log: RwLock<Hosted>,
    leader_epoch: AtomicI32,
    watch: Arc<Watch>,
}

impl Partition {
    pub(crate) fn new(tp: TopicPartition, hosted: Hosted, leader_epoch: i32, watch: Arc<Watch>) -> Self {
        let partition =
            Partition { tp, log: RwLock::new(hosted.clone()), leader_epoch: AtomicI32::new(leader_epoch), watch };
        partition.observe(&hosted);
        partition
    }

    /// Topic and number.
    pub(crate) fn topic_partition(&self) -> &TopicPartition {
        &self.tp
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
            let mut log = self.log.write();
            let new = exchange()?;
            self.observe(&new);
            *log = new;
        }
        self.watch.wake();
        Ok(())
    }

    /// Lets go of the log, and tells those who wait for the partition that it was deleted.
    pub(crate) fn delete(&self) {
        *self.log.write() = Hosted::Deleted;
        self.watch.wake();
    }

    /// Changes the log with `change`. No other log takes its place meanwhile, as it might after [`Partition::log`].
    ///
    /// # Errors
    /// Why the log is not here.
    pub(crate) fn with_log<R>(&self, change: impl FnOnce(&Log) -> R) -> Result<R, ErrorCode> {
        let hosted = self.log.read();
        Ok(change(hosted.log()?))
    }

    /// Appends the records of a client as the leader. `guard` is the proof that their transaction was verified.
    ///
    /// Gives the log start, too.
    ///
    /// # Errors
    /// Why nothing was appended.
    pub(crate) fn append(
        &self,
        records: &[u8],
        guard: VerificationGuard,
        now_ms: i64,
    ) -> Result<(LogAppendInfo, i64), AppendRefused> {
        let hosted = self.log.read();
        let log = hosted.log().map_err(AppendRefused::NoLog)?;
        match log.append_as_leader(records, self.terms(guard), now_ms) {
            Ok(info) => Ok((info, log.log_start_offset())),
            Err(error) => Err(AppendRefused::Log(error, log.log_start_offset())),
        }
    }

    /// Appends for several requests with one write, in their order.
    pub(crate) fn append_all(&self, submissions: &mut [&mut impl Submission], now_ms: i64) {
        let hosted = self.log.read();
        let log = match hosted.log() {
            Ok(log) => log,
            Err(code) => {
                submissions.iter_mut().for_each(|submission| submission.done(Err(AppendRefused::NoLog(code))));
                return;
            }
        };
        let grouped = submissions.iter_mut().map(|submission| {
            let terms = self.terms(submission.guard());
            Grouped { submission: &mut **submission, terms, log }
        });
        let mut group: Vec<_> = grouped.collect();
        log.append_group_as_leader(&mut group, now_ms);
    }

    fn terms(&self, guard: VerificationGuard) -> LeaderAppend {
        LeaderAppend { verification_guard: guard, ..LeaderAppend::from_client(self.leader_epoch()) }
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
        let append = LeaderAppend {
            origin: AppendOrigin::Coordinator,
            transaction_version: marker.transaction_version,
            ..LeaderAppend::from_client(self.leader_epoch())
        };
        self.with_log(|log| log.append_as_leader(&batch, append, now_ms).map(|_| ()).map_err(|error| error.code()))?
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
        self.with_log(|log| {
            let (id, epoch) = (producer.id, producer.epoch);
            let started = log.maybe_start_transaction_verification(id, sequence, epoch, supports_epoch_bump, now_ms);
            started.map_err(|error| error.code())
        })?
    }

    /// The log.
    ///
    /// # Errors
    /// `KAFKA_STORAGE_ERROR` where it is offline, `UNKNOWN_TOPIC_OR_PARTITION` where it was deleted.
    pub(crate) fn log(&self) -> Result<Arc<Log>, ErrorCode> {
        self.log.read().log().cloned()
    }

    /// Whether the log is here, and its directory works.
    pub(crate) fn is_online(&self) -> bool {
        self.log().is_ok_and(|log| log.readable_bytes(log.log_start_offset(), FetchIsolation::LogEnd).is_ok())
    }

    /// Epoch of this broker as the leader.
    pub(crate) fn leader_epoch(&self) -> i32 {
        self.leader_epoch.load(Ordering::Acquire)
    }

    /// Notes that this broker was elected again.
    pub(crate) fn set_leader_epoch(&self, epoch: i32) {
        self.leader_epoch.store(epoch, Ordering::Release);
    }

    /// Compares the epoch that a client knows, -1 for none, with the leader's (`checkCurrentLeaderEpoch`).
    ///
    /// # Errors
    /// `FENCED_LEADER_EPOCH`, `UNKNOWN_LEADER_EPOCH`.
    pub(crate) fn check_leader_epoch(&self, known: i32) -> Result<(), ErrorCode> {
        let ours = self.leader_epoch();
        match known {
            -1 => Ok(()),
            older if older < ours => Err(ErrorCode::FencedLeaderEpoch),
            newer if newer > ours => Err(ErrorCode::UnknownLeaderEpoch),
            _ => Ok(()),
        }
    }

    /// Who waits for the partition.
    pub(crate) fn watch(&self) -> &Watch {
        &self.watch
    }
}
