//! What goes in and out of the coordinator.

use std::net::IpAddr;

use kafka_log::log::producers::VerificationGuard;
use kafka_rpc::messages::{
    DeleteGroupsResponse, HeartbeatResponse, JoinGroupResponse, LeaveGroupResponse, OffsetCommitResponse,
    OffsetDeleteResponse, SyncGroupResponse, TxnOffsetCommitResponse,
};
use kafka_rpc::{ErrorCode, Uuid};

use crate::marker::Marker;
use crate::net::java_address;

/// Who sends a request (`RequestContext`).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client<'a> {
    /// Version of the request; replies are fit to be encoded at it.
    pub(crate) version: i16,
    /// What the client calls itself.
    pub(crate) id: &'a str,
    /// Where it connects from.
    pub(crate) address: IpAddr,
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

/// How much there is, for an operator (`GroupCoordinatorMetrics`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct GroupCounts {
    /// Committed offsets.
    pub(crate) offsets: usize,
    /// Classic groups.
    pub(crate) classic: usize,
    /// Of these without members.
    pub(crate) empty: usize,
    /// Of these with members that join.
    pub(crate) preparing_rebalance: usize,
    /// Of these with members that wait for the leader.
    pub(crate) completing_rebalance: usize,
    /// Of these with an assignment.
    pub(crate) stable: usize,
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
            max_size: i32::MAX as usize,
            initial_rebalance_delay_ms: 3_000,
            offset_metadata_max: 4_096,
            offsets_retention_ms: 7 * 24 * 60 * 60_000,
            offsets_retention_check_interval_ms: 600_000,
            codec: kafka_log::compression::Codec::None,
        }
    }
}
