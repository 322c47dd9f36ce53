//! Hashes of topics, by which a group sees that they have changed (`Utils.computeTopicHash`, `computeGroupHash`).

use std::sync::Arc;

use twox_hash::XxHash3_64;

use super::super::{Metadata, TopicInfo};
use super::subscription::Subscribed;

/// Says how a topic is hashed (`TOPIC_HASH_MAGIC_BYTE`).
const MAGIC: u8 = 0;

/// The hash of all topics that exist; 0 where none does.
pub(super) fn group_hash(subscribed: &Subscribed, metadata: &dyn Metadata) -> i64 {
    let topics = subscribed.keys().filter_map(|name| Some((name, metadata.topic(name)?)));
    let hashes: Vec<u8> = topics.flat_map(|(name, topic)| topic_hash(name, &topic).to_le_bytes()).collect();
    if hashes.is_empty() { 0 } else { hash(&hashes) }
}

fn hash(bytes: &[u8]) -> i64 {
    XxHash3_64::oneshot(bytes).cast_signed()
}

fn topic_hash(name: &Arc<str>, topic: &TopicInfo) -> i64 {
    let mut bytes = vec![MAGIC];
    let (high, low) = topic.id.0.split_at(8);
    for half in [high, low] {
        bytes.extend(half.iter().rev());
    }
    put_text(name, &mut bytes);
    bytes.extend(topic.partitions.to_le_bytes());
    for (partition, at) in (0..topic.partitions).zip(0..) {
        bytes.extend(i32::to_le_bytes(partition));
        let mut racks: Vec<&str> = topic.racks.get::<usize>(at).into_iter().flatten().map(|rack| &**rack).collect();
        racks.sort_by(|one, other| one.encode_utf16().cmp(other.encode_utf16()));
        for rack in racks {
            bytes.extend(length(rack).to_le_bytes());
            put_text(rack, &mut bytes);
        }
    }
    hash(&bytes)
}

/// The number of UTF-16 units.
fn length(text: &str) -> i32 {
    i32::try_from(text.encode_utf16().count()).unwrap_or(i32::MAX)
}

/// UTF-16 units, then how many (`HashSink.putString`).
fn put_text(text: &str, bytes: &mut Vec<u8>) {
    bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes));
    bytes.extend(length(text).to_le_bytes());
}
