//! Partitions come and go: their logs are read, their groups served, until another broker leads them (`CoordinatorLoaderImpl`).

use std::fmt;
use std::sync::Arc;

use kafka_log::compression::Decompressor;
use kafka_log::format::FormatError;
use kafka_log::format::control::ControlRecordType;
use kafka_log::segment::batch::{Batch, Batches};
use kafka_rpc::stored::RecordError;

use super::super::shard::Shard;
use super::{Coordinators, Slot, Ticket, random};

/// Longest content of a batch, decompressed.
const DECOMPRESSED_LEN_MAX: usize = 512 * 1024 * 1024;

/// A log of `__consumer_offsets` that cannot be read.
#[derive(Debug)]
pub(crate) enum LoadError {
    /// A batch.
    Batch(FormatError),
    /// A record.
    Record {
        /// Its offset.
        offset: i64,
        /// Why.
        error: RecordError,
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

impl std::error::Error for LoadError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LoadError::Batch(error) => Some(error),
            LoadError::Record { error, .. } => Some(error),
        }
    }
}

impl From<FormatError> for LoadError {
    fn from(error: FormatError) -> Self {
        LoadError::Batch(error)
    }
}

/// A partition whose log is read; dropped before [`Load::finish`], the partition is not served.
pub(crate) struct Load<'c, T: Copy> {
    coordinators: &'c Coordinators<T>,
    partition: i32,
    leader_epoch: i32,
    shard: Option<Box<Shard<Ticket<T>>>>,
    decompressor: Decompressor,
}

impl<T: Copy> Coordinators<T> {
    /// This broker leads a partition from now on; its groups are served after [`Load::finish`]. `None` if there is no such
    /// partition, or if the epoch is not newer than the one that is known.
    pub(crate) fn load(&self, partition: i32, leader_epoch: i32) -> Option<Load<'_, T>> {
        let mut slot = self.slot(partition)?.lock();
        let before = std::mem::replace(&mut *slot, Slot::Loading { leader_epoch });
        let known = before.leader_epoch();
        if known.is_some_and(|known| known >= leader_epoch) {
            *slot = before;
            return None;
        }
        drop(slot);
        self.end(before);
        let shard = Some(Box::new(Shard::new(self.config.clone(), random(), Arc::clone(&self.metadata))));
        let decompressor = Decompressor::new(DECOMPRESSED_LEN_MAX);
        Some(Load { coordinators: self, partition, leader_epoch, shard, decompressor })
    }

    /// This broker leads a partition no longer, at this epoch or whatever its epoch: requests that wait are told so.
    pub(crate) fn unload(&self, partition: i32, leader_epoch: Option<i32>) {
        let Some(slot) = self.slot(partition) else { return };
        let mut slot = slot.lock();
        let is_stale = |known: i32| leader_epoch.is_some_and(|leader_epoch| known >= leader_epoch);
        if slot.leader_epoch().is_some_and(is_stale) {
            return;
        }
        let before = std::mem::replace(&mut *slot, Slot::Elsewhere);
        drop(slot);
        self.end(before);
    }

    fn end(&self, slot: Slot<T>) {
        if let Slot::Active { shard, .. } = slot {
            self.send(shard.unload());
        }
    }
}

impl<T> Slot<T> {
    fn leader_epoch(&self) -> Option<i32> {
        match self {
            Slot::Elsewhere => None,
            Slot::Loading { leader_epoch } | Slot::Active { leader_epoch, .. } => Some(*leader_epoch),
        }
    }
}

impl<T: Copy> Load<'_, T> {
    /// Reads whole batches of the log. The log is given in order, from its start to its end.
    ///
    /// # Errors
    /// For batches and records that Kafka would not load either.
    pub(crate) fn batches(&mut self, bytes: &[u8], now_ms: i64) -> Result<(), LoadError> {
        let Some(shard) = &mut self.shard else { return Ok(()) };
        for batch in Batches::new(bytes) {
            match batch?.parse()? {
                Batch::Default(batch) => {
                    let header = batch.header();
                    let producer_id = header.producer_id();
                    let transaction = if header.attributes().is_transactional() { producer_id } else { -1 };
                    for record in batch.records(&mut self.decompressor)? {
                        let record = record?;
                        if header.attributes().is_control() {
                            match ControlRecordType::parse(record.key)? {
                                ControlRecordType::Commit => shard.end_transaction(producer_id, true),
                                ControlRecordType::Abort => shard.end_transaction(producer_id, false),
                                _ => {}
                            }
                        } else {
                            replay(shard, record.offset, transaction, record.key, record.value, now_ms)?;
                        }
                    }
                }
                Batch::Legacy(wrapper) => {
                    for record in wrapper.records(&mut self.decompressor)? {
                        let record = record?;
                        replay(shard, record.offset(), -1, record.key()?, record.value()?, now_ms)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The log is read: the groups are served.
    pub(crate) fn finish(mut self, now_ms: i64) {
        let (coordinators, leader_epoch) = (self.coordinators, self.leader_epoch);
        let Some(slot) = coordinators.slot(self.partition) else { return };
        let mut slot = slot.lock();
        // Leadership may have gone in the meantime.
        let is_current = matches!(&*slot, Slot::Loading { leader_epoch: current } if *current == leader_epoch);
        let Some(mut shard) = self.shard.take().filter(|_| is_current) else { return };
        shard.set_skew(coordinators.replies.skew_ms());
        let outcome = shard.loaded(now_ms);
        let replies = coordinators.write(self.partition, &mut shard, outcome, now_ms);
        let deadline = shard.next_deadline();
        *slot = Slot::Active { leader_epoch, shard };
        drop(slot);
        coordinators.send(replies);
        coordinators.announce(deadline);
    }
}

impl<T: Copy> Drop for Load<'_, T> {
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

fn replay<T: Copy>(
    shard: &mut Shard<T>,
    offset: i64,
    producer_id: i64,
    key: Option<&[u8]>,
    value: Option<&[u8]>,
    now_ms: i64,
) -> Result<(), LoadError> {
    // Kafka fails at a record without a key, which it never writes; skipping it loses nothing.
    let Some(key) = key else { return Ok(()) };
    shard.replay(offset, producer_id, key, value, now_ms).map_err(|error| LoadError::Record { offset, error })
}
