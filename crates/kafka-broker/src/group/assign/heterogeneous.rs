//! Members subscribe to different topics (`UniformHeterogeneousAssignmentBuilder`).

use std::collections::HashMap;

use kafka_rpc::Uuid;

use super::balancer::Balancer;
use super::{Assigned, Spec, Target};
use crate::group::java;

/// How often all topics are balanced (`MAX_ITERATION_COUNT`).
const ITERATIONS_MAX: usize = 16;

/// A topic that somebody subscribes to.
struct Topic {
    id: Uuid,
    /// Indexes of members, ascending.
    subscribers: Vec<usize>,
    /// The index of the member that is to have a partition.
    owners: Vec<Option<usize>>,
}

struct Builder<'a> {
    spec: &'a Spec<'a>,
    topics: Vec<Topic>,
    targets: Vec<Target>,
    /// How many partitions a member is to have.
    sizes: Vec<usize>,
}

pub(super) fn assign(spec: &Spec<'_>) -> Vec<Assigned> {
    let mut builder = Builder::new(spec);
    if builder.topics.is_empty() {
        return vec![Assigned::new(); spec.members.len()];
    }
    builder.revoke();
    builder.assign_remaining();
    builder.balance();
    builder.targets.into_iter().map(Target::finish).collect()
}

impl<'a> Builder<'a> {
    fn new(spec: &'a Spec<'a>) -> Self {
        let mut topics: HashMap<Uuid, Topic> = HashMap::new();
        for (index, member) in spec.members.iter().enumerate() {
            for (id, partitions) in &member.topics.topics {
                let owners = || vec![None; usize::try_from(*partitions).unwrap_or(0)];
                let topic =
                    topics.entry(*id).or_insert_with(|| Topic { id: *id, subscribers: Vec::new(), owners: owners() });
                topic.subscribers.push(index);
            }
        }
        let mut topics: Vec<Topic> = topics.into_values().collect();
        topics.sort_by(|one, other| {
            let share = |topic: &Topic| topic.owners.len() as f64 / topic.subscribers.len() as f64;
            let by_share = share(other).total_cmp(&share(one));
            let by_subscribers = by_share.then_with(|| one.subscribers.len().cmp(&other.subscribers.len()));
            by_subscribers.then_with(|| java::uuid_order(one.id).cmp(&java::uuid_order(other.id)))
        });
        let targets = spec.members.iter().map(Target::of).collect();
        Builder { spec, topics, targets, sizes: vec![0; spec.members.len()] }
    }

    /// Takes from members what they do not subscribe to any more.
    fn revoke(&mut self) {
        let places: HashMap<Uuid, usize> = self.topics.iter().enumerate().map(|(at, topic)| (topic.id, at)).collect();
        for (index, member) in self.spec.members.iter().enumerate() {
            for (id, partitions) in member.assigned.iter() {
                let place = places.get(id).filter(|_| member.topics.contains(*id));
                let Some(topic) = place.and_then(|place| self.topics.get_mut(*place)) else {
                    self.targets[index].change().remove(id);
                    continue;
                };
                self.sizes[index] += partitions.len();
                for partition in partitions.keys() {
                    let owner = usize::try_from(*partition).ok().and_then(|at| topic.owners.get_mut(at));
                    owner.into_iter().for_each(|owner| *owner = Some(index));
                }
            }
        }
    }

    /// Gives partitions without an owner to the members that have least.
    fn assign_remaining(&mut self) {
        let mut balancer = Balancer::default();
        for topic in 0..self.topics.len() {
            let unassigned: Vec<usize> =
                (0..self.topics[topic].owners.len()).filter(|at| self.topics[topic].owners[*at].is_none()).collect();
            if unassigned.is_empty() {
                continue;
            }
            balancer.start(&self.topics[topic].subscribers, &self.sizes);
            for partition in unassigned {
                let member = balancer.next_least_loaded(&self.sizes);
                self.give(topic, partition, member);
            }
        }
    }

    fn balance(&mut self) {
        let shared: Vec<usize> =
            (0..self.topics.len()).filter(|topic| self.topics[*topic].subscribers.len() >= 2).collect();
        let mut balancer = Balancer::default();
        let mut last = None;
        for _ in 0..ITERATIONS_MAX {
            for (place, topic) in shared.iter().enumerate() {
                if last == Some(place) {
                    return;
                }
                if self.balance_topic(*topic, &mut balancer) > 0 || last.is_none() {
                    last = Some(place);
                }
            }
        }
    }

    /// Moves partitions of a topic from those who have most to those who have least; gives how many.
    fn balance_topic(&mut self, topic: usize, balancer: &mut Balancer) -> usize {
        if balancer.start(&self.topics[topic].subscribers, &self.sizes) <= 1 {
            return 0;
        }
        let mut of_member: HashMap<usize, Vec<usize>> = HashMap::new();
        for (partition, owner) in self.topics[topic].owners.iter().enumerate() {
            owner.iter().for_each(|owner| of_member.entry(*owner).or_default().push(partition));
        }
        let mut moved = 0;
        while !balancer.is_balanced() {
            let most = loop {
                let Some(most) = balancer.next_most_loaded(&self.sizes) else { return moved };
                if of_member.get(&most).is_some_and(|partitions| !partitions.is_empty()) {
                    break most;
                }
                balancer.exclude_most_loaded();
            };
            let Some(partition) = of_member.get_mut(&most).and_then(Vec::pop) else { return moved };
            let least = balancer.next_least_loaded(&self.sizes);
            if balancer.is_balanced() {
                break;
            }
            self.give(topic, partition, least);
            moved += 1;
        }
        moved
    }

    /// Gives a partition to a member, and takes it from the one that had it.
    fn give(&mut self, topic: usize, partition: usize, member: usize) {
        let Topic { id, subscribers, owners } = &mut self.topics[topic];
        let number = i32::try_from(partition).unwrap_or(i32::MAX);
        if let Some(before) = owners[partition].replace(member) {
            self.targets[before].take(*id, number);
            self.sizes[before] = self.sizes[before].saturating_sub(1);
        }
        let each = owners.len().div_ceil(subscribers.len());
        self.targets[member].give(*id, number, || java::HashSet::with_room_for(each));
        self.sizes[member] += 1;
    }
}
