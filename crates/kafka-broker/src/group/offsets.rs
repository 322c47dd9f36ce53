//! Committed offsets, and those of open transactions (`OffsetMetadataManager`).

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use kafka_rpc::Uuid;

/// A committed offset (`OffsetAndMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Committed {
    /// Offset of the record in the log of `__consumer_offsets`.
    pub(super) record_offset: i64,
    /// The offset that was committed.
    pub(super) offset: i64,
    /// Leader epoch of the last record consumed, -1 unknown.
    pub(super) leader_epoch: i32,
    /// The client's metadata.
    pub(super) metadata: Box<str>,
    /// When it was committed.
    pub(super) commit_timestamp: i64,
    /// When it expires, whatever the retention; `None` for commits since Kafka 2.1.
    pub(super) expire_timestamp: Option<i64>,
    /// Id of the topic, zero unknown.
    pub(super) topic_id: Uuid,
}

/// Offsets of one group by topic and partition.
pub(super) type GroupOffsets = BTreeMap<Arc<str>, BTreeMap<i32, Committed>>;

/// Producer ids with offsets that are not decided yet, by topic and partition.
type OpenTransactions = BTreeMap<Arc<str>, BTreeMap<i32, BTreeSet<i64>>>;

/// All offsets of a shard.
#[derive(Debug, Default)]
pub(super) struct Offsets {
    by_group: HashMap<Arc<str>, GroupOffsets>,
    pending: HashMap<i64, HashMap<Arc<str>, GroupOffsets>>,
    open: HashMap<Arc<str>, OpenTransactions>,
}

impl Offsets {
    /// Number of committed offsets.
    pub(super) fn len(&self) -> usize {
        self.by_group.values().flat_map(BTreeMap::values).map(BTreeMap::len).sum()
    }

    /// Offsets of a group.
    pub(super) fn group(&self, group: &str) -> Option<&GroupOffsets> {
        self.by_group.get(group)
    }

    /// One offset.
    pub(super) fn get(&self, group: &str, topic: &str, partition: i32) -> Option<&Committed> {
        self.by_group.get(group)?.get(topic)?.get(&partition)
    }

    /// Whether a transaction with an offset for this partition is open.
    pub(super) fn is_pending(&self, group: &str, topic: &str, partition: i32) -> bool {
        self.open.get(group).and_then(|topics| topics.get(topic)).is_some_and(|open| open.contains_key(&partition))
    }

    /// Whether a transaction with offsets of this group is open.
    pub(super) fn has_pending(&self, group: &str) -> bool {
        self.open.contains_key(group)
    }

    /// Partitions of a group that have an offset, then those that have one in an open transaction alone.
    pub(super) fn partitions(&self, group: &str) -> Vec<(Arc<str>, i32)> {
        let committed = self.by_group.get(group).into_iter().flatten();
        let committed = committed.flat_map(|(topic, offsets)| offsets.keys().map(|p| (Arc::clone(topic), *p)));
        let open = self.open.get(group).into_iter().flatten();
        let open = open.flat_map(|(topic, open)| open.keys().map(|p| (Arc::clone(topic), *p)));
        committed.chain(open.filter(|(topic, p)| self.get(group, topic, *p).is_none())).collect()
    }

    /// Partitions of deleted topics, by group; once for the committed offset and once for each open transaction, as in
    /// Kafka. An offset of another topic with the same name stays.
    pub(super) fn of_topics(&self, topics: &[(String, Uuid)]) -> Vec<(Arc<str>, Arc<str>, i32)> {
        let mut found = Vec::new();
        for by_group in std::iter::once(&self.by_group).chain(self.pending.values()) {
            for (group, offsets) in by_group {
                for (name, id) in topics {
                    let Some((topic, partitions)) = offsets.get_key_value(name.as_str()) else { continue };
                    let gone = partitions.iter().filter(|(_, o)| o.topic_id == Uuid::ZERO || o.topic_id == *id);
                    found.extend(gone.map(|(partition, _)| (Arc::clone(group), Arc::clone(topic), *partition)));
                }
            }
        }
        found
    }

    /// Replays a commit. With a producer id it waits for the end of the transaction.
    pub(super) fn put(
        &mut self,
        group: &Arc<str>,
        topic: &Arc<str>,
        partition: i32,
        committed: Committed,
        producer_id: Option<i64>,
    ) {
        let Some(producer_id) = producer_id else {
            put(&mut self.by_group, group, topic, partition, committed);
            return;
        };
        put(self.pending.entry(producer_id).or_default(), group, topic, partition, committed);
        let topics = self.open.entry(Arc::clone(group)).or_default();
        topics.entry(Arc::clone(topic)).or_default().entry(partition).or_default().insert(producer_id);
    }

    /// Replays a tombstone, which takes the offsets of open transactions along.
    pub(super) fn remove(&mut self, group: &str, topic: &str, partition: i32) {
        remove(&mut self.by_group, group, topic, partition);
        let Some(topics) = self.open.get_mut(group) else { return };
        let Some(producers) = topics.get_mut(topic).and_then(|open| open.remove(&partition)) else { return };
        for producer_id in producers {
            if let Some(pending) = self.pending.get_mut(&producer_id) {
                remove(pending, group, topic, partition);
            }
        }
        self.drop_empty(group, topic);
    }

    /// Ends a transaction (`replayEndTransactionMarker`).
    pub(super) fn end_transaction(&mut self, producer_id: i64, commit: bool) {
        for (group, topics) in self.pending.remove(&producer_id).unwrap_or_default() {
            for (topic, partitions) in topics {
                for (partition, committed) in partitions {
                    self.close(&group, &topic, partition, producer_id);
                    // Compaction keeps the later of two records, whether or not one is transactional.
                    let later = |known: &Committed| committed.record_offset > known.record_offset;
                    if commit && self.get(&group, &topic, partition).is_none_or(later) {
                        put(&mut self.by_group, &group, &topic, partition, committed);
                    }
                }
            }
        }
    }

    fn close(&mut self, group: &str, topic: &str, partition: i32, producer_id: i64) {
        let Some(open) = self.open.get_mut(group).and_then(|topics| topics.get_mut(topic)) else { return };
        if let Entry::Occupied(mut producers) = open.entry(partition) {
            producers.get_mut().remove(&producer_id);
            if producers.get().is_empty() {
                producers.remove();
            }
        }
        self.drop_empty(group, topic);
    }

    fn drop_empty(&mut self, group: &str, topic: &str) {
        let Some(topics) = self.open.get_mut(group) else { return };
        if topics.get(topic).is_some_and(BTreeMap::is_empty) {
            topics.remove(topic);
        }
        if topics.is_empty() {
            self.open.remove(group);
        }
    }
}

fn put(
    to: &mut HashMap<Arc<str>, GroupOffsets>,
    group: &Arc<str>,
    topic: &Arc<str>,
    partition: i32,
    committed: Committed,
) {
    let topics = to.entry(Arc::clone(group)).or_default();
    topics.entry(Arc::clone(topic)).or_default().insert(partition, committed);
}

fn remove(from: &mut HashMap<Arc<str>, GroupOffsets>, group: &str, topic: &str, partition: i32) {
    let Some(topics) = from.get_mut(group) else { return };
    let Some(partitions) = topics.get_mut(topic) else { return };
    partitions.remove(&partition);
    if partitions.is_empty() {
        topics.remove(topic);
    }
    if topics.is_empty() {
        from.remove(group);
    }
}
