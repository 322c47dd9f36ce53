//! OffsetCommit and TxnOffsetCommit (`OffsetMetadataManager.commitOffset`, `commitTransactionalOffset`).

use std::sync::Arc;

use kafka_rpc::messages::offset_commit_request::OffsetCommitRequestTopic;
use kafka_rpc::messages::offset_commit_response::{OffsetCommitResponsePartition, OffsetCommitResponseTopic};
use kafka_rpc::messages::txn_offset_commit_response::{TxnOffsetCommitResponsePartition, TxnOffsetCommitResponseTopic};
use kafka_rpc::messages::{OffsetCommitRequest, OffsetCommitResponse, TxnOffsetCommitRequest, TxnOffsetCommitResponse};
use kafka_rpc::{ErrorCode, Uuid};

use super::super::classic::{ClassicGroup, owned};
use super::super::consumer::CommitCheck;
use super::super::offsets::Committed;
use super::super::outcome::{Completion, Outcome, Record};
use super::super::resolve::{Resolved, merge_commit, merge_txn_commit};
use super::super::{Client, Reply};
use super::{Group, Shard};
use kafka_rpc::messages::txn_offset_commit_request::TxnOffsetCommitRequestTopic;

/// Since this version a group that is not there has its own error.
const GROUP_ID_NOT_FOUND_MIN_VERSION: i16 = 9;

/// One offset to be committed.
struct Commit<'a> {
    topic: &'a str,
    topic_id: Uuid,
    partition: i32,
    offset: i64,
    leader_epoch: i32,
    metadata: Option<&'a str>,
    expire_timestamp: Option<i64>,
}

impl<T: Copy> Shard<T> {
    /// OffsetCommit of topics that exist; the answer has those that do not as well.
    pub(in super::super) fn offset_commit(
        &mut self,
        client: Client<'_>,
        request: &OffsetCommitRequest<'_>,
        resolved: Resolved<OffsetCommitRequestTopic<'_>, OffsetCommitResponseTopic<'static>>,
        ticket: T,
        now_ms: i64,
    ) -> Outcome<T> {
        let mut out = Outcome::default();
        let checked = self.check_commit(client, request, now_ms, &mut out);
        // One partition that is not the member's is enough to refuse all.
        let checked = checked.and_then(|check| {
            let mut topics = resolved.found.iter();
            topics.try_for_each(|topic| {
                let mut partitions = topic.partitions.iter();
                partitions.try_for_each(|p| {
                    let metadata = p.committed_metadata.as_deref();
                    self.check_partition(&check, (topic.topic_id, p.partition_index, metadata))
                })
            })
        });
        let expire_timestamp =
            (request.retention_time_ms != -1).then(|| now_ms.saturating_add(request.retention_time_ms));
        let mut topics = Vec::with_capacity(resolved.found.len());
        for topic in &resolved.found {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in &topic.partitions {
                let error = checked.err().unwrap_or_else(|| {
                    let commit = Commit {
                        topic: &topic.name,
                        topic_id: topic.topic_id,
                        partition: partition.partition_index,
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: partition.committed_metadata.as_deref(),
                        expire_timestamp,
                    };
                    self.commit(&request.group_id, &commit, now_ms, &mut out.records)
                });
                let (partition_index, error_code) = (partition.partition_index, error.code());
                let default = OffsetCommitResponsePartition::default();
                partitions.push(OffsetCommitResponsePartition { partition_index, error_code, ..default });
            }
            let (name, topic_id) = (owned(&topic.name), topic.topic_id);
            topics.push(OffsetCommitResponseTopic { name, topic_id, partitions, ..Default::default() });
        }
        let topics = merge_commit(resolved.refused, topics);
        let response = OffsetCommitResponse { topics, ..OffsetCommitResponse::default() };
        out.replies.push((ticket, Reply::OffsetCommit(response)));
        out
    }

    /// TxnOffsetCommit; the offsets count once the transaction is committed.
    pub(in super::super) fn txn_offset_commit(
        &mut self,
        request: &TxnOffsetCommitRequest<'_>,
        resolved: Resolved<TxnOffsetCommitRequestTopic<'_>, TxnOffsetCommitResponseTopic<'static>>,
        ticket: T,
        now_ms: i64,
    ) -> Outcome<T> {
        let mut out = Outcome { producer: Some((request.producer_id, request.producer_epoch)), ..Outcome::default() };
        let checked = self.check_txn_commit(request, now_ms, &mut out);
        let checked = checked.and_then(|check| {
            let mut topics = resolved.found.iter();
            topics.try_for_each(|topic| {
                if matches!(check, CommitCheck::None) {
                    return Ok(());
                }
                let id = self.metadata.topic(&topic.name).ok_or(ErrorCode::IllegalGeneration)?.id;
                let mut partitions = topic.partitions.iter();
                partitions.try_for_each(|p| {
                    self.check_partition(&check, (id, p.partition_index, p.committed_metadata.as_deref()))
                })
            })
        });
        // Members of transactions know no epochs.
        let checked = checked.map_err(|error| match error {
            ErrorCode::StaleMemberEpoch => ErrorCode::IllegalGeneration,
            other => other,
        });
        let mut topics = Vec::with_capacity(resolved.found.len());
        for topic in &resolved.found {
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in &topic.partitions {
                let error = checked.err().unwrap_or_else(|| {
                    let commit = Commit {
                        topic: &topic.name,
                        topic_id: Uuid::ZERO,
                        partition: partition.partition_index,
                        offset: partition.committed_offset,
                        leader_epoch: partition.committed_leader_epoch,
                        metadata: partition.committed_metadata.as_deref(),
                        expire_timestamp: None,
                    };
                    self.commit(&request.group_id, &commit, now_ms, &mut out.records)
                });
                let (partition_index, error_code) = (partition.partition_index, error.code());
                let default = TxnOffsetCommitResponsePartition::default();
                partitions.push(TxnOffsetCommitResponsePartition { partition_index, error_code, ..default });
            }
            topics.push(TxnOffsetCommitResponseTopic { name: owned(&topic.name), partitions, ..Default::default() });
        }
        let topics = merge_txn_commit(resolved.refused, topics);
        let response = TxnOffsetCommitResponse { topics, ..TxnOffsetCommitResponse::default() };
        out.replies.push((ticket, Reply::TxnOffsetCommit(response)));
        out
    }

    fn check_commit(
        &mut self,
        client: Client<'_>,
        request: &OffsetCommitRequest<'_>,
        now_ms: i64,
        out: &mut Outcome<T>,
    ) -> Result<CommitCheck, ErrorCode> {
        let generation = request.generation_id_or_member_epoch;
        match self.groups.get(request.group_id.as_ref()) {
            None if generation < 0 => self.create_simple(&request.group_id, now_ms, out),
            None if client.version >= GROUP_ID_NOT_FOUND_MIN_VERSION => return Err(ErrorCode::GroupIdNotFound),
            None => return Err(ErrorCode::IllegalGeneration),
            Some(Group::Modern(_)) => return Err(ErrorCode::UnknownMemberId),
            Some(Group::Consumer(group)) => {
                let instance_id = request.group_instance_id.as_deref();
                return group.check_commit(&request.member_id, instance_id, generation, false, client.version);
            }
            Some(Group::Classic(group)) => {
                let instance_id = request.group_instance_id.as_deref();
                group.check_commit(&request.member_id, instance_id, generation, false)?;
            }
        }
        self.with_classic(&request.group_id, now_ms, out, |group, cx| group.committed(cx, &request.member_id));
        Ok(CommitCheck::None)
    }

    fn check_txn_commit(
        &mut self,
        request: &TxnOffsetCommitRequest<'_>,
        now_ms: i64,
        out: &mut Outcome<T>,
    ) -> Result<CommitCheck, ErrorCode> {
        match self.groups.get(request.group_id.as_ref()) {
            None if request.generation_id < 0 => self.create_simple(&request.group_id, now_ms, out),
            None => return Err(ErrorCode::IllegalGeneration),
            Some(Group::Modern(_)) => return Err(ErrorCode::UnknownMemberId),
            Some(Group::Consumer(group)) => {
                let instance_id = request.group_instance_id.as_deref();
                return group.check_commit(&request.member_id, instance_id, request.generation_id, true, 0);
            }
            Some(Group::Classic(group)) => {
                let instance_id = request.group_instance_id.as_deref();
                group.check_commit(&request.member_id, instance_id, request.generation_id, true)?;
            }
        }
        Ok(CommitCheck::None)
    }

    /// Refuses a partition that is not the member's. One whose metadata is too long is refused for that.
    fn check_partition(
        &self,
        check: &CommitCheck,
        (topic, partition, metadata): (Uuid, i32, Option<&str>),
    ) -> Result<(), ErrorCode> {
        if self.is_too_long(metadata.unwrap_or_default()) { Ok(()) } else { check.check(topic, partition) }
    }

    fn is_too_long(&self, metadata: &str) -> bool {
        // Bytes are never fewer than UTF-16 units.
        let max = self.config.offset_metadata_max;
        metadata.len() > max && metadata.encode_utf16().count() > max
    }

    /// A group that keeps offsets for somebody who is no member of anything.
    fn create_simple(&mut self, group_id: &str, now_ms: i64, out: &mut Outcome<T>) {
        let id: Arc<str> = group_id.into();
        self.groups.insert(Arc::clone(&id), Group::Classic(Box::new(ClassicGroup::new(Arc::clone(&id), now_ms))));
        out.completion = Some(Completion::NewGroup { group: id });
    }

    fn commit(&self, group_id: &str, commit: &Commit<'_>, now_ms: i64, records: &mut Vec<Record>) -> ErrorCode {
        let metadata = commit.metadata.unwrap_or_default();
        if self.is_too_long(metadata) {
            return ErrorCode::OffsetMetadataTooLarge;
        }
        let Some((group, _)) = self.groups.get_key_value(group_id) else { return ErrorCode::GroupIdNotFound };
        records.push(Record::Offset {
            group: Arc::clone(group),
            topic: self.topic(group_id, commit.topic),
            partition: commit.partition,
            committed: Some(Committed {
                record_offset: -1,
                offset: commit.offset,
                leader_epoch: commit.leader_epoch,
                metadata: metadata.into(),
                commit_timestamp: now_ms,
                expire_timestamp: commit.expire_timestamp,
                topic_id: commit.topic_id,
            }),
        });
        ErrorCode::None
    }

    /// The name of a topic, which the group's offsets may have already.
    pub(super) fn topic(&self, group_id: &str, topic: &str) -> Arc<str> {
        let known = self.offsets.group(group_id).and_then(|topics| topics.get_key_value(topic));
        known.map_or_else(|| topic.into(), |(known, _)| Arc::clone(known))
    }
}
