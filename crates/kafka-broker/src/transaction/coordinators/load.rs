//! Partitions come and go: their logs are read, decided transactions finished (`loadTransactionsForTxnTopicPartition`).

use std::fmt;
use std::sync::Arc;

use kafka_log::compression::Decompressor;
use kafka_log::format::FormatError;
use kafka_log::segment::batch::{Batch, Batches};

use super::super::Host;
use super::super::record::ReadError;
use super::{Coordinators, Shard, Slot};

/// Longest content of a batch, decompressed.
const DECOMPRESSED_LEN_MAX: usize = 512 * 1024 * 1024;

/// A log of `__transaction_state` that cannot be read.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// A batch.
    Batch(FormatError),
    /// A record.
    Record {
        /// Its offset.
        offset: i64,
        /// Why.
        error: ReadError,
    },
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Batch(error) => error.fmt(f),
            LoadError::Record { offset, error } => write!(f, "record at offset {offset}: {error}"),
        }
    }
}

impl From<FormatError> for LoadError {
    fn from(error: FormatError) -> Self {
        LoadError::Batch(error)
    }
}

/// A partition whose log is read; dropped before [`Load::finish`], the partition is not served.
pub(crate) struct Load<'c> {
    coordinators: &'c Coordinators,
    partition: i32,
    leader_epoch: i32,
    shard: Option<Shard>,
    decompressor: Decompressor,
}

impl Coordinators {
    /// This broker leads a partition from now on; it is served after [`Load::finish`]. `None` if there is no such partition, or
    /// if the epoch is not newer than the one that is known.
    pub(crate) fn load(&self, partition: i32, leader_epoch: i32) -> Option<Load<'_>> {
        let mut slot = self.slot(partition)?.lock();
        if slot.leader_epoch().is_some_and(|known| known >= leader_epoch) {
            return None;
        }
        *slot = Slot::Loading { leader_epoch };
        let decompressor = Decompressor::new(DECOMPRESSED_LEN_MAX);
        Some(Load { coordinators: self, partition, leader_epoch, shard: Some(Shard::default()), decompressor })
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
    pub(crate) fn batches(&mut self, bytes: &[u8]) -> Result<(), LoadError> {
        let Some(shard) = &mut self.shard else { return Ok(()) };
        for batch in Batches::new(bytes) {
            let mut replay = |offset, key: Option<&[u8]>, value| {
                // Kafka fails at a record without a key, which it never writes; skipping it loses nothing.
                let Some(key) = key else { return Ok(()) };
                shard.replay(key, value).map_err(|error| LoadError::Record { offset, error })
            };
            match batch?.parse()? {
                Batch::Default(batch) if batch.header().attributes().is_control() => {}
                Batch::Default(batch) => {
                    for record in batch.records(&mut self.decompressor)? {
                        let record = record?;
                        replay(record.offset, record.key, record.value)?;
                    }
                }
                Batch::Legacy(wrapper) => {
                    for record in wrapper.records(&mut self.decompressor)? {
                        let record = record?;
                        replay(record.offset(), record.key()?, record.value()?)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The log is read: the transactions are served, and those that are decided are finished. Gives the number of ids.
    pub(crate) fn finish(mut self, host: &dyn Host, now_ms: i64) -> usize {
        let (coordinators, partition, leader_epoch) = (self.coordinators, self.partition, self.leader_epoch);
        let Some(slot) = coordinators.slot(partition) else { return 0 };
        let Some(mut shard) = self.shard.take() else { return 0 };
        let prepared = shard.transactions.iter().filter(|(_, of)| of.state.is_prepared());
        let prepared: Vec<Arc<str>> = prepared.map(|(id, _)| Arc::clone(id)).collect();
        shard.unfinished.extend(prepared.iter().cloned());
        let count = shard.transactions.len();
        {
            let mut slot = slot.lock();
            // Leadership may have gone in the meantime.
            if !matches!(&*slot, Slot::Loading { leader_epoch: current } if *current == leader_epoch) {
                return 0;
            }
            *slot = Slot::Active { leader_epoch, shard };
        }
        for id in &prepared {
            // An error says that the partition has gone elsewhere, where it is finished.
            let _ = coordinators.with_partition(host, partition, now_ms, |led| {
                led.finish(id);
                Ok(())
            });
        }
        if !prepared.is_empty() {
            let count = prepared.len();
            tracing::info!(partition, count, "finished transactions that were decided before the start");
        }
        count
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        if self.shard.is_none() {
            return;
        }
        let Some(slot) = self.coordinators.slot(self.partition) else { return };
        let mut slot = slot.lock();
        if matches!(&*slot, Slot::Loading { leader_epoch } if *leader_epoch == self.leader_epoch) {
            *slot = Slot::Elsewhere;
        }
    }
}
