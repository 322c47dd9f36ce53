//! The order in which Java's hash maps give their keys. Kafka's assignors depend on it, and its tools print configs in it.

use std::cmp::Ordering;

/// `String.hashCode`: over UTF-16 code units.
pub(super) fn string_hash(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// `TopicPartition.hashCode`.
pub(super) fn partition_hash(topic_hash: i32, partition: i32) -> i32 {
    31i32.wrapping_add(partition).wrapping_mul(31).wrapping_add(topic_hash)
}

/// `String.compareTo`: by UTF-16 code units.
pub(super) fn compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// A `HashSet` that was made without a capacity: entries by bucket, and by time of insertion within a bucket.
///
/// Java turns buckets of eight entries into trees. The order of those is not kept here.
#[derive(Debug)]
pub(super) struct HashSet<T> {
    buckets: u32,
    /// Hashes and entries in the order of insertion.
    entries: Vec<(i32, T)>,
}

impl<T: PartialEq> HashSet<T> {
    pub(super) fn new() -> Self {
        HashSet { buckets: 16, entries: Vec::new() }
    }

    /// Adds an entry unless there is an equal one.
    pub(super) fn insert(&mut self, hash: i32, entry: T) {
        if self.entries.iter().any(|(known, other)| *known == hash && *other == entry) {
            return;
        }
        self.entries.push((hash, entry));
        // The load factor is 0.75. A table never shrinks.
        if self.entries.len() as u64 * 4 > u64::from(self.buckets) * 3 {
            self.buckets = self.buckets.saturating_mul(2);
        }
    }

    pub(super) fn remove(&mut self, entry: &T) {
        self.entries.retain(|(_, other)| other != entry);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// What the iterator returns first.
    pub(super) fn first(&self) -> Option<&T> {
        self.entries.iter().min_by_key(|(hash, _)| bucket(*hash, self.buckets)).map(|(_, entry)| entry)
    }
}

/// `HashMap.hash`, then the index in a table of a power of two.
fn bucket(hash: i32, buckets: u32) -> u32 {
    let hash = hash.cast_unsigned();
    (hash ^ (hash >> 16)) & (buckets - 1)
}

/// The keys of a `HashMap` into which they were put in this order.
pub(crate) fn hash_order<'a>(keys: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut buckets = 16u32;
    let mut seen = std::collections::HashSet::new();
    let mut entries: Vec<(i32, &str)> =
        keys.into_iter().filter(|key| seen.insert(*key)).map(|key| (string_hash(key), key)).collect();
    while entries.len() as u64 * 4 > u64::from(buckets) * 3 {
        buckets = buckets.saturating_mul(2);
    }
    entries.sort_by_key(|(hash, _)| bucket(*hash, buckets));
    entries.into_iter().map(|(_, key)| key).collect()
}
