//! The shards of all partitions of `__consumer_offsets` in one place (`GroupCoordinatorService`, `CoordinatorRuntime`).

mod consumer;
mod load;
mod members;
mod offsets;
mod queries;
mod sessions;

use std::collections::VecDeque;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use kafka_rpc::messages::DeleteGroupsResponse;
use kafka_rpc::messages::delete_groups_response::DeletableGroupResult;
use kafka_rpc::{ErrorCode, Uuid};
use parking_lot::Mutex;
use slab::Slab;

use super::encode;
use super::outcome::Outcome;
use super::shard::{Random, Shard};
use super::{Appended, GroupConfig, Journal, Metadata, Replies, Reply, java};
use crate::coordinator::Slot;
use crate::marker::Marker;

pub(crate) use load::Load;
#[cfg(test)]
pub(super) use offsets::offset_fetch;

/// No timer is set.
const NEVER: i64 = i64::MAX;

/// The coordinators of all groups whose partition of `__consumer_offsets` this broker leads.
///
/// `T` names a request that waits for its answer. All methods may be called from any thread.
pub(crate) struct Coordinators<T> {
    config: Arc<GroupConfig>,
    slots: Box<[Mutex<ShardSlot<T>>]>,
    journal: Arc<dyn Journal>,
    replies: Arc<dyn Replies<T>>,
    metadata: Arc<dyn Metadata>,
    /// The earliest deadline that is known outside.
    next_deadline: AtomicI64,
    gathers: Mutex<Slab<Gather<T>>>,
}

/// A partition.
type ShardSlot<T> = Slot<Box<Shard<Ticket<T>>>>;

/// Who waits for an answer of a shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ticket<T> {
    /// The caller's request.
    Whole(T),
    /// The part of one shard in the answer to DeleteGroups.
    Part(usize),
}

/// An answer to DeleteGroups that several shards contribute to.
struct Gather<T> {
    ticket: T,
    open: usize,
    results: Vec<DeletableGroupResult<'static>>,
}

impl<T: Copy> Coordinators<T> {
    /// Coordinators of a topic with so many partitions, none of which is led yet.
    pub(crate) fn new(
        config: GroupConfig,
        partitions: i32,
        journal: Arc<dyn Journal>,
        replies: Arc<dyn Replies<T>>,
        metadata: Arc<dyn Metadata>,
    ) -> Self {
        Coordinators {
            config: Arc::new(config),
            slots: (0..partitions.max(1)).map(|_| Mutex::new(Slot::Elsewhere)).collect(),
            journal,
            replies,
            metadata,
            next_deadline: AtomicI64::new(NEVER),
            gathers: Mutex::new(Slab::new()),
        }
    }

    /// The partition of a group, whose leader coordinates it.
    pub(crate) fn partition_for(&self, group_id: &str) -> i32 {
        // There are as many as an i32 said.
        java::partition_for(group_id, i32::try_from(self.slots.len()).unwrap_or(i32::MAX))
    }

    /// When [`Coordinators::expire`] has something to do.
    pub(crate) fn next_deadline(&self) -> Option<i64> {
        Some(self.next_deadline.load(Ordering::Acquire)).filter(|deadline| *deadline != NEVER)
    }

    /// Fires the timers that are due.
    pub(crate) fn expire(&self, now_ms: i64) {
        // Deadlines that come up in the meantime are announced again.
        self.next_deadline.store(NEVER, Ordering::Release);
        for (slot, partition) in self.slots.iter().zip(0..) {
            let mut slot = slot.lock();
            let Slot::Active { shard, .. } = &mut *slot else { continue };
            shard.set_skew(self.replies.skew_ms());
            let (mut replies, mut resolutions) = (Vec::new(), Vec::new());
            while let Some(mut outcome) = shard.expire(now_ms) {
                resolutions.extend(outcome.resolution.take());
                replies.extend(self.write(partition, shard, outcome, now_ms));
            }
            if let Some(deadline) = shard.next_deadline() {
                self.next_deadline.fetch_min(deadline, Ordering::AcqRel);
            }
            drop(slot);
            self.send(replies);
            for (group, resolution) in resolutions {
                // There may be many topics to match: requests of the partition do not wait for that.
                let resolved = resolution.run(&*self.metadata, now_ms);
                // A partition that is led elsewhere is that broker's business.
                let _ = self
                    .run(partition, now_ms, |shard| shard.expressions_resolved(&group, &resolution, &resolved, now_ms));
            }
        }
    }

    /// The high watermark of a partition has moved: sends the answers that waited for it.
    pub(crate) fn committed(&self, partition: i32, high_watermark: i64, now_ms: i64) {
        let Some(slot) = self.slot(partition) else { return };
        let mut slot = slot.lock();
        let Slot::Active { shard, .. } = &mut *slot else { return };
        shard.set_skew(self.replies.skew_ms());
        let replies = shard.committed(high_watermark, now_ms);
        let deadline = shard.next_deadline();
        drop(slot);
        self.send(replies);
        self.announce(deadline);
    }

    /// Ends a transaction in a partition: writes its marker, after which its offsets count, or are gone
    /// (`completeTransaction`).
    ///
    /// # Errors
    /// `NOT_LEADER_OR_FOLLOWER` where the groups are not served now.
    pub(crate) fn end_transaction(&self, partition: i32, marker: &Marker) -> Result<(), ErrorCode> {
        let slot = self.slot(partition).ok_or(ErrorCode::NotLeaderOrFollower)?;
        let mut slot = slot.lock();
        let shard = slot.shard_mut().map_err(|_| ErrorCode::NotLeaderOrFollower)?;
        self.journal.append_marker(partition, marker)?;
        shard.end_transaction(marker.producer_id, marker.is_commit);
        Ok(())
    }

    /// Topics were deleted: so are the offsets in them.
    pub(crate) fn topics_deleted(&self, topics: &[(String, Uuid)], now_ms: i64) {
        for partition in (0..).take(self.slots.len()) {
            // A partition that is led elsewhere is that broker's business.
            let _ = self.run(partition, now_ms, |shard| shard.topics_deleted(topics));
        }
    }

    /// Topics are new, changed or gone, and the metadata says so already.
    pub(crate) fn topics_changed(&self, names: &[&str], has_new: bool) {
        for slot in &self.slots {
            if let Slot::Active { shard, .. } = &mut *slot.lock() {
                shard.topics_changed(names, has_new);
            }
        }
    }

    fn slot(&self, partition: i32) -> Option<&Mutex<ShardSlot<T>>> {
        self.slots.get(usize::try_from(partition).ok()?)
    }

    /// Does something with the shard of a partition, and what comes of it.
    fn run(
        &self,
        partition: i32,
        now_ms: i64,
        act: impl FnOnce(&mut Shard<Ticket<T>>) -> Outcome<Ticket<T>>,
    ) -> Result<(), ErrorCode> {
        let slot = self.slot(partition).ok_or(ErrorCode::NotCoordinator)?;
        let mut slot = slot.lock();
        let shard = slot.shard_mut()?;
        shard.set_skew(self.replies.skew_ms());
        let outcome = act(shard);
        let replies = self.write(partition, shard, outcome, now_ms);
        let deadline = shard.next_deadline();
        drop(slot);
        self.send(replies);
        self.announce(deadline);
        Ok(())
    }

    /// Reads from the shard of a partition.
    fn read<R>(&self, partition: i32, read: impl FnOnce(&Shard<Ticket<T>>) -> R) -> Result<R, ErrorCode> {
        let slot = self.slot(partition).ok_or(ErrorCode::NotCoordinator)?;
        Ok(read(slot.lock().shard_mut()?))
    }

    /// Appends the records of an outcome, and of what follows from that.
    fn write(
        &self,
        partition: i32,
        shard: &mut Shard<Ticket<T>>,
        outcome: Outcome<Ticket<T>>,
        now_ms: i64,
    ) -> Vec<(Ticket<T>, Reply)> {
        let mut replies = Vec::new();
        let mut open: VecDeque<_> = self.split(partition, outcome).into();
        while let Some(outcome) = open.pop_front() {
            if outcome.records.is_empty() {
                replies.extend(shard.hold(outcome));
                continue;
            }
            match self.append(partition, &outcome, now_ms) {
                Ok(appended) => {
                    shard.appended(outcome, appended.base_offset, now_ms);
                    replies.extend(shard.committed(appended.high_watermark, now_ms));
                }
                Err(error) => {
                    tracing::warn!(partition, error = error.name(), "appending to __consumer_offsets failed");
                    open.push_back(shard.append_failed(outcome, error, now_ms));
                }
            }
        }
        replies
    }

    fn split(&self, partition: i32, mut outcome: Outcome<Ticket<T>>) -> Vec<Outcome<Ticket<T>>> {
        if !outcome.may_split || outcome.records.is_empty() {
            return vec![outcome];
        }
        let records = std::mem::take(&mut outcome.records);
        let parts = encode::split(records, self.journal.batch_len_max(partition));
        let mut outcomes: Vec<_> = parts.into_iter().map(|records| Outcome { records, ..Outcome::default() }).collect();
        outcomes.push(outcome);
        outcomes
    }

    fn append(&self, partition: i32, outcome: &Outcome<Ticket<T>>, now_ms: i64) -> Result<Appended, ErrorCode> {
        let encoded = encode::batch(&outcome.records, outcome.producer, self.config.codec, now_ms);
        let mut batch = encoded.map_err(|error| {
            tracing::error!(partition, %error, "a record of a group cannot be written");
            ErrorCode::UnknownServerError
        })?;
        self.journal.append(partition, &mut batch, outcome.guard)
    }

    fn announce(&self, deadline: Option<i64>) {
        let Some(deadline) = deadline else { return };
        if deadline < self.next_deadline.fetch_min(deadline, Ordering::AcqRel) {
            self.replies.wake_at(deadline);
        }
    }

    fn send(&self, replies: Vec<(Ticket<T>, Reply)>) {
        for (ticket, reply) in replies {
            match ticket {
                Ticket::Whole(ticket) => self.replies.reply(ticket, reply),
                Ticket::Part(gather) => self.gather(gather, reply),
            }
        }
    }

    /// Adds the part of one shard to an answer, and sends that if it was the last.
    fn gather(&self, key: usize, reply: Reply) {
        let Reply::DeleteGroups(part) = reply else { return };
        let mut gathers = self.gathers.lock();
        let Some(gather) = gathers.get_mut(key) else { return };
        gather.results.extend(part.results);
        gather.open = gather.open.saturating_sub(1);
        if gather.open > 0 {
            return;
        }
        let Gather { ticket, results, .. } = gathers.remove(key);
        drop(gathers);
        let response = DeleteGroupsResponse { results, ..DeleteGroupsResponse::default() };
        self.replies.reply(ticket, Reply::DeleteGroups(response));
    }
}

/// Random bits for member ids: unique, and not to be guessed from other ids.
fn random() -> Random {
    let (high, low) = (RandomState::new(), RandomState::new());
    let mut count = 0u64;
    Box::new(move || {
        count += 1;
        u128::from(high.hash_one(count)) << 64 | u128::from(low.hash_one(count))
    })
}
