//! Groups with members change their protocol: a classic group becomes a consumer group with its first member of that protocol, and a
//! consumer group becomes a classic one when the last such member goes (`convertToConsumerGroup`, `convertToClassicGroup`).

use std::collections::HashSet;
use std::sync::Arc;

use super::super::assign::{Partitions, in_order};
use super::super::classic::{ClassicGroup, Member as Joiner};
use super::super::java;
use super::super::outcome::Record;
use super::hash::group_hash;
use super::member::{ClassicMember, Epochs, Member, names};
use super::{CONSUMER, ConsumerGroup, Cx, Metadata, Refusal, protocol};

impl ConsumerGroup {
    /// The consumer group that a classic group becomes, and its records.
    pub(in super::super) fn from_classic<T: Copy>(
        cx: &mut Cx<'_>,
        classic: &ClassicGroup<T>,
        records: &mut Vec<Record>,
    ) -> Result<ConsumerGroup, Refusal> {
        let id = &classic.id;
        let malformed = || {
            Refusal::group_not_found(format!(
                "Cannot upgrade classic group {id} to consumer group because the embedded consumer protocol is malformed."
            ))
        };
        let mut group = ConsumerGroup::new(Arc::clone(id));
        let epoch = classic.generation();
        (group.epoch, group.assignment_epoch) = (epoch, epoch);
        for joiner in classic.members() {
            // Before the first rebalance there are members and no protocol yet. Kafka fails there, too.
            let name = classic.protocol_name().ok_or(kafka_rpc::ErrorCode::UnknownServerError)?;
            let mut partitions = Partitions::default();
            if !joiner.assignment.is_empty() {
                let assignment = protocol::assignment(&joiner.assignment).ok_or_else(malformed)?;
                if assignment.user_data.as_ref().is_some_and(|data| !data.is_empty()) {
                    return Err(Refusal::group_not_found(format!(
                        "Cannot upgrade classic group {id} to consumer group because an unsupported custom assignor is in use. \
                         Please refer to the documentation or switch to a default assignor before re-attempting the upgrade."
                    )));
                }
                for topic in &assignment.assigned_partitions {
                    let Some(info) = cx.metadata.topic(&topic.topic) else { continue };
                    let set = java::HashSet::set_of(topic.partitions.iter().copied(), topic.partitions.len());
                    partitions.insert(info.id, set);
                }
            }
            let metadata = joiner.metadata(name);
            let subscription = protocol::subscription(&metadata).ok_or_else(malformed)?;
            let mut assigned = Epochs::default();
            for (topic, set) in partitions.iter() {
                let mut epochs = java::HashMap::default();
                set.keys().for_each(|partition| epochs.insert(*partition, epoch));
                assigned.insert(*topic, epochs);
            }
            let mut member = Member::new(Arc::clone(&joiner.id));
            (member.epoch, member.previous_epoch) = (epoch, epoch);
            member.instance_id.clone_from(&joiner.instance_id);
            member.rack_id = subscription.rack_id.as_deref().filter(|rack| !rack.is_empty()).map(Arc::from);
            member.rebalance_timeout_ms = joiner.rebalance_timeout_ms;
            (member.client_id, member.client_host) = ((*joiner.client_id).into(), (*joiner.client_host).into());
            member.topics = Arc::new(names(&subscription.topics));
            member.assigned = Arc::new(assigned);
            let session_timeout_ms = joiner.session_timeout_ms;
            let protocols = joiner.protocols.clone();
            member.classic = Some(Arc::new(ClassicMember { session_timeout_ms, protocols }));
            group.set_target(Arc::clone(&joiner.id), Some(partitions));
            group.update_member(member);
        }
        group.metadata_hash = group_hash(&group.subscribed, cx.metadata);
        group.push_records(records);
        for member in group.members.values() {
            let session_ms = member.classic.as_ref().map_or(0, |classic| classic.session_timeout_ms);
            group.set_session(cx, &member.id, session_ms);
        }
        tracing::info!(group = &**id, "a classic group has become a consumer group");
        Ok(group)
    }

    /// The records of the whole group (`createConsumerGroupRecords`).
    fn push_records(&self, records: &mut Vec<Record>) {
        records.extend(self.members.values().map(|member| self.member_record(member)));
        records.push(self.epoch_record(self.epoch, self.metadata_hash));
        for id in self.members.keys() {
            let target = self.targets.get(id).map_or_else(Vec::new, |target| in_order(target));
            records.push(self.target_record(id, &target));
        }
        records.push(self.assignment_record(self.assignment_epoch, self.assignment_timestamp));
        records.extend(self.members.values().map(|member| self.current_record(member)));
    }

    fn may_downgrade(&self, cx: &Cx<'_>, members_left: usize) -> bool {
        cx.config.consumer_migration.downgrades && members_left > 0 && members_left <= cx.config.max_size
    }

    /// Whether none but members of the classic protocol are left without this one.
    pub(super) fn downgrades_instead_of(&self, cx: &Cx<'_>, replaced: &Member) -> bool {
        self.classic_members + 1 == self.members.len()
            && replaced.classic.is_none()
            && self.may_downgrade(cx, self.members.len())
    }

    /// Whether none but members of the classic protocol are left without these.
    pub(in super::super) fn downgrades_without(&self, cx: &Cx<'_>, ids: &[Arc<str>]) -> bool {
        let leaving = ids.iter().filter_map(|id| self.members.get(id));
        let classic = leaving.filter(|member| member.classic.is_some()).count();
        let left = self.members.len().saturating_sub(ids.len());
        self.classic_members.saturating_sub(classic) == left && self.may_downgrade(cx, left)
    }

    /// The classic group that is left when members go, or one takes the place of another.
    pub(in super::super) fn to_classic<T: Copy>(
        &self,
        leaving: &[Arc<str>],
        joining: Option<&Member>,
        metadata: &dyn Metadata,
        now_ms: i64,
    ) -> Option<ClassicGroup<T>> {
        let leaving: HashSet<&Arc<str>> = leaving.iter().collect();
        let replaced = joining.and_then(|joining| self.static_member(joining.instance_id.as_ref()?));
        let stays = |member: &&Arc<Member>| {
            !leaving.contains(&member.id) && replaced.is_none_or(|replaced| replaced.id != member.id)
        };
        let joiner = |member: &Member| {
            let classic = member.classic.as_ref()?;
            Some(Joiner::settled(
                Arc::clone(&member.id),
                member.instance_id.clone(),
                (&member.client_id, &member.client_host),
                (member.rebalance_timeout_ms, classic.session_timeout_ms),
                classic.protocols.clone(),
            ))
        };
        let members = self.members.values().filter(stays).map(|member| &**member).chain(joining);
        let joiners: Vec<_> = members.map(joiner).collect::<Option<_>>()?;
        let none = Partitions::default();
        let assignment = |id: &Arc<str>, subscription: &[u8]| {
            let known = match (joining, replaced) {
                (Some(joining), Some(replaced)) if joining.id == *id => &replaced.id,
                _ => id,
            };
            let target = self.targets.get(known).map_or(&none, |target| &**target);
            protocol::write_assignment(target, subscription, metadata)
        };
        ClassicGroup::stable(Arc::clone(&self.id), CONSUMER, self.epoch, joiners, assignment, now_ms)
    }

    /// Tombstones of a group one of whose members has been replaced by another in the same records
    /// (`createGroupTombstoneRecordsWithReplacedMember`).
    pub(in super::super) fn tombstones_with_replaced<'m>(&'m self, joining: &'m Member) -> Vec<Record> {
        let replaced = joining.instance_id.as_ref().and_then(|id| self.static_members.get(id));
        self.tombstones_with(|id| if replaced.is_some_and(|replaced| **replaced == *id) { &joining.id } else { id })
    }
}
