//! Which offset a key was seen at last (`SkimpyOffsetMap`): hashes of keys instead of keys, 24 bytes a slot, no removal.
//!
//! Kafka's hash is MD5; this one is SipHash-1-3 with 128 bits and a key that is drawn again for each map. Two keys with the
//! same hash would cost one of them its record, so the hash must not only be good, a writer who
//! chooses the keys of records must not be able to make it collide: with MD5 that is possible, with a keyed hash it is not.
//!
//! Slots lie in the order of the hashes as far as that goes (linear probing, the farthest from home first). So a look-up
//! of a key that is not there, which is most of them where little of a log is dirty, ends after a few slots even in a full
//! map.

mod memory;

use memory::Memory;
use siphasher::sip128::SipHasher13;

/// Two words of hash and one of offset. All zeros is empty, so that memory need not be touched before it is used.
type Slot = [u64; memory::WORDS];

const EMPTY: Slot = [0; memory::WORDS];

/// Bytes of a slot (`SkimpyOffsetMap.bytesPerEntry`).
pub(super) const BYTES_PER_ENTRY: usize = size_of::<Slot>();
const _: () = assert!(BYTES_PER_ENTRY == 24);

/// Slots for each key that may come: two for three leave a look-up with one slot to read nearly always.
const SLOTS_FOR_KEYS: (u64, u64) = (3, 2);
const SLOTS_MIN: u64 = 64;

/// Keys to look at ahead of the first that is used: enough to keep the memory busy, few enough to stay in the cache.
pub(crate) const KEYS_AHEAD: usize = 128;

/// Hash of a key. Never all zeros: that is an empty slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct KeyHash {
    home: u64,
    rest: u64,
}

impl KeyHash {
    /// The hash of no key.
    pub(crate) const NONE: KeyHash = KeyHash { home: 0, rest: 0 };

    #[inline]
    fn is_in(self, slot: Slot) -> bool {
        slot[0] == self.home && slot[1] == self.rest
    }
}

/// SipHash with a key that is not known outside of the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct KeyHasher(SipHasher13);

impl KeyHasher {
    fn new() -> Self {
        let mut key = [0; 16];
        getrandom::fill(&mut key).expect("the operating system provides random bytes");
        KeyHasher(SipHasher13::new_with_key(&key))
    }

    #[inline]
    pub(crate) fn hash(&self, key: &[u8]) -> KeyHash {
        let hash = self.0.hash(key);
        KeyHash { home: hash.h1, rest: if hash.h1 == 0 && hash.h2 == 0 { 1 } else { hash.h2 } }
    }
}

/// Last offset of each key (`SkimpyOffsetMap`).
///
/// As many keys fit as in Kafka's map of the same memory, because that decides where a round of cleaning ends. Where fewer
/// can come, only so much of the memory is used as they need: what is close together is found faster.
#[derive(Debug)]
pub(super) struct OffsetMap {
    memory: Memory,
    /// Slots in use, from the first on.
    used: usize,
    entries: usize,
    latest_offset: i64,
    hasher: KeyHasher,
}

impl OffsetMap {
    /// A map that takes this much memory, rounded down to whole slots.
    pub(super) fn new(memory_bytes: usize) -> Self {
        let memory = Memory::new(memory_bytes / BYTES_PER_ENTRY);
        let used = memory.len();
        OffsetMap { memory, used, entries: 0, latest_offset: -1, hasher: KeyHasher::new() }
    }

    /// Number of keys there is room for.
    pub(super) fn slots(&self) -> usize {
        self.memory.len()
    }

    /// Number of keys in it.
    pub(super) fn len(&self) -> usize {
        self.entries
    }

    /// The offset up to which it knows all keys, ends included; -1 none (`latestOffset`).
    pub(super) fn latest_offset(&self) -> i64 {
        self.latest_offset
    }

    /// Says that all keys up to this offset are in (`updateLatestOffset`).
    pub(super) fn update_latest_offset(&mut self, offset: i64) {
        self.latest_offset = offset;
    }

    /// How full it is, 0 to 1 (`utilization`).
    pub(super) fn utilization(&self) -> f64 {
        self.entries as f64 / self.slots() as f64
    }

    /// Forgets everything, the key of the hash too. So many keys will come at most; it is no mistake if more do, but slow.
    pub(super) fn clear_for(&mut self, keys: u64) {
        if self.entries > 0 {
            let used = self.used;
            self.memory.slots_mut()[..used].fill(memory::bytes(EMPTY));
        }
        let room = keys.saturating_mul(SLOTS_FOR_KEYS.0).div_ceil(SLOTS_FOR_KEYS.1).max(SLOTS_MIN);
        self.used = usize::try_from(room).unwrap_or(usize::MAX).min(self.slots());
        self.entries = 0;
        self.latest_offset = -1;
        self.hasher = KeyHasher::new();
    }

    /// The hash that stands for a key.
    #[inline]
    pub(super) fn hash(&self, key: &[u8]) -> KeyHash {
        self.hasher.hash(key)
    }

    /// What hashes keys for this map until it is cleared.
    pub(crate) fn hasher(&self) -> KeyHasher {
        self.hasher
    }

    /// Brings the slots of these keys into the cache, all at once, so that the look-ups after it need not wait for each.
    #[inline]
    pub(super) fn touch(&self, hashes: impl Iterator<Item = KeyHash>) {
        let slots = self.used_slots();
        let mut seen = 0;
        for hash in hashes {
            let home = self.home(hash.home);
            // Slots do not end with the lines of the cache, and the key is in the next slot often enough.
            if let Some([first, last]) = slots.get(home..home + 2) {
                seen ^= memory::words(first)[0] ^ memory::words(last)[2];
            }
        }
        std::hint::black_box(seen);
    }

    /// Last offset of a key, -1 if it is not there.
    #[inline]
    pub(super) fn get(&self, hash: KeyHash) -> i64 {
        let slots = self.used_slots();
        let mut at = self.home(hash.home);
        for distance in 0..slots.len() {
            let slot = memory::words(&slots[at]);
            if hash.is_in(slot) {
                return slot[2].cast_signed();
            }
            if is_empty(slot) || self.distance(slot, at) < distance {
                break;
            }
            at = self.next(at);
        }
        -1
    }

    /// Sets the last offset of a key; it becomes the latest offset as well. `false`, and nothing done, where the key is
    /// new and every slot taken.
    #[inline]
    pub(super) fn put(&mut self, hash: KeyHash, offset: i64) -> bool {
        let mut at = self.home(hash.home);
        for distance in 0..self.used {
            let slot = self.slot(at);
            if hash.is_in(slot) {
                self.set_slot(at, [hash.home, hash.rest, offset.cast_unsigned()]);
                self.latest_offset = offset;
                return true;
            }
            if is_empty(slot) || self.distance(slot, at) < distance {
                return self.insert(at, [hash.home, hash.rest, offset.cast_unsigned()]);
            }
            at = self.next(at);
        }
        self.insert(at, [hash.home, hash.rest, offset.cast_unsigned()])
    }

    /// Puts a new key at `at` and moves what is there, up to the next empty slot, one on.
    fn insert(&mut self, mut at: usize, slot: Slot) -> bool {
        if self.entries == self.used {
            return self.grow() && self.put(KeyHash { home: slot[0], rest: slot[1] }, slot[2].cast_signed());
        }
        self.entries += 1;
        self.latest_offset = slot[2].cast_signed();
        let mut moved = slot;
        loop {
            let there = self.slot(at);
            self.set_slot(at, moved);
            if is_empty(there) {
                return true;
            }
            moved = there;
            at = self.next(at);
        }
    }

    /// Takes all of the memory into use; `false` where it is already.
    #[cold]
    fn grow(&mut self) -> bool {
        if self.used == self.slots() {
            return false;
        }
        let slots: Vec<Slot> = self.used_slots().iter().map(memory::words).filter(|slot| !is_empty(*slot)).collect();
        let used = self.used;
        self.memory.slots_mut()[..used].fill(memory::bytes(EMPTY));
        (self.used, self.entries) = (self.slots(), 0);
        let latest_offset = self.latest_offset;
        for [home, rest, offset] in slots {
            self.put(KeyHash { home, rest }, offset.cast_signed());
        }
        self.latest_offset = latest_offset;
        true
    }

    #[inline(always)]
    fn used_slots(&self) -> &[[u8; BYTES_PER_ENTRY]] {
        &self.memory.slots()[..self.used]
    }

    #[inline(always)]
    fn slot(&self, at: usize) -> Slot {
        memory::words(&self.memory.slots()[at])
    }

    #[inline(always)]
    fn set_slot(&mut self, at: usize, slot: Slot) {
        self.memory.slots_mut()[at] = memory::bytes(slot);
    }

    /// The slot a key belongs to: the place of its hash among all hashes.
    #[inline]
    fn home(&self, hash: u64) -> usize {
        ((u128::from(hash) * self.used as u128) >> 64) as usize
    }

    #[inline]
    fn next(&self, at: usize) -> usize {
        if at + 1 == self.used { 0 } else { at + 1 }
    }

    /// How far behind its home the key at `at` lies.
    #[inline]
    fn distance(&self, slot: Slot, at: usize) -> usize {
        let home = self.home(slot[0]);
        if at >= home { at - home } else { at + self.used - home }
    }
}

#[inline]
fn is_empty(slot: Slot) -> bool {
    slot[0] == 0 && slot[1] == 0
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn put(map: &mut OffsetMap, key: &[u8], offset: i64) -> bool {
        map.put(map.hash(key), offset)
    }

    fn get(map: &OffsetMap, key: &[u8]) -> i64 {
        map.get(map.hash(key))
    }

    #[test]
    fn a_key_keeps_its_last_offset() {
        let mut map = OffsetMap::new(24 * 10);
        assert_eq!((map.slots(), map.len(), map.latest_offset()), (10, 0, -1));
        assert_eq!(get(&map, b"a"), -1);
        assert!(put(&mut map, b"a", 5) && put(&mut map, b"", 6) && put(&mut map, b"a", 9));
        assert_eq!((get(&map, b"a"), get(&map, b""), get(&map, b"b")), (9, 6, -1));
        assert_eq!((map.len(), map.latest_offset()), (2, 9));
    }

    #[test]
    fn memory_below_a_slot_makes_a_map_that_takes_nothing() {
        for memory in [0, 23] {
            let mut map = OffsetMap::new(memory);
            assert_eq!(map.slots(), 0);
            assert!(!put(&mut map, b"a", 5));
            assert_eq!(get(&map, b"a"), -1);
            map.touch([map.hash(b"a")].into_iter());
        }
    }

    #[test]
    fn a_map_can_be_filled_to_the_last_slot_and_agrees_with_a_plain_one() {
        for slots in [1, 2, 3, 7, 64, 1000] {
            let mut map = OffsetMap::new(slots * BYTES_PER_ENTRY + 23);
            let mut model = HashMap::new();
            for i in 0..4 * slots as i64 {
                let key = (i % (slots as i64 + slots as i64 / 2 + 1)).to_be_bytes();
                let fits = model.contains_key(&key) || model.len() < slots;
                assert_eq!(put(&mut map, &key, i), fits, "{slots} {i}");
                if fits {
                    model.insert(key, i);
                    assert_eq!(map.latest_offset(), i);
                }
                assert_eq!(map.len(), model.len());
            }
            for i in 0..2 * slots as i64 + 5 {
                let key = i.to_be_bytes();
                assert_eq!(get(&map, &key), model.get(&key).copied().unwrap_or(-1), "{slots} {i}");
            }
            assert_eq!(map.utilization(), 1.0);
        }
    }

    #[test]
    fn more_keys_than_were_announced_have_room_as_long_as_there_is_memory() {
        let mut map = OffsetMap::new(1000 * BYTES_PER_ENTRY);
        for announced in [0, 10, 500, 999, u64::MAX] {
            map.clear_for(announced);
            assert_eq!((map.slots(), map.len(), map.latest_offset()), (1000, 0, -1));
            for i in 0..1001_i64 {
                assert_eq!(put(&mut map, &i.to_be_bytes(), i + 5), i < 1000, "{announced} {i}");
                assert_eq!((map.len() as i64, map.latest_offset()), ((i + 1).min(1000), (i + 5).min(1004)));
            }
            for i in 0..1001_i64 {
                assert_eq!(get(&map, &i.to_be_bytes()), if i < 1000 { i + 5 } else { -1 }, "{announced} {i}");
            }
            assert_eq!(map.utilization(), 1.0);
        }
    }

    #[test]
    fn two_maps_hash_differently() {
        assert_ne!(OffsetMap::new(0).hash(b"key"), OffsetMap::new(0).hash(b"key"));
    }
}
