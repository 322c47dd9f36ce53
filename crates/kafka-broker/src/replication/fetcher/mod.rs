//! Fetcher threads: `num.replica.fetchers` for each leader, each with a share of the partitions that this broker follows
//! (`ReplicaFetcherManager`, `AbstractFetcherManager`).

mod followed;
mod request;
mod thread;

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::thread::JoinHandle;

use kafka_log::log::TopicPartition;
use kafka_rpc::Uuid;
use kafka_thin_client::{ConnectionConfig, Peer};
use parking_lot::Mutex;

use super::quota::{ReplicationQuota, UNLIMITED};
use crate::clock::Clock;
use crate::config::ReplicaFetchConfig;
use crate::metadata::{self, ConfigResource, Image, NO_LEADER};
use crate::partitions::Partition;
use crate::quotas::Windows;
use followed::Followed;

/// A partition that this broker follows.
#[derive(Clone)]
pub(crate) struct Following {
    pub(crate) partition: Arc<Partition>,
    pub(crate) topic_id: Uuid,
    /// Id of the leader, [`NO_LEADER`] without one.
    pub(crate) leader: i32,
    pub(crate) leader_epoch: i32,
}

impl Following {
    fn name(&self) -> &TopicPartition {
        self.partition.topic_partition()
    }
}

/// What all fetchers share.
pub(super) struct Common {
    pub(super) node_id: i32,
    pub(super) config: ReplicaFetchConfig,
    pub(super) connection: ConnectionConfig,
    pub(super) image: metadata::Shared,
    pub(super) clock: Arc<Clock>,
    pub(super) quota: ReplicationQuota,
    pub(super) bytes_in: AtomicU64,
}

/// The partitions that this broker follows, with the threads that fetch them.
pub(crate) struct Fetchers {
    common: Arc<Common>,
    /// The name of the listener at which other brokers are reached.
    listener: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Which thread has a partition, by leader and number.
    at: HashMap<TopicPartition, (i32, usize)>,
    threads: BTreeMap<(i32, usize), Fetcher>,
    /// Threads that have been told to end.
    ending: Vec<JoinHandle<()>>,
    is_closed: bool,
}

struct Fetcher {
    peer: Peer,
    followed: Arc<Followed>,
    thread: JoinHandle<()>,
}

/// What an operator sees of the fetchers of one leader.
#[derive(Default)]
pub(crate) struct LeaderMetrics {
    pub(crate) requests: u64,
    pub(crate) bytes: u64,
}

/// What an operator sees of all fetchers.
#[derive(Default)]
pub(crate) struct FetcherMetrics {
    pub(crate) max_lag: i64,
    pub(crate) failed_partitions: usize,
    pub(crate) dead_threads: usize,
    pub(crate) bytes_in: u64,
    /// By leader.
    pub(crate) leaders: BTreeMap<i32, LeaderMetrics>,
    /// How many records followers lack.
    pub(crate) lags: Vec<(TopicPartition, i64)>,
}

impl Fetchers {
    /// Fetchers without partitions. `listener` is the name of the one at which other brokers are reached.
    pub(crate) fn new(
        node_id: i32,
        listener: &str,
        config: ReplicaFetchConfig,
        connection: ConnectionConfig,
        image: metadata::Shared,
        clock: Arc<Clock>,
    ) -> Self {
        let (count, ms) = (config.replication_quota_window_num, config.replication_quota_window_size_seconds);
        let windows = Windows { count: i64::from(count), ms: i64::from(ms).saturating_mul(1000) };
        let quota = ReplicationQuota::new(windows);
        let common = Common { node_id, config, connection, image, clock, quota, bytes_in: AtomicU64::new(0) };
        Fetchers { common: Arc::new(common), listener: listener.to_owned(), state: Mutex::default() }
    }

    /// Puts the limit of the metadata in force (`follower.replication.throttled.rate`).
    pub(crate) fn update_quota(&self, image: &Image) {
        let of = |resource: &ConfigResource| image.config(resource, "follower.replication.throttled.rate");
        let limit = of(&ConfigResource::broker(self.common.node_id)).or_else(|| of(&ConfigResource::all_brokers()));
        self.common.quota.set_limit(limit.and_then(|limit| limit.parse().ok()).unwrap_or(UNLIMITED));
    }

    /// Follows the leaders of `followed`, and fetches those of `gone` no more: partitions that this broker leads now, or whose replica is gone.
    /// Nothing is appended to the latter after the return. A partition that is followed in the same epoch already stays as it is.
    pub(crate) fn update(&self, image: &Image, followed: Vec<Following>, gone: &[TopicPartition]) {
        let mut state = self.state.lock();
        gone.iter().for_each(|partition| state.remove(partition));
        let mut by_thread: BTreeMap<(i32, usize), Vec<Following>> = BTreeMap::new();
        for following in followed {
            let key = (following.leader, self.thread_of(following.name()));
            if state.at.get(following.name()).is_some_and(|at| *at != key) || following.leader == NO_LEADER {
                state.remove(following.name());
            }
            if following.leader != NO_LEADER {
                by_thread.entry(key).or_default().push(following);
            }
        }
        if !state.is_closed {
            for (key, followed) in by_thread {
                self.follow(&mut state, image, key, followed);
            }
        }
        state.end_idle();
    }

    /// Which of the threads for a leader has a partition (`getFetcherId`).
    fn thread_of(&self, partition: &TopicPartition) -> usize {
        let hash = partition
            .topic()
            .encode_utf16()
            .fold(0_i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)));
        let number = hash.wrapping_mul(31).wrapping_add(partition.partition());
        // (`Utils.abs`)
        let number = if number == i32::MIN { 0 } else { number.unsigned_abs() };
        number as usize % usize::try_from(self.common.config.num_replica_fetchers).unwrap_or(1).max(1)
    }

    fn follow(&self, state: &mut State, image: &Image, key: (i32, usize), followed: Vec<Following>) {
        let (leader, number) = key;
        let Some(peer) = self.peer(image, leader) else {
            // Its registration comes with a later change, which changes the partitions, too.
            tracing::error!(leader, "a leader is not registered: its partitions are not fetched");
            followed.iter().for_each(|following| state.remove(following.name()));
            return;
        };
        let moved = state.threads.get(&key).is_some_and(|fetcher| fetcher.peer != peer || fetcher.thread.is_finished());
        let mut all = if moved { state.end(key) } else { Vec::new() };
        all.retain(|old| !followed.iter().any(|new| new.name() == old.name()));
        all.extend(followed);
        if let Entry::Vacant(vacant) = state.threads.entry(key) {
            match thread::start(&self.common, leader, number, &peer) {
                Ok((followed, thread)) => {
                    vacant.insert(Fetcher { peer, followed, thread });
                }
                Err(error) => {
                    tracing::error!(leader, %error, "cannot start a fetcher");
                    return;
                }
            }
        }
        if let Some(fetcher) = state.threads.get(&key) {
            all.iter().for_each(|following| {
                state.at.insert(following.name().clone(), key);
            });
            fetcher.followed.add(all, &self.common);
        }
    }

    /// Where a broker is reached by other brokers.
    fn peer(&self, image: &Image, id: i32) -> Option<Peer> {
        let endpoints = &image.broker(id)?.end_points;
        let endpoint = endpoints.iter().find(|endpoint| endpoint.name == self.listener)?;
        Some(Peer { host: endpoint.host.clone().into_owned(), port: endpoint.port })
    }

    /// What an operator sees.
    pub(crate) fn metrics(&self) -> FetcherMetrics {
        let state = self.state.lock();
        let mut metrics = FetcherMetrics {
            bytes_in: self.common.bytes_in.load(std::sync::atomic::Ordering::Relaxed),
            dead_threads: state.threads.values().filter(|fetcher| fetcher.thread.is_finished()).count(),
            ..FetcherMetrics::default()
        };
        for ((leader, _), fetcher) in &state.threads {
            let (requests, bytes) = fetcher.followed.traffic();
            let of = metrics.leaders.entry(*leader).or_default();
            of.requests += requests;
            of.bytes += bytes;
            let before = metrics.lags.len();
            metrics.failed_partitions += fetcher.followed.lags(&mut metrics.lags);
            let lags = metrics.lags.iter().skip(before).map(|(_, lag)| *lag);
            metrics.max_lag = lags.fold(metrics.max_lag, i64::max);
        }
        metrics
    }

    /// Ends all threads. Nothing is appended after the return.
    pub(crate) fn stop(&self) {
        let ending = {
            let mut state = self.state.lock();
            state.is_closed = true;
            let keys: Vec<_> = state.threads.keys().copied().collect();
            keys.into_iter().for_each(|key| drop(state.end(key)));
            std::mem::take(&mut state.ending)
        };
        for thread in ending {
            if thread.join().is_err() {
                tracing::error!("a fetcher has panicked");
            }
        }
    }
}

impl State {
    fn remove(&mut self, partition: &TopicPartition) {
        if let Some(key) = self.at.remove(partition)
            && let Some(fetcher) = self.threads.get(&key)
        {
            fetcher.followed.remove(partition);
        }
    }

    /// Tells a thread to end, and gives what it has followed.
    fn end(&mut self, key: (i32, usize)) -> Vec<Following> {
        let Some(fetcher) = self.threads.remove(&key) else { return Vec::new() };
        let followed = fetcher.followed.close();
        for following in &followed {
            self.at.remove(following.name());
        }
        self.ending.push(fetcher.thread);
        followed
    }

    fn end_idle(&mut self) {
        let idle: Vec<_> =
            self.threads.iter().filter(|(_, fetcher)| fetcher.followed.is_empty()).map(|(key, _)| *key).collect();
        idle.into_iter().for_each(|key| drop(self.end(key)));
        self.ending.retain(|thread| !thread.is_finished());
    }
}
