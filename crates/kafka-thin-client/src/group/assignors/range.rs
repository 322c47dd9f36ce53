//! `RangeAssignor`: each topic by itself, in ranges of consecutive partitions.

use super::{Assignments, MemberSubscription, TopicPartition, no_assignments, sorted_members};

pub(super) fn assign(counts: &[(&str, i32)], members: &[&MemberSubscription]) -> Assignments {
    let mut assignments = no_assignments(members);
    let sorted = sorted_members(members);
    for (topic, count) in counts {
        let consumers: Vec<&&MemberSubscription> =
            sorted.iter().filter(|member| member.topics.iter().any(|other| other == topic)).collect();
        let Ok(consumer_count) = i32::try_from(consumers.len()) else { continue };
        let (each, mut extra) = match consumer_count {
            0 => continue,
            n => (count / n, count % n),
        };
        let mut next = 0;
        for consumer in consumers {
            let end = next + each + i32::from(extra > 0);
            extra -= i32::from(extra > 0);
            if let Some(assigned) = assignments.get_mut(&consumer.member_id) {
                assigned.extend((next..end).map(|partition| TopicPartition::new(*topic, partition)));
            }
            next = end;
        }
    }
    assignments
}
