//! Consecutive partitions of each topic (`RangeAssignor`).

use std::cmp::Ordering;
use std::collections::HashMap;

use kafka_rpc::Uuid;

use super::{Assigned, Member, Spec};
use crate::group::java;

/// What of a topic is handed out.
struct Range {
    partitions: i32,
    members: i32,
    /// The first partition without an owner.
    next: i32,
    /// Members that get one more than the others.
    extra: i32,
}

impl Range {
    fn take(&mut self) -> std::ops::Range<i32> {
        let mut quota = self.partitions / self.members.max(1);
        if self.extra > 0 {
            quota += 1;
            self.extra -= 1;
        }
        let start = self.next;
        self.next = start.saturating_add(quota).min(self.partitions);
        start..self.next
    }
}

pub(super) fn assign(spec: &Spec<'_>) -> Vec<Assigned> {
    let mut sorted: Vec<usize> = (0..spec.members.len()).collect();
    sorted.sort_by(|a, b| order(&spec.members[*a], &spec.members[*b]));
    let mut ranges: HashMap<Uuid, Range> = HashMap::new();
    let counted = if spec.is_homogeneous { sorted.get(..1).unwrap_or_default() } else { &sorted[..] };
    for member in counted {
        for (id, partitions) in &spec.members[*member].topics.topics {
            let range = Range { partitions: *partitions, members: 0, next: 0, extra: 0 };
            ranges.entry(*id).or_insert(range).members += 1;
        }
    }
    for range in ranges.values_mut() {
        if spec.is_homogeneous {
            range.members = i32::try_from(sorted.len()).unwrap_or(i32::MAX);
        }
        range.extra = range.partitions % range.members.max(1);
    }
    let mut assignment = vec![Assigned::new(); sorted.len()];
    for member in &sorted {
        // In a homogeneous group all take the topics in the order of the first member.
        let first = if spec.is_homogeneous { sorted[0] } else { *member };
        let subscribed = &spec.members[first].topics;
        let len = if spec.is_homogeneous { subscribed.topics.len() } else { subscribed.name_count };
        let mut assigned = java::HashMap::with_room_for(len);
        for (id, _) in &subscribed.topics {
            let Some(range) = ranges.get_mut(id).map(Range::take) else { continue };
            if !range.is_empty() {
                assigned.insert(*id, range);
            }
        }
        assignment[*member] = assigned.iter().map(|(id, range)| (*id, range.clone().collect())).collect();
    }
    assignment
}

/// Static members first, by instance id, the others by member id.
fn order(one: &Member, other: &Member) -> Ordering {
    let utf16 = |a: &str, b: &str| a.encode_utf16().cmp(b.encode_utf16());
    match (&one.instance_id, &other.instance_id) {
        (Some(one), Some(other)) => utf16(one, other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => utf16(&one.id, &other.id),
    }
}
