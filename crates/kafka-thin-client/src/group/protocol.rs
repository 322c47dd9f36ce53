//! What members of a classic group tell each other (`ConsumerProtocol`).

use std::collections::BTreeMap;

use kafka_rpc::messages::consumer_protocol_assignment::TopicPartition as AssignedTopic;
use kafka_rpc::messages::consumer_protocol_subscription::TopicPartition as OwnedTopic;
use kafka_rpc::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use kafka_rpc::{Message, SchemaError, SchemaErrorKind};

use super::TopicPartition;
use super::assignors::MemberSubscription;

/// The protocol type of consumers in JoinGroup.
pub(crate) const PROTOCOL_TYPE: &str = "consumer";

/// The bytes of a subscription, in the latest version.
pub(crate) fn write_subscription(subscription: &MemberSubscription) -> Result<Vec<u8>, SchemaError> {
    let owned = by_topic(&subscription.owned_partitions);
    let message = ConsumerProtocolSubscription {
        topics: subscription.topics.iter().map(|topic| topic.as_str().into()).collect(),
        user_data: subscription.user_data.as_deref().map(Into::into),
        owned_partitions: owned
            .into_iter()
            .map(|(topic, partitions)| OwnedTopic { topic: topic.into(), partitions })
            .collect(),
        generation_id: subscription.generation_id.unwrap_or(-1),
        rack_id: None,
    };
    write(&message)
}

/// Reads a subscription of any version; a later one than ours is read as ours.
pub(crate) fn read_subscription(
    member_id: &str,
    group_instance_id: Option<&str>,
    bytes: &[u8],
) -> Result<MemberSubscription, SchemaError> {
    let message: ConsumerProtocolSubscription<'_> = read(bytes)?;
    let owned = message.owned_partitions.iter().flat_map(|owned| {
        owned.partitions.iter().map(|partition| TopicPartition::new(owned.topic.as_ref(), *partition))
    });
    Ok(MemberSubscription {
        member_id: member_id.to_owned(),
        group_instance_id: group_instance_id.map(str::to_owned),
        topics: message.topics.iter().map(ToString::to_string).collect(),
        user_data: message.user_data.as_deref().map(<[u8]>::to_vec),
        owned_partitions: owned.collect(),
        generation_id: Some(message.generation_id).filter(|generation| *generation >= 0),
    })
}

/// The bytes of an assignment, in the latest version.
pub(crate) fn write_assignment(partitions: &[TopicPartition]) -> Result<Vec<u8>, SchemaError> {
    let assigned = by_topic(partitions).into_iter();
    let assigned_partitions =
        assigned.map(|(topic, partitions)| AssignedTopic { topic: topic.into(), partitions }).collect();
    write(&ConsumerProtocolAssignment { assigned_partitions, user_data: None })
}

/// Reads an assignment. No bytes are no partitions.
pub(crate) fn read_assignment(bytes: &[u8]) -> Result<Vec<TopicPartition>, SchemaError> {
    if bytes.is_empty() {
        return Ok(Vec::new());
    }
    let message: ConsumerProtocolAssignment<'_> = read(bytes)?;
    let partitions = message.assigned_partitions.iter().flat_map(|assigned| {
        assigned.partitions.iter().map(|partition| TopicPartition::new(assigned.topic.as_ref(), *partition))
    });
    Ok(partitions.collect())
}

fn write<'a, M: Message<'a>>(message: &M) -> Result<Vec<u8>, SchemaError> {
    let version = *M::VERSIONS.end();
    let mut out = version.to_be_bytes().to_vec();
    message.encode(version, &mut out)?;
    Ok(out)
}

fn read<'a, M: Message<'a>>(bytes: &'a [u8]) -> Result<M, SchemaError> {
    let Some((version, body)) = bytes.split_first_chunk() else {
        let kind = SchemaErrorKind::Underflow { needed: 2, available: bytes.len() };
        return Err(SchemaError { at: 0, field: "version", kind });
    };
    let version = i16::from_be_bytes(*version).min(*M::VERSIONS.end());
    Ok(M::decode_within(body, version, MEMORY_MAX)?.0)
}

/// The most memory that the arrays of one message may take.
const MEMORY_MAX: usize = 64 * 1024 * 1024;

fn by_topic(partitions: &[TopicPartition]) -> BTreeMap<&str, Vec<i32>> {
    let mut topics: BTreeMap<&str, Vec<i32>> = BTreeMap::new();
    for TopicPartition { topic, partition } in partitions {
        topics.entry(topic).or_default().push(*partition);
    }
    topics
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subscriptions_and_assignments_come_back() {
        let subscription = MemberSubscription {
            member_id: "m".into(),
            group_instance_id: Some("i".into()),
            topics: vec!["b".into(), "a".into()],
            user_data: Some(vec![1, 2]),
            owned_partitions: vec![TopicPartition::new("a", 1), TopicPartition::new("b", 0)],
            generation_id: Some(4),
        };
        let bytes = write_subscription(&subscription).unwrap();
        assert_eq!(read_subscription("m", Some("i"), &bytes), Ok(subscription));
        let partitions = vec![TopicPartition::new("a", 3), TopicPartition::new("a", 1)];
        assert_eq!(read_assignment(&write_assignment(&partitions).unwrap()), Ok(partitions));
        assert_eq!(read_assignment(&[]), Ok(vec![]));
    }

    #[test]
    fn later_versions_are_read_as_ours_and_broken_bytes_refused() {
        let mut bytes = write_subscription(&MemberSubscription::default()).unwrap();
        bytes[1] = 9;
        assert_eq!(read_subscription("", None, &bytes), Ok(MemberSubscription::default()));
        for len in 0..bytes.len() {
            assert!(read_subscription("", None, &bytes[..len]).is_err(), "{len}");
        }
    }
}
