//! What the sticky assignors add to a subscription, and what they read from it.

use std::collections::BTreeMap;

use super::{MemberSubscription, TopicPartition};

/// `AbstractStickyAssignor.DEFAULT_GENERATION`.
pub(super) const DEFAULT_GENERATION: i32 = -1;

/// What a member claims to have owned (`MemberData`).
#[derive(Debug, Default)]
pub(super) struct Claim {
    pub(super) partitions: Vec<TopicPartition>,
    pub(super) generation: Option<i32>,
}

/// The user data of the sticky assignor (`STICKY_ASSIGNOR_USER_DATA_V1`): what the member has, and since when.
pub fn sticky_user_data(assigned: &[TopicPartition], generation: i32) -> Vec<u8> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for partition in assigned {
        topics.entry(&partition.topic).or_default().push(partition.partition);
    }
    let mut out = Vec::new();
    out.extend(length(topics.len()));
    for (topic, partitions) in topics {
        // Topic names have at most 249 bytes.
        out.extend(i16::try_from(topic.len()).unwrap_or(i16::MAX).to_be_bytes());
        out.extend(topic.as_bytes());
        out.extend(length(partitions.len()));
        out.extend(partitions.into_iter().flat_map(i32::to_be_bytes));
    }
    out.extend(generation.to_be_bytes());
    out
}

/// The user data of the cooperative sticky assignor (`COOPERATIVE_STICKY_ASSIGNOR_USER_DATA_V0`).
pub fn cooperative_user_data(generation: i32) -> Vec<u8> {
    generation.to_be_bytes().to_vec()
}

/// `StickyAssignor.memberData`.
pub(super) fn sticky_claim(member: &MemberSubscription) -> Claim {
    let Some(mut bytes) = member.user_data.as_deref().filter(|bytes| !bytes.is_empty()) else {
        return Claim::default();
    };
    match read_assignment(&mut bytes) {
        // Version 0 lacks the generation.
        Some(partitions) => Claim { partitions, generation: read_i32(&mut bytes) },
        // The assignor ignores what it cannot read.
        None => Claim { partitions: Vec::new(), generation: Some(DEFAULT_GENERATION) },
    }
}

/// `CooperativeStickyAssignor.memberData`.
pub(super) fn cooperative_claim(member: &MemberSubscription) -> Claim {
    let encoded = || member.user_data.as_deref().map(|mut bytes| read_i32(&mut bytes).unwrap_or(DEFAULT_GENERATION));
    Claim { partitions: member.owned_partitions.clone(), generation: member.generation_id.or_else(encoded) }
}

fn length(len: usize) -> [u8; 4] {
    i32::try_from(len).unwrap_or(i32::MAX).to_be_bytes()
}

fn read_i32(bytes: &mut &[u8]) -> Option<i32> {
    let (number, rest) = bytes.split_first_chunk()?;
    *bytes = rest;
    Some(i32::from_be_bytes(*number))
}

fn read_assignment(bytes: &mut &[u8]) -> Option<Vec<TopicPartition>> {
    let mut partitions = Vec::new();
    for _ in 0..u32::try_from(read_i32(bytes)?).ok()? {
        let (len, rest) = bytes.split_first_chunk()?;
        let (topic, rest) = rest.split_at_checked(usize::try_from(i16::from_be_bytes(*len)).ok()?)?;
        let topic = String::from_utf8_lossy(topic);
        *bytes = rest;
        for _ in 0..u32::try_from(read_i32(bytes)?).ok()? {
            partitions.push(TopicPartition::new(topic.as_ref(), read_i32(bytes)?));
        }
    }
    Some(partitions)
}
