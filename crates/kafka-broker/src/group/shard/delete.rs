//! OffsetDelete, DeleteGroups, and offsets of deleted topics.

use std::sync::Arc;

use kafka_rpc::messages::delete_groups_response::DeletableGroupResult;
use kafka_rpc::messages::offset_delete_request::OffsetDeleteRequestTopic;
use kafka_rpc::messages::offset_delete_response::{OffsetDeleteResponsePartition, OffsetDeleteResponseTopic};
use kafka_rpc::messages::{DeleteGroupsResponse, OffsetDeleteResponse};
use kafka_rpc::{ErrorCode, Uuid};

use super::super::Reply;
use super::super::classic::owned;
use super::super::outcome::{Outcome, Record};
use super::super::resolve::{Resolved, merge_delete};
use super::{Group, Shard};

impl<T: Copy> Shard<T> {
    /// OffsetDelete of topics that exist (`deleteOffsets`).
    pub(in super::super) fn offset_delete(
        &mut self,
        group_id: &str,
        resolved: Resolved<OffsetDeleteRequestTopic<'_>, OffsetDeleteResponseTopic<'static>>,
        ticket: T,
    ) -> Outcome<T> {
        let mut out = Outcome::default();
        let reply = match self.delete_offsets(group_id, &resolved.found, &mut out.records) {
            Err(error) => Reply::offset_delete_error(error),
            Ok(topics) => {
                let topics = merge_delete(resolved.refused, topics);
                Reply::OffsetDelete(OffsetDeleteResponse { topics, ..OffsetDeleteResponse::default() })
            }
        };
        out.replies.push((ticket, reply));
        out
    }

    fn delete_offsets(
        &self,
        group_id: &str,
        topics: &[OffsetDeleteRequestTopic<'_>],
        records: &mut Vec<Record>,
    ) -> Result<Vec<OffsetDeleteResponseTopic<'static>>, ErrorCode> {
        let (id, group) = self.groups.get_key_value(group_id).ok_or(ErrorCode::GroupIdNotFound)?;
        if let Group::Classic(group) = group {
            group.check_offset_delete()?;
        }
        let mut responses = Vec::with_capacity(topics.len());
        for topic in topics {
            let is_subscribed = group.is_subscribed(&topic.name);
            let error = if is_subscribed { ErrorCode::GroupSubscribedToTopic } else { ErrorCode::None };
            let mut partitions = Vec::with_capacity(topic.partitions.len());
            for partition in &topic.partitions {
                let p = partition.partition_index;
                let exists =
                    self.offsets.get(id, &topic.name, p).is_some() || self.offsets.is_pending(id, &topic.name, p);
                if exists && !is_subscribed {
                    let topic = self.topic(group_id, &topic.name);
                    records.push(Record::Offset { group: Arc::clone(id), topic, partition: p, committed: None });
                }
                partitions.push(OffsetDeleteResponsePartition { partition_index: p, error_code: error.code() });
            }
            responses.push(OffsetDeleteResponseTopic { name: owned(&topic.name), partitions });
        }
        Ok(responses)
    }

    /// DeleteGroups of groups of this partition (`deleteGroups`).
    pub(in super::super) fn delete_groups(&mut self, group_ids: &[&str], ticket: T) -> Outcome<T> {
        let mut out = Outcome::default();
        let mut results = Vec::with_capacity(group_ids.len());
        for group_id in group_ids {
            let error = self.delete_group(group_id, &mut out.records).err().unwrap_or(ErrorCode::None);
            results.push(deleted(group_id, error));
        }
        let response = DeleteGroupsResponse { results, ..DeleteGroupsResponse::default() };
        out.replies.push((ticket, Reply::DeleteGroups(response)));
        out
    }

    fn delete_group(&self, group_id: &str, records: &mut Vec<Record>) -> Result<(), ErrorCode> {
        let (id, group) = self.groups.get_key_value(group_id).ok_or(ErrorCode::GroupIdNotFound)?;
        group.check_delete()?;
        let tombstone =
            |(topic, partition)| Record::Offset { group: Arc::clone(id), topic, partition, committed: None };
        records.extend(self.offsets.partitions(id).into_iter().map(tombstone));
        group.push_tombstones(records);
        Ok(())
    }

    /// Deletes the offsets of deleted topics (`onTopicsDeleted`).
    pub(in super::super) fn topics_deleted(&mut self, topics: &[(String, Uuid)]) -> Outcome<T> {
        let found = self.offsets.of_topics(topics).into_iter();
        let tombstone = |(group, topic, partition)| Record::Offset { group, topic, partition, committed: None };
        Outcome { records: found.map(tombstone).collect(), may_split: true, ..Outcome::default() }
    }
}

/// What DeleteGroups says of a group.
pub(in super::super) fn deleted(group_id: &str, error: ErrorCode) -> DeletableGroupResult<'static> {
    DeletableGroupResult { group_id: owned(group_id), error_code: error.code(), ..DeletableGroupResult::default() }
}
