//! `ConstrainedAssignmentBuilder`: all members subscribe to the same topics.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::sticky::{Group, Owned, Partition};

struct Builder<'a> {
    group: &'a Group<'a>,
    claimed_twice: BTreeSet<Partition>,
    /// Previous owners of partitions that were taken from them.
    maybe_revoked: BTreeMap<Partition, usize>,
    /// Members below the minimum.
    under_min: Vec<usize>,
    /// Members at the minimum that may get one more.
    at_min: VecDeque<usize>,
    min_quota: usize,
    max_quota: usize,
    /// How many members get more than the minimum; none if the quotas are equal.
    over_min_expected: usize,
    over_min: usize,
    assignment: Vec<Vec<Partition>>,
    transferring: BTreeMap<Partition, usize>,
}

/// Partitions by member, and those that change their owner with the new one.
pub(super) fn assign(group: &Group<'_>, owned: Owned) -> (Vec<Vec<Partition>>, BTreeMap<Partition, usize>) {
    let (total, members) = (group.total(), group.members.len().max(1));
    let mut builder = Builder {
        group,
        claimed_twice: owned.claimed_twice,
        maybe_revoked: BTreeMap::new(),
        under_min: Vec::new(),
        at_min: VecDeque::new(),
        min_quota: total / members,
        max_quota: total.div_ceil(members),
        over_min_expected: total % members,
        over_min: 0,
        assignment: vec![Vec::new(); group.members.len()],
        transferring: BTreeMap::new(),
    };
    builder.keep_owned(owned.partitions);
    let ranks = &group.ranks;
    builder.under_min.sort_by_key(|member| ranks[*member]);
    builder.at_min.make_contiguous().sort_by_key(|member| ranks[*member]);
    builder.assign_round_robin();
    (builder.assignment, builder.transferring)
}

impl Builder<'_> {
    /// `assignOwnedPartitions`: up to the quota of each member.
    fn keep_owned(&mut self, owned: Vec<Vec<Partition>>) {
        for (member, mut owned) in owned.into_iter().enumerate() {
            owned.retain(|partition| !self.claimed_twice.contains(partition));
            owned.sort_by_key(|(topic, number)| (*number, *topic));
            let mut kept = owned.len();
            if owned.len() < self.min_quota {
                self.under_min.push(member);
            } else if owned.len() >= self.max_quota && self.over_min < self.over_min_expected {
                self.over_min += 1;
                if self.over_min == self.over_min_expected {
                    self.at_min.clear();
                }
                kept = self.max_quota;
            } else {
                kept = self.min_quota;
                if self.over_min < self.over_min_expected {
                    self.at_min.push_back(member);
                }
            }
            self.maybe_revoked.extend(owned.drain(kept..).map(|partition| (partition, member)));
            self.assignment[member] = owned;
        }
    }

    /// `assignRoundRobin`: first to members below the minimum, then to those at it.
    fn assign_round_robin(&mut self) {
        let assigned: BTreeSet<Partition> = self.assignment.iter().flatten().copied().collect();
        let mut unassigned = self.group.partitions_of(0..self.group.topics.len());
        unassigned.retain(|partition| !assigned.contains(partition));
        let mut next = 0;
        for partition in unassigned {
            if next >= self.under_min.len() {
                next = 0;
            }
            let turn = self.under_min.get(next).copied();
            // Quotas and partitions add up, so somebody is left for each partition.
            let Some(member) = turn.or_else(|| self.at_min.pop_front()) else { break };
            next += usize::from(turn.is_some());
            self.assignment[member].push(partition);
            let moved = self.maybe_revoked.get(&partition).is_some_and(|previous| *previous != member);
            if moved || self.claimed_twice.contains(&partition) {
                self.transferring.insert(partition, member);
            }
            let count = self.assignment[member].len();
            if count == self.min_quota && turn.is_some() {
                next -= 1;
                self.under_min.remove(next);
                self.at_min.push_back(member);
            } else if count == self.max_quota {
                self.over_min += 1;
            }
        }
    }
}
