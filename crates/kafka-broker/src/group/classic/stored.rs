//! A classic group in the log (`GroupMetadataValue`).

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;

use kafka_rpc::stored::group::GroupMetadataValue;
use kafka_rpc::stored::group::group_metadata_value::MemberMetadata;

use super::super::outcome::Record;
use super::join::owned;
use super::member::{Member, Protocol};
use super::{ClassicGroup, State};

/// Stands for no timestamp.
const NO_TIMESTAMP: i64 = -1;

impl<T: Copy> ClassicGroup<T> {
    /// The record of the group with these assignments (`newGroupMetadataRecord`).
    pub(super) fn record(&self, assignments: &HashMap<Arc<str>, Arc<[u8]>>) -> Record {
        let protocol = self.protocol_name.as_deref().unwrap_or_default();
        let member = |member: &Member<T>| MemberMetadata {
            member_id: owned(&member.id),
            group_instance_id: member.instance_id.as_deref().map(owned),
            client_id: owned(&member.client_id),
            client_host: owned(&member.client_host),
            rebalance_timeout: member.rebalance_timeout_ms,
            session_timeout: member.session_timeout_ms,
            subscription: Cow::Owned(member.metadata(protocol).to_vec()),
            assignment: Cow::Owned(assignments.get(&member.id).map(|bytes| bytes.to_vec()).unwrap_or_default()),
            ..MemberMetadata::default()
        };
        let value = GroupMetadataValue {
            protocol_type: self.protocol_type.as_deref().map(owned).unwrap_or_default(),
            generation: self.generation,
            protocol: self.protocol_name.as_deref().map(owned),
            leader: self.leader.as_deref().map(owned),
            current_state_timestamp: self.state_timestamp.unwrap_or(NO_TIMESTAMP),
            members: self.members.ordered().into_iter().map(member).collect(),
            ..GroupMetadataValue::default()
        };
        Record::Group { group: Arc::clone(&self.id), value: Box::new(value) }
    }

    /// The record of the group with the assignments that its members have.
    pub(in super::super) fn own_record(&self) -> Record {
        let members = self.members.ordered();
        self.record(&members.iter().map(|member| (Arc::clone(&member.id), Arc::clone(&member.assignment))).collect())
    }

    /// A stable group of members that came from elsewhere, each with what `assignment` gives it; `None` where that gives nothing, or where
    /// they have no protocol in common.
    pub(in super::super) fn stable(
        id: Arc<str>,
        protocol_type: &str,
        generation: i32,
        members: Vec<Member<T>>,
        assignment: impl Fn(&Arc<str>, &[u8]) -> Option<Vec<u8>>,
        now_ms: i64,
    ) -> Option<Self> {
        let mut group = ClassicGroup::new(id, now_ms);
        group.state = State::Stable;
        group.protocol_type = Some(protocol_type.into());
        group.generation = generation;
        for member in members {
            group.leader.get_or_insert_with(|| Arc::clone(&member.id));
            group.members.insert(member);
        }
        let protocol = group.members.preferred_protocol()?;
        for id in group.members.ids() {
            let metadata = group.members.get(&id)?.metadata(&protocol);
            group.members.assign(&id, assignment(&id, &metadata)?.into());
        }
        group.protocol_name = Some(protocol);
        group.subscribed = group.compute_subscribed();
        Some(group)
    }

    /// The record of a group that was just created (`newEmptyGroupMetadataRecord`).
    pub(in super::super) fn empty_record(&self) -> Record {
        let current_state_timestamp = self.state_timestamp.unwrap_or(NO_TIMESTAMP);
        let value = GroupMetadataValue {
            current_state_timestamp,
            protocol: None,
            leader: None,
            ..GroupMetadataValue::default()
        };
        Record::Group { group: Arc::clone(&self.id), value: Box::new(value) }
    }

    /// The group that a record is of.
    pub(in super::super) fn restore(id: Arc<str>, value: &GroupMetadataValue<'_>) -> Self {
        let mut group = ClassicGroup::new(id, value.current_state_timestamp);
        group.state_timestamp = group.state_timestamp.filter(|timestamp| *timestamp != NO_TIMESTAMP);
        group.state = if value.members.is_empty() { State::Empty } else { State::Stable };
        group.protocol_type = Some(value.protocol_type.as_ref()).filter(|name| !name.is_empty()).map(Box::from);
        group.protocol_name = value.protocol.as_deref().map(Box::from);
        group.generation = value.generation;
        group.leader = value.leader.as_deref().map(Arc::from);
        for stored in &value.members {
            let member = restore_member(stored, value.protocol.as_deref().unwrap_or_default());
            group.leader.get_or_insert_with(|| Arc::clone(&member.id));
            group.members.insert(member);
        }
        group.subscribed = group.compute_subscribed();
        group
    }
}

fn restore_member<T>(stored: &MemberMetadata<'_>, protocol: &str) -> Member<T> {
    let rebalance_timeout_ms =
        if stored.rebalance_timeout == -1 { stored.session_timeout } else { stored.rebalance_timeout };
    let mut member = Member::settled(
        stored.member_id.as_ref().into(),
        stored.group_instance_id.as_deref().map(Arc::from),
        (&stored.client_id, &stored.client_host),
        (rebalance_timeout_ms, stored.session_timeout),
        vec![Protocol { name: protocol.into(), metadata: stored.subscription.as_ref().into() }],
    );
    member.assignment = stored.assignment.as_ref().into();
    member
}
