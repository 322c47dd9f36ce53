//! What all members are to have (`TargetAssignmentBuilder`, `maybeUpdateTargetAssignment`).

use std::collections::HashMap;
use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::super::assign::{self, Assigned, Assignor, Partitions, Spec, in_order};
use super::super::java;
use super::super::outcome::Record;
use super::member::Member;
use super::subscription::Subscription;
use super::{ConsumerGroup, Cx, Refusal, preferred};

/// The assignment that is in force, and a member's part in it.
pub(super) struct Target {
    pub(super) epoch: i32,
    pub(super) assigned: Assigned,
}

impl ConsumerGroup {
    /// The assignment that is in force.
    pub(super) fn last_target(&self, member: &Member) -> Target {
        let assigned = self.target_of(member).map_or_else(Vec::new, |partitions| in_order(partitions));
        Target { epoch: self.assignment_epoch, assigned }
    }

    /// Makes a new assignment where the epoch is newer than that of the last one, and that was not made just before.
    pub(super) fn update_target(
        &self,
        cx: &Cx<'_>,
        epoch: i32,
        before: &Member,
        member: &Member,
        is_homogeneous: bool,
        records: &mut Vec<Record>,
    ) -> Result<Target, Refusal> {
        let interval_ms = i64::from(cx.assignment_interval_ms(&self.id));
        let is_too_soon =
            self.assignment_timestamp != 0 && cx.now_ms < self.assignment_timestamp.saturating_add(interval_ms);
        if self.assignment_epoch >= epoch || (interval_ms != 0 && is_too_soon) {
            return Ok(self.last_target(member));
        }
        let spec = Spec { members: self.members_with(cx, member), is_homogeneous, owners: &self.owners };
        let assigned = self.assignor_with(cx, before, member).assign(&spec).map_err(|error| {
            tracing::error!(group = &*self.id, epoch, %error, "an assignment cannot be made");
            // Kafka keeps the text of this error to itself.
            Refusal::from(ErrorCode::UnknownServerError)
        })?;
        let mut of_member = Assigned::new();
        for (known, assigned) in spec.members.iter().zip(assigned) {
            if self.targets.get(&known.id).is_none_or(|target| !is_same(target, &assigned)) {
                records.push(self.target_record(&known.id, &assigned));
            }
            if known.id == member.id {
                of_member = assigned;
            }
        }
        records.push(self.assignment_record(epoch, cx.now_ms));
        tracing::debug!(group = &*self.id, epoch, members = spec.members.len(), "a new assignment");
        Ok(Target { epoch, assigned: of_member })
    }

    /// The assignor that most members prefer, this one included.
    fn assignor_with(&self, cx: &Cx<'_>, before: &Member, member: &Member) -> Assignor {
        let votes = self.assignors.iter().map(|(name, count)| (Arc::clone(name), *count));
        let mut votes = java::HashMap::copy_of(votes);
        if let Some(assignor) = &before.assignor {
            match votes.get(assignor).copied().unwrap_or(0) {
                0 | 1 => {
                    votes.remove(assignor);
                }
                count => votes.insert(Arc::clone(assignor), count - 1),
            }
        }
        if let Some(assignor) = &member.assignor
            && let Some(count) = votes.compute(Arc::clone(assignor), || 0)
        {
            *count += 1;
        }
        let named = preferred(votes.iter()).and_then(|name| Assignor::named(name));
        named.unwrap_or_else(|| cx.config.default_assignor())
    }

    /// The members as the assignor sees them, in the order of the table that Kafka makes for it.
    fn members_with(&self, cx: &Cx<'_>, member: &Member) -> Vec<assign::Member> {
        let mut topics = TopicSets { group: self, cx, known: HashMap::new() };
        let mut specs: java::HashMap<Arc<str>, assign::Member> = java::HashMap::default();
        let target = |id: &Arc<str>| self.targets.get(id).cloned().unwrap_or_default();
        for (id, known) in self.members.iter() {
            let spec = assign::Member {
                id: Arc::clone(id),
                instance_id: known.instance_id.clone(),
                topics: topics.of(known),
                assigned: target(id),
            };
            specs.insert(Arc::clone(id), spec);
        }
        // A static member under a new id takes the place of the old one.
        let previous = member.instance_id.as_ref().and_then(|id| self.static_members.get(id));
        let previous = previous.filter(|previous| **previous != member.id);
        let mut changes: java::HashMap<Arc<str>, bool> = java::HashMap::default();
        changes.insert(Arc::clone(&member.id), true);
        if let Some(previous) = previous {
            changes.insert(Arc::clone(previous), false);
        }
        for (id, stays) in changes.iter() {
            if *stays {
                let spec = assign::Member {
                    id: Arc::clone(id),
                    instance_id: member.instance_id.clone(),
                    topics: topics.of(member),
                    assigned: target(previous.unwrap_or(id)),
                };
                specs.insert(Arc::clone(id), spec);
            } else {
                specs.remove(id);
            }
        }
        specs.into_values()
    }
}

/// The topics of subscriptions, each looked up once.
struct TopicSets<'g, 'c> {
    group: &'g ConsumerGroup,
    cx: &'g Cx<'c>,
    known: HashMap<(usize, Option<Arc<str>>), Arc<assign::Topics>>,
}

impl TopicSets<'_, '_> {
    fn of(&mut self, member: &Member) -> Arc<assign::Topics> {
        let subscription = self.group.subscription_of(member);
        // Members that came together share a set only by chance; an empty set is shared by all who subscribe by an expression.
        let place = (Arc::as_ptr(&member.topics) as usize, member.expression().cloned());
        let look_up = || Arc::new(topics(&subscription, self.cx));
        Arc::clone(self.known.entry(place).or_insert_with(look_up))
    }
}

fn topics(subscription: &Subscription<'_>, cx: &Cx<'_>) -> assign::Topics {
    let names = subscription.names();
    let found = names.iter().filter_map(|name| cx.metadata.topic(name)).map(|topic| (topic.id, topic.partitions));
    assign::Topics::new(names.len(), found.collect())
}

fn is_same(target: &Partitions, assigned: &Assigned) -> bool {
    target.len() == assigned.len()
        && assigned.iter().all(|(id, partitions)| {
            target.get(id).is_some_and(|known| {
                known.len() == partitions.len() && partitions.iter().all(|partition| known.contains(partition))
            })
        })
}
