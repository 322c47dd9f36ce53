//! `PartitionMovements`: who gave which partition to whom, so that no two members swap partitions of a topic.

use std::collections::BTreeMap;

use super::java_order::{HashSet, partition_hash, string_hash};
use super::sticky::{Group, Partition};

/// The previous and the new owner.
type Pair = (usize, usize);

#[derive(Debug, Default)]
pub(super) struct Movements {
    by_topic: BTreeMap<usize, BTreeMap<Pair, HashSet<Partition>>>,
    by_partition: BTreeMap<Partition, Pair>,
}

impl Movements {
    pub(super) fn moved(&mut self, group: &Group<'_>, partition: Partition, from: usize, to: usize) {
        match self.remove(partition) {
            // It moves back.
            Some((first, _)) if first == to => {}
            Some((first, _)) => self.add(group, partition, (first, to)),
            None => self.add(group, partition, (from, to)),
        }
    }

    /// `getTheActualPartitionToBeMoved`: one that went the other way before moves back instead.
    pub(super) fn instead_of(&self, partition: Partition, from: usize, to: usize) -> Partition {
        let from = self.by_partition.get(&partition).map_or(from, |(first, _)| *first);
        let reverse = self.by_topic.get(&partition.0).and_then(|pairs| pairs.get(&(to, from)));
        reverse.and_then(HashSet::first).copied().unwrap_or(partition)
    }

    fn add(&mut self, group: &Group<'_>, partition: Partition, pair: Pair) {
        self.by_partition.insert(partition, pair);
        let hash = partition_hash(string_hash(group.topics[partition.0].0), partition.1);
        let pairs = self.by_topic.entry(partition.0).or_default();
        pairs.entry(pair).or_insert_with(HashSet::new).insert(hash, partition);
    }

    fn remove(&mut self, partition: Partition) -> Option<Pair> {
        let pair = self.by_partition.remove(&partition)?;
        if let Some(pairs) = self.by_topic.get_mut(&partition.0)
            && let Some(moved) = pairs.get_mut(&pair)
        {
            moved.remove(&partition);
            if moved.is_empty() {
                pairs.remove(&pair);
            }
        }
        Some(pair)
    }
}
