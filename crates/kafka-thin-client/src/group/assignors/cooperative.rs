//! `CooperativeStickyAssignor`: a partition that moves is left out until its owner has given it up.

use std::collections::{BTreeMap, BTreeSet};

use super::{Assignments, MemberSubscription, TopicPartition, sticky, user_data};

pub(super) fn assign(counts: &[(&str, i32)], members: &[&MemberSubscription]) -> Assignments {
    let outcome = sticky::assign(counts, members, user_data::cooperative_claim);
    let mut assignments = outcome.assignments;
    let transferring = outcome.transferring.unwrap_or_else(|| transferring(members, &assignments));
    for (partition, member) in transferring {
        if let Some(assigned) = assignments.get_mut(&member) {
            assigned.retain(|other| *other != partition);
        }
    }
    assignments
}

/// `computePartitionsTransferringOwnership`: what one member gets and another loses.
fn transferring(members: &[&MemberSubscription], assignments: &Assignments) -> BTreeMap<TopicPartition, String> {
    let mut added = BTreeMap::new();
    let mut revoked = BTreeSet::new();
    for member in members {
        let Some(assigned) = assignments.get(&member.member_id) else { continue };
        let assigned: BTreeSet<&TopicPartition> = assigned.iter().collect();
        let owned: BTreeSet<&TopicPartition> = member.owned_partitions.iter().collect();
        added.extend(assigned.difference(&owned).map(|partition| ((*partition).clone(), member.member_id.clone())));
        revoked.extend(owned.difference(&assigned).copied());
    }
    added.retain(|partition, _| revoked.contains(partition));
    added
}
