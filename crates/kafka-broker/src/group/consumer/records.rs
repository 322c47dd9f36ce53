//! The records of a consumer group (`GroupCoordinatorRecordHelpers`).

use std::borrow::Cow;

use kafka_rpc::stored::group::consumer_group_target_assignment_member_value::TopicPartition;
use kafka_rpc::stored::group::{
    ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupMemberMetadataKey, ConsumerGroupMetadataKey,
    ConsumerGroupMetadataValue, ConsumerGroupPartitionMetadataKey, ConsumerGroupRegularExpressionKey,
    ConsumerGroupRegularExpressionValue, ConsumerGroupTargetAssignmentMemberKey,
    ConsumerGroupTargetAssignmentMemberValue, ConsumerGroupTargetAssignmentMetadataKey,
    ConsumerGroupTargetAssignmentMetadataValue, GroupKey, GroupValue,
};

use super::super::assign::Assigned;
use super::super::classic::owned;
use super::super::outcome::Record;
use super::ConsumerGroup;
use super::expression::Resolved;
use super::member::Member;

fn record(key: impl Into<GroupKey<'static>>, value: impl Into<GroupValue<'static>>) -> Record {
    Record::Consumer { key: key.into(), value: Some(Box::new(value.into())) }
}

fn tombstone(key: impl Into<GroupKey<'static>>) -> Record {
    Record::Consumer { key: key.into(), value: None }
}

impl ConsumerGroup {
    fn group_id(&self) -> Cow<'static, str> {
        owned(&self.id)
    }

    fn metadata_key(&self, member_id: &str) -> ConsumerGroupMemberMetadataKey<'static> {
        ConsumerGroupMemberMetadataKey { group_id: self.group_id(), member_id: owned(member_id) }
    }

    fn target_key(&self, member_id: &str) -> ConsumerGroupTargetAssignmentMemberKey<'static> {
        ConsumerGroupTargetAssignmentMemberKey { group_id: self.group_id(), member_id: owned(member_id) }
    }

    fn current_key(&self, member_id: &str) -> ConsumerGroupCurrentMemberAssignmentKey<'static> {
        ConsumerGroupCurrentMemberAssignmentKey { group_id: self.group_id(), member_id: owned(member_id) }
    }

    fn expression_key(&self, expression: &str) -> ConsumerGroupRegularExpressionKey<'static> {
        ConsumerGroupRegularExpressionKey { group_id: self.group_id(), regular_expression: owned(expression) }
    }

    pub(super) fn member_record(&self, member: &Member) -> Record {
        record(self.metadata_key(&member.id), member.metadata())
    }

    pub(super) fn current_record(&self, member: &Member) -> Record {
        record(self.current_key(&member.id), member.assignment())
    }

    pub(super) fn target_record(&self, member_id: &str, assigned: &Assigned) -> Record {
        let topic = |(topic_id, partitions): &(_, Vec<i32>)| TopicPartition {
            topic_id: *topic_id,
            partitions: partitions.clone(),
            ..TopicPartition::default()
        };
        let topic_partitions = assigned.iter().map(topic).collect();
        let value = ConsumerGroupTargetAssignmentMemberValue { topic_partitions, ..Default::default() };
        record(self.target_key(member_id), value)
    }

    pub(super) fn epoch_record(&self, epoch: i32, metadata_hash: i64) -> Record {
        let value = ConsumerGroupMetadataValue { epoch, metadata_hash, ..ConsumerGroupMetadataValue::default() };
        record(ConsumerGroupMetadataKey { group_id: self.group_id() }, value)
    }

    pub(super) fn assignment_record(&self, assignment_epoch: i32, assignment_timestamp: i64) -> Record {
        let value = ConsumerGroupTargetAssignmentMetadataValue {
            assignment_epoch,
            assignment_timestamp,
            ..ConsumerGroupTargetAssignmentMetadataValue::default()
        };
        record(ConsumerGroupTargetAssignmentMetadataKey { group_id: self.group_id() }, value)
    }

    pub(super) fn expression_record(&self, expression: &str, resolved: &Resolved) -> Record {
        let mut topics: Vec<&str> = resolved.topics.keys().map(|name| &**name).collect();
        topics.sort_unstable();
        let value = ConsumerGroupRegularExpressionValue {
            topics: topics.into_iter().map(owned).collect(),
            version: resolved.version,
            timestamp: resolved.timestamp,
            ..ConsumerGroupRegularExpressionValue::default()
        };
        record(self.expression_key(expression), value)
    }

    pub(super) fn expression_tombstone(&self, expression: &str) -> Record {
        tombstone(self.expression_key(expression))
    }

    pub(super) fn partition_metadata_tombstone(&self) -> Record {
        tombstone(ConsumerGroupPartitionMetadataKey { group_id: self.group_id() })
    }

    /// Tombstones of a member.
    pub(super) fn member_tombstones(&self, member_id: &str) -> [Record; 3] {
        [
            tombstone(self.current_key(member_id)),
            tombstone(self.target_key(member_id)),
            tombstone(self.metadata_key(member_id)),
        ]
    }

    /// Tombstones of the group and all that belongs to it; `id_of` gives the ids under which members are in the log.
    pub(super) fn tombstones_with<'m>(&'m self, id_of: impl Fn(&'m str) -> &'m str) -> Vec<Record> {
        let ids: Vec<&str> = self.members.keys().map(|id| id_of(id)).collect();
        let mut records = Vec::new();
        records.extend(ids.iter().map(|id| tombstone(self.current_key(id))));
        records.extend(ids.iter().map(|id| tombstone(self.target_key(id))));
        records.push(tombstone(ConsumerGroupTargetAssignmentMetadataKey { group_id: self.group_id() }));
        records.extend(ids.iter().map(|id| tombstone(self.metadata_key(id))));
        records.extend(self.resolved.keys().map(|expression| self.expression_tombstone(expression)));
        records.push(self.partition_metadata_tombstone());
        records.push(tombstone(ConsumerGroupMetadataKey { group_id: self.group_id() }));
        records
    }

    /// Tombstones of the group (`createGroupTombstoneRecords`).
    pub(in super::super) fn tombstones(&self) -> Vec<Record> {
        self.tombstones_with(|id| id)
    }
}
