//! All members subscribe to the same topics (`UniformHomogeneousAssignmentBuilder`).

use kafka_rpc::Uuid;

use super::{AssignError, Assigned, Member, Spec, Target};
use crate::group::java;

pub(super) fn assign(spec: &Spec<'_>) -> Result<Vec<Assigned>, AssignError> {
    let Some(first) = spec.members.first() else { return Ok(Vec::new()) };
    let mut subscribed = java::HashMap::set_for(first.topics.name_count);
    first.topics.topics.iter().for_each(|(id, partitions)| subscribed.insert(*id, *partitions));
    if subscribed.is_empty() {
        return Ok(vec![Assigned::new(); spec.members.len()]);
    }
    let mut unassigned = Vec::new();
    let mut total = 0usize;
    for (id, partitions) in subscribed.iter() {
        let owners = spec.owners.get(id);
        let is_free = |partition: &i32| owners.is_none_or(|owners| !owners.contains_key(partition));
        unassigned.extend((0..*partitions).filter(is_free).map(|partition| (*id, partition)));
        total += usize::try_from(*partitions).unwrap_or(0);
    }
    let (least, mut extra) = (total / spec.members.len(), total % spec.members.len());
    let mut unfilled = Vec::new();
    let mut targets = Vec::with_capacity(spec.members.len());
    for (index, member) in spec.members.iter().enumerate() {
        let mut has_extra = extra > 0;
        let mut quota = least + usize::from(has_extra);
        let target = revoke(member, &subscribed, &mut quota, &mut unassigned);
        if quota > 0 && has_extra && spec.members.len() - index > extra {
            // Somebody else may need it more.
            quota -= 1;
            has_extra = false;
        }
        if quota > 0 {
            unfilled.push((index, quota));
        }
        extra -= usize::from(has_extra);
        targets.push(target);
    }
    let mut unassigned = unassigned.into_iter();
    for (index, quota) in unfilled {
        let target: &mut Target = &mut targets[index];
        target.change();
        for (id, partition) in unassigned.by_ref().take(quota) {
            target.give(id, partition, java::HashSet::default);
        }
    }
    if unassigned.next().is_some() {
        return Err(AssignError::LeftUnassigned);
    }
    Ok(targets.into_iter().map(Target::finish).collect())
}

/// Takes from a member what is more than its quota, and what it does not subscribe to.
fn revoke(
    member: &Member,
    subscribed: &java::HashMap<Uuid, i32>,
    quota: &mut usize,
    unassigned: &mut Vec<(Uuid, i32)>,
) -> Target {
    let mut target = Target::of(member);
    for (id, partitions) in member.assigned.iter() {
        if !subscribed.contains(id) {
            target.change().remove(id);
        } else if partitions.len() <= *quota {
            *quota -= partitions.len();
        } else {
            for partition in partitions.keys() {
                if *quota > 0 {
                    *quota -= 1;
                    continue;
                }
                target.take(*id, *partition);
                unassigned.push((*id, *partition));
            }
        }
    }
    target
}
