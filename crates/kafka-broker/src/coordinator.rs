//! What the coordinators of groups and of transactions have in common: a partition of an internal topic is loaded, then served, until
//! another broker leads it (`CoordinatorLoaderImpl`).

use std::fmt;

use kafka_log::compression::Decompressor;
use kafka_log::format::FormatError;
use kafka_log::format::control::ControlRecordType;
use kafka_log::segment::batch::{Batch, Batches};
use kafka_rpc::ErrorCode;
use parking_lot::Mutex;

/// Longest content of a batch, decompressed.
const DECOMPRESSED_LEN_MAX: usize = 512 * 1024 * 1024;

/// Stands for no producer id.
const NO_PRODUCER_ID: i64 = -1;

/// A partition.
pub(crate) enum Slot<S> {
    /// Another broker leads it, or none.
    Elsewhere,
    /// Its log is read.
    Loading { leader_epoch: i32 },
    /// It is served.
    Active { leader_epoch: i32, shard: S },
}

impl<S> Slot<S> {
    /// What is in the partition.
    ///
    /// # Errors
    /// Why it is not served: `NOT_COORDINATOR`, `COORDINATOR_LOAD_IN_PROGRESS`.
    pub(crate) fn shard_mut(&mut self) -> Result<&mut S, ErrorCode> {
        match self {
            Slot::Elsewhere => Err(ErrorCode::NotCoordinator),
            Slot::Loading { .. } => Err(ErrorCode::CoordinatorLoadInProgress),
            Slot::Active { shard, .. } => Ok(shard),
        }
    }

    /// The epoch of this broker as the leader.
    pub(crate) const fn leader_epoch(&self) -> Option<i32> {
        match self {
            Slot::Elsewhere => None,
            Slot::Loading { leader_epoch } | Slot::Active { leader_epoch, .. } => Some(*leader_epoch),
        }
    }

    fn is_loading(&self, epoch: i32) -> bool {
        matches!(self, Slot::Loading { leader_epoch } if *leader_epoch == epoch)
    }
}

/// Takes the records of a log in their order.
pub(crate) trait Replay {
    /// What can be wrong with a record.
    type Error;

    /// A record; `producer_id` is -1 unless it is part of a transaction.
    ///
    /// # Errors
    /// The record is not one of this log.
    fn record(
        &mut self,
        offset: i64,
        producer_id: i64,
        key: &[u8],
        value: Option<&[u8]>,
        now_ms: i64,
    ) -> Result<(), Self::Error>;

    /// The end of a transaction.
    fn marker(&mut self, producer_id: i64, is_commit: bool);
}

/// A log of an internal topic that cannot be read.
#[derive(Debug)]
pub(crate) enum LoadError<E> {
    /// A batch.
    Batch(FormatError),
    /// A record.
    Record {
        /// Its offset.
        offset: i64,
        /// Why.
        error: E,
    },
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LoadError::Batch(error) => error.fmt(f),
            LoadError::Record { offset, error } => write!(f, "record at offset {offset}: {error}"),
        }
    }
}

impl<E> From<FormatError> for LoadError<E> {
    fn from(error: FormatError) -> Self {
        LoadError::Batch(error)
    }
}

/// A partition whose log is read; dropped before [`Load::finish`], the partition is not served.
pub(crate) struct Load<'s, S> {
    slot: &'s Mutex<Slot<S>>,
    leader_epoch: i32,
    shard: Option<S>,
    decompressor: Decompressor,
}

impl<'s, S: Replay> Load<'s, S> {
    /// Begins with an empty shard; gives what was in the slot, too. `None` if the epoch is not newer than the one that is known.
    pub(crate) fn begin(slot: &'s Mutex<Slot<S>>, leader_epoch: i32, empty: S) -> Option<(Self, Slot<S>)> {
        let mut locked = slot.lock();
        if locked.leader_epoch().is_some_and(|known| known >= leader_epoch) {
            return None;
        }
        let before = std::mem::replace(&mut *locked, Slot::Loading { leader_epoch });
        let decompressor = Decompressor::new(DECOMPRESSED_LEN_MAX);
        Some((Load { slot, leader_epoch, shard: Some(empty), decompressor }, before))
    }

    /// Reads whole batches of the log. The log is given in order, from its start to its end.
    ///
    /// # Errors
    /// For batches and records that cannot be read.
    pub(crate) fn batches(&mut self, bytes: &[u8], now_ms: i64) -> Result<(), LoadError<S::Error>> {
        let Some(shard) = &mut self.shard else { return Ok(()) };
        let replay = |shard: &mut S, offset, producer_id, key: Option<&[u8]>, value: Option<&[u8]>| {
            // Kafka fails at a record without a key, which it never writes; skipping it loses nothing.
            let Some(key) = key else { return Ok(()) };
            let replayed = shard.record(offset, producer_id, key, value, now_ms);
            replayed.map_err(|error| LoadError::Record { offset, error })
        };
        for batch in Batches::new(bytes) {
            match batch?.parse()? {
                Batch::Default(batch) if batch.header().attributes().is_control() => {
                    let producer_id = batch.header().producer_id();
                    for record in batch.records(&mut self.decompressor)? {
                        match ControlRecordType::parse(record?.key)? {
                            ControlRecordType::Commit => shard.marker(producer_id, true),
                            ControlRecordType::Abort => shard.marker(producer_id, false),
                            _ => {}
                        }
                    }
                }
                Batch::Default(batch) => {
                    let header = batch.header();
                    let is_transactional = header.attributes().is_transactional();
                    let producer_id = if is_transactional { header.producer_id() } else { NO_PRODUCER_ID };
                    for record in batch.records(&mut self.decompressor)? {
                        let record = record?;
                        replay(shard, record.offset, producer_id, record.key, record.value)?;
                    }
                }
                Batch::Legacy(wrapper) => {
                    for record in wrapper.records(&mut self.decompressor)? {
                        let record = record?;
                        replay(shard, record.offset(), NO_PRODUCER_ID, record.key()?, record.value()?)?;
                    }
                }
            }
        }
        Ok(())
    }

    /// The log is read: after `serve` the partition is served. `None` where leadership has gone in the meantime.
    pub(crate) fn finish<R>(mut self, serve: impl FnOnce(&mut S) -> R) -> Option<R> {
        let mut slot = self.slot.lock();
        let mut shard = self.shard.take().filter(|_| slot.is_loading(self.leader_epoch))?;
        let served = serve(&mut shard);
        *slot = Slot::Active { leader_epoch: self.leader_epoch, shard };
        Some(served)
    }
}

impl<S> Drop for Load<'_, S> {
    fn drop(&mut self) {
        if self.shard.is_none() {
            return;
        }
        let mut slot = self.slot.lock();
        if slot.is_loading(self.leader_epoch) {
            *slot = Slot::Elsewhere;
        }
    }
}
