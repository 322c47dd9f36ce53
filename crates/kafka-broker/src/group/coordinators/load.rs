//! Partitions come and go: their logs are read, their groups served, until another broker leads them.

use std::sync::Arc;

use kafka_rpc::stored::RecordError;

use super::super::shard::Shard;
use super::{Coordinators, ShardSlot, Slot, Ticket, random};
use crate::coordinator::{self, LoadError, Replay};

impl<T: Copy> Replay for Box<Shard<T>> {
    type Error = RecordError;

    fn record(
        &mut self,
        offset: i64,
        producer_id: i64,
        key: &[u8],
        value: Option<&[u8]>,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        self.replay(offset, producer_id, key, value, now_ms)
    }

    fn marker(&mut self, producer_id: i64, is_commit: bool) {
        self.end_transaction(producer_id, is_commit);
    }
}

/// A partition whose log is read; dropped before [`Load::finish`], the partition is not served.
pub(crate) struct Load<'c, T: Copy> {
    coordinators: &'c Coordinators<T>,
    partition: i32,
    load: coordinator::Load<'c, Box<Shard<Ticket<T>>>>,
}

impl<T: Copy> Coordinators<T> {
    /// This broker leads a partition from now on; its groups are served after [`Load::finish`]. `None` if there is no such
    /// partition, or if the epoch is not newer than the one that is known.
    pub(crate) fn load(&self, partition: i32, leader_epoch: i32) -> Option<Load<'_, T>> {
        let empty = Box::new(Shard::new(self.config.clone(), random(), Arc::clone(&self.metadata)));
        let (load, before) = coordinator::Load::begin(self.slot(partition)?, leader_epoch, empty)?;
        self.end(before);
        Some(Load { coordinators: self, partition, load })
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

    fn end(&self, slot: ShardSlot<T>) {
        if let Slot::Active { shard, .. } = slot {
            self.send(shard.unload());
        }
    }
}

impl<T: Copy> Load<'_, T> {
    /// Reads whole batches of the log. The log is given in order, from its start to its end.
    ///
    /// # Errors
    /// For batches and records that Kafka would not load either.
    pub(crate) fn batches(&mut self, bytes: &[u8], now_ms: i64) -> Result<(), LoadError<RecordError>> {
        self.load.batches(bytes, now_ms)
    }

    /// The log is read: the groups are served.
    pub(crate) fn finish(self, now_ms: i64) {
        let Load { coordinators, partition, load } = self;
        let served = load.finish(|shard| {
            shard.set_skew(coordinators.replies.skew_ms());
            let outcome = shard.loaded(now_ms);
            let replies = coordinators.write(partition, shard, outcome, now_ms);
            (replies, shard.next_deadline())
        });
        // Leadership may have gone in the meantime.
        let Some((replies, deadline)) = served else { return };
        coordinators.send(replies);
        coordinators.announce(deadline);
    }
}
