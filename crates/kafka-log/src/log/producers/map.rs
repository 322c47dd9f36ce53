//! The producers by id.
//!
//! Kafka writes them to a snapshot in the order of its `HashMap`, and so does this: the files come out equal to the byte,
//! and do not differ from run to run. Ids come from clients, so the hash has a secret seed; its cost, tens of ns, is small
//! against that of a batch.

use std::collections::HashMap;

use super::entry::ProducerState;

/// Capacity of a `HashMap` of Java's at its first entry.
const JAVA_CAPACITY_MIN: u64 = 16;

#[derive(Debug)]
struct Slot {
    state: ProducerState,
    /// When the producer was added, counted up.
    added: u64,
}

/// All known producers.
#[derive(Debug)]
pub(super) struct Producers {
    slots: HashMap<i64, Slot>,
    added: u64,
    java_capacity: u64,
}

impl Producers {
    pub(super) fn new() -> Self {
        Producers { slots: HashMap::new(), added: 0, java_capacity: JAVA_CAPACITY_MIN }
    }

    pub(super) fn len(&self) -> usize {
        self.slots.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    pub(super) fn get(&self, producer_id: i64) -> Option<&ProducerState> {
        self.slots.get(&producer_id).map(|slot| &slot.state)
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (i64, &ProducerState)> {
        self.slots.iter().map(|(&id, slot)| (id, &slot.state))
    }

    /// Updates a known producer, or adds one.
    pub(super) fn update(&mut self, producer_id: i64, next: &ProducerState) {
        match self.slots.get_mut(&producer_id) {
            Some(slot) => slot.state.update(next),
            None => self.put(producer_id, *next),
        }
    }

    /// Adds a producer, or replaces what is known of it.
    pub(super) fn put(&mut self, producer_id: i64, state: ProducerState) {
        match self.slots.get_mut(&producer_id) {
            Some(slot) => slot.state = state,
            None => {
                self.added += 1;
                self.slots.insert(producer_id, Slot { state, added: self.added });
                // It doubles when more than three quarters are taken, and never shrinks.
                while self.slots.len() as u64 * 4 > self.java_capacity * 3 {
                    self.java_capacity *= 2;
                }
            }
        }
    }

    pub(super) fn retain(&mut self, mut keep: impl FnMut(&ProducerState) -> bool) {
        self.slots.retain(|_, slot| keep(&slot.state));
    }

    pub(super) fn clear(&mut self) {
        self.slots = HashMap::new();
    }

    /// In the order in which a `HashMap` of Java's goes through its entries: by bucket, then by age. Exact but for
    /// buckets of 8 and more producers, of which Java makes trees.
    pub(super) fn in_java_order(&self) -> Vec<(i64, &ProducerState)> {
        let mut ordered: Vec<_> = self.slots.iter().collect();
        ordered.sort_unstable_by_key(|&(&id, slot)| (java_bucket(id, self.java_capacity), slot.added));
        ordered.into_iter().map(|(&id, slot)| (id, &slot.state)).collect()
    }
}

/// Where a `HashMap` of Java's with this capacity, a power of two, has a `Long`.
pub(super) fn java_bucket(key: i64, capacity: u64) -> u64 {
    let key = key as u64;
    let code = (key ^ (key >> 32)) as u32;
    u64::from(code ^ (code >> 16)) & (capacity - 1)
}

/// Capacity of a `HashMap` that `computeIfAbsent` alone has filled with `entries`: it makes room only after the load is
/// exceeded, and puts each entry at the head of its bucket.
pub(super) fn java_capacity_computed(entries: usize) -> u64 {
    let mut capacity = JAVA_CAPACITY_MIN;
    while entries as u64 > capacity / 4 * 3 + 1 {
        capacity *= 2;
    }
    capacity
}
