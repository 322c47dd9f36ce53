//! Which partition a record goes to (`BuiltInPartitioner`).

use std::collections::HashMap;

/// The partition of a key: the same in every client that follows Kafka's.
pub fn partition_for_key(key: &[u8], partition_count: i32) -> i32 {
    (murmur2(key) & i32::MAX) % partition_count.max(1)
}

/// `Utils.murmur2`.
fn murmur2(data: &[u8]) -> i32 {
    const MULTIPLIER: u32 = 0x5bd1_e995;
    const SEED: u32 = 0x9747_b28c;
    let (words, tail) = data.as_chunks::<4>();
    // Java's lengths are ints.
    let mut hash = SEED ^ (data.len() as u32);
    for word in words {
        let mut k = u32::from_le_bytes(*word).wrapping_mul(MULTIPLIER);
        k ^= k >> 24;
        hash = hash.wrapping_mul(MULTIPLIER) ^ k.wrapping_mul(MULTIPLIER);
    }
    if !tail.is_empty() {
        let last = tail.iter().rev().fold(0, |last, byte| last << 8 | u32::from(*byte));
        hash = (hash ^ last).wrapping_mul(MULTIPLIER);
    }
    hash ^= hash >> 13;
    hash = hash.wrapping_mul(MULTIPLIER);
    (hash ^ (hash >> 15)).cast_signed()
}

/// Records without a key stay on one partition of their topic until about a batch of bytes has gone there, then move to a
/// random one (KIP-794, without its regard for queue sizes).
#[derive(Debug, Default)]
pub(super) struct StickyPartitions {
    /// For each topic the partition, and the bytes that went there.
    current: HashMap<String, (i32, usize)>,
}

impl StickyPartitions {
    pub(super) fn next(&mut self, topic: &str, partition_count: i32, record_bytes: usize, batch_size: usize) -> i32 {
        let current = self
            .current
            .get_mut(topic)
            .filter(|(partition, bytes)| *partition < partition_count && *bytes < batch_size);
        if let Some((partition, bytes)) = current {
            *bytes += record_bytes;
            return *partition;
        }
        let partition = fastrand::i32(0..partition_count.max(1));
        self.current.insert(topic.to_owned(), (partition, record_bytes));
        partition
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_hashed_as_kafka_does() {
        // `UtilsTest.testMurmur2`.
        for (key, hash) in [
            ("21", -973_932_308),
            ("foobar", -790_332_482),
            ("a-little-bit-long-string", -985_981_536),
            ("a-little-bit-longer-string", -1_486_304_829),
            ("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8", -58_897_971),
            ("abc", 479_470_107),
        ] {
            assert_eq!(murmur2(key.as_bytes()), hash, "{key}");
        }
    }

    #[test]
    fn records_without_a_key_share_a_partition_until_a_batch_is_full() {
        let mut sticky = StickyPartitions::default();
        let first = sticky.next("t", 1000, 60, 100);
        assert_eq!(sticky.next("t", 1000, 60, 100), first);
        let moved = (0..100).any(|_| sticky.next("t", 1000, 100, 100) != first);
        assert!(moved);
        assert_eq!(sticky.next("t", 1, 1, 100), 0);
    }
}
