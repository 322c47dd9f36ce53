//! All partitions of `__transaction_state` in one place (`TransactionCoordinator`, `TransactionStateManager`).

mod finish;
mod load;
mod queries;
mod requests;
mod tick;

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use kafka_rpc::ErrorCode;
use parking_lot::Mutex;

use super::machine::Transaction;
use super::record;
use super::{Host, TransactionConfig};
use crate::coordinator::Slot;
use crate::group::partition_for;

use finish::Queue;
pub(crate) use load::Load;
use tick::Schedule;

/// The coordinators of all transactional ids whose partition of `__transaction_state` this broker leads. All methods may be
/// called from any thread.
pub(crate) struct Coordinators {
    config: TransactionConfig,
    slots: Box<[Mutex<Slot<Shard>>]>,
    schedule: Mutex<Schedule>,
    queue: Queue,
    totals: Totals,
}

#[derive(Default)]
struct Totals {
    fenced: AtomicU64,
    timed_out: AtomicU64,
    expired: AtomicU64,
}

/// The transactional ids of one partition.
#[derive(Default)]
struct Shard {
    transactions: HashMap<Arc<str>, Transaction>,
    /// Those that are prepared, and whose markers could not all be written.
    unfinished: HashMap<Arc<str>, Retry>,
}

/// How far another attempt at markers is.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Retry {
    /// It is made when its time has come.
    Due,
    /// It waits for the thread that writes markers.
    Queued,
}

impl Shard {
    /// A record takes effect.
    fn put(&mut self, id: &str, transaction: Transaction) {
        match self.transactions.get_mut(id) {
            Some(known) => *known = transaction,
            None => drop(self.transactions.insert(id.into(), transaction)),
        }
    }
}

/// A partition that this broker leads, locked.
struct Led<'c> {
    coordinators: &'c Coordinators,
    shard: &'c mut Shard,
    host: &'c dyn Host,
    partition: i32,
    leader_epoch: i32,
    now_ms: i64,
}

impl Led<'_> {
    /// Appends a record; then it takes effect.
    fn write(&mut self, id: &str, transaction: Transaction) -> Result<(), ErrorCode> {
        let version = self.host.transaction_version();
        let batch = record::batch(id, &transaction, version, self.now_ms).map_err(|error| {
            tracing::error!(transactional_id = id, %error, "a record of a transaction cannot be written");
            ErrorCode::UnknownServerError
        })?;
        self.append(&batch)?;
        self.shard.put(id, transaction);
        Ok(())
    }

    fn append(&self, batch: &[u8]) -> Result<(), ErrorCode> {
        self.host.append(self.partition, batch).map_err(|error| {
            let partition = self.partition;
            tracing::warn!(partition, error = error.name(), "appending to __transaction_state failed");
            append_error(error)
        })
    }
}

/// The error that producers get when a record cannot be appended (`appendTransactionToLog`).
fn append_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition
        | ErrorCode::NotEnoughReplicas
        | ErrorCode::NotEnoughReplicasAfterAppend
        | ErrorCode::RequestTimedOut => ErrorCode::CoordinatorNotAvailable,
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge => ErrorCode::UnknownServerError,
        other => other,
    }
}

impl Coordinators {
    /// Coordinators of a topic with so many partitions, none of which is led yet.
    pub(crate) fn new(config: TransactionConfig, partitions: i32, now_ms: i64) -> Self {
        Coordinators {
            schedule: Mutex::new(Schedule::new(&config, now_ms)),
            queue: Queue::default(),
            config,
            slots: (0..partitions.max(1)).map(|_| Mutex::new(Slot::Elsewhere)).collect(),
            totals: Totals::default(),
        }
    }

    /// The partition of a transactional id, whose leader coordinates it.
    fn partition_for(&self, id: &str) -> i32 {
        // There are as many as an i32 said.
        partition_for(id, i32::try_from(self.slots.len()).unwrap_or(i32::MAX))
    }

    fn slot(&self, partition: i32) -> Option<&Mutex<Slot<Shard>>> {
        self.slots.get(usize::try_from(partition).ok()?)
    }

    /// Does something with the partition of a transactional id.
    fn with<R>(
        &self,
        host: &dyn Host,
        id: &str,
        now_ms: i64,
        act: impl FnOnce(&mut Led<'_>) -> Result<R, ErrorCode>,
    ) -> Result<R, ErrorCode> {
        self.with_partition(host, self.partition_for(id), now_ms, act)
    }

    fn with_partition<R>(
        &self,
        host: &dyn Host,
        partition: i32,
        now_ms: i64,
        act: impl FnOnce(&mut Led<'_>) -> Result<R, ErrorCode>,
    ) -> Result<R, ErrorCode> {
        let mut slot = self.slot(partition).ok_or(ErrorCode::NotCoordinator)?.lock();
        let leader_epoch = slot.leader_epoch().unwrap_or(-1);
        let shard = slot.shard_mut()?;
        act(&mut Led { coordinators: self, shard, host, partition, leader_epoch, now_ms })
    }

    fn count(of: &AtomicU64, count: u64) {
        of.fetch_add(count, Ordering::Relaxed);
    }
}
