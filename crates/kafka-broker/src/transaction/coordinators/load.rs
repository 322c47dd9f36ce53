//! Partitions come and go: their logs are read, decided transactions finished (`loadTransactionsForTxnTopicPartition`).

use std::sync::Arc;

use super::super::record::{self, ReadError, Stored};
use super::{Coordinators, Shard, Slot};
use crate::coordinator::{self, LoadError, Replay};

impl Replay for Shard {
    type Error = ReadError;

    fn record(&mut self, _: i64, _: i64, key: &[u8], value: Option<&[u8]>, _: i64) -> Result<(), ReadError> {
        match record::read(key, value)? {
            Stored::Put(id, transaction) => drop(self.transactions.insert(id, *transaction)),
            Stored::Removed(id) => drop(self.transactions.remove(&id)),
            Stored::Unknown => tracing::warn!("a record of a later release in __transaction_state is left alone"),
        }
        Ok(())
    }

    /// The log has none.
    fn marker(&mut self, _: i64, _: bool) {}
}

/// A partition whose log is read; dropped before [`Load::finish`], the partition is not served.
pub(crate) struct Load<'c> {
    coordinators: &'c Coordinators,
    partition: i32,
    load: coordinator::Load<'c, Shard>,
}

impl Coordinators {
    /// This broker leads a partition from now on; it is served after [`Load::finish`]. `None` if there is no such partition, or
    /// if the epoch is not newer than the one that is known.
    pub(crate) fn load(&self, partition: i32, leader_epoch: i32) -> Option<Load<'_>> {
        let (load, _) = coordinator::Load::begin(self.slot(partition)?, leader_epoch, Shard::default())?;
        Some(Load { coordinators: self, partition, load })
    }

    /// This broker leads a partition no longer.
    pub(crate) fn unload(&self, partition: i32) {
        if let Some(slot) = self.slot(partition) {
            *slot.lock() = Slot::Elsewhere;
        }
    }
}

impl Load<'_> {
    /// Reads whole batches of the log. The log is given in order, from its start to its end.
    ///
    /// # Errors
    /// For batches and records that cannot be read.
    pub(crate) fn batches(&mut self, bytes: &[u8], now_ms: i64) -> Result<(), LoadError<ReadError>> {
        self.load.batches(bytes, now_ms)
    }

    /// The log is read: the transactions are served, and those that are decided are finished soon. Gives the number of ids.
    pub(crate) fn finish(self) -> usize {
        let Load { coordinators, partition, load } = self;
        let served = load.finish(|shard| {
            let prepared = shard.transactions.iter().filter(|(_, of)| of.state.is_prepared());
            let prepared: Vec<Arc<str>> = prepared.map(|(id, _)| Arc::clone(id)).collect();
            (prepared, shard.transactions.len())
        });
        // Leadership may have gone in the meantime.
        let Some((prepared, count)) = served else { return 0 };
        if !prepared.is_empty() {
            let count = prepared.len();
            tracing::info!(partition, count, "finishing transactions that were decided before the start");
        }
        prepared.into_iter().for_each(|id| coordinators.finish_soon(partition, id, None));
        count
    }
}
