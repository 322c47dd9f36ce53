//! The partitions of one fetcher, which its thread shares with [`super::Fetchers`].

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use kafka_log::log::TopicPartition;
use kafka_rpc::{ErrorCode, Uuid};
use kafka_thin_client::fetch_session::FetchFrom;
use parking_lot::{Condvar, Mutex};

use super::{Common, Following};
use crate::partitions::Partition;
use crate::replication::follower::{End, Fetch, Fetched, Follower, NO_EPOCH, Next, Outcome};
use crate::replication::quota::is_throttled;

/// A partition with the state of its follower; `None` where the log cannot be used.
struct Entry {
    following: Following,
    follower: Option<Follower>,
}

/// The partitions of a fetcher.
#[derive(Default)]
pub(super) struct Followed {
    entries: Mutex<BTreeMap<TopicPartition, Entry>>,
    changed: Condvar,
    is_closed: AtomicBool,
    requests: AtomicU64,
    bytes: AtomicU64,
}

/// What a fetcher asks its leader for.
#[derive(Default)]
pub(super) struct Round {
    pub(super) fetches: BTreeMap<TopicPartition, FetchFrom>,
    pub(super) lists: Vec<(TopicPartition, End, i32)>,
}

impl Followed {
    /// Adds partitions. One that is followed in this epoch already stays as it is.
    pub(super) fn add(&self, all: Vec<Following>, common: &Common) {
        let now_ms = common.clock.now_ms();
        let back_off_ms = i64::from(common.config.replica_fetch_backoff_ms);
        let mut entries = self.entries.lock();
        for following in all {
            let (name, leader_epoch) = (following.name().clone(), following.leader_epoch);
            let is_same = |entry: &Entry| {
                entry.following.topic_id == following.topic_id
                    && Arc::ptr_eq(&entry.following.partition, &following.partition)
                    && entry.follower.as_ref().is_some_and(|follower| follower.leader_epoch() == leader_epoch)
            };
            if entries.get(&name).is_some_and(is_same) {
                continue;
            }
            let log = following.partition.as_follower(leader_epoch);
            let follower = Follower::begin(&name, &log, leader_epoch, back_off_ms, now_ms);
            let follower =
                follower.inspect_err(|error| tracing::error!(partition = %name, %error, "cannot follow")).ok();
            tracing::info!(partition = %name, leader = following.leader, leader_epoch, "following");
            entries.insert(name, Entry { following, follower });
        }
        self.changed.notify_all();
    }

    /// Removes a partition. Its log is not touched after the return.
    pub(super) fn remove(&self, partition: &TopicPartition) {
        self.entries.lock().remove(partition);
    }

    /// Removes all partitions, and lets the thread end.
    pub(super) fn close(&self) -> Vec<Following> {
        self.is_closed.store(true, Ordering::Release);
        let removed = std::mem::take(&mut *self.entries.lock());
        self.changed.notify_all();
        removed.into_values().map(|entry| entry.following).collect()
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.lock().is_empty()
    }

    /// Requests and bytes so far.
    pub(super) fn traffic(&self) -> (u64, u64) {
        (self.requests.load(Ordering::Relaxed), self.bytes.load(Ordering::Relaxed))
    }

    pub(super) fn count_request(&self) {
        self.requests.fetch_add(1, Ordering::Relaxed);
    }

    /// Adds the lags of the followers; says how many have failed.
    pub(super) fn lags(&self, out: &mut Vec<(TopicPartition, i64)>) -> usize {
        let mut failed = 0;
        for (name, entry) in self.entries.lock().iter() {
            match entry.follower.as_ref().filter(|follower| !follower.has_failed()) {
                Some(follower) => out.extend(follower.lag().map(|lag| (name.clone(), lag))),
                None => failed += 1,
            }
        }
        failed
    }

    /// What to ask for now.
    pub(super) fn plan(&self, common: &Common) -> Round {
        let now_ms = common.clock.now_ms();
        let mut round = Round::default();
        let is_exceeded = common.quota.is_exceeded(now_ms);
        for (name, entry) in self.entries.lock().iter_mut() {
            let Some(follower) = &mut entry.follower else { continue };
            let partition = &entry.following.partition;
            match follower.next(&partition.as_follower(follower.leader_epoch()), now_ms) {
                // A replica in sync is not throttled, so that it stays in the ISR.
                Ok(Next::Fetch(_)) if is_exceeded && !follower.is_in_sync() && throttles(partition, common.node_id) => {
                }
                Ok(Next::Fetch(fetch)) => {
                    round.fetches.insert(name.clone(), from(&fetch, entry.following.topic_id));
                }
                Ok(Next::List { end, leader_epoch }) => round.lists.push((name.clone(), end, leader_epoch)),
                Ok(Next::Wait { .. } | Next::Failed) => {}
                Err(error) => {
                    tracing::debug!(partition = %name, %error, "a log cannot be used");
                    follower.back_off(now_ms);
                }
            }
        }
        round
    }

    /// Waits until there is another partition, at most for this time.
    pub(super) fn wait(&self, at_most: Duration) {
        let mut entries = self.entries.lock();
        if !self.is_closed() {
            self.changed.wait_for(&mut entries, at_most);
        }
    }

    /// Gives the leader's answer to the follower of a partition, if it is followed yet.
    pub(super) fn fetched(&self, name: &TopicPartition, sent: &FetchFrom, answer: &Fetched<'_>, common: &Common) {
        let now_ms = common.clock.now_ms();
        let mut entries = self.entries.lock();
        let Some(Entry { following, follower: Some(follower) }) = entries.get_mut(name) else { return };
        if following.topic_id != sent.topic_id {
            return;
        }
        let log = following.partition.as_follower(follower.leader_epoch());
        if let Outcome::Appended { bytes } = follower.fetched(&fetch_of(sent), answer, &log, now_ms)
            && bytes > 0
        {
            self.bytes.fetch_add(bytes as u64, Ordering::Relaxed);
            common.bytes_in.fetch_add(bytes as u64, Ordering::Relaxed);
            if throttles(&following.partition, common.node_id) {
                common.quota.record(bytes, now_ms);
            }
        }
    }

    /// Gives the leader's offset to the follower of a partition.
    pub(super) fn listed(
        &self,
        (name, end, leader_epoch): &(TopicPartition, End, i32),
        answer: Result<i64, ErrorCode>,
        common: &Common,
    ) {
        let mut entries = self.entries.lock();
        if let Some(Entry { following, follower: Some(follower) }) = entries.get_mut(name) {
            let log = following.partition.as_follower(follower.leader_epoch());
            follower.listed(*end, *leader_epoch, answer, &log, common.clock.now_ms());
        }
    }

    /// The leader was not reached, or has not answered for these partitions.
    pub(super) fn back_off<'p>(&self, names: impl IntoIterator<Item = &'p TopicPartition>, now_ms: i64) {
        let mut entries = self.entries.lock();
        for name in names {
            if let Some(follower) = entries.get_mut(name).and_then(|entry| entry.follower.as_mut()) {
                follower.back_off(now_ms);
            }
        }
    }
}

fn throttles(partition: &Partition, node_id: i32) -> bool {
    partition.log().is_ok_and(|log| is_throttled(&log, node_id))
}

fn from(fetch: &Fetch, topic_id: Uuid) -> FetchFrom {
    FetchFrom {
        topic_id,
        offset: fetch.offset,
        leader_epoch: fetch.leader_epoch,
        last_fetched_epoch: fetch.last_fetched_epoch.unwrap_or(NO_EPOCH),
        log_start_offset: fetch.log_start_offset,
    }
}

fn fetch_of(sent: &FetchFrom) -> Fetch {
    Fetch {
        offset: sent.offset,
        last_fetched_epoch: Some(sent.last_fetched_epoch).filter(|epoch| *epoch != NO_EPOCH),
        leader_epoch: sent.leader_epoch,
        log_start_offset: sent.log_start_offset,
    }
}
