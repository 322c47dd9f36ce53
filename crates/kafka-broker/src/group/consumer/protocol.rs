//! What members of the classic protocol say of themselves, and how they are told what they have (`ConsumerProtocol`).

use std::borrow::Cow;

use kafka_rpc::messages::consumer_protocol_assignment::TopicPartition;
use kafka_rpc::messages::{ConsumerProtocolAssignment, ConsumerProtocolSubscription};
use kafka_rpc::{Message, Uuid};

use super::super::assign::Partitions;
use super::Metadata;

/// The highest version of both messages; a later one is read and written as this.
const VERSION_MAX: i16 = 3;

/// The version that a message starts with; `None` where it is too short, or negative.
pub(super) fn version(bytes: &[u8]) -> Option<i16> {
    let version = i16::from_be_bytes(*bytes.first_chunk()?);
    (version >= 0).then_some(version.min(VERSION_MAX))
}

fn read<'a, M: Message<'a>>(bytes: &'a [u8]) -> Option<M> {
    let version = version(bytes)?;
    Some(M::decode(bytes.get(2..)?, version).ok()?.0)
}

/// Reads a subscription.
pub(super) fn subscription(bytes: &[u8]) -> Option<ConsumerProtocolSubscription<'_>> {
    read(bytes)
}

/// Reads an assignment.
pub(super) fn assignment(bytes: &[u8]) -> Option<ConsumerProtocolAssignment<'_>> {
    read(bytes)
}

/// The bytes of an assignment, in the version that a subscription has. Topics that do not exist are left out.
pub(super) fn write_assignment(
    partitions: &Partitions,
    subscription: &[u8],
    metadata: &dyn Metadata,
) -> Option<Vec<u8>> {
    let topic = |(id, partitions): (&Uuid, &super::java::HashSet<i32>)| {
        let topic = Cow::Owned(metadata.topic_name(*id)?);
        Some(TopicPartition { topic, partitions: partitions.keys().copied().collect() })
    };
    let assigned_partitions = partitions.iter().filter_map(topic).collect();
    let message = ConsumerProtocolAssignment { assigned_partitions, user_data: None };
    let version = version(subscription)?;
    let mut bytes = version.to_be_bytes().to_vec();
    message.encode(version, &mut bytes).ok()?;
    Some(bytes)
}
