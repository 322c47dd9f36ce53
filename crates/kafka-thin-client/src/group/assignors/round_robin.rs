//! `RoundRobinAssignor`: all partitions of all topics in turn.

use super::{Assignments, MemberSubscription, TopicPartition, java_order, no_assignments, sorted_members};

pub(super) fn assign(counts: &[(&str, i32)], members: &[&MemberSubscription]) -> Assignments {
    let mut assignments = no_assignments(members);
    let mut counts = counts.to_vec();
    counts.sort_by(|a, b| java_order::compare(a.0, b.0));
    let sorted = sorted_members(members);
    let mut next = 0;
    for (topic, count) in counts {
        let subscribed: Vec<bool> =
            sorted.iter().map(|member| member.topics.iter().any(|other| other == topic)).collect();
        for partition in 0..count {
            let turn = (0..sorted.len()).map(|ahead| (next + ahead) % sorted.len());
            let Some(index) = turn.into_iter().find(|index| subscribed.get(*index) == Some(&true)) else { break };
            if let Some(assigned) = sorted.get(index).and_then(|member| assignments.get_mut(&member.member_id)) {
                assigned.push(TopicPartition::new(topic, partition));
            }
            next = (index + 1) % sorted.len();
        }
    }
    assignments
}
