//! Keys and values of `__consumer_offsets`: share groups (KIP-932).
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `ShareGroupCurrentMemberAssignmentKey.json`.
pub static SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: Message = Message {
    name: "ShareGroupCurrentMemberAssignmentKey",
    api_key: 14,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    highest: MAX,
    fields: &[field("topicId", Uuid), field("partitions", Array(&Int32))],
};

/// `ShareGroupCurrentMemberAssignmentValue.json`.
pub static SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: Message = Message {
    name: "ShareGroupCurrentMemberAssignmentValue",
    api_key: 14,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("memberEpoch", Int32),
        field("previousMemberEpoch", Int32),
        field("state", Int8),
        field("assignedPartitions", Array(&Struct(&SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TOPIC_PARTITIONS))),
    ],
};

/// `ShareGroupMemberMetadataKey.json`.
pub static SHARE_GROUP_MEMBER_METADATA_KEY: Message = Message {
    name: "ShareGroupMemberMetadataKey",
    api_key: 10,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

/// `ShareGroupMemberMetadataValue.json`.
pub static SHARE_GROUP_MEMBER_METADATA_VALUE: Message = Message {
    name: "ShareGroupMemberMetadataValue",
    api_key: 10,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("rackId", String).nullable(),
        field("clientId", String),
        field("clientHost", String),
        field("subscribedTopicNames", Array(&String)),
    ],
};

/// `ShareGroupMetadataKey.json`.
pub static SHARE_GROUP_METADATA_KEY: Message = Message {
    name: "ShareGroupMetadataKey",
    api_key: 11,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

/// `ShareGroupMetadataValue.json`.
pub static SHARE_GROUP_METADATA_VALUE: Message = Message {
    name: "ShareGroupMetadataValue",
    api_key: 11,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("epoch", Int32), field("metadataHash", Int64)],
};

/// `ShareGroupStatePartitionMetadataKey.json`.
pub static SHARE_GROUP_STATE_PARTITION_METADATA_KEY: Message = Message {
    name: "ShareGroupStatePartitionMetadataKey",
    api_key: 15,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

static SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_PARTITIONS_INFO: Struct = Struct {
    name: "TopicPartitionsInfo",
    highest: MAX,
    fields: &[field("topicId", Uuid), field("topicName", String), field("partitions", Array(&Int32))],
};

static SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_INFO: Struct =
    Struct { name: "TopicInfo", highest: MAX, fields: &[field("topicId", Uuid), field("topicName", String)] };

/// `ShareGroupStatePartitionMetadataValue.json`.
pub static SHARE_GROUP_STATE_PARTITION_METADATA_VALUE: Message = Message {
    name: "ShareGroupStatePartitionMetadataValue",
    api_key: 15,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("initializingTopics", Array(&Struct(&SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_PARTITIONS_INFO))),
        field("initializedTopics", Array(&Struct(&SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_PARTITIONS_INFO))),
        field("deletingTopics", Array(&Struct(&SHARE_GROUP_STATE_PARTITION_METADATA_VALUE_TOPIC_INFO))),
    ],
};

/// `ShareGroupTargetAssignmentMemberKey.json`.
pub static SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: Message = Message {
    name: "ShareGroupTargetAssignmentMemberKey",
    api_key: 13,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TOPIC_PARTITION: Struct = Struct {
    name: "TopicPartition",
    highest: 0,
    fields: &[field("topicId", Uuid), field("partitions", Array(&Int32))],
};

/// `ShareGroupTargetAssignmentMemberValue.json`.
pub static SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: Message = Message {
    name: "ShareGroupTargetAssignmentMemberValue",
    api_key: 13,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("topicPartitions", Array(&Struct(&SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TOPIC_PARTITION)))],
};

/// `ShareGroupTargetAssignmentMetadataKey.json`.
pub static SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: Message = Message {
    name: "ShareGroupTargetAssignmentMetadataKey",
    api_key: 12,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

/// `ShareGroupTargetAssignmentMetadataValue.json`.
pub static SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: Message = Message {
    name: "ShareGroupTargetAssignmentMetadataValue",
    api_key: 12,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("assignmentEpoch", Int32), field("assignmentTimestamp", Int64).tag(0).ignorable()],
};

/// Keys and values by record type.
pub static RECORD_TYPES: &[(&Message, &Message)] = &[
    (&SHARE_GROUP_MEMBER_METADATA_KEY, &SHARE_GROUP_MEMBER_METADATA_VALUE),
    (&SHARE_GROUP_METADATA_KEY, &SHARE_GROUP_METADATA_VALUE),
    (&SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_KEY, &SHARE_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE),
    (&SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY, &SHARE_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE),
    (&SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY, &SHARE_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE),
    (&SHARE_GROUP_STATE_PARTITION_METADATA_KEY, &SHARE_GROUP_STATE_PARTITION_METADATA_VALUE),
];
