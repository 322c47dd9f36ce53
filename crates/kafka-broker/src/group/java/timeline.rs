//! `TimelineHashMap`, as it looks when nothing is reverted.

use std::borrow::Borrow;

use super::Key;
use super::table::Table;

/// Slots of a new table (`MIN_CAPACITY`).
const MIN_SLOTS: u32 = 2;
const SLOTS_MAX: u32 = 1 << 30;
/// What hash codes are multiplied with: 2 to the 64th, divided by the golden ratio.
const GOLDEN: i64 = -7_046_029_254_386_353_131;

/// The upper bits of the product (`findSlot`).
fn slot(hash: i32, slots: u32) -> u32 {
    let product = i64::from(hash).wrapping_mul(GOLDEN) as u64;
    let bits = slots.trailing_zeros();
    (product >> (64 - bits.max(1))) as u32
}

/// Entries in the order of Kafka's `TimelineHashMap`: in a slot the youngest comes first.
#[derive(Clone, Debug)]
pub(in super::super) struct Timeline<K, V>(Table<K, V>);

impl<K: Key, V> Default for Timeline<K, V> {
    fn default() -> Self {
        Timeline(Table::new(slot, MIN_SLOTS))
    }
}

impl<K: Key, V> Timeline<K, V> {
    pub(in super::super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(in super::super) fn is_empty(&self) -> bool {
        self.0.len() == 0
    }

    pub(in super::super) fn get<Q: Key + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        self.0.get(key)
    }

    /// Puts an entry; gives the value before.
    pub(in super::super) fn insert(&mut self, key: K, value: V) -> Option<V> {
        let grows = (self.len() + 1) as f64 * 0.75 > f64::from(self.0.slots());
        if grows && self.0.slots() < SLOTS_MAX {
            self.0.resize(self.0.slots() * 2);
        }
        if let Some(known) = self.0.get_mut(&key) {
            return Some(std::mem::replace(known, value));
        }
        self.0.add(key, value, true);
        None
    }

    pub(in super::super) fn remove<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.remove(key)
    }

    pub(in super::super) fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.0.iter()
    }

    pub(in super::super) fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(in super::super) fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}
