//! What of Java's hash tables is visible from outside.

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
