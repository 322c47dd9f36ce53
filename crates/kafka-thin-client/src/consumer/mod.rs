//! Reads records of partitions (`KafkaConsumer`).
//!
//! A consumer runs on its caller's thread: requests go out, responses come in and heartbeats are sent during
//! [`Consumer::poll`]. A caller that pauses for longer than `session.timeout.ms` loses its place in the group.

mod config;
mod decode;
mod fetcher;
mod group;
mod offsets;
mod record;

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::fmt;
use std::thread;
use std::time::{Duration, Instant};

use kafka_log::compression::{DECOMPRESSED_MAX, Decompressor};

use crate::admin::IsolationLevel;
use crate::config::{ClientConfig, ConfigError};
use crate::group::coordinator::Coordinator;
use crate::group::membership::{GroupConfig, Membership};
use crate::{Client, TopicPartition};
pub use config::{ConsumerConfig, OffsetReset};
use decode::Fetched;
use fetcher::NodeFetch;
pub use record::{ConsumeError, ConsumerRecord};

/// Where a partition is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    /// At the committed offset, which is not known yet.
    Committed,
    /// At one end of the log, which is not known yet.
    Reset(OffsetReset),
    /// At this offset.
    At(i64),
}

#[derive(Clone, Copy, Debug)]
struct Position {
    place: Place,
    /// No request before: a pause after an error.
    not_before: Option<Instant>,
}

impl Position {
    fn new(place: Place) -> Self {
        Position { place, not_before: None }
    }

    fn is_due(&self, now: Instant) -> bool {
        self.not_before.is_none_or(|not_before| now >= not_before)
    }
}

/// What a consumer reads.
enum Subscription {
    /// The partitions that were assigned by hand.
    Assigned,
    /// What the group gives it of these topics.
    Topics(Vec<String>),
    /// What the group gives it of the topics whose names match, which are those of the list.
    Pattern(Box<dyn Fn(&str) -> bool + Send>, Vec<String>),
}

impl fmt::Debug for Subscription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Subscription::Assigned => f.write_str("Assigned"),
            Subscription::Topics(topics) => f.debug_tuple("Topics").field(topics).finish(),
            Subscription::Pattern(_, topics) => f.debug_tuple("Pattern").field(topics).finish_non_exhaustive(),
        }
    }
}

impl Subscription {
    fn topics(&self) -> &[String] {
        match self {
            Subscription::Assigned => &[],
            Subscription::Topics(topics) | Subscription::Pattern(_, topics) => topics,
        }
    }
}

/// A consumer.
pub struct Consumer {
    client: Client,
    config: ConsumerConfig,
    subscription: Subscription,
    positions: BTreeMap<TopicPartition, Position>,
    nodes: HashMap<i32, NodeFetch>,
    fetched: VecDeque<Fetched>,
    decompressor: Decompressor,
    /// For commits and committed offsets; `None` without `group.id`.
    coordinator: Option<Coordinator>,
    membership: Option<Membership>,
    /// The partition counts by which this member assigned as leader.
    led_by: Option<BTreeMap<String, i32>>,
    /// When to look at the topics again.
    next_topics: Instant,
    next_commit: Instant,
}

impl fmt::Debug for Consumer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Consumer")
            .field("subscription", &self.subscription)
            .field("positions", &self.positions)
            .finish_non_exhaustive()
    }
}

impl Consumer {
    /// A consumer without connections yet.
    ///
    /// # Errors
    /// If `bootstrap.servers` is empty or wrong.
    pub fn new(client: ClientConfig, config: ConsumerConfig) -> Result<Self, ConfigError> {
        let now = Instant::now();
        Ok(Consumer {
            client: Client::new(client)?,
            next_commit: now + config.auto_commit_interval,
            coordinator: config.group_id.clone().map(Coordinator::new),
            config,
            subscription: Subscription::Assigned,
            positions: BTreeMap::new(),
            nodes: HashMap::new(),
            fetched: VecDeque::new(),
            decompressor: Decompressor::new(DECOMPRESSED_MAX),
            membership: None,
            led_by: None,
            next_topics: now,
        })
    }

    /// Reads the partitions of these topics that the group assigns to this member.
    ///
    /// # Errors
    /// Without `group.id`.
    pub fn subscribe(&mut self, topics: &[&str]) -> Result<(), ConsumeError> {
        self.enter(Subscription::Topics(topics.iter().map(|topic| (*topic).to_owned()).collect()))
    }

    /// Reads the partitions of all topics whose names match, also of topics that are made later.
    ///
    /// # Errors
    /// Without `group.id`.
    pub fn subscribe_matching(&mut self, matches: impl Fn(&str) -> bool + Send + 'static) -> Result<(), ConsumeError> {
        self.enter(Subscription::Pattern(Box::new(matches), Vec::new()))
    }

    fn enter(&mut self, subscription: Subscription) -> Result<(), ConsumeError> {
        let config = &self.config;
        let group_id = config.group_id.clone().ok_or(ConsumeError::NoGroup)?;
        self.subscription = subscription;
        self.next_topics = Instant::now();
        match &mut self.membership {
            Some(membership) => membership.rejoin(),
            None => {
                self.membership = Some(Membership::new(GroupConfig {
                    group_id,
                    instance_id: config.group_instance_id.clone(),
                    assignors: config.assignors.clone(),
                    session_timeout: config.session_timeout,
                    heartbeat_interval: config.heartbeat_interval,
                    rebalance_timeout: config.rebalance_timeout,
                    request_timeout: config.request_timeout,
                    retry_backoff: config.retry_backoff,
                }));
            }
        }
        Ok(())
    }

    /// Reads these partitions, without the help of a group: from the committed offsets, or as `auto.offset.reset` says.
    pub fn assign(&mut self, partitions: &[TopicPartition]) {
        self.subscription = Subscription::Assigned;
        self.membership = None;
        self.positions =
            partitions.iter().map(|partition| (partition.clone(), Position::new(Place::Committed))).collect();
        self.drop_fetched();
    }

    /// The partitions that this consumer reads at present.
    pub fn assignment(&self) -> impl Iterator<Item = &TopicPartition> {
        self.positions.keys()
    }

    /// Goes on at an offset. Has no effect on partitions that the consumer does not have.
    pub fn seek(&mut self, partition: &TopicPartition, offset: i64) {
        self.place(partition, Place::At(offset));
    }

    /// Goes on at the first record, or at the end.
    pub fn seek_to(&mut self, partition: &TopicPartition, end: OffsetReset) {
        self.place(partition, Place::Reset(end));
    }

    /// The offset of the next record of a partition; `None` while it is not known.
    pub fn position(&self, partition: &TopicPartition) -> Option<i64> {
        match self.positions.get(partition)?.place {
            Place::At(offset) => Some(offset),
            Place::Committed | Place::Reset(_) => None,
        }
    }

    fn place(&mut self, partition: &TopicPartition, place: Place) {
        if let Some(position) = self.positions.get_mut(partition) {
            *position = Position::new(place);
            self.fetched.retain(|fetched| fetched.partition != *partition);
        }
    }

    /// Drops what has been fetched of partitions that the consumer no longer has.
    fn drop_fetched(&mut self) {
        let positions = &self.positions;
        self.fetched.retain(|fetched| positions.contains_key(&fetched.partition));
    }

    /// The next records, up to `max.poll.records`; none if there are none within this time.
    ///
    /// # Errors
    /// For what does not go away by itself; the consumer may go on after that.
    pub fn poll(&mut self, wait: Duration) -> Result<Vec<ConsumerRecord>, ConsumeError> {
        /// How long to wait for a response before heartbeats and other nodes have their turn.
        const MOMENT: Duration = Duration::from_millis(100);
        /// The same while a group rebalances.
        const SHORT_MOMENT: Duration = Duration::from_millis(10);
        let deadline = Instant::now().checked_add(wait);
        loop {
            self.drive_group()?;
            self.auto_commit();
            self.find_positions()?;
            self.send_fetches()?;
            let records = self.take_records()?;
            if !records.is_empty() {
                return Ok(records);
            }
            let is_settled = self.membership.as_ref().is_none_or(Membership::is_stable);
            let moment = if is_settled && self.is_fetching() { MOMENT } else { SHORT_MOMENT };
            let left = deadline.map_or(moment, |deadline| deadline.saturating_duration_since(Instant::now()));
            if self.is_fetching() {
                self.receive_fetches(left.min(moment))?;
            } else {
                thread::sleep(left.min(moment));
            }
            if left.is_zero() {
                return self.take_records();
            }
        }
    }

    /// Commits the positions if `enable.auto.commit` says so, and leaves the group.
    ///
    /// # Errors
    /// If the commit fails.
    pub fn close(mut self) -> Result<(), ConsumeError> {
        let committed = if self.config.auto_commit && self.config.group_id.is_some() { self.commit() } else { Ok(()) };
        if let Some(membership) = &mut self.membership {
            membership.leave();
        }
        committed
    }

    fn is_read_committed(&self) -> bool {
        self.config.isolation_level == IsolationLevel::ReadCommitted
    }

    /// Puts off all requests for a partition.
    fn pause(&mut self, partition: &TopicPartition) {
        let later = Instant::now() + self.config.retry_backoff;
        if let Some(position) = self.positions.get_mut(partition) {
            position.not_before = Some(later);
        }
    }
}
