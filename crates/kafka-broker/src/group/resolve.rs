//! Topics of requests: which of them exist (`KafkaApis`).

use kafka_rpc::messages::offset_commit_request::OffsetCommitRequestTopic;
use kafka_rpc::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_rpc::messages::offset_delete_request::OffsetDeleteRequestTopic;
use kafka_rpc::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_rpc::messages::txn_offset_commit_request::TxnOffsetCommitRequestTopic;
use kafka_rpc::messages::txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic};
use kafka_rpc::messages::{OffsetCommitRequest, OffsetCommitResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use kafka_rpc::{ErrorCode, Uuid};

use super::Topics;
use super::classic::owned;

/// Since this version topics go by id.
const TOPIC_ID_MIN_VERSION: i16 = 10;

/// Whether topics go by id in OffsetCommit and OffsetFetch.
pub(super) fn uses_topic_ids(version: i16) -> bool {
    version >= TOPIC_ID_MIN_VERSION
}

/// The topics of a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Resolved<Q, R> {
    /// Topics and partitions that exist.
    pub(super) found: Vec<Q>,
    /// The answer for the others.
    pub(super) refused: Vec<R>,
}

impl<Q, R> Default for Resolved<Q, R> {
    fn default() -> Self {
        Resolved { found: Vec::new(), refused: Vec::new() }
    }
}

/// The topics of OffsetCommit, with names and ids.
pub(super) fn commit<'a>(
    topics: &[OffsetCommitRequestTopic<'a>],
    version: i16,
    known: &dyn Topics,
) -> Resolved<OffsetCommitRequestTopic<'a>, OffsetCommitResponseTopic<'static>> {
    let mut resolved = Resolved { found: Vec::with_capacity(topics.len()), refused: Vec::new() };
    for asked in topics {
        let mut topic = asked.clone();
        let missing = if uses_topic_ids(version) {
            match known.topic_name(asked.topic_id) {
                Some(name) => topic.name = name.into(),
                None => topic.name = "".into(),
            }
            match topic.name.is_empty() {
                true => Some(ErrorCode::UnknownTopicId),
                false => known.refuses(&topic.name).then_some(ErrorCode::TopicAuthorizationFailed),
            }
        } else if known.refuses(&asked.name) {
            Some(ErrorCode::TopicAuthorizationFailed)
        } else {
            topic.topic_id = known.topic_id(&asked.name).unwrap_or(Uuid::ZERO);
            (topic.topic_id == Uuid::ZERO).then_some(ErrorCode::UnknownTopicOrPartition)
        };
        let mut partitions = Vec::new();
        topic.partitions.retain(|partition| {
            let p = partition.partition_index;
            let exists = missing.is_none() && known.has_partition(&topic.name, p);
            if !exists {
                partitions.push(refused(p, missing.unwrap_or(ErrorCode::UnknownTopicOrPartition)));
            }
            exists
        });
        if !partitions.is_empty() {
            let (name, topic_id) = (owned(&topic.name), topic.topic_id);
            let topic = OffsetCommitResponseTopic { name, topic_id, partitions, ..Default::default() };
            resolved.refused = merge_commit(std::mem::take(&mut resolved.refused), vec![topic]);
        }
        if !topic.partitions.is_empty() {
            resolved.found.push(topic);
        }
    }
    resolved
}

/// Why a partition is not for the coordinator.
const fn missing(is_refused: bool) -> ErrorCode {
    if is_refused { ErrorCode::TopicAuthorizationFailed } else { ErrorCode::UnknownTopicOrPartition }
}

/// OffsetCommit's answer where the coordinator cannot be asked.
pub(super) fn refuse_commit(
    resolved: Resolved<OffsetCommitRequestTopic<'_>, OffsetCommitResponseTopic<'static>>,
    error: ErrorCode,
) -> Vec<OffsetCommitResponseTopic<'static>> {
    let refuse = |topic: OffsetCommitRequestTopic<'_>| OffsetCommitResponseTopic {
        name: owned(&topic.name),
        topic_id: topic.topic_id,
        partitions: topic.partitions.iter().map(|p| refused(p.partition_index, error)).collect(),
        ..OffsetCommitResponseTopic::default()
    };
    merge_commit(resolved.refused, resolved.found.into_iter().map(refuse).collect())
}

/// OffsetCommit's answer to a client that may not commit for the group.
pub(crate) fn refuse_offset_commit(
    request: &OffsetCommitRequest<'_>,
    error: ErrorCode,
) -> OffsetCommitResponse<'static> {
    let resolved = Resolved { found: request.topics.clone(), refused: Vec::new() };
    OffsetCommitResponse { topics: refuse_commit(resolved, error), ..OffsetCommitResponse::default() }
}

/// TxnOffsetCommit's answer to a client that may not commit for the group, or not in the transaction.
pub(crate) fn refuse_txn_offset_commit(
    request: &TxnOffsetCommitRequest<'_>,
    error: ErrorCode,
) -> TxnOffsetCommitResponse<'static> {
    let resolved = Resolved { found: request.topics.clone(), refused: Vec::new() };
    TxnOffsetCommitResponse { topics: refuse_txn_commit(resolved, error), ..TxnOffsetCommitResponse::default() }
}

fn refused(partition_index: i32, error: ErrorCode) -> OffsetCommitResponsePartition {
    let error_code = error.code();
    OffsetCommitResponsePartition { partition_index, error_code, ..OffsetCommitResponsePartition::default() }
}

/// TxnOffsetCommit's answer where the coordinator cannot be asked.
pub(super) fn refuse_txn_commit(
    resolved: Resolved<TxnOffsetCommitRequestTopic<'_>, TxnOffsetCommitResponseTopic<'static>>,
    error: ErrorCode,
) -> Vec<TxnOffsetCommitResponseTopic<'static>> {
    let refuse = |topic: TxnOffsetCommitRequestTopic<'_>| TxnOffsetCommitResponseTopic {
        name: owned(&topic.name),
        partitions: topic.partitions.iter().map(|p| txn_refused(p.partition_index, error)).collect(),
        ..TxnOffsetCommitResponseTopic::default()
    };
    merge_txn_commit(resolved.refused, resolved.found.into_iter().map(refuse).collect())
}

fn txn_refused(partition_index: i32, error: ErrorCode) -> TxnOffsetCommitResponsePartition {
    let error_code = error.code();
    TxnOffsetCommitResponsePartition { partition_index, error_code, ..TxnOffsetCommitResponsePartition::default() }
}

/// The topics of TxnOffsetCommit.
pub(super) fn txn_commit<'a>(
    topics: &[TxnOffsetCommitRequestTopic<'a>],
    known: &dyn Topics,
) -> Resolved<TxnOffsetCommitRequestTopic<'a>, TxnOffsetCommitResponseTopic<'static>> {
    let mut resolved = Resolved { found: Vec::with_capacity(topics.len()), refused: Vec::new() };
    for asked in topics {
        let mut topic = asked.clone();
        let mut partitions = Vec::new();
        let is_refused = known.refuses(&asked.name);
        topic.partitions.retain(|partition| {
            let exists = !is_refused && known.has_partition(&asked.name, partition.partition_index);
            if !exists {
                partitions.push(txn_refused(partition.partition_index, missing(is_refused)));
            }
            exists
        });
        if !partitions.is_empty() {
            let topic = TxnOffsetCommitResponseTopic { name: owned(&asked.name), partitions, ..Default::default() };
            resolved.refused = merge_txn_commit(std::mem::take(&mut resolved.refused), vec![topic]);
        }
        if !topic.partitions.is_empty() {
            resolved.found.push(topic);
        }
    }
    resolved
}

/// The topics of OffsetDelete.
pub(super) fn delete<'a>(
    topics: &[OffsetDeleteRequestTopic<'a>],
    known: &dyn Topics,
) -> Resolved<OffsetDeleteRequestTopic<'a>, OffsetDeleteResponseTopic<'static>> {
    let mut resolved = Resolved { found: Vec::with_capacity(topics.len()), refused: Vec::new() };
    for asked in topics {
        let mut topic = asked.clone();
        let mut partitions = Vec::new();
        let is_refused = known.refuses(&asked.name);
        topic.partitions.retain(|partition| {
            let exists = !is_refused && known.has_partition(&asked.name, partition.partition_index);
            if !exists {
                partitions.push(OffsetDeleteResponsePartition {
                    partition_index: partition.partition_index,
                    error_code: missing(is_refused).code(),
                });
            }
            exists
        });
        if !partitions.is_empty() {
            let topic = OffsetDeleteResponseTopic { name: owned(&asked.name), partitions };
            resolved.refused = merge_delete(std::mem::take(&mut resolved.refused), vec![topic]);
        }
        if !topic.partitions.is_empty() {
            resolved.found.push(topic);
        }
    }
    resolved
}

/// Answers of one topic go together, in the order in which they were given.
macro_rules! merge {
    ($(#[$about:meta])* $name:ident, $topic:ident, $is_same:expr) => {
        $(#[$about])*
        pub(super) fn $name(mut into: Vec<$topic<'static>>, more: Vec<$topic<'static>>) -> Vec<$topic<'static>> {
            let is_same: fn(&$topic<'static>, &$topic<'static>) -> bool = $is_same;
            if into.is_empty() {
                return more;
            }
            for topic in more {
                match into.iter_mut().find(|known| is_same(known, &topic)) {
                    Some(known) => known.partitions.extend(topic.partitions),
                    None => into.push(topic),
                }
            }
            into
        }
    };
}

merge! {
    /// Answers to OffsetCommit.
    merge_commit, OffsetCommitResponseTopic, |a, b| a.name == b.name && a.topic_id == b.topic_id
}
merge! {
    /// Answers to TxnOffsetCommit.
    merge_txn_commit, TxnOffsetCommitResponseTopic, |a, b| a.name == b.name
}
merge! {
    /// Answers to OffsetDelete.
    merge_delete, OffsetDeleteResponseTopic, |a, b| a.name == b.name
}
