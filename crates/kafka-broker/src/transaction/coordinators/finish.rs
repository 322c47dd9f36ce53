//! Transactions that are decided: markers, then the record that says so (`TransactionMarkerChannelManager`). And aborts that the
//! coordinator decides on.
//!
//! One thread writes all markers, with no partition locked, so that the threads that serve clients never wait for them and no
//! marker is written twice at the same time.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use parking_lot::{Condvar, Mutex};

use super::super::machine::Partition;
use super::super::{Host, Producer};
use super::{Coordinators, Led, Retry};
use crate::marker::Marker;
use crate::net::Ticket;

/// After which time markers are tried again.
const RETRY_MS: i64 = 1_000;

/// What a failed marker means (`TransactionMarkerRequestCompletionHandler`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The partition was deleted: it needs no marker.
    Gone,
    /// A later coordinator or producer has been there: this one has no say any more.
    Fenced,
    /// The partition may take it later.
    Later,
}

impl Failure {
    const fn of(error: ErrorCode) -> Self {
        match error {
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnsupportedForMessageFormat
            | ErrorCode::UnsupportedVersion => Failure::Gone,
            ErrorCode::InvalidProducerEpoch | ErrorCode::TransactionCoordinatorFenced => Failure::Fenced,
            _ => Failure::Later,
        }
    }
}

/// A decided transaction whose markers are to be written.
struct Decided {
    partition: i32,
    id: Arc<str>,
    /// The request that is answered after the first attempt, and what its producer is from now on.
    asked: Option<(Ticket, Producer)>,
}

/// Decided transactions in the order in which they were decided.
#[derive(Default)]
pub(super) struct Queue {
    state: Mutex<QueueState>,
    changed: Condvar,
}

#[derive(Default)]
struct QueueState {
    decided: VecDeque<Decided>,
    is_stopped: bool,
}

impl Queue {
    fn push(&self, decided: Decided) {
        self.state.lock().decided.push_back(decided);
        self.changed.notify_one();
    }

    /// The next one, once there is one; `None` after the stop, when all are taken.
    fn wait(&self) -> Option<Decided> {
        let mut state = self.state.lock();
        loop {
            if let Some(next) = state.decided.pop_front() {
                return Some(next);
            }
            if state.is_stopped {
                return None;
            }
            self.changed.wait(&mut state);
        }
    }
}

/// The markers of a transaction, as far as they are not written.
struct Attempt {
    leader_epoch: i32,
    marker: Marker,
    partitions: BTreeSet<Partition>,
}

/// A partition that has not taken its marker, and why.
type Refused = (Partition, ErrorCode);

impl Attempt {
    /// Writes the markers; those that could not be written stay. Gives the last failure, a fence before all others.
    fn write(&mut self, host: &dyn Host) -> Option<Refused> {
        let mut refused: Option<Refused> = None;
        let is_fenced = |refused: &Option<Refused>| {
            refused.as_ref().is_some_and(|(_, error)| Failure::of(*error) == Failure::Fenced)
        };
        let marker = &self.marker;
        self.partitions.retain(|(topic, partition)| {
            if is_fenced(&refused) {
                return true;
            }
            let Err(error) = host.write_marker(topic, *partition, marker) else { return false };
            if Failure::of(error) == Failure::Gone {
                return false;
            }
            refused = Some(((Arc::clone(topic), *partition), error));
            true
        });
        refused
    }
}

impl Coordinators {
    /// Writes the markers of decided transactions until [`Coordinators::stop_markers`]. What is decided by then is finished first.
    pub(crate) fn run_markers(&self, host: &dyn Host, now_ms: impl Fn() -> i64) {
        while let Some(decided) = self.queue.wait() {
            self.finish(host, decided, now_ms());
        }
    }

    /// Ends [`Coordinators::run_markers`].
    pub(crate) fn stop_markers(&self) {
        self.queue.state.lock().is_stopped = true;
        self.queue.changed.notify_all();
    }

    /// Writes the markers that wait.
    #[cfg(test)]
    pub(in super::super) fn write_markers(&self, host: &dyn Host, now_ms: i64) {
        loop {
            let Some(next) = self.queue.state.lock().decided.pop_front() else { return };
            self.finish(host, next, now_ms);
        }
    }

    /// Has the markers of a decided transaction written soon.
    pub(super) fn finish_soon(&self, partition: i32, id: Arc<str>, asked: Option<(Ticket, Producer)>) {
        self.queue.push(Decided { partition, id, asked });
    }

    /// Writes the markers of a decided transaction, and that it is complete. What cannot be written now is tried again later.
    fn finish(&self, host: &dyn Host, decided: Decided, now_ms: i64) {
        let Decided { partition, id, asked } = decided;
        // An error says that the partition has gone elsewhere, where the transaction is finished.
        let attempt = self.with_partition(host, partition, now_ms, |led| Ok(led.attempt(&id)));
        if let Ok(Some(mut attempt)) = attempt {
            let refused = attempt.write(host);
            let _ = self.with_partition(host, partition, now_ms, |led| {
                led.attempted(&id, attempt, refused);
                Ok(())
            });
        }
        if let Some((ticket, producer)) = asked {
            host.ended(ticket, producer);
        }
    }
}

impl Led<'_> {
    /// The markers that a transaction needs, if it is decided.
    fn attempt(&self, id: &str) -> Option<Attempt> {
        let transaction = self.shard.transactions.get(id).filter(|of| of.state.is_prepared())?;
        let marker = transaction.marker(self.leader_epoch);
        Some(Attempt { leader_epoch: self.leader_epoch, marker, partitions: transaction.partitions.clone() })
    }

    /// Markers were written: all of them if `refused` is `None`.
    fn attempted(&mut self, id: &Arc<str>, attempt: Attempt, refused: Option<Refused>) {
        let leader_epoch = self.leader_epoch;
        let is_same = leader_epoch == attempt.leader_epoch;
        let transaction = self.shard.transactions.get_mut(id).filter(|of| of.state.is_prepared());
        let transaction = transaction.filter(|of| is_same && of.marker(leader_epoch) == attempt.marker);
        // The partition was loaded again meanwhile, which finishes the transaction.
        let Some(transaction) = transaction else { return };
        transaction.partitions = attempt.partitions;
        let Some(((topic, partition), error)) = refused else {
            let complete = transaction.complete(self.now_ms);
            match self.write(id, complete) {
                Ok(()) => drop(self.shard.unfinished.remove(id)),
                Err(_) => self.finish_later(id, || {}),
            }
            return;
        };
        let is_fenced = Failure::of(error) == Failure::Fenced;
        let error = error.name();
        if is_fenced {
            self.shard.unfinished.remove(id);
            tracing::error!(transactional_id = &**id, %topic, partition, error, "a transaction cannot be ended here");
            return;
        }
        self.finish_later(id, || {
            tracing::warn!(
                transactional_id = &**id,
                %topic,
                partition,
                error,
                "a transaction is decided, the marker of a partition is tried again until it can be written"
            );
        });
    }

    fn finish_later(&mut self, id: &Arc<str>, say: impl FnOnce()) {
        // Said once, not at each attempt.
        if self.shard.unfinished.insert(Arc::clone(id), Retry::Due).is_none() {
            say();
        }
        let at = self.now_ms.saturating_add(RETRY_MS);
        if self.coordinators.schedule.lock().retry_at(at) {
            self.host.wake_at(at);
        }
    }

    /// Has markers that could not be written tried again.
    pub(super) fn retry(&mut self) {
        for (id, retry) in &mut self.shard.unfinished {
            if std::mem::replace(retry, Retry::Queued) == Retry::Due {
                self.coordinators.finish_soon(self.partition, Arc::clone(id), None);
            }
        }
    }

    /// Aborts an open transaction with an epoch that fences its producer; gives the producer that is fenced. `None` where no
    /// transaction is open.
    pub(super) fn abort(&mut self, id: &str) -> Result<Option<Producer>, ErrorCode> {
        let Some(known) = self.shard.transactions.get(id).filter(|of| of.is_open()) else { return Ok(None) };
        let (version, producer) = (self.host.transaction_version(), known.producer());
        let prepared = known.fence(version, &|| self.host.next_producer_id(), self.now_ms)?;
        if let Err(error) = self.write(id, prepared.clone()) {
            if let Some(known) = self.shard.transactions.get_mut(id) {
                known.fence_failed(&prepared, version);
            }
            return Err(error);
        }
        self.coordinators.finish_soon(self.partition, id.into(), None);
        Ok(Some(producer))
    }
}
