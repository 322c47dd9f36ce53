//! `java.util.HashMap` and `HashSet` of Java 17. Slots with so many entries that Java makes a tree of them are not
//! special here.

use std::borrow::Borrow;

use super::Key;
use super::table::Table;

/// Slots of a table that was made without a size.
const DEFAULT_SLOTS: u32 = 16;
const SLOTS_MAX: u32 = 1 << 30;

fn slot(hash: i32, slots: u32) -> u32 {
    let hash = hash as u32;
    (hash ^ (hash >> 16)) & slots.saturating_sub(1)
}

/// Slots for a table of this size (`tableSizeFor`).
fn slots_for(size: usize) -> u32 {
    u32::try_from(size.max(1)).unwrap_or(SLOTS_MAX).min(SLOTS_MAX).next_power_of_two()
}

/// The size at which a table with so many entries does not grow (`n / 0.75 + 1`).
fn size_for(len: usize) -> usize {
    (len as f32 / 0.75 + 1.0) as usize
}

/// Entries in the order of Java's `HashMap`. Equal where the entries are, whatever their order.
#[derive(Clone, Debug)]
pub(in super::super) struct HashMap<K, V>(Table<K, V>);

/// A `HashSet`.
pub(in super::super) type HashSet<K> = HashMap<K, ()>;

impl<K: Key, V> Default for HashMap<K, V> {
    fn default() -> Self {
        HashMap(Table::new(slot, DEFAULT_SLOTS))
    }
}

impl<K: Key + Clone, V: PartialEq> PartialEq for HashMap<K, V> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().all(|(key, value)| other.get(key) == Some(value))
    }
}

impl<K: Key + Clone, V: Eq> Eq for HashMap<K, V> {}

impl<K: Key + Clone, V> HashMap<K, V> {
    /// `new HashMap(size)`, which is the number of slots.
    pub(in super::super) fn with_size(size: usize) -> Self {
        HashMap(Table::new(slot, slots_for(size)))
    }

    /// `new HashMap((int) (len / 0.75f + 1.0f))`.
    pub(in super::super) fn with_room_for(len: usize) -> Self {
        HashMap::with_size(size_for(len))
    }

    /// The table of `new HashSet(collection)`.
    pub(in super::super) fn set_for(len: usize) -> Self {
        HashMap::with_size(((len as f32 / 0.75) as usize + 1).max(DEFAULT_SLOTS as usize))
    }

    /// `new HashMap(map)`.
    pub(in super::super) fn copy_of(entries: impl ExactSizeIterator<Item = (K, V)>) -> Self {
        let mut map = match entries.len() {
            0 => HashMap::default(),
            len => HashMap::with_room_for(len),
        };
        map.extend(entries);
        map
    }

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

    pub(in super::super) fn get_mut<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        self.0.get_mut(key)
    }

    pub(in super::super) fn contains<Q: Key + ?Sized>(&self, key: &Q) -> bool
    where
        K: Borrow<Q>,
    {
        self.0.get(key).is_some()
    }

    fn threshold(&self) -> usize {
        (self.0.slots() as f32 * 0.75) as usize
    }

    fn grow(&mut self) {
        if self.0.slots() < SLOTS_MAX {
            self.0.resize(self.0.slots() * 2);
        }
    }

    /// `put`.
    pub(in super::super) fn insert(&mut self, key: K, value: V) {
        if let Some(known) = self.0.get_mut(&key) {
            *known = value;
            return;
        }
        self.0.add(key, value, false);
        if self.len() > self.threshold() {
            self.grow();
        }
    }

    /// `computeIfAbsent`, `compute` or `merge`: the table grows before, also where the key is there, and a new entry comes first in its
    /// slot.
    pub(in super::super) fn compute(&mut self, key: K, value: impl FnOnce() -> V) -> Option<&mut V> {
        if self.len() > self.threshold() {
            self.grow();
        }
        if !self.contains(&key) {
            self.0.add(key.clone(), value(), true);
        }
        self.0.get_mut(&key)
    }

    /// `putAll`.
    pub(in super::super) fn put_all(&mut self, entries: impl ExactSizeIterator<Item = (K, V)>) {
        while entries.len() > self.threshold() && self.0.slots() < SLOTS_MAX {
            self.grow();
        }
        self.extend(entries);
    }

    fn extend(&mut self, entries: impl Iterator<Item = (K, V)>) {
        entries.for_each(|(key, value)| self.insert(key, value));
    }

    pub(in super::super) fn remove<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        self.0.remove(key)
    }

    pub(in super::super) fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.0.retain(keep);
    }

    pub(in super::super) fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.0.iter()
    }

    pub(in super::super) fn into_values(self) -> Vec<V> {
        self.0.into_values()
    }

    pub(in super::super) fn keys(&self) -> impl ExactSizeIterator<Item = &K> {
        self.0.iter().map(|(key, _)| key)
    }

    pub(in super::super) fn values(&self) -> impl ExactSizeIterator<Item = &V> {
        self.0.iter().map(|(_, value)| value)
    }
}

impl<K: Key + Clone> HashSet<K> {
    /// `new HashSet(collection)`.
    pub(in super::super) fn set_of(keys: impl IntoIterator<Item = K>, len: usize) -> Self {
        let mut set = HashMap::set_for(len);
        set.extend(keys.into_iter().map(|key| (key, ())));
        set
    }

    /// `add`.
    pub(in super::super) fn add(&mut self, key: K) {
        self.insert(key, ());
    }
}
