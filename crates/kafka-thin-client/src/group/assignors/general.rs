//! `GeneralAssignmentBuilder`: members subscribe to different topics.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use super::movements::Movements;
use super::sticky::{Group, Partition};
use super::user_data::DEFAULT_GENERATION;

struct Builder<'a> {
    group: &'a Group<'a>,
    /// Members that may get a topic's partitions.
    potential_members: Vec<Vec<usize>>,
    assignment: Vec<Vec<Partition>>,
    owners: BTreeMap<Partition, usize>,
    /// Members by the number of their partitions, then by their ids: `(number, rank, member)`.
    by_load: BTreeSet<(usize, usize, usize)>,
    /// Owners in older generations.
    previous: BTreeMap<Partition, (usize, i32)>,
    movements: Movements,
}

pub(super) fn assign(group: &Group<'_>, owned: Vec<Vec<Partition>>) -> Vec<Vec<Partition>> {
    let mut potential_members = vec![Vec::new(); group.topics.len()];
    for (member, topics) in group.subscriptions.iter().enumerate() {
        topics.iter().for_each(|topic| potential_members[*topic].push(member));
    }
    let owners =
        owned.iter().enumerate().flat_map(|(member, owned)| owned.iter().map(move |partition| (*partition, member)));
    let mut builder = Builder {
        group,
        potential_members,
        owners: owners.collect(),
        assignment: owned,
        by_load: BTreeSet::new(),
        previous: previous_owners(group),
        movements: Movements::default(),
    };
    builder.build();
    builder.assignment
}

/// `prepopulateCurrentAssignments`: claims of older generations, of which the newest counts.
fn previous_owners(group: &Group<'_>) -> BTreeMap<Partition, (usize, i32)> {
    let newest = group.claims.iter().filter_map(|(_, generation)| *generation).fold(DEFAULT_GENERATION, i32::max);
    let mut previous: BTreeMap<Partition, (usize, i32)> = BTreeMap::new();
    for (member, (partitions, generation)) in group.claims.iter().enumerate() {
        let generation = generation.unwrap_or(DEFAULT_GENERATION);
        if generation >= newest {
            continue;
        }
        for partition in partitions {
            let known = previous.entry(*partition).or_insert((member, generation));
            if generation > known.1 {
                *known = (member, generation);
            }
        }
    }
    previous
}

impl Builder<'_> {
    fn build(&mut self) {
        let revocation_required = self.drop_unsubscribed();
        let mut sorted_topics: Vec<usize> = (0..self.group.topics.len()).collect();
        sorted_topics.sort_by_key(|topic| (self.potential_members[*topic].len(), *topic));
        let mut all = self.group.partitions_of(sorted_topics);
        let assigned: HashSet<Partition> = self.assignment.iter().flatten().copied().collect();
        let mut unassigned: Vec<Partition> =
            all.iter().filter(|partition| !assigned.contains(*partition)).copied().collect();
        self.by_load = (0..self.assignment.len()).map(|member| self.load(member)).collect();

        let initializing = self.by_load.last().is_none_or(|(count, _, _)| *count == 0);
        for partition in &unassigned {
            self.assign_to_least_loaded(*partition);
        }

        // What only one member can have stays where it is, and so does a member that has nothing else.
        all.retain(|partition| self.can_move(partition.0));
        unassigned.retain(|partition| self.can_move(partition.0));
        for member in 0..self.assignment.len() {
            if !self.takes_part(member) {
                self.by_load.remove(&self.load(member));
            }
        }
        let before = self.assignment.clone();
        let score = self.balance_score();
        if !revocation_required {
            self.reassign(&unassigned);
        }
        let reassigned = self.reassign(&all);
        if !initializing && reassigned && self.balance_score() >= score {
            self.assignment = before;
        }
    }

    fn load(&self, member: usize) -> (usize, usize, usize) {
        (self.assignment[member].len(), self.group.ranks[member], member)
    }

    fn can_move(&self, topic: usize) -> bool {
        self.potential_members[topic].len() >= 2
    }

    /// `canConsumerParticipateInReassignment`.
    fn takes_part(&self, member: usize) -> bool {
        self.assignment[member].len() < self.max_assignment(member)
            || self.assignment[member].iter().any(|partition| self.can_move(partition.0))
    }

    /// How many partitions a member could have.
    fn max_assignment(&self, member: usize) -> usize {
        let counts = self.group.subscriptions[member].iter().map(|topic| self.group.topics[*topic].1);
        counts.map(|count| usize::try_from(count).unwrap_or_default()).sum()
    }

    /// `assignOwnedPartitions`: takes partitions of topics to which their owners no longer subscribe; returns whether there are any.
    fn drop_unsubscribed(&mut self) -> bool {
        let mut dropped = false;
        for (owned, topics) in self.assignment.iter_mut().zip(&self.group.subscriptions) {
            let before = owned.len();
            owned.retain(|partition| topics.contains(&partition.0));
            dropped |= owned.len() < before;
        }
        dropped
    }

    /// `maybeAssignPartition`.
    fn assign_to_least_loaded(&mut self, partition: Partition) {
        let members = &self.potential_members[partition.0];
        let Some(found) = self.by_load.iter().find(|(_, _, member)| members.contains(member)).copied() else { return };
        self.by_load.remove(&found);
        let (_, _, member) = found;
        self.assignment[member].push(partition);
        self.owners.insert(partition, member);
        self.by_load.insert(self.load(member));
    }

    /// `performReassignments`: moves partitions until none improves the balance; returns whether one moved.
    fn reassign(&mut self, partitions: &[Partition]) -> bool {
        let mut reassigned = false;
        loop {
            let mut modified = false;
            for partition in partitions {
                if self.is_balanced() {
                    break;
                }
                let Some(owner) = self.owners.get(partition).copied() else { continue };
                let count = self.assignment[owner].len();
                let previous = self.previous.get(partition).map(|(member, _)| *member);
                let to = previous.filter(|previous| count > self.assignment[*previous].len() + 1).or_else(|| {
                    let members = &self.potential_members[partition.0];
                    let better = members.iter().any(|member| count > self.assignment[*member].len() + 1);
                    let least = || self.by_load.iter().find(|(_, _, member)| members.contains(member));
                    if better { least().map(|(_, _, member)| *member) } else { None }
                });
                if let Some(to) = to {
                    self.move_partition(*partition, owner, to);
                    modified = true;
                    reassigned = true;
                }
            }
            if !modified {
                return reassigned;
            }
        }
    }

    /// `reassignPartition`.
    fn move_partition(&mut self, partition: Partition, owner: usize, to: usize) {
        let partition = self.movements.instead_of(partition, owner, to);
        let Some(from) = self.owners.insert(partition, to) else { return };
        self.by_load.remove(&self.load(from));
        self.by_load.remove(&self.load(to));
        self.movements.moved(self.group, partition, from, to);
        if let Some(at) = self.assignment[from].iter().position(|other| *other == partition) {
            self.assignment[from].remove(at);
        }
        self.assignment[to].push(partition);
        self.by_load.insert(self.load(to));
        self.by_load.insert(self.load(from));
    }

    /// Whether no member could get a partition from one that has at least two more.
    fn is_balanced(&self) -> bool {
        let (Some((min, ..)), Some((max, ..))) = (self.by_load.first(), self.by_load.last()) else { return true };
        if min + 1 >= *max {
            return true;
        }
        self.by_load.iter().all(|(count, _, member)| {
            let topics = &self.group.subscriptions[*member];
            *count == self.max_assignment(*member)
                || self.group.partitions_of(topics.iter().copied()).iter().all(|partition| {
                    let owner = self.owners.get(partition);
                    owner.is_none_or(|owner| owner == member || count + 1 >= self.assignment[*owner].len())
                })
        })
    }

    /// `getBalanceScore`: the sum of the differences between all pairs of members that take part.
    fn balance_score(&self) -> usize {
        let counts: Vec<usize> = self.by_load.iter().map(|(count, _, _)| *count).collect();
        let others = |at: usize| counts.get(at + 1..).unwrap_or_default();
        counts.iter().enumerate().flat_map(|(at, one)| others(at).iter().map(move |other| one.abs_diff(*other))).sum()
    }
}
