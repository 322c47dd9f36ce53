//! What of Java's hash tables is visible from outside: the order in which they give their entries.

mod hash_map;
mod table;
mod timeline;

use std::sync::Arc;

use kafka_rpc::Uuid;

pub(super) use hash_map::{HashMap, HashSet};
pub(super) use timeline::Timeline;

/// A key whose hash code is Java's.
pub(super) trait Key: Eq {
    /// `hashCode`.
    fn hash_code(&self) -> i32;
}

impl Key for i32 {
    fn hash_code(&self) -> i32 {
        *self
    }
}

impl Key for str {
    fn hash_code(&self) -> i32 {
        hash_code(self)
    }
}

impl Key for Arc<str> {
    fn hash_code(&self) -> i32 {
        hash_code(self)
    }
}

impl Key for Uuid {
    fn hash_code(&self) -> i32 {
        let [high, low] = halves(*self);
        let xor = high ^ low;
        ((xor >> 32) ^ xor) as i32
    }
}

/// The two numbers that a UUID is made of.
fn halves(id: Uuid) -> [i64; 2] {
    let (high, low) = id.0.split_at(8);
    [high, low].map(|half| half.iter().fold(0, |number, byte| number << 8 | i64::from(*byte)))
}

/// The order of UUIDs (`Uuid.compareTo`), whose halves are signed.
pub(super) fn uuid_order(id: Uuid) -> [i64; 2] {
    halves(id)
}

/// The hash code of a text (`String.hashCode`).
pub(super) fn hash_code(text: &str) -> i32 {
    text.encode_utf16().fold(0i32, |hash, unit| hash.wrapping_mul(31).wrapping_add(i32::from(unit)))
}

/// The partition of a group or transactional id (`Utils.abs(groupId.hashCode) % partitions`).
pub(crate) fn partition_for(group_id: &str, partitions: i32) -> i32 {
    hash_code(group_id).checked_abs().unwrap_or(0) % partitions.max(1)
}

/// Entries of a table that has never held more than `len_max` of them (`HashMap.resize`).
pub(super) fn table_len(len_max: usize) -> u32 {
    let mut table = 16u32;
    while len_max as u64 > u64::from(table) * 3 / 4 && table < 1 << 30 {
        table *= 2;
    }
    table
}

/// The hash of a key, whose low bits are its place in a table (`HashMap.hash`).
pub(super) fn spread(key: &str) -> u32 {
    let hash = hash_code(key) as u32;
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn groups_have_kafkas_partitions() {
        // `polygenelubricants` has the hash code Integer.MIN_VALUE, which Kafka takes for 0.
        let cases = [("", 0), ("polygenelubricants", 0), ("orders", 31), ("grüße", 23), ("😀", 49)];
        for (group_id, partition) in cases {
            assert_eq!(partition_for(group_id, 50), partition, "{group_id}");
        }
    }
}
