//! The assignors of the coordinator: who is to have which partitions (`ConsumerGroupPartitionAssignor`).
//!
//! They give what Kafka's give, partition by partition, in the same order: where Kafka goes through a hash table, so do they.

mod balancer;
mod heterogeneous;
mod homogeneous;
mod range;
#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::Arc;

use kafka_rpc::Uuid;

use super::java;

/// Partitions by topic, as a group keeps them.
pub(super) type Partitions = java::HashMap<Uuid, java::HashSet<i32>>;

/// Partitions by topic, in the order in which an assignor gives them.
pub(super) type Assigned = Vec<(Uuid, Vec<i32>)>;

/// The owner of each partition.
pub(super) type Owners = HashMap<Uuid, HashMap<i32, Arc<str>>>;

/// The partitions in the order of their tables.
pub(super) fn in_order(partitions: &Partitions) -> Assigned {
    partitions.iter().map(|(id, partitions)| (*id, partitions.keys().copied().collect())).collect()
}

/// A copy of all sets, with room for no more than they have (`AssignorHelpers.deepCopyAssignment`).
fn deep_copy(partitions: &Partitions) -> Partitions {
    let mut copy = java::HashMap::with_size(partitions.len());
    for (id, partitions) in partitions.iter() {
        copy.insert(*id, java::HashSet::set_of(partitions.keys().copied(), partitions.len()));
    }
    copy
}

/// What a member is to have: what it has, or a copy that is changed.
struct Target {
    before: Arc<Partitions>,
    changed: Option<Partitions>,
}

impl Target {
    fn of(member: &Member) -> Self {
        Target { before: Arc::clone(&member.assigned), changed: None }
    }

    fn change(&mut self) -> &mut Partitions {
        self.changed.get_or_insert_with(|| deep_copy(&self.before))
    }

    /// Adds a partition. `new_set` makes the set of a topic of which the member had none.
    fn give(&mut self, id: Uuid, partition: i32, new_set: impl FnOnce() -> java::HashSet<i32>) {
        if let Some(of_topic) = self.change().compute(id, new_set) {
            of_topic.add(partition);
        }
    }

    /// Removes a partition, and the topic with its last one.
    fn take(&mut self, id: Uuid, partition: i32) {
        let partitions = self.change();
        if let Some(of_topic) = partitions.get_mut(&id) {
            of_topic.remove(&partition);
            if of_topic.is_empty() {
                partitions.remove(&id);
            }
        }
    }

    fn finish(self) -> Assigned {
        in_order(self.changed.as_ref().unwrap_or(&self.before))
    }
}

/// An assignor.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Assignor {
    /// Evenly, with as few moves as can be.
    Uniform,
    /// Consecutive partitions of each topic.
    Range,
}

impl Assignor {
    /// The name that members use.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Assignor::Uniform => "uniform",
            Assignor::Range => "range",
        }
    }

    /// The assignor of a name, or of Kafka's class.
    pub(crate) fn named(name: &str) -> Option<Self> {
        match name.strip_prefix("org.apache.kafka.coordinator.group.assignor.").unwrap_or(name) {
            "uniform" | "UniformAssignor" => Some(Assignor::Uniform),
            "range" | "RangeAssignor" => Some(Assignor::Range),
            _ => None,
        }
    }

    /// Assigns all partitions that the members subscribe to: for each member, in the order of `spec`, what it is to have.
    ///
    /// # Errors
    /// Where Kafka's assignor throws.
    pub(super) fn assign(self, spec: &Spec<'_>) -> Result<Vec<Assigned>, AssignError> {
        match self {
            _ if spec.members.is_empty() => Ok(Vec::new()),
            Assignor::Range => Ok(range::assign(spec)),
            Assignor::Uniform if spec.is_homogeneous => homogeneous::assign(spec),
            Assignor::Uniform => Ok(heterogeneous::assign(spec)),
        }
    }
}

/// The topics of a subscription that exist, in the order of its names (`TopicIds`).
#[derive(Debug, Default)]
pub(super) struct Topics {
    /// How many names there are, those of no topic included.
    name_count: usize,
    /// Ids and numbers of partitions.
    topics: Vec<(Uuid, i32)>,
    ids: HashSet<Uuid>,
}

impl Topics {
    /// The topics that `name_count` names stand for.
    pub(super) fn new(name_count: usize, topics: Vec<(Uuid, i32)>) -> Self {
        let ids = topics.iter().map(|(id, _)| *id).collect();
        Topics { name_count, topics, ids }
    }

    /// Whether a topic is subscribed to.
    pub(super) fn contains(&self, id: Uuid) -> bool {
        self.ids.contains(&id)
    }
}

/// A member as an assignor sees it.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: Arc<str>,
    pub(super) instance_id: Option<Arc<str>>,
    pub(super) topics: Arc<Topics>,
    /// What it was to have so far.
    pub(super) assigned: Arc<Partitions>,
}

/// A group as an assignor sees it (`GroupSpec`).
#[derive(Debug)]
pub(super) struct Spec<'a> {
    /// In the order of Kafka's table.
    pub(super) members: Vec<Member>,
    /// All members subscribe to the same topics.
    pub(super) is_homogeneous: bool,
    pub(super) owners: &'a Owners,
}

/// An assignment that cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AssignError {
    /// More partitions than the quotas allow.
    LeftUnassigned,
}

impl fmt::Display for AssignError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AssignError::LeftUnassigned => f.write_str("Partitions were left unassigned"),
        }
    }
}
