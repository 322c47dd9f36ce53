//! Groups of other protocols than the classic one, as far as they are in the log: kept, listed, deleted.
//!
//! This broker does not serve their protocols yet: members that the log tells of send no heartbeats, and are removed when their
//! sessions end.

mod describe;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kafka_rpc::ErrorCode;
use kafka_rpc::Uuid;
use kafka_rpc::messages::list_groups_response::ListedGroup;
use kafka_rpc::stored::RecordError;
use kafka_rpc::stored::group::{
    ConsumerGroupCurrentMemberAssignmentKey, ConsumerGroupCurrentMemberAssignmentValue, ConsumerGroupMemberMetadataKey,
    ConsumerGroupMemberMetadataValue, ConsumerGroupMetadataKey, ConsumerGroupMetadataValue,
    ConsumerGroupTargetAssignmentMemberKey, GroupKey, GroupValue,
};

use super::classic::owned;
use super::outcome::Record;

/// `MemberState.STABLE`.
const STABLE: i8 = 0;
/// Record type of `ConsumerGroupRegularExpressionKey`.
const REGULAR_EXPRESSION: i16 = 16;
/// Version of `ConsumerGroupMetadataValue`.
const METADATA_VERSION: i16 = 0;
/// Version of OffsetCommit since which members of consumer groups commit.
const MEMBER_EPOCH_MIN_VERSION: i16 = 9;
/// Record type of `ShareGroupMemberMetadataKey`.
const SHARE_MEMBER: i16 = 10;
/// Record type of `StreamsGroupMemberMetadataKey`.
const STREAMS_MEMBER: i16 = 19;

/// The protocol of a group (`GroupType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// KIP-848.
    Consumer,
    /// KIP-932.
    Share,
    /// KIP-1071.
    Streams,
}

impl Kind {
    /// The kind that a record type belongs to.
    pub(super) const fn of_record_type(record_type: i16) -> Option<Kind> {
        match record_type {
            3..=8 | 16 => Some(Kind::Consumer),
            9..=15 => Some(Kind::Share),
            17..=23 => Some(Kind::Streams),
            _ => None,
        }
    }

    /// The name in ListGroups, as group type and as protocol type.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Kind::Consumer => "consumer",
            Kind::Share => "share",
            Kind::Streams => "streams",
        }
    }
}

/// A member of a consumer group.
#[derive(Debug, Default)]
struct Member {
    instance_id: Option<Box<str>>,
    rack_id: Option<Box<str>>,
    client_id: Box<str>,
    client_host: Box<str>,
    topics: Vec<Box<str>>,
    topic_regex: Option<Box<str>>,
    assignor: Option<Box<str>>,
    /// Speaks the classic protocol.
    is_classic: bool,
    epoch: i32,
    is_stable: bool,
    /// What it has, those partitions included that it has to give up.
    assigned: BTreeMap<Uuid, Vec<i32>>,
}

impl Member {
    fn set_metadata(&mut self, value: &ConsumerGroupMemberMetadataValue<'_>) {
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(Box::from);
        self.instance_id = text(&value.instance_id);
        self.rack_id = text(&value.rack_id);
        self.client_id = value.client_id.as_ref().into();
        self.client_host = value.client_host.as_ref().into();
        self.topics = value.subscribed_topic_names.iter().map(|name| name.as_ref().into()).collect();
        self.topic_regex = text(&value.subscribed_topic_regex);
        self.assignor = text(&value.server_assignor);
        self.is_classic = value.classic_member_metadata.is_some();
    }

    fn set_assignment(&mut self, value: Option<&ConsumerGroupCurrentMemberAssignmentValue>) {
        self.assigned.clear();
        (self.epoch, self.is_stable) = value.map_or((0, false), |value| (value.member_epoch, value.state == STABLE));
        let topics =
            value.into_iter().flat_map(|v| v.assigned_partitions.iter().chain(&v.partitions_pending_revocation));
        for topic in topics {
            self.assigned.entry(topic.topic_id).or_default().extend(&topic.partitions);
        }
    }
}

/// A group of another protocol.
#[derive(Debug)]
pub(super) struct ModernGroup {
    pub(super) id: Arc<str>,
    pub(super) kind: Kind,
    epoch: i32,
    /// Hash of the topics that are subscribed to.
    metadata_hash: i64,
    assignment_epoch: i32,
    members: BTreeMap<Box<str>, Member>,
    /// What members are to have.
    targets: BTreeMap<Box<str>, BTreeMap<Uuid, Vec<i32>>>,
    /// Keys of the records that there are, in the order in which Kafka deletes them.
    keys: BTreeSet<(u8, Vec<u8>)>,
}

/// Place of a record type among the tombstones of a group: members before the group (`createGroupTombstoneRecords`).
const fn rank(record_type: i16) -> u8 {
    match record_type {
        8 => 0,
        7 => 1,
        6 => 2,
        5 => 3,
        16 => 4,
        4 => 5,
        3 => 7,
        _ => 6,
    }
}

impl ModernGroup {
    pub(super) fn new(id: Arc<str>, kind: Kind) -> Self {
        ModernGroup {
            id,
            kind,
            epoch: 0,
            metadata_hash: 0,
            assignment_epoch: 0,
            members: BTreeMap::new(),
            targets: BTreeMap::new(),
            keys: BTreeSet::new(),
        }
    }

    /// Whether the log has no record of the group any more.
    pub(super) fn is_gone(&self) -> bool {
        self.keys.is_empty()
    }

    /// Notes that there is a record with this key, or a tombstone.
    pub(super) fn note_key(&mut self, record_type: i16, key: &[u8], exists: bool) {
        let place = (rank(record_type), key.to_vec());
        if exists {
            self.keys.insert(place);
        } else {
            self.keys.remove(&place);
        }
    }

    /// Replays a record of a consumer group.
    pub(super) fn replay(&mut self, key: &GroupKey<'_>, value: Option<&GroupValue<'_>>) {
        match (key, value) {
            (GroupKey::ConsumerGroupMetadata(_), Some(GroupValue::ConsumerGroupMetadata(value))) => {
                (self.epoch, self.metadata_hash) = (value.epoch, value.metadata_hash);
            }
            (
                GroupKey::ConsumerGroupTargetAssignmentMetadata(_),
                Some(GroupValue::ConsumerGroupTargetAssignmentMetadata(value)),
            ) => self.assignment_epoch = value.assignment_epoch,
            (GroupKey::ConsumerGroupMemberMetadata(key), None) => {
                self.members.remove(key.member_id.as_ref());
            }
            (GroupKey::ConsumerGroupMemberMetadata(key), Some(GroupValue::ConsumerGroupMemberMetadata(value))) => {
                self.members.entry(key.member_id.as_ref().into()).or_default().set_metadata(value);
            }
            (
                GroupKey::ConsumerGroupCurrentMemberAssignment(key),
                Some(GroupValue::ConsumerGroupCurrentMemberAssignment(value)),
            ) => self.members.entry(key.member_id.as_ref().into()).or_default().set_assignment(Some(value)),
            (GroupKey::ConsumerGroupCurrentMemberAssignment(key), None) => {
                if let Some(member) = self.members.get_mut(key.member_id.as_ref()) {
                    member.set_assignment(None);
                }
            }
            (
                GroupKey::ConsumerGroupTargetAssignmentMember(key),
                Some(GroupValue::ConsumerGroupTargetAssignmentMember(value)),
            ) => {
                let target = value.topic_partitions.iter().map(|topic| (topic.topic_id, topic.partitions.clone()));
                self.targets.insert(key.member_id.as_ref().into(), target.collect());
            }
            (GroupKey::ConsumerGroupTargetAssignmentMember(key), None) => {
                self.targets.remove(key.member_id.as_ref());
            }
            _ => {}
        }
    }

    /// Whether the group has no members.
    pub(super) fn is_empty(&self) -> bool {
        let record_type = match self.kind {
            Kind::Consumer => return self.members.is_empty(),
            Kind::Share => SHARE_MEMBER,
            Kind::Streams => STREAMS_MEMBER,
        };
        !self.keys.iter().any(|(_, key)| key.starts_with(&record_type.to_be_bytes()))
    }

    /// The state in ListGroups (`ConsumerGroupState`).
    pub(super) fn state(&self) -> &'static str {
        let is_reconciled = |member: &Member| member.is_stable && member.epoch == self.assignment_epoch;
        if self.is_empty() {
            "Empty"
        } else if self.kind != Kind::Consumer {
            "Stable"
        } else if self.epoch > self.assignment_epoch {
            "Assigning"
        } else if self.members.values().all(is_reconciled) {
            "Stable"
        } else {
            "Reconciling"
        }
    }

    pub(super) fn is_subscribed(&self, topic: &str) -> bool {
        self.members.values().any(|member| member.topics.iter().any(|name| **name == *topic))
    }

    /// Refuses commits of others than the group's members (`ConsumerGroup.validateOffsetCommit`).
    pub(super) fn check_commit(&self, member_id: &str, epoch: i32, version: i16) -> Result<(), ErrorCode> {
        if epoch < 0 && self.is_empty() {
            return Ok(());
        }
        if self.members.contains_key(member_id) && version < MEMBER_EPOCH_MIN_VERSION {
            return Err(ErrorCode::UnsupportedVersion);
        }
        self.check_epoch(member_id, epoch)
    }

    /// Refuses transactional commits of others than the group's members, if they say who they are.
    pub(super) fn check_txn_commit(&self, member_id: &str, epoch: i32) -> Result<(), ErrorCode> {
        if epoch < 0 && (self.is_empty() || member_id.is_empty()) {
            return Ok(());
        }
        // Members of transactions know no epochs.
        self.check_epoch(member_id, epoch).map_err(|error| match error {
            ErrorCode::StaleMemberEpoch => ErrorCode::IllegalGeneration,
            other => other,
        })
    }

    /// Refuses members that are not of the group; a fetch without a member is let through
    /// (`ConsumerGroup.validateOffsetFetch`).
    pub(super) fn check_fetch(&self, member_id: Option<&str>, epoch: i32) -> Result<(), ErrorCode> {
        match member_id {
            None if epoch < 0 => Ok(()),
            member_id => self.check_epoch(member_id.unwrap_or_default(), epoch),
        }
    }

    fn check_epoch(&self, member_id: &str, epoch: i32) -> Result<(), ErrorCode> {
        let member = self.members.get(member_id).ok_or(ErrorCode::UnknownMemberId)?;
        if member.epoch == epoch { Ok(()) } else { Err(ErrorCode::StaleMemberEpoch) }
    }

    /// One line of ListGroups.
    pub(super) fn list(&self) -> ListedGroup<'static> {
        ListedGroup {
            group_id: owned(&self.id),
            protocol_type: Cow::Borrowed(self.kind.name()),
            group_state: Cow::Borrowed(self.state()),
            group_type: Cow::Borrowed(self.kind.name()),
            ..ListedGroup::default()
        }
    }

    /// Ids of the members.
    pub(super) fn members(&self) -> impl Iterator<Item = &str> {
        self.members.keys().map(|id| &**id)
    }

    /// Records that remove a member (`consumerGroupFenceMember`); none where it is not there.
    ///
    /// # Errors
    /// For ids that are too long.
    pub(super) fn remove_member(&self, member_id: &str) -> Result<Vec<Record>, RecordError> {
        if !self.members.contains_key(member_id) {
            return Ok(Vec::new());
        }
        let (group_id, member_id) = (Cow::Borrowed(&*self.id), Cow::Borrowed(member_id));
        let is_last = self.members.len() == 1;
        let keys = [
            GroupKey::from(ConsumerGroupCurrentMemberAssignmentKey {
                group_id: group_id.clone(),
                member_id: member_id.clone(),
            }),
            ConsumerGroupTargetAssignmentMemberKey { group_id: group_id.clone(), member_id: member_id.clone() }.into(),
            ConsumerGroupMemberMetadataKey { group_id: group_id.clone(), member_id }.into(),
        ];
        let mut records = Vec::new();
        for key in keys {
            let mut bytes = Vec::new();
            key.encode(&mut bytes)?;
            records.push(Record::Modern { key: bytes, value: None });
        }
        if is_last {
            // Nobody is left to subscribe by them.
            let expressions = self.keys.iter().filter(|(place, _)| *place == rank(REGULAR_EXPRESSION));
            records.extend(expressions.map(|(_, key)| Record::Modern { key: key.clone(), value: None }));
        }
        let (mut key, mut value) = (Vec::new(), Vec::new());
        GroupKey::from(ConsumerGroupMetadataKey { group_id }).encode(&mut key)?;
        let (epoch, metadata_hash) = (self.epoch.wrapping_add(1), if is_last { 0 } else { self.metadata_hash });
        let metadata = ConsumerGroupMetadataValue { epoch, metadata_hash, ..ConsumerGroupMetadataValue::default() };
        GroupValue::from(metadata).encode(METADATA_VERSION, &mut value)?;
        records.push(Record::Modern { key, value: Some(value) });
        Ok(records)
    }

    /// Tombstones of all records of the group.
    pub(super) fn tombstones(&self) -> impl Iterator<Item = Record> + '_ {
        self.keys.iter().map(|(_, key)| Record::Modern { key: key.clone(), value: None })
    }
}
