//! Records take effect: those just written, and those of the log while a partition is loaded (`replay`).

use std::borrow::Cow;
use std::sync::Arc;

use kafka_rpc::Uuid;
use kafka_rpc::stored::RecordError;
use kafka_rpc::stored::group::{GroupKey, GroupValue, OffsetCommitValue};
use kafka_rpc::stored::record_type;

use super::super::classic::ClassicGroup;
use super::super::consumer::ConsumerGroup;
use super::super::modern::{Kind, ModernGroup};
use super::super::offsets::Committed;
use super::super::outcome::Record;
use super::{Group, Shard};

/// Stands for no producer id.
const NO_PRODUCER_ID: i64 = -1;

/// Record types whose tombstone ends a group.
const GROUP_RECORD_TYPES: [i16; 2] = [11, 17];

impl<T: Copy> Shard<T> {
    /// A record of ours was written at `offset`.
    pub(super) fn apply(&mut self, record: &Record, offset: i64, producer_id: Option<i64>, now_ms: i64) {
        match record {
            Record::Offset { group, topic, partition, committed: Some(committed) } => {
                let committed = Committed { record_offset: offset, ..committed.clone() };
                self.put_offset(group, topic, *partition, committed, producer_id, now_ms);
            }
            Record::Offset { group, topic, partition, committed: None } => {
                self.offsets.remove(group, topic, *partition)
            }
            // The state has changed before.
            Record::Group { .. } => {}
            Record::GroupTombstone { group } => {
                self.groups.remove(group);
            }
            Record::Consumer { key, value } => self.replay_consumer(key, value.as_deref()),
            Record::Modern { key, value } => {
                let replayed = self.replay(offset, NO_PRODUCER_ID, key, value.as_deref(), now_ms);
                debug_assert!(replayed.is_ok(), "a record of ours can be read: {replayed:?}");
            }
        }
    }

    fn put_offset(
        &mut self,
        group: &Arc<str>,
        topic: &Arc<str>,
        partition: i32,
        committed: Committed,
        producer_id: Option<i64>,
        now_ms: i64,
    ) {
        let simple = || Group::Classic(Box::new(ClassicGroup::new(Arc::clone(group), now_ms)));
        self.groups.entry(Arc::clone(group)).or_insert_with(simple);
        self.offsets.put(group, topic, partition, committed, producer_id);
    }

    /// A record of the log while the partition is loaded, in the log's order. Records of types that Kafka 4.3.0 does not know
    /// are left alone.
    ///
    /// # Errors
    /// For bytes that Kafka would not read either.
    pub(in super::super) fn replay(
        &mut self,
        offset: i64,
        producer_id: i64,
        key: &[u8],
        value: Option<&[u8]>,
        now_ms: i64,
    ) -> Result<(), RecordError> {
        let record_type = record_type(key)?;
        match Kind::of_record_type(record_type) {
            Some(kind) => self.replay_modern(kind, record_type, key, value),
            None => match GroupKey::decode(key) {
                Err(RecordError::UnknownType { .. }) => {
                    tracing::warn!(
                        record_type,
                        offset,
                        "a record of an unknown type in __consumer_offsets is left alone"
                    );
                    Ok(())
                }
                Err(error) => Err(error),
                Ok(key) => {
                    let value = value.map(|value| GroupValue::decode(record_type, value)).transpose()?;
                    let producer_id = (producer_id != NO_PRODUCER_ID).then_some(producer_id);
                    self.replay_classic(offset, producer_id, &key, value.map(|(value, _)| value), now_ms);
                    Ok(())
                }
            },
        }
    }

    fn replay_classic(
        &mut self,
        offset: i64,
        producer_id: Option<i64>,
        key: &GroupKey<'_>,
        value: Option<GroupValue<'_>>,
        now_ms: i64,
    ) {
        let (group, topic, partition) = match key {
            GroupKey::OffsetCommit(key) => (&key.group, &key.topic, key.partition),
            GroupKey::LegacyOffsetCommit(key) => (&key.group, &key.topic, key.partition),
            GroupKey::GroupMetadata(key) => {
                let group = key.group.as_ref();
                match value {
                    Some(GroupValue::GroupMetadata(value)) => {
                        let id: Arc<str> = group.into();
                        let restored = ClassicGroup::restore(Arc::clone(&id), &value);
                        self.groups.insert(id, Group::Classic(Box::new(restored)));
                    }
                    _ => {
                        self.groups.remove(group);
                    }
                }
                return;
            }
            key => return self.replay_consumer(key, value.as_ref()),
        };
        let value = match value {
            Some(GroupValue::OffsetCommit(value)) => value,
            Some(GroupValue::LegacyOffsetCommit(value)) => OffsetCommitValue {
                offset: value.offset,
                metadata: value.metadata,
                commit_timestamp: value.commit_timestamp,
                leader_epoch: -1,
                expire_timestamp: -1,
                topic_id: Uuid::ZERO,
                ..OffsetCommitValue::default()
            },
            _ => {
                self.offsets.remove(group, topic, partition);
                return;
            }
        };
        let committed = Committed {
            record_offset: offset,
            offset: value.offset,
            leader_epoch: value.leader_epoch,
            metadata: value.metadata.as_ref().into(),
            commit_timestamp: value.commit_timestamp,
            expire_timestamp: (value.expire_timestamp != -1).then_some(value.expire_timestamp),
            topic_id: value.topic_id,
        };
        let topic = self.topic(group, topic);
        let known = self.groups.get_key_value(group.as_ref()).map(|(id, _)| Arc::clone(id));
        let group = known.unwrap_or_else(|| group.as_ref().into());
        self.put_offset(&group, &topic, partition, committed, producer_id, now_ms);
    }

    fn replay_consumer(&mut self, key: &GroupKey<'_>, value: Option<&GroupValue<'_>>) {
        let Some(id) = consumer_group_id(key) else { return };
        match self.groups.get(id) {
            Some(Group::Consumer(_)) => {}
            Some(other) if value.is_some() && !other.is_simple() => {
                tracing::warn!(
                    group = id,
                    "a record of a consumer group for a group of another protocol is left alone"
                );
                return;
            }
            // A simple group was made up for the offsets.
            _ if value.is_some() => {
                let id: Arc<str> = id.into();
                self.groups.insert(Arc::clone(&id), Group::Consumer(Box::new(ConsumerGroup::new(id))));
            }
            _ => return,
        }
        if let Some(Group::Consumer(group)) = self.groups.get_mut(id) {
            group.replay(key, value);
        }
        if matches!(key, GroupKey::ConsumerGroupMetadata(_)) && value.is_none() {
            self.groups.remove(id);
        }
    }

    fn replay_modern(
        &mut self,
        kind: Kind,
        record_type: i16,
        key: &[u8],
        value: Option<&[u8]>,
    ) -> Result<(), RecordError> {
        let group_id = group_id(key)?;
        let group_id = group_id.as_ref();
        match self.groups.get(group_id) {
            Some(Group::Modern(_)) => {}
            Some(other) if value.is_some() && !other.is_simple() => {
                tracing::warn!(
                    group = group_id,
                    record_type,
                    "a record of another protocol than that of its group is left alone"
                );
                return Ok(());
            }
            // A simple group was made up for the offsets.
            _ if value.is_some() => {
                let id: Arc<str> = group_id.into();
                self.groups.insert(Arc::clone(&id), Group::Modern(ModernGroup::new(id, kind)));
            }
            _ => return Ok(()),
        }
        let Some(Group::Modern(group)) = self.groups.get_mut(group_id) else { return Ok(()) };
        group.note_key(key, value.is_some());
        if group.is_gone() || value.is_none() && GROUP_RECORD_TYPES.contains(&record_type) {
            self.groups.remove(group_id);
        }
        Ok(())
    }

    /// The end of a transaction, in the log or just written.
    pub(in super::super) fn end_transaction(&mut self, producer_id: i64, commit: bool) {
        self.offsets.end_transaction(producer_id, commit);
    }
}

/// The group of a record of a consumer group.
fn consumer_group_id<'k>(key: &'k GroupKey<'_>) -> Option<&'k str> {
    Some(match key {
        GroupKey::ConsumerGroupMetadata(key) => &key.group_id,
        GroupKey::ConsumerGroupPartitionMetadata(key) => &key.group_id,
        GroupKey::ConsumerGroupMemberMetadata(key) => &key.group_id,
        GroupKey::ConsumerGroupTargetAssignmentMetadata(key) => &key.group_id,
        GroupKey::ConsumerGroupTargetAssignmentMember(key) => &key.group_id,
        GroupKey::ConsumerGroupCurrentMemberAssignment(key) => &key.group_id,
        GroupKey::ConsumerGroupRegularExpression(key) => &key.group_id,
        _ => return None,
    })
}

/// The group id, with which the keys of all these types start.
fn group_id(key: &[u8]) -> Result<Cow<'_, str>, RecordError> {
    let mut reader = kafka_schema::Reader::new(key);
    reader.i16("type")?;
    let length = reader.length("groupId", true, false)?;
    Ok(String::from_utf8_lossy(reader.text(length, "groupId", false)?))
}
