//! A member of a consumer group (`ConsumerGroupMember`).

use std::borrow::Cow;
use std::sync::Arc;

use kafka_rpc::Uuid;
use kafka_rpc::stored::group::consumer_group_current_member_assignment_value::TopicPartitions;
use kafka_rpc::stored::group::consumer_group_member_metadata_value::{ClassicMemberMetadata, ClassicProtocol};
use kafka_rpc::stored::group::{ConsumerGroupCurrentMemberAssignmentValue, ConsumerGroupMemberMetadataValue};

use super::super::classic::{Protocol, owned};
use super::super::java;

/// Partitions by topic, each with the epoch in which the member got it.
pub(super) type Epochs = java::HashMap<Uuid, java::HashMap<i32, i32>>;

/// Epoch of a member that joins.
pub(super) const JOIN_EPOCH: i32 = 0;
/// Epoch of a member that leaves.
pub(super) const LEAVE_EPOCH: i32 = -1;
/// Epoch of a static member that leaves and will come back.
pub(super) const STATIC_LEAVE_EPOCH: i32 = -2;

/// How far a member is with its assignment (`MemberState`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum MemberState {
    /// Has what it is to have, or waits for the next assignment.
    Stable,
    /// Has to give up partitions.
    Unrevoked,
    /// Waits for partitions that others have to give up.
    Unreleased,
    /// A state of a later version.
    Unknown,
}

impl MemberState {
    pub(super) const fn code(self) -> i8 {
        match self {
            MemberState::Stable => 0,
            MemberState::Unrevoked => 1,
            MemberState::Unreleased => 2,
            MemberState::Unknown => 127,
        }
    }

    const fn of_code(code: i8) -> Self {
        match code {
            0 => MemberState::Stable,
            1 => MemberState::Unrevoked,
            2 => MemberState::Unreleased,
            _ => MemberState::Unknown,
        }
    }
}

/// What there is of a member that speaks the classic protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct ClassicMember {
    pub(super) session_timeout_ms: i32,
    pub(super) protocols: Vec<Protocol>,
}

impl ClassicMember {
    /// The protocol that the member is told: its first.
    pub(super) fn protocol(&self) -> Option<&Protocol> {
        self.protocols.first()
    }
}

/// A member.
#[derive(Clone, Debug, PartialEq)]
pub(in super::super) struct Member {
    pub(super) id: Arc<str>,
    pub(super) epoch: i32,
    pub(super) previous_epoch: i32,
    pub(super) state: MemberState,
    pub(super) instance_id: Option<Arc<str>>,
    pub(super) rack_id: Option<Arc<str>>,
    pub(super) rebalance_timeout_ms: i32,
    pub(super) client_id: Arc<str>,
    pub(super) client_host: Arc<str>,
    pub(super) topics: Arc<java::HashSet<Arc<str>>>,
    pub(super) expression: Option<Arc<str>>,
    pub(super) assignor: Option<Arc<str>>,
    /// What it has.
    pub(super) assigned: Arc<Epochs>,
    /// What it has to give up.
    pub(super) revoking: Arc<Epochs>,
    /// `None` where it speaks the consumer protocol.
    pub(super) classic: Option<Arc<ClassicMember>>,
}

impl Member {
    /// A member about which nothing is known.
    pub(super) fn new(id: Arc<str>) -> Self {
        Member {
            id,
            epoch: JOIN_EPOCH,
            previous_epoch: -1,
            state: MemberState::Stable,
            instance_id: None,
            rack_id: None,
            rebalance_timeout_ms: -1,
            client_id: "".into(),
            client_host: "".into(),
            topics: Arc::default(),
            expression: Some("".into()),
            assignor: None,
            assigned: Arc::default(),
            revoking: Arc::default(),
            classic: None,
        }
    }

    /// The regular expression that it subscribes by, if any.
    pub(super) fn expression(&self) -> Option<&Arc<str>> {
        self.expression.as_ref().filter(|expression| !expression.is_empty())
    }

    pub(super) fn is_reconciled_to(&self, epoch: i32) -> bool {
        self.state == MemberState::Stable && self.epoch == epoch
    }

    /// Moves to an epoch, and remembers the one before.
    pub(super) fn advance_to(&mut self, epoch: i32) {
        self.previous_epoch = self.epoch;
        self.epoch = epoch;
    }

    /// The epoch in which the member got a partition that it has, or has to give up.
    pub(super) fn assignment_epoch(&self, topic: Uuid, partition: i32) -> Option<i32> {
        let of = |epochs: &Epochs| epochs.get(&topic).and_then(|partitions| partitions.get(&partition).copied());
        of(&self.assigned).or_else(|| of(&self.revoking))
    }

    pub(super) fn set_metadata(&mut self, value: &ConsumerGroupMemberMetadataValue<'_>) {
        let text = |text: &Option<Cow<'_, str>>| text.as_deref().map(Arc::from);
        self.instance_id = text(&value.instance_id);
        self.rack_id = text(&value.rack_id);
        self.client_id = value.client_id.as_ref().into();
        self.client_host = value.client_host.as_ref().into();
        self.topics = Arc::new(names(&value.subscribed_topic_names));
        self.expression = text(&value.subscribed_topic_regex);
        self.rebalance_timeout_ms = value.rebalance_timeout_ms;
        self.assignor = text(&value.server_assignor);
        self.classic = value.classic_member_metadata.as_ref().map(|classic| {
            let protocol = |protocol: &ClassicProtocol<'_>| Protocol {
                name: protocol.name.as_ref().into(),
                metadata: protocol.metadata.as_ref().into(),
            };
            let protocols = classic.supported_protocols.iter().map(protocol).collect();
            Arc::new(ClassicMember { session_timeout_ms: classic.session_timeout_ms, protocols })
        });
    }

    pub(super) fn metadata(&self) -> ConsumerGroupMemberMetadataValue<'static> {
        let text = |text: &Option<Arc<str>>| text.as_deref().map(owned);
        let mut topics: Vec<&str> = self.topics.keys().map(|name| &**name).collect();
        // Java sorts by UTF-16 units.
        topics.sort_by(|one, other| one.encode_utf16().cmp(other.encode_utf16()));
        let classic = self.classic.as_ref().map(|classic| ClassicMemberMetadata {
            session_timeout_ms: classic.session_timeout_ms,
            supported_protocols: classic
                .protocols
                .iter()
                .map(|protocol| ClassicProtocol {
                    name: owned(&protocol.name),
                    metadata: Cow::Owned(protocol.metadata.to_vec()),
                    ..ClassicProtocol::default()
                })
                .collect(),
            ..ClassicMemberMetadata::default()
        });
        ConsumerGroupMemberMetadataValue {
            instance_id: text(&self.instance_id),
            rack_id: text(&self.rack_id),
            client_id: owned(&self.client_id),
            client_host: owned(&self.client_host),
            subscribed_topic_names: topics.into_iter().map(owned).collect(),
            subscribed_topic_regex: text(&self.expression),
            rebalance_timeout_ms: self.rebalance_timeout_ms,
            server_assignor: text(&self.assignor),
            classic_member_metadata: classic,
            ..ConsumerGroupMemberMetadataValue::default()
        }
    }

    pub(super) fn set_assignment(&mut self, value: &ConsumerGroupCurrentMemberAssignmentValue) {
        self.epoch = value.member_epoch;
        self.previous_epoch = value.previous_member_epoch;
        self.state = MemberState::of_code(value.state);
        self.assigned = Arc::new(epochs(&value.assigned_partitions, value.member_epoch));
        self.revoking = Arc::new(epochs(&value.partitions_pending_revocation, value.member_epoch));
    }

    pub(super) fn assignment(&self) -> ConsumerGroupCurrentMemberAssignmentValue {
        ConsumerGroupCurrentMemberAssignmentValue {
            member_epoch: self.epoch,
            previous_member_epoch: self.previous_epoch,
            state: self.state.code(),
            assigned_partitions: topic_partitions(&self.assigned),
            partitions_pending_revocation: topic_partitions(&self.revoking),
            ..ConsumerGroupCurrentMemberAssignmentValue::default()
        }
    }
}

/// A set of names, as `new HashSet(list)` makes it.
pub(super) fn names(list: &[Cow<'_, str>]) -> java::HashSet<Arc<str>> {
    java::HashSet::set_of(list.iter().map(|name| Arc::from(name.as_ref())), list.len())
}

fn epochs(topics: &[TopicPartitions], member_epoch: i32) -> Epochs {
    let mut epochs = Epochs::default();
    for topic in topics {
        let known = topic.assignment_epochs.as_ref().filter(|known| known.len() == topic.partitions.len());
        let mut partitions = java::HashMap::default();
        for (at, partition) in topic.partitions.iter().enumerate() {
            let epoch = known.and_then(|known| known.get(at)).copied();
            partitions.insert(*partition, epoch.unwrap_or(member_epoch.max(0)));
        }
        epochs.insert(topic.topic_id, partitions);
    }
    epochs
}

fn topic_partitions(epochs: &Epochs) -> Vec<TopicPartitions> {
    let topic = |(id, partitions): (&Uuid, &java::HashMap<i32, i32>)| TopicPartitions {
        topic_id: *id,
        partitions: partitions.keys().copied().collect(),
        assignment_epochs: Some(partitions.values().copied().collect()),
        ..TopicPartitions::default()
    };
    epochs.iter().map(topic).collect()
}
