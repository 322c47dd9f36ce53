//! How the leader of a classic group assigns partitions (`ConsumerPartitionAssignor`).
//!
//! The results are those of Kafka's classes, the order of partitions included, except that racks are not considered and
//! that claims to partitions that do not exist are ignored.

mod constrained;
mod cooperative;
mod general;
pub(crate) mod java_order;
mod movements;
mod range;
mod round_robin;
mod sticky;
mod user_data;

use std::collections::BTreeMap;

use super::TopicPartition;
pub use user_data::{cooperative_user_data, sticky_user_data};

/// An assignment strategy (`partition.assignment.strategy`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Assignor {
    /// `RangeAssignor`.
    Range,
    /// `RoundRobinAssignor`.
    RoundRobin,
    /// `StickyAssignor`.
    Sticky,
    /// `CooperativeStickyAssignor`.
    CooperativeSticky,
}

/// What a member said when it joined (`ConsumerPartitionAssignor.Subscription`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MemberSubscription {
    /// The member's id.
    pub member_id: String,
    /// `group.instance.id` of a static member.
    pub group_instance_id: Option<String>,
    /// The topics to which it subscribes.
    pub topics: Vec<String>,
    /// What its assignor added.
    pub user_data: Option<Vec<u8>>,
    /// What it owns while it joins; empty with the eager protocol.
    pub owned_partitions: Vec<TopicPartition>,
    /// The generation in which it got those, from version 2 of the subscription on.
    pub generation_id: Option<i32>,
}

/// Partitions by member id.
pub type Assignments = BTreeMap<String, Vec<TopicPartition>>;

impl Assignor {
    /// All strategies.
    pub const ALL: [Assignor; 4] =
        [Assignor::Range, Assignor::RoundRobin, Assignor::Sticky, Assignor::CooperativeSticky];

    /// The name in the group protocol.
    pub fn name(self) -> &'static str {
        match self {
            Assignor::Range => "range",
            Assignor::RoundRobin => "roundrobin",
            Assignor::Sticky => "sticky",
            Assignor::CooperativeSticky => "cooperative-sticky",
        }
    }

    /// The strategy with this name in the group protocol.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|assignor| assignor.name() == name)
    }

    /// The strategy that a Java configuration names by its class.
    pub fn from_class(class: &str) -> Option<Self> {
        match class.strip_prefix("org.apache.kafka.clients.consumer.")? {
            "RangeAssignor" => Some(Assignor::Range),
            "RoundRobinAssignor" => Some(Assignor::RoundRobin),
            "StickyAssignor" => Some(Assignor::Sticky),
            "CooperativeStickyAssignor" => Some(Assignor::CooperativeSticky),
            _ => None,
        }
    }

    /// Assigns partitions to members. Topics that are not in `partition_counts` are unknown and left out.
    pub fn assign(self, partition_counts: &BTreeMap<String, i32>, members: &[MemberSubscription]) -> Assignments {
        // The leader puts the subscriptions into a HashMap and reads them from there.
        let members: Vec<&MemberSubscription> =
            java_order::hash_order(members.iter().map(|member| member.member_id.as_str()))
                .into_iter()
                .filter_map(|id| members.iter().rev().find(|member| member.member_id == id))
                .collect();
        let subscribed = java_order::hash_order(members.iter().flat_map(|m| m.topics.iter().map(String::as_str)));
        let counts: Vec<(&str, i32)> = java_order::hash_order(
            subscribed.into_iter().filter(|topic| partition_counts.get(*topic).is_some_and(|count| *count > 0)),
        )
        .into_iter()
        .filter_map(|topic| Some((topic, *partition_counts.get(topic)?)))
        .collect();
        if members.is_empty() {
            return Assignments::new();
        }
        match self {
            Assignor::Range => range::assign(&counts, &members),
            Assignor::RoundRobin => round_robin::assign(&counts, &members),
            Assignor::Sticky => sticky::assign(&counts, &members, user_data::sticky_claim).assignments,
            Assignor::CooperativeSticky => cooperative::assign(&counts, &members),
        }
    }
}

/// Members in the order of `MemberInfo.compareTo`: static ones by instance id, then the others by member id.
fn sorted_members<'a>(members: &[&'a MemberSubscription]) -> Vec<&'a MemberSubscription> {
    let mut sorted = members.to_vec();
    sorted.sort_by(|a, b| match (&a.group_instance_id, &b.group_instance_id) {
        (Some(a), Some(b)) => java_order::compare(a, b),
        (Some(_), None) => std::cmp::Ordering::Less,
        (None, Some(_)) => std::cmp::Ordering::Greater,
        (None, None) => java_order::compare(&a.member_id, &b.member_id),
    });
    sorted
}

/// An empty list for each member.
fn no_assignments(members: &[&MemberSubscription]) -> Assignments {
    members.iter().map(|member| (member.member_id.clone(), Vec::new())).collect()
}
