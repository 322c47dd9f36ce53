//! Records take effect (`replay`, `updateMember`, `removeMember`).

use std::collections::HashMap;
use std::sync::Arc;

use kafka_rpc::stored::group::consumer_group_target_assignment_member_value::TopicPartition;
use kafka_rpc::stored::group::{GroupKey, GroupValue};

use super::super::assign::Partitions;
use super::super::java;
use super::expression::Resolved;
use super::member::{Epochs, LEAVE_EPOCH, Member, names};
use super::subscription::{SubscriptionCount, is_homogeneous};
use super::{ConsumerGroup, count};

/// Epoch of an assignment whose record is gone.
const NO_ASSIGNMENT_EPOCH: i32 = -1;

impl ConsumerGroup {
    /// Replays a record of the group.
    pub(in super::super) fn replay(&mut self, key: &GroupKey<'_>, value: Option<&GroupValue<'_>>) {
        match (key, value) {
            (GroupKey::ConsumerGroupMetadata(_), Some(GroupValue::ConsumerGroupMetadata(value))) => {
                (self.epoch, self.metadata_hash) = (value.epoch, value.metadata_hash);
            }
            (GroupKey::ConsumerGroupPartitionMetadata(_), value) => self.has_partition_metadata = value.is_some(),
            (
                GroupKey::ConsumerGroupTargetAssignmentMetadata(_),
                Some(GroupValue::ConsumerGroupTargetAssignmentMetadata(value)),
            ) => {
                self.assignment_epoch = value.assignment_epoch;
                self.assignment_timestamp = value.assignment_timestamp;
            }
            (GroupKey::ConsumerGroupTargetAssignmentMetadata(_), None) => {
                (self.assignment_epoch, self.assignment_timestamp) = (NO_ASSIGNMENT_EPOCH, 0);
            }
            (GroupKey::ConsumerGroupMemberMetadata(key), None) => self.remove_member(&key.member_id),
            (GroupKey::ConsumerGroupMemberMetadata(key), Some(GroupValue::ConsumerGroupMemberMetadata(value))) => {
                let mut member = self.member_or_new(&key.member_id);
                member.set_metadata(value);
                self.update_member(member);
            }
            (
                GroupKey::ConsumerGroupCurrentMemberAssignment(key),
                Some(GroupValue::ConsumerGroupCurrentMemberAssignment(value)),
            ) => {
                let mut member = self.member_or_new(&key.member_id);
                member.set_assignment(value);
                self.update_member(member);
            }
            (GroupKey::ConsumerGroupCurrentMemberAssignment(key), None) => {
                if let Some(member) = self.members.get(key.member_id.as_ref()) {
                    let mut member = Member::clone(member);
                    (member.epoch, member.previous_epoch) = (LEAVE_EPOCH, LEAVE_EPOCH);
                    (member.assigned, member.revoking) = (Arc::default(), Arc::default());
                    self.update_member(member);
                }
            }
            (
                GroupKey::ConsumerGroupTargetAssignmentMember(key),
                Some(GroupValue::ConsumerGroupTargetAssignmentMember(value)),
            ) => self.set_target(key.member_id.as_ref().into(), Some(partitions(&value.topic_partitions))),
            (GroupKey::ConsumerGroupTargetAssignmentMember(key), None) => {
                self.set_target(key.member_id.as_ref().into(), None);
            }
            (
                GroupKey::ConsumerGroupRegularExpression(key),
                Some(GroupValue::ConsumerGroupRegularExpression(value)),
            ) => {
                self.remove_resolved(&key.regular_expression);
                let topics = names(&value.topics);
                SubscriptionCount::add_resolved(&mut self.subscribed, topics.keys());
                let (version, timestamp) = (value.version, value.timestamp);
                let expression = key.regular_expression.as_ref().into();
                self.resolved.insert(expression, Resolved { topics: Arc::new(topics), version, timestamp });
            }
            (GroupKey::ConsumerGroupRegularExpression(key), None) => self.remove_resolved(&key.regular_expression),
            _ => {}
        }
    }

    fn member_or_new(&self, id: &str) -> Member {
        self.members.get(id).map_or_else(|| Member::new(id.into()), |member| Member::clone(member))
    }

    fn remove_resolved(&mut self, expression: &str) {
        if let Some(before) = self.resolved.remove(expression) {
            SubscriptionCount::remove_resolved(&mut self.subscribed, before.topics.keys());
        }
    }

    pub(super) fn update_member(&mut self, member: Member) {
        let member = Arc::new(member);
        let before = self.members.insert(Arc::clone(&member.id), Arc::clone(&member));
        self.count_member(before.as_deref(), Some(&member));
        if let Some(before) = &before {
            self.remove_epochs(before);
        }
        for epochs in [&member.assigned, &member.revoking] {
            self.add_epochs(epochs, member.epoch);
        }
        if let Some(instance_id) = &member.instance_id {
            self.static_members.insert(Arc::clone(instance_id), Arc::clone(&member.id));
        }
        self.is_homogeneous = is_homogeneous(self.expressions.values().copied(), &self.subscribed, self.members.len());
    }

    fn remove_member(&mut self, id: &str) {
        let Some(before) = self.members.remove(id) else { return };
        self.count_member(Some(&before), None);
        self.remove_epochs(&before);
        if let Some(instance_id) = &before.instance_id {
            self.static_members.remove(instance_id);
        }
        self.is_homogeneous = is_homogeneous(self.expressions.values().copied(), &self.subscribed, self.members.len());
    }

    /// Keeps the counts of members right.
    fn count_member(&mut self, before: Option<&Member>, after: Option<&Member>) {
        if before.map(|member| &member.topics) != after.map(|member| &member.topics) {
            SubscriptionCount::change_names(&mut self.subscribed, before, after);
        }
        for (member, up) in [(before, false), (after, true)] {
            let Some(member) = member else { continue };
            if let Some(assignor) = &member.assignor {
                count(&mut self.assignors, assignor, up);
            }
            if let Some(expression) = member.expression() {
                count(&mut self.expressions, expression, up);
            }
            let Some(classic) = &member.classic else { continue };
            if up {
                self.classic_members += 1;
            } else {
                self.classic_members = self.classic_members.saturating_sub(1);
            }
            for protocol in &classic.protocols {
                count_protocol(&mut self.classic_protocols, &protocol.name, up);
            }
        }
    }

    fn remove_epochs(&mut self, member: &Member) {
        for (id, partitions) in member.assigned.iter().chain(member.revoking.iter()) {
            let Some(known) = self.partition_epochs.get_mut(id) else { continue };
            for partition in partitions.keys() {
                // Somebody else may have it by now.
                if known.get(partition) == Some(&member.epoch) {
                    known.remove(partition);
                }
            }
            if known.is_empty() {
                self.partition_epochs.remove(id);
            }
        }
    }

    fn add_epochs(&mut self, epochs: &Epochs, epoch: i32) {
        for (id, partitions) in epochs.iter() {
            let known = self.partition_epochs.entry(*id).or_default();
            known.extend(partitions.keys().map(|partition| (*partition, epoch)));
        }
    }

    pub(super) fn set_target(&mut self, member: Arc<str>, target: Option<Partitions>) {
        let before = self.targets.get(&member).cloned();
        let has = |partitions: Option<&Partitions>, id, partition: &i32| {
            partitions.and_then(|partitions| partitions.get(id)).is_some_and(|of_topic| of_topic.contains(partition))
        };
        for (id, partitions) in before.iter().flat_map(|before| before.iter()) {
            let Some(owners) = self.owners.get_mut(id) else { continue };
            for partition in partitions.keys() {
                if !has(target.as_ref(), id, partition) && owners.get(partition) == Some(&member) {
                    owners.remove(partition);
                }
            }
            if owners.is_empty() {
                self.owners.remove(id);
            }
        }
        for (id, partitions) in target.iter().flat_map(|target| target.iter()) {
            for partition in partitions.keys().filter(|partition| !has(before.as_deref(), id, partition)) {
                self.owners.entry(*id).or_default().insert(*partition, Arc::clone(&member));
            }
        }
        match target {
            Some(target) => self.targets.insert(member, Arc::new(target)),
            None => self.targets.remove(&member),
        };
    }
}

/// What a record says that a member is to have (`Assignment.fromRecord`).
fn partitions(topics: &[TopicPartition]) -> Partitions {
    let mut partitions = Partitions::default();
    for topic in topics {
        let set = java::HashSet::set_of(topic.partitions.iter().copied(), topic.partitions.len());
        partitions.insert(topic.topic_id, set);
    }
    partitions
}

fn count_protocol(counts: &mut HashMap<Box<str>, usize>, name: &str, up: bool) {
    let known = counts.get(name).copied().unwrap_or(0);
    let counted = if up { known + 1 } else { known.saturating_sub(1) };
    if counted == 0 {
        counts.remove(name);
    } else {
        counts.insert(name.into(), counted);
    }
}
