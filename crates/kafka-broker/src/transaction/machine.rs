//! What a transactional id is, and what requests make of it: pure functions (`TransactionMetadata` and the decisions of
//! `TransactionCoordinator`).
//!
//! Kafka notes a pending state while a record is being written. Here the record is written under the lock of the partition, so
//! that only the wait for markers can be seen by others: a prepared transaction.

mod end;
mod init;

use std::collections::BTreeSet;
use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::api::{NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Producer};
use super::state::State;
use crate::marker::Marker;

pub(super) use end::{Ended, Outcome};
pub(super) use init::Initialized;

/// A topic and the number of a partition.
pub(super) type Partition = (Arc<str>, i32);

/// Gives producer ids.
pub(super) type NextId<'i> = &'i dyn Fn() -> Result<i64, ErrorCode>;

/// A transactional id, with its producer and the last transaction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Transaction {
    /// The producer id.
    pub(super) producer_id: i64,
    /// The one before the last change.
    pub(super) previous_producer_id: i64,
    /// The one after this transaction, where the epochs of the producer id are used up; otherwise -1.
    pub(super) next_producer_id: i64,
    /// The epoch.
    pub(super) producer_epoch: i16,
    /// The one before, by which a repeated request is known; -1 for none. Not stored.
    pub(super) last_producer_epoch: i16,
    /// After which time a transaction is aborted.
    pub(super) timeout_ms: i32,
    /// What became of the last transaction.
    pub(super) state: State,
    /// Where the transaction has records, and no marker yet.
    pub(super) partitions: BTreeSet<Partition>,
    /// When the transaction began, -1 if there was none.
    pub(super) start_ms: i64,
    /// When anything was changed.
    pub(super) update_ms: i64,
    /// The version of transactions that the client speaks.
    pub(super) client_version: i16,
    /// A fence could not be written: its epoch, which no client has seen, is used for the next attempt. Not stored.
    pub(super) has_failed_fence: bool,
}

/// Whether the next epoch must not be given to a producer: the last one is for fencing it.
const fn is_exhausted(epoch: i16) -> bool {
    epoch >= i16::MAX - 1
}

impl Transaction {
    /// A transactional id that is new, before its first epoch.
    pub(super) fn new(producer_id: i64, timeout_ms: i32, now_ms: i64) -> Self {
        Transaction {
            producer_id,
            previous_producer_id: NO_PRODUCER_ID,
            next_producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            last_producer_epoch: NO_PRODUCER_EPOCH,
            timeout_ms,
            state: State::Empty,
            partitions: BTreeSet::new(),
            start_ms: -1,
            update_ms: now_ms,
            client_version: 0,
            has_failed_fence: false,
        }
    }

    /// The producer.
    pub(super) const fn producer(&self) -> Producer {
        Producer { id: self.producer_id, epoch: self.producer_epoch }
    }

    /// This, in another state.
    fn to(&self, state: State, now_ms: i64) -> Self {
        Transaction { state, previous_producer_id: self.producer_id, update_ms: now_ms, ..self.clone() }
    }

    /// AddPartitionsToTxn. `None`: all are part of the transaction already.
    ///
    /// # Errors
    /// `CONCURRENT_TRANSACTIONS`, `INVALID_PRODUCER_ID_MAPPING`, `PRODUCER_FENCED`.
    pub(super) fn add_partitions(
        &self,
        producer: Producer,
        partitions: &[Partition],
        client_version: i16,
        now_ms: i64,
    ) -> Result<Option<Self>, ErrorCode> {
        if self.state.is_prepared() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        self.check_producer(producer)?;
        let is_open = self.is_open();
        if is_open && partitions.iter().all(|partition| self.partitions.contains(partition)) {
            return Ok(None);
        }
        let mut next = self.to(State::Ongoing, now_ms);
        next.partitions.extend(partitions.iter().cloned());
        next.start_ms = if is_open { self.start_ms } else { now_ms };
        next.client_version = client_version;
        Ok(Some(next))
    }

    /// Whether records of a producer for a partition are part of the open transaction.
    ///
    /// # Errors
    /// `INVALID_PRODUCER_ID_MAPPING`, `PRODUCER_FENCED`, `CONCURRENT_TRANSACTIONS`; `TRANSACTION_ABORTABLE` where the partition was
    /// not added.
    pub(super) fn verify(&self, producer: Producer, partition: &Partition) -> Result<(), ErrorCode> {
        self.check_producer(producer)?;
        match self.state.is_prepared() {
            true => Err(ErrorCode::ConcurrentTransactions),
            false if self.partitions.contains(partition) => Ok(()),
            false => Err(ErrorCode::TransactionAbortable),
        }
    }

    fn check_producer(&self, producer: Producer) -> Result<(), ErrorCode> {
        match producer {
            other if other.id != self.producer_id => Err(ErrorCode::InvalidProducerIdMapping),
            other if other.epoch != self.producer_epoch => Err(ErrorCode::ProducerFenced),
            _ => Ok(()),
        }
    }

    /// The marker of a prepared transaction.
    pub(super) fn marker(&self, coordinator_epoch: i32) -> Marker {
        Marker {
            producer_id: self.producer_id,
            producer_epoch: self.producer_epoch,
            coordinator_epoch,
            is_commit: self.state == State::PrepareCommit,
            transaction_version: self.client_version,
        }
    }

    /// Whether records may be added.
    pub(super) fn is_open(&self) -> bool {
        self.state == State::Ongoing
    }

    /// Whether the transaction has been open for longer than its producer wanted.
    pub(super) fn is_timed_out(&self, now_ms: i64) -> bool {
        self.is_open() && self.start_ms.saturating_add(self.timeout_ms.into()) < now_ms
    }

    /// Whether the id may be forgotten.
    pub(super) fn is_expired(&self, now_ms: i64, expiration_ms: i64) -> bool {
        self.state.is_at_rest() && self.update_ms <= now_ms.saturating_sub(expiration_ms)
    }
}
