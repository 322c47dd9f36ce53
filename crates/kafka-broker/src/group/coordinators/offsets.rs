//! OffsetCommit, TxnOffsetCommit, OffsetDelete, OffsetFetch.

use std::collections::HashSet;

use kafka_log::log::VerificationGuard;
use kafka_rpc::messages::offset_fetch_request::{OffsetFetchRequestGroup, OffsetFetchRequestTopics};
use kafka_rpc::messages::offset_fetch_response::{
    OffsetFetchResponseGroup, OffsetFetchResponsePartition, OffsetFetchResponseTopic, OffsetFetchResponseTopics,
};
use kafka_rpc::messages::{
    OffsetCommitRequest, OffsetCommitResponse, OffsetDeleteRequest, OffsetFetchRequest, OffsetFetchResponse,
    TxnOffsetCommitRequest, TxnOffsetCommitResponse,
};
use kafka_rpc::{ErrorCode, Uuid};

use super::super::classic::owned;
use super::super::outcome::Outcome;
use super::super::shard::nothing;
use super::super::{Client, Reply, Topics, resolve};
use super::{Coordinators, Ticket};

/// Since this version a request is for any number of groups.
const GROUPS_MIN_VERSION: i16 = 8;
/// Since this version there is an error for a whole group.
const GROUP_ERROR_MIN_VERSION: i16 = 2;

impl<T: Copy> Coordinators<T> {
    /// OffsetCommit. The empty group id is a group like any other.
    pub(crate) fn offset_commit(
        &self,
        client: Client<'_>,
        request: &OffsetCommitRequest<'_>,
        topics: &dyn Topics,
        ticket: T,
        now_ms: i64,
    ) {
        let mut resolved = Some(resolve::commit(&request.topics, client.version, topics));
        let mut error = ErrorCode::None;
        if resolved.as_ref().is_some_and(|resolved| !resolved.found.is_empty()) {
            let commit = self.run(self.partition_for(&request.group_id), now_ms, |shard| {
                let resolved = resolved.take().unwrap_or_default();
                shard.offset_commit(client, request, resolved, Ticket::Whole(ticket), now_ms)
            });
            match commit {
                Ok(()) => return,
                Err(refusal) => error = refusal,
            }
        }
        let topics = resolve::refuse_commit(resolved.unwrap_or_default(), error);
        let response = OffsetCommitResponse { topics, ..OffsetCommitResponse::default() };
        self.replies.reply(ticket, Reply::OffsetCommit(response));
    }

    /// TxnOffsetCommit. The caller has verified the transaction: `guard` is the proof, or why it is not part of one.
    pub(crate) fn txn_offset_commit(
        &self,
        request: &TxnOffsetCommitRequest<'_>,
        guard: Result<VerificationGuard, ErrorCode>,
        topics: &dyn Topics,
        ticket: T,
        now_ms: i64,
    ) {
        let mut resolved = Some(resolve::txn_commit(&request.topics, topics));
        let mut error = ErrorCode::None;
        if request.group_id.is_empty() {
            error = ErrorCode::InvalidGroupId;
        } else if resolved.as_ref().is_some_and(|resolved| !resolved.found.is_empty()) {
            let commit = guard.and_then(|guard| {
                self.run(self.partition_for(&request.group_id), now_ms, |shard| {
                    let resolved = resolved.take().unwrap_or_default();
                    let outcome = shard.txn_offset_commit(request, resolved, Ticket::Whole(ticket), now_ms);
                    Outcome { guard, ..outcome }
                })
            });
            match commit {
                Ok(()) => return,
                Err(refusal) => error = refusal,
            }
        }
        let topics = resolve::refuse_txn_commit(resolved.unwrap_or_default(), error);
        let response = TxnOffsetCommitResponse { topics, ..TxnOffsetCommitResponse::default() };
        self.replies.reply(ticket, Reply::TxnOffsetCommit(response));
    }

    /// OffsetDelete.
    pub(crate) fn offset_delete(&self, request: &OffsetDeleteRequest<'_>, topics: &dyn Topics, ticket: T, now_ms: i64) {
        let refuse = |error| self.replies.reply(ticket, Reply::offset_delete_error(error));
        if request.group_id.is_empty() {
            refuse(ErrorCode::InvalidGroupId);
            return;
        }
        let resolved = resolve::delete(&request.topics, topics);
        let delete = self.run(self.partition_for(&request.group_id), now_ms, |shard| {
            shard.offset_delete(&request.group_id, resolved, Ticket::Whole(ticket))
        });
        if let Err(error) = delete {
            refuse(error);
        }
    }

    /// OffsetFetch.
    pub(crate) fn offset_fetch(
        &self,
        client: Client<'_>,
        request: &OffsetFetchRequest<'_>,
        topics: &dyn Topics,
    ) -> OffsetFetchResponse<'static> {
        offset_fetch(client, request, topics, |group, require_stable| {
            self.read(self.partition_for(&group.group_id), |shard| shard.offset_fetch(group, require_stable))
        })
    }
}

/// The offsets of a group, or why it has no answer; an error outside says that the group is not served.
type Fetched = Result<Result<Vec<OffsetFetchResponseTopics<'static>>, ErrorCode>, ErrorCode>;

/// OffsetFetch, with what a group has from `fetch`.
pub(in super::super) fn offset_fetch(
    client: Client<'_>,
    request: &OffsetFetchRequest<'_>,
    topics: &dyn Topics,
    fetch: impl Fn(&OffsetFetchRequestGroup<'_>, bool) -> Fetched,
) -> OffsetFetchResponse<'static> {
    let fetch = |group: &OffsetFetchRequestGroup<'_>| fetch(group, request.require_stable);
    if client.version >= GROUPS_MIN_VERSION {
        // Each group once: one with many offsets could be named many times in a short request.
        let mut seen = HashSet::new();
        let groups = request.groups.iter().filter(|group| seen.insert(group.group_id.as_ref()));
        let groups = groups.map(|group| fetch_group(client, group, topics, fetch)).collect();
        return OffsetFetchResponse { groups, ..OffsetFetchResponse::default() };
    }
    let asked = request.topics.as_ref().map(|topics| {
        let topics = topics.iter().map(|topic| OffsetFetchRequestTopics {
            name: topic.name.clone(),
            partition_indexes: topic.partition_indexes.clone(),
            ..OffsetFetchRequestTopics::default()
        });
        topics.collect()
    });
    let group = OffsetFetchRequestGroup {
        group_id: request.group_id.clone(),
        topics: asked,
        ..OffsetFetchRequestGroup::default()
    };
    let group = fetch_group(client, &group, topics, fetch);
    let topics = group.topics.into_iter().map(single_group_topic).collect();
    OffsetFetchResponse { topics, error_code: group.error_code, ..OffsetFetchResponse::default() }
}

fn fetch_group(
    client: Client<'_>,
    request: &OffsetFetchRequestGroup<'_>,
    known: &dyn Topics,
    fetch: impl Fn(&OffsetFetchRequestGroup<'_>) -> Fetched,
) -> OffsetFetchResponseGroup<'static> {
    let by_id = resolve::uses_topic_ids(client.version);
    let mut asked = request.clone();
    let mut unknown = Vec::new();
    if by_id && let Some(topics) = &mut asked.topics {
        topics.retain_mut(|topic| match known.topic_name(topic.topic_id) {
            Some(name) => {
                topic.name = name.into();
                true
            }
            None => {
                unknown.push(refused(topic, ErrorCode::UnknownTopicId));
                false
            }
        });
    }
    if let Some(topics) = &mut asked.topics {
        topics.retain(|topic| {
            let is_refused = known.refuses(&topic.name);
            if is_refused {
                unknown.push(refused(topic, ErrorCode::TopicAuthorizationFailed));
            }
            !is_refused
        });
    }
    let mut response =
        OffsetFetchResponseGroup { group_id: owned(&request.group_id), ..OffsetFetchResponseGroup::default() };
    let fetched = match known.refuses_group(&request.group_id) {
        true => Err(ErrorCode::GroupAuthorizationFailed),
        false => fetch(&asked).and_then(|topics| topics),
    };
    match fetched {
        Ok(mut topics) => {
            if asked.topics.is_none() {
                topics.retain(|topic| !known.refuses(&topic.name));
            }
            if by_id {
                // A topic without an id cannot be named.
                topics.retain_mut(|topic| {
                    if topic.topic_id == Uuid::ZERO {
                        topic.topic_id = known.topic_id(&topic.name).unwrap_or(Uuid::ZERO);
                    }
                    topic.topic_id != Uuid::ZERO
                });
            }
            topics.extend(unknown);
            response.topics = topics;
        }
        Err(error) if client.version >= GROUP_ERROR_MIN_VERSION => response.error_code = error.code(),
        Err(error) => {
            let topics = asked.topics.iter().flatten();
            response.topics = topics.map(|topic| refused(topic, error)).collect();
        }
    }
    response
}

fn refused(topic: &OffsetFetchRequestTopics<'_>, error: ErrorCode) -> OffsetFetchResponseTopics<'static> {
    OffsetFetchResponseTopics {
        name: owned(&topic.name),
        topic_id: topic.topic_id,
        partitions: topic.partition_indexes.iter().map(|partition| nothing(*partition, error)).collect(),
        ..OffsetFetchResponseTopics::default()
    }
}

fn single_group_topic(topic: OffsetFetchResponseTopics<'static>) -> OffsetFetchResponseTopic<'static> {
    let partitions = topic.partitions.into_iter().map(|partition| OffsetFetchResponsePartition {
        partition_index: partition.partition_index,
        committed_offset: partition.committed_offset,
        committed_leader_epoch: partition.committed_leader_epoch,
        metadata: partition.metadata,
        error_code: partition.error_code,
        ..OffsetFetchResponsePartition::default()
    });
    OffsetFetchResponseTopic { name: topic.name, partitions: partitions.collect(), ..Default::default() }
}
