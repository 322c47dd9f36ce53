//! What the members of a classic consumer group tell each other (`ConsumerProtocol`).
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

static CONSUMER_PROTOCOL_ASSIGNMENT_TOPIC_PARTITION: Struct = Struct {
    name: "TopicPartition",
    highest: 3,
    fields: &[field("topic", String), field("partitions", Array(&Int32))],
};

/// `ConsumerProtocolAssignment.json`.
pub static CONSUMER_PROTOCOL_ASSIGNMENT: Message = Message {
    name: "ConsumerProtocolAssignment",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 3),
    flexible: NEVER,
    fields: &[
        field("assignedPartitions", Array(&Struct(&CONSUMER_PROTOCOL_ASSIGNMENT_TOPIC_PARTITION))),
        field("userData", Bytes).nullable().default_null(),
    ],
};

static CONSUMER_PROTOCOL_SUBSCRIPTION_TOPIC_PARTITION: Struct = Struct {
    name: "TopicPartition",
    highest: 3,
    fields: &[field("topic", String).since(1), field("partitions", Array(&Int32)).since(1)],
};

/// `ConsumerProtocolSubscription.json`.
pub static CONSUMER_PROTOCOL_SUBSCRIPTION: Message = Message {
    name: "ConsumerProtocolSubscription",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 3),
    flexible: NEVER,
    fields: &[
        field("topics", Array(&String)),
        field("userData", Bytes).nullable().default_null(),
        field("ownedPartitions", Array(&Struct(&CONSUMER_PROTOCOL_SUBSCRIPTION_TOPIC_PARTITION))).since(1).ignorable(),
        field("generationId", Int32).since(2).default(-1).ignorable(),
        field("rackId", String).since(3).nullable().default_null().ignorable(),
    ],
};
