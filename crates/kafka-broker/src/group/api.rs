//! What goes in and out of the coordinator.

use std::net::IpAddr;
use std::sync::Arc;

use kafka_log::log::VerificationGuard;
use kafka_rpc::messages::{
    ConsumerGroupHeartbeatResponse, DeleteGroupsResponse, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse,
    OffsetCommitResponse, OffsetDeleteResponse, SyncGroupResponse, TxnOffsetCommitResponse,
};
use kafka_rpc::{ErrorCode, Uuid};

use super::Assignor;
use crate::marker::Marker;
use crate::net::java_address;
use crate::security::authorizer::Requester;

/// Who sends a request (`RequestContext`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    /// Version of the request; replies are fit to be encoded at it.
    pub(crate) version: i16,
    /// What the client calls itself.
    pub(crate) id: &'a str,
    /// Where it connects from.
    pub(crate) address: IpAddr,
    /// The client whose rights are checked; `None` without an authorizer.
    pub(crate) requester: Option<&'a Requester>,
}

impl Client<'_> {
    /// The address as Kafka writes it down (`InetAddress.toString`).
    pub(super) fn host(&self) -> Box<str> {
        format!("/{}", java_address(self.address)).into_boxed_str()
    }
}

/// An answer that is ready to be encoded at the version of its request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Reply {
    /// To JoinGroup.
    JoinGroup(JoinGroupResponse<'static>),
    /// To SyncGroup.
    SyncGroup(SyncGroupResponse<'static>),
    /// To Heartbeat.
    Heartbeat(HeartbeatResponse),
    /// To LeaveGroup.
    LeaveGroup(LeaveGroupResponse<'static>),
    /// To ConsumerGroupHeartbeat.
    ConsumerGroupHeartbeat(ConsumerGroupHeartbeatResponse<'static>),
    /// To OffsetCommit.
    OffsetCommit(OffsetCommitResponse<'static>),
    /// To TxnOffsetCommit.
    TxnOffsetCommit(TxnOffsetCommitResponse<'static>),
    /// To OffsetDelete.
    OffsetDelete(OffsetDeleteResponse<'static>),
    /// To DeleteGroups.
    DeleteGroups(DeleteGroupsResponse<'static>),
}

/// The log of `__consumer_offsets` as the coordinators see it.
pub(crate) trait Journal: Send + Sync {
    /// Appends a record batch to a partition that this broker leads; sets offsets and leader epoch in it. `guard` is the proof
    /// that the transaction of the batch was verified.
    ///
    /// Called with the partition's shard locked: it must not call back into [`Coordinators`](super::Coordinators).
    ///
    /// # Errors
    /// What a producer would get. The coordinator maps it to what members of groups understand.
    fn append(&self, partition: i32, batch: &mut Vec<u8>, guard: VerificationGuard) -> Result<Appended, ErrorCode>;

    /// Appends the marker of a transaction in the same way.
    ///
    /// # Errors
    /// What a producer would get.
    fn append_marker(&self, partition: i32, marker: &Marker) -> Result<(), ErrorCode>;

    /// Longest batch that [`Journal::append`] takes (`max.message.bytes` of the topic).
    fn batch_len_max(&self, partition: i32) -> usize;
}

/// Where a batch has gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    /// Offset of the batch's first record.
    pub(crate) base_offset: i64,
    /// The partition's high watermark after the append. Replies to what lies at or above it wait for
    /// [`Coordinators::committed`](super::Coordinators::committed).
    pub(crate) high_watermark: i64,
}

/// Takes what the coordinators send. Called with no lock held.
pub(crate) trait Replies<T>: Send + Sync {
    /// Sends the answer to the request that came with `ticket`.
    fn reply(&self, ticket: T, reply: Reply);

    /// Asks for [`Coordinators::expire`](super::Coordinators::expire) to be called at `deadline_ms`, earlier than
    /// [`Coordinators::next_deadline`](super::Coordinators::next_deadline) said before.
    fn wake_at(&self, deadline_ms: i64);

    /// What to add to a time of day for the time of deadlines, which does not follow when the time of day is set.
    fn skew_ms(&self) -> i64 {
        0
    }
}

/// Names and ids of topics, and what a client may do (`MetadataCache`, `AuthHelper`).
pub(crate) trait Topics {
    /// The id of a topic.
    fn topic_id(&self, name: &str) -> Option<Uuid>;
    /// The name of a topic.
    fn topic_name(&self, id: Uuid) -> Option<String>;
    /// Whether a topic has a partition.
    fn has_partition(&self, name: &str, partition: i32) -> bool;
    /// Whether the client may not do with the topic what it asks for.
    fn refuses(&self, _name: &str) -> bool {
        false
    }
    /// Whether the client may not do with the group what it asks for.
    fn refuses_group(&self, _group_id: &str) -> bool {
        false
    }
}

/// A topic as consumer groups see it (`TopicMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TopicInfo {
    /// Its id.
    pub(crate) id: Uuid,
    /// How many partitions it has.
    pub(crate) partitions: i32,
    /// The racks of the replicas of each partition; empty where no broker has a rack.
    pub(crate) racks: Vec<Vec<Arc<str>>>,
}

/// What consumer groups need of the metadata (`CoordinatorMetadataImage`). Called with a shard locked: it must not call back into
/// [`Coordinators`](super::Coordinators).
pub(crate) trait Metadata: Send + Sync {
    /// A topic.
    fn topic(&self, name: &str) -> Option<TopicInfo>;
    /// The name of a topic.
    fn topic_name(&self, id: Uuid) -> Option<String>;
    /// Visits the names of all topics.
    fn each_topic(&self, visit: &mut dyn FnMut(&str));
    /// Whether somebody may describe a topic that `count` of the group's expressions match.
    fn may_describe(&self, who: &Requester, topic: &str, count: usize) -> bool;
    /// Grows with every change.
    fn version(&self) -> i64;
    /// A number that a group sets itself.
    fn group_setting(&self, group: &str, name: &str) -> Option<i32>;
}

/// How much there is, for an operator (`GroupCoordinatorMetrics`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupCounts {
    /// Committed offsets.
    pub(crate) offsets: usize,
    /// Classic groups.
    pub(crate) classic: usize,
    /// Classic groups without members.
    pub(crate) empty: usize,
    /// Consumer groups.
    pub(crate) consumer: usize,
    /// Classic groups with members that join.
    pub(crate) preparing_rebalance: usize,
    /// Classic groups with members that wait for the leader.
    pub(crate) completing_rebalance: usize,
    /// Classic groups with an assignment.
    pub(crate) stable: usize,
}

/// Which groups with members change their protocol (`ConsumerGroupMigrationPolicy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Migration {
    /// From classic to consumer groups.
    pub(crate) upgrades: bool,
    /// From consumer to classic groups.
    pub(crate) downgrades: bool,
}

impl Migration {
    /// The policy of a name, which Kafka reads without regard to case.
    pub(crate) fn named(name: &str) -> Self {
        let is = |policy: &str| name.eq_ignore_ascii_case(policy);
        let both = is("bidirectional");
        Migration { upgrades: both || is("upgrade"), downgrades: both || is("downgrade") }
    }
}

impl Default for Migration {
    fn default() -> Self {
        Migration { upgrades: true, downgrades: true }
    }
}

impl GroupConfig {
    /// The assignor of groups whose members name none.
    pub(super) fn default_assignor(&self) -> Assignor {
        self.consumer_assignors.first().copied().unwrap_or(Assignor::Uniform)
    }
}

/// Settings of the coordinator; the default is Kafka's (`GroupCoordinatorConfig`).
#[derive(Clone, Debug)]
pub(crate) struct GroupConfig {
    /// `group.min.session.timeout.ms`.
    pub(crate) min_session_timeout_ms: i32,
    /// `group.max.session.timeout.ms`.
    pub(crate) max_session_timeout_ms: i32,
    /// `group.consumer.session.timeout.ms`.
    pub(crate) consumer_session_timeout_ms: i32,
    /// `group.consumer.heartbeat.interval.ms`.
    pub(crate) consumer_heartbeat_interval_ms: i32,
    /// `group.consumer.assignment.interval.ms`.
    pub(crate) consumer_assignment_interval_ms: i32,
    /// `group.consumer.regex.refresh.interval.ms`.
    pub(crate) consumer_regex_refresh_interval_ms: i32,
    /// `group.consumer.max.size`.
    pub(crate) consumer_max_size: usize,
    /// `group.consumer.assignors`.
    pub(crate) consumer_assignors: Vec<Assignor>,
    /// `group.consumer.migration.policy`.
    pub(crate) consumer_migration: Migration,
    /// `group.max.size`.
    pub(crate) max_size: usize,
    /// `group.initial.rebalance.delay.ms`.
    pub(crate) initial_rebalance_delay_ms: i32,
    /// `offset.metadata.max.bytes`, which Kafka compares with the number of UTF-16 units.
    pub(crate) offset_metadata_max: usize,
    /// `offsets.retention.minutes`, in ms.
    pub(crate) offsets_retention_ms: i64,
    /// `offsets.retention.check.interval.ms`.
    pub(crate) offsets_retention_check_interval_ms: i64,
    /// `offsets.topic.compression.codec`.
    pub(crate) codec: kafka_log::compression::Codec,
}

impl Default for GroupConfig {
    fn default() -> Self {
        GroupConfig {
            min_session_timeout_ms: 6_000,
            max_session_timeout_ms: 1_800_000,
            consumer_session_timeout_ms: 45_000,
            consumer_heartbeat_interval_ms: 5_000,
            consumer_assignment_interval_ms: 1_000,
            consumer_regex_refresh_interval_ms: 600_000,
            consumer_max_size: i32::MAX as usize,
            consumer_assignors: vec![Assignor::Uniform, Assignor::Range],
            consumer_migration: Migration::default(),
            max_size: i32::MAX as usize,
            initial_rebalance_delay_ms: 3_000,
            offset_metadata_max: 4_096,
            offsets_retention_ms: 7 * 24 * 60 * 60_000,
            offsets_retention_check_interval_ms: 600_000,
            codec: kafka_log::compression::Codec::None,
        }
    }
}
