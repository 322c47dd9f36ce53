//! Entries in the order of a hash table's slots, without the slots.

use std::borrow::Borrow;

use super::Key;

/// An entry with the hash code of its key.
#[derive(Clone, Debug)]
struct Entry<K, V> {
    hash: i32,
    key: K,
    value: V,
}

/// Entries by slot; within a slot in an order that inserting decides. Growing splits slots and keeps that order, as Java's tables do.
#[derive(Clone, Debug)]
pub(super) struct Table<K, V> {
    /// The slot of a hash code in a table of this many slots.
    slot: fn(i32, u32) -> u32,
    slots: u32,
    entries: Vec<Entry<K, V>>,
}

impl<K: Key, V> Table<K, V> {
    pub(super) const fn new(slot: fn(i32, u32) -> u32, slots: u32) -> Self {
        Table { slot, slots, entries: Vec::new() }
    }

    pub(super) const fn slots(&self) -> u32 {
        self.slots
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }

    fn slot_of(&self, hash: i32) -> u32 {
        (self.slot)(hash, self.slots)
    }

    fn first_of(&self, slot: u32) -> usize {
        self.entries.partition_point(|entry| self.slot_of(entry.hash) < slot)
    }

    fn place<Q: Key + ?Sized>(&self, key: &Q) -> Option<usize>
    where
        K: Borrow<Q>,
    {
        let hash = key.hash_code();
        let slot = self.slot_of(hash);
        let first = self.first_of(slot);
        let same = self.entries.get(first..)?.iter().take_while(|entry| self.slot_of(entry.hash) == slot);
        let at = same.zip(first..).find(|(entry, _)| entry.hash == hash && entry.key.borrow() == key);
        at.map(|(_, place)| place)
    }

    pub(super) fn get<Q: Key + ?Sized>(&self, key: &Q) -> Option<&V>
    where
        K: Borrow<Q>,
    {
        Some(&self.entries.get(self.place(key)?)?.value)
    }

    pub(super) fn get_mut<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<&mut V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key)?;
        self.entries.get_mut(place).map(|entry| &mut entry.value)
    }

    /// Adds an entry whose key is not there, before or after those of its slot.
    pub(super) fn add(&mut self, key: K, value: V, at_front: bool) {
        let hash = key.hash_code();
        let slot = self.slot_of(hash);
        let place = if at_front { self.first_of(slot) } else { self.first_of(slot.saturating_add(1)) };
        self.entries.insert(place, Entry { hash, key, value });
    }

    pub(super) fn remove<Q: Key + ?Sized>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
    {
        let place = self.place(key)?;
        Some(self.entries.remove(place).value)
    }

    pub(super) fn retain(&mut self, keep: impl Fn(&K) -> bool) {
        self.entries.retain(|entry| keep(&entry.key));
    }

    /// Changes the number of slots.
    pub(super) fn resize(&mut self, slots: u32) {
        self.slots = slots;
        let slot = self.slot;
        self.entries.sort_by_key(|entry| slot(entry.hash, slots));
    }

    pub(super) fn into_values(self) -> Vec<V> {
        self.entries.into_iter().map(|entry| entry.value).collect()
    }

    pub(super) fn iter(&self) -> impl ExactSizeIterator<Item = (&K, &V)> {
        self.entries.iter().map(|entry| (&entry.key, &entry.value))
    }
}
