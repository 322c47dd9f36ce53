//! `AbstractStickyAssignor`: balance first, then as little movement as possible.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::user_data::{Claim, DEFAULT_GENERATION};
use super::{Assignments, MemberSubscription, TopicPartition, constrained, general, java_order};

/// A partition: its topic's place among the sorted topics, and its number.
pub(super) type Partition = (usize, i32);

/// The group and its topics, with numbers for names.
pub(super) struct Group<'a> {
    /// Topics in the order of their names, with their partition counts.
    pub(super) topics: Vec<(&'a str, i32)>,
    /// Members in the order of the leader's hash map.
    pub(super) members: &'a [&'a MemberSubscription],
    /// For each member its place among the sorted member ids.
    pub(super) ranks: Vec<usize>,
    /// For each member the topics that exist, in the member's order.
    pub(super) subscriptions: Vec<Vec<usize>>,
    /// For each member what it claims.
    pub(super) claims: Vec<(Vec<Partition>, Option<i32>)>,
}

/// A new assignment.
pub(super) struct Outcome {
    pub(super) assignments: Assignments,
    /// Partitions that move from one member to another, by new owner; unknown where subscriptions differ.
    pub(super) transferring: Option<BTreeMap<TopicPartition, String>>,
}

/// For each member what it owned and may keep.
pub(super) struct Owned {
    pub(super) partitions: Vec<Vec<Partition>>,
    /// Partitions that several members of the same generation claim.
    pub(super) claimed_twice: BTreeSet<Partition>,
}

pub(super) fn assign(
    counts: &[(&str, i32)],
    members: &[&MemberSubscription],
    claim: impl Fn(&MemberSubscription) -> Claim,
) -> Outcome {
    let group = Group::new(counts, members, claim);
    let owned = group.owned();
    if group.subscriptions_are_equal() {
        let (assignment, transferring) = constrained::assign(&group, owned);
        let named = transferring.into_iter().filter_map(|(partition, member)| {
            Some((group.partition(partition), group.members.get(member)?.member_id.clone()))
        });
        Outcome { transferring: Some(named.collect()), assignments: group.named(&assignment) }
    } else {
        Outcome { transferring: None, assignments: group.named(&general::assign(&group, owned.partitions)) }
    }
}

impl<'a> Group<'a> {
    fn new(
        counts: &[(&'a str, i32)],
        members: &'a [&'a MemberSubscription],
        claim: impl Fn(&MemberSubscription) -> Claim,
    ) -> Self {
        let mut topics = counts.to_vec();
        topics.sort_by(|a, b| java_order::compare(a.0, b.0));
        let numbers: HashMap<&str, usize> =
            topics.iter().enumerate().map(|(number, (name, _))| (*name, number)).collect();
        let subscriptions = members.iter().map(|member| {
            let known: Vec<usize> =
                member.topics.iter().filter_map(|topic| numbers.get(topic.as_str()).copied()).collect();
            let mut seen = BTreeSet::new();
            known.into_iter().filter(|topic| seen.insert(*topic)).collect()
        });
        let claims = members.iter().map(|member| {
            let claim = claim(member);
            let known = claim.partitions.iter().filter_map(|partition| {
                let topic = *numbers.get(partition.topic.as_str())?;
                let exists = (0..topics.get(topic)?.1).contains(&partition.partition);
                exists.then_some((topic, partition.partition))
            });
            (known.collect(), claim.generation)
        });
        let mut by_id: Vec<usize> = (0..members.len()).collect();
        by_id.sort_by(|a, b| java_order::compare(&members[*a].member_id, &members[*b].member_id));
        let mut ranks = vec![0; members.len()];
        for (rank, member) in by_id.into_iter().enumerate() {
            ranks[member] = rank;
        }
        let (subscriptions, claims) = (subscriptions.collect(), claims.collect());
        Group { topics, members, ranks, subscriptions, claims }
    }

    /// Number of partitions of all topics.
    pub(super) fn total(&self) -> usize {
        self.topics.iter().map(|(_, count)| usize::try_from(*count).unwrap_or_default()).sum()
    }

    /// All partitions of topics in this order.
    pub(super) fn partitions_of(&self, topics: impl IntoIterator<Item = usize>) -> Vec<Partition> {
        let topics = topics.into_iter().filter_map(|topic| Some((topic, self.topics.get(topic)?.1)));
        topics.flat_map(|(topic, count)| (0..count).map(move |number| (topic, number))).collect()
    }

    fn subscriptions_are_equal(&self) -> bool {
        // Topics that do not exist count, too, and a member without topics is skipped while there is nothing to compare with.
        let mut first: BTreeSet<&str> = BTreeSet::new();
        self.members.iter().all(|member| {
            let topics: BTreeSet<&str> = member.topics.iter().map(String::as_str).collect();
            if first.is_empty() {
                first = topics;
                return true;
            }
            member.topics.len() == first.len() && topics == first
        })
    }

    /// `allSubscriptionsEqual` fills this in: who owned what, after conflicting claims are settled.
    fn owned(&self) -> Owned {
        let mut partitions: Vec<Vec<Partition>> = vec![Vec::new(); self.members.len()];
        let mut claimed_twice = BTreeSet::new();
        let mut owners: HashMap<Partition, usize> = HashMap::new();
        for (member, (claimed, generation)) in self.claims.iter().enumerate() {
            let generation = generation.unwrap_or(DEFAULT_GENERATION);
            for partition in claimed {
                let Some(other) = owners.get(partition).copied() else {
                    partitions[member].push(*partition);
                    owners.insert(*partition, member);
                    continue;
                };
                // Kafka compares with the generation in the subscription, not with the one that the assignor encoded.
                let others = self.members[other].generation_id.unwrap_or(DEFAULT_GENERATION);
                if generation < others {
                    continue;
                }
                if generation > others {
                    partitions[member].push(*partition);
                } else {
                    claimed_twice.insert(*partition);
                }
                let previous = &mut partitions[other];
                if let Some(at) = previous.iter().position(|owned| owned == partition) {
                    previous.remove(at);
                }
                owners.insert(*partition, member);
            }
        }
        Owned { partitions, claimed_twice }
    }

    pub(super) fn partition(&self, (topic, partition): Partition) -> TopicPartition {
        TopicPartition::new(self.topics[topic].0, partition)
    }

    fn named(&self, assignment: &[Vec<Partition>]) -> Assignments {
        let named =
            |partitions: &Vec<Partition>| partitions.iter().map(|partition| self.partition(*partition)).collect();
        let members = self.members.iter().map(|member| member.member_id.clone());
        members.zip(assignment.iter().map(named)).collect()
    }
}
