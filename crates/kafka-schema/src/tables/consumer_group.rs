//! Keys and values of `__consumer_offsets`: consumer groups (KIP-848).
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `ConsumerGroupCurrentMemberAssignmentKey.json`.
pub static CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: Message = Message {
    name: "ConsumerGroupCurrentMemberAssignmentKey",
    api_key: 8,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    highest: MAX,
    fields: &[
        field("topicId", Uuid),
        field("partitions", Array(&Int32)),
        field("assignmentEpochs", Array(&Int32)).nullable().tag(0),
    ],
};

/// `ConsumerGroupCurrentMemberAssignmentValue.json`.
pub static CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: Message = Message {
    name: "ConsumerGroupCurrentMemberAssignmentValue",
    api_key: 8,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("memberEpoch", Int32),
        field("previousMemberEpoch", Int32),
        field("state", Int8),
        field("assignedPartitions", Array(&Struct(&CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS))),
        field(
            "partitionsPendingRevocation",
            Array(&Struct(&CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS)),
        ),
    ],
};

/// `ConsumerGroupMemberMetadataKey.json`.
pub static CONSUMER_GROUP_MEMBER_METADATA_KEY: Message = Message {
    name: "ConsumerGroupMemberMetadataKey",
    api_key: 5,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static CONSUMER_GROUP_MEMBER_METADATA_VALUE_CLASSIC_PROTOCOL: Struct =
    Struct { name: "ClassicProtocol", highest: 0, fields: &[field("name", String), field("metadata", Bytes)] };

static CONSUMER_GROUP_MEMBER_METADATA_VALUE_CLASSIC_MEMBER_METADATA: Struct = Struct {
    name: "ClassicMemberMetadata",
    highest: 0,
    fields: &[
        field("sessionTimeoutMs", Int32),
        field("supportedProtocols", Array(&Struct(&CONSUMER_GROUP_MEMBER_METADATA_VALUE_CLASSIC_PROTOCOL))),
    ],
};

/// `ConsumerGroupMemberMetadataValue.json`.
pub static CONSUMER_GROUP_MEMBER_METADATA_VALUE: Message = Message {
    name: "ConsumerGroupMemberMetadataValue",
    api_key: 5,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("instanceId", String).nullable(),
        field("rackId", String).nullable(),
        field("clientId", String),
        field("clientHost", String),
        field("subscribedTopicNames", Array(&String)),
        field("subscribedTopicRegex", String).nullable(),
        field("rebalanceTimeoutMs", Int32).default(-1),
        field("serverAssignor", String).nullable(),
        field("classicMemberMetadata", Struct(&CONSUMER_GROUP_MEMBER_METADATA_VALUE_CLASSIC_MEMBER_METADATA))
            .nullable()
            .tag(0),
    ],
};

/// `ConsumerGroupMetadataKey.json`.
pub static CONSUMER_GROUP_METADATA_KEY: Message = Message {
    name: "ConsumerGroupMetadataKey",
    api_key: 3,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

/// `ConsumerGroupMetadataValue.json`.
pub static CONSUMER_GROUP_METADATA_VALUE: Message = Message {
    name: "ConsumerGroupMetadataValue",
    api_key: 3,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("epoch", Int32), field("metadataHash", Int64).tag(0)],
};

/// `ConsumerGroupPartitionMetadataKey.json`.
pub static CONSUMER_GROUP_PARTITION_METADATA_KEY: Message = Message {
    name: "ConsumerGroupPartitionMetadataKey",
    api_key: 4,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

static CONSUMER_GROUP_PARTITION_METADATA_VALUE_PARTITION_METADATA: Struct = Struct {
    name: "PartitionMetadata",
    highest: 0,
    fields: &[field("partition", Int32), field("racks", Array(&String))],
};

static CONSUMER_GROUP_PARTITION_METADATA_VALUE_TOPIC_METADATA: Struct = Struct {
    name: "TopicMetadata",
    highest: 0,
    fields: &[
        field("topicId", Uuid),
        field("topicName", String),
        field("numPartitions", Int32),
        field("partitionMetadata", Array(&Struct(&CONSUMER_GROUP_PARTITION_METADATA_VALUE_PARTITION_METADATA))),
    ],
};

/// `ConsumerGroupPartitionMetadataValue.json`.
pub static CONSUMER_GROUP_PARTITION_METADATA_VALUE: Message = Message {
    name: "ConsumerGroupPartitionMetadataValue",
    api_key: 4,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("topics", Array(&Struct(&CONSUMER_GROUP_PARTITION_METADATA_VALUE_TOPIC_METADATA)))],
};

/// `ConsumerGroupRegularExpressionKey.json`.
pub static CONSUMER_GROUP_REGULAR_EXPRESSION_KEY: Message = Message {
    name: "ConsumerGroupRegularExpressionKey",
    api_key: 16,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("regularExpression", String)],
};

/// `ConsumerGroupRegularExpressionValue.json`.
pub static CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE: Message = Message {
    name: "ConsumerGroupRegularExpressionValue",
    api_key: 16,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("topics", Array(&String)), field("version", Int64), field("timestamp", Int64)],
};

/// `ConsumerGroupTargetAssignmentMemberKey.json`.
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: Message = Message {
    name: "ConsumerGroupTargetAssignmentMemberKey",
    api_key: 7,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TOPIC_PARTITION: Struct = Struct {
    name: "TopicPartition",
    highest: 0,
    fields: &[field("topicId", Uuid), field("partitions", Array(&Int32))],
};

/// `ConsumerGroupTargetAssignmentMemberValue.json`.
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: Message = Message {
    name: "ConsumerGroupTargetAssignmentMemberValue",
    api_key: 7,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("topicPartitions", Array(&Struct(&CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TOPIC_PARTITION)))],
};

/// `ConsumerGroupTargetAssignmentMetadataKey.json`.
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: Message = Message {
    name: "ConsumerGroupTargetAssignmentMetadataKey",
    api_key: 6,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

/// `ConsumerGroupTargetAssignmentMetadataValue.json`.
pub static CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: Message = Message {
    name: "ConsumerGroupTargetAssignmentMetadataValue",
    api_key: 6,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("assignmentEpoch", Int32), field("assignmentTimestamp", Int64).tag(0).ignorable()],
};

/// Keys and values by record type.
pub static RECORD_TYPES: &[(&Message, &Message)] = &[
    (&CONSUMER_GROUP_METADATA_KEY, &CONSUMER_GROUP_METADATA_VALUE),
    (&CONSUMER_GROUP_PARTITION_METADATA_KEY, &CONSUMER_GROUP_PARTITION_METADATA_VALUE),
    (&CONSUMER_GROUP_MEMBER_METADATA_KEY, &CONSUMER_GROUP_MEMBER_METADATA_VALUE),
    (&CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_KEY, &CONSUMER_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE),
    (&CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY, &CONSUMER_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE),
    (&CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY, &CONSUMER_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE),
    (&CONSUMER_GROUP_REGULAR_EXPRESSION_KEY, &CONSUMER_GROUP_REGULAR_EXPRESSION_VALUE),
];
