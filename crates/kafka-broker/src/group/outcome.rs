//! What a shard wants done after a request or a timer.

use std::collections::HashMap;
use std::sync::Arc;

use kafka_log::log::VerificationGuard;
use kafka_rpc::ErrorCode;
use kafka_rpc::stored::group::{GroupKey, GroupMetadataValue, GroupValue};

use super::Reply;
use super::classic::{ClassicGroup, Protocol};
use super::consumer::Resolution;
use super::offsets::Committed;

/// A request that waits for its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Waiter<T> {
    /// The caller's name for it.
    pub(super) ticket: T,
    /// Version of the request.
    pub(super) version: i16,
}

/// A record for the log of `__consumer_offsets`.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Record {
    /// A committed offset, or its tombstone. Takes effect once it is written.
    Offset {
        /// The group.
        group: Arc<str>,
        /// The topic.
        topic: Arc<str>,
        /// The partition of the topic.
        partition: i32,
        /// `None` is a tombstone.
        committed: Option<Committed>,
    },
    /// Metadata of a classic group, whose state has changed before.
    Group {
        /// The group.
        group: Arc<str>,
        /// What it is now.
        value: Box<GroupMetadataValue<'static>>,
    },
    /// Tombstone of a classic group, which takes effect once it is written.
    GroupTombstone {
        /// The group.
        group: Arc<str>,
    },
    /// A record of a consumer group, or its tombstone, which takes effect once it is written.
    Consumer {
        /// The key.
        key: GroupKey<'static>,
        /// The value; `None` is a tombstone.
        value: Option<Box<GroupValue<'static>>>,
    },
    /// A record of a group of another protocol, or its tombstone, which takes effect once it is written.
    Modern {
        /// The key.
        key: Vec<u8>,
        /// The value; `None` is a tombstone.
        value: Option<Vec<u8>>,
    },
}

/// Records to append and answers to send. Nothing is sent before the records, and those appended earlier, are committed.
#[derive(Debug)]
pub(super) struct Outcome<T> {
    /// To be appended as one batch, except where `may_split`.
    pub(super) records: Vec<Record>,
    /// The records may go into several batches.
    pub(super) may_split: bool,
    /// The records belong to the transaction of this producer id and epoch.
    pub(super) producer: Option<(i64, i16)>,
    /// Proof that the transaction was verified.
    pub(super) guard: VerificationGuard,
    /// Answers.
    pub(super) replies: Vec<(T, Reply)>,
    /// What else happens when the records are committed, or could not be written.
    pub(super) completion: Option<Completion>,
    /// The classic group that a consumer group becomes when the records are written.
    pub(super) downgrade: Option<Downgrade<T>>,
    /// Expressions of a group that are to be resolved with the shard unlocked, for `Shard::expressions_resolved`.
    pub(super) resolution: Option<(Arc<str>, Arc<Resolution>)>,
}

/// A consumer group becomes a classic one.
#[derive(Debug)]
pub(super) struct Downgrade<T> {
    pub(super) group: Box<ClassicGroup<T>>,
    /// Members have gone: the others rebalance.
    pub(super) rebalances: bool,
}

impl<T> Default for Outcome<T> {
    fn default() -> Self {
        Outcome {
            records: Vec::new(),
            may_split: false,
            producer: None,
            guard: VerificationGuard::SENTINEL,
            replies: Vec::new(),
            completion: None,
            downgrade: None,
            resolution: None,
        }
    }
}

impl<T> Outcome<T> {
    /// An answer and nothing else.
    pub(super) fn reply(ticket: T, reply: Reply) -> Self {
        Outcome { replies: vec![(ticket, reply)], ..Outcome::default() }
    }
}

/// A change that depends on whether its records are committed (`appendFuture`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Completion {
    /// A group was created; it goes when its record cannot be written.
    NewGroup {
        /// The group.
        group: Arc<str>,
    },
    /// The leader of a group has sent the assignment: once it is stored, members get it.
    Assignment {
        /// The group.
        group: Arc<str>,
        /// The generation that it is for.
        generation: i32,
        /// Assignments by member.
        assignments: HashMap<Arc<str>, Arc<[u8]>>,
    },
    /// A member of the classic protocol has joined a consumer group: it has to sync.
    ClassicMember {
        /// The group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
        /// Its session timeout.
        session_timeout_ms: i32,
        /// How long it may take to sync.
        sync_timeout_ms: i32,
    },
    /// A static member came back under a new member id; the old one returns when that cannot be stored.
    StaticMember {
        /// The group.
        group: Arc<str>,
        /// The new member id.
        member: Arc<str>,
        /// What it was before.
        before: Box<MemberBefore>,
    },
}

/// What a static member was before it came back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct MemberBefore {
    /// Its member id.
    pub(super) member: Arc<str>,
    /// The leader of the group.
    pub(super) leader: Option<Arc<str>>,
    /// Its protocols.
    pub(super) protocols: Vec<Protocol>,
    /// Its rebalance timeout.
    pub(super) rebalance_timeout_ms: i32,
    /// Its session timeout.
    pub(super) session_timeout_ms: i32,
}

/// The error that members of groups get when records cannot be appended (`handleOperationException`,
/// `appendGroupMetadataErrorToResponseError`).
pub(crate) fn append_error(error: ErrorCode) -> ErrorCode {
    match error {
        ErrorCode::UnknownTopicOrPartition | ErrorCode::NotEnoughReplicas | ErrorCode::RequestTimedOut => {
            ErrorCode::CoordinatorNotAvailable
        }
        ErrorCode::NotLeaderOrFollower | ErrorCode::KafkaStorageError => ErrorCode::NotCoordinator,
        ErrorCode::MessageTooLarge | ErrorCode::RecordListTooLarge | ErrorCode::InvalidFetchSize => {
            ErrorCode::UnknownServerError
        }
        ErrorCode::NetworkException => ErrorCode::CoordinatorLoadInProgress,
        other => other,
    }
}
