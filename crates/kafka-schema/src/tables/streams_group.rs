//! Keys and values of `__consumer_offsets`: streams groups (KIP-1071).
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `StreamsGroupCurrentMemberAssignmentKey.json`.
pub static STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY: Message = Message {
    name: "StreamsGroupCurrentMemberAssignmentKey",
    api_key: 22,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS: Struct = Struct {
    name: "TaskIds",
    highest: MAX,
    fields: &[
        field("subtopologyId", String),
        field("partitions", Array(&Int32)),
        field("assignmentEpochs", Array(&Int32)).nullable().tag(0),
    ],
};

/// `StreamsGroupCurrentMemberAssignmentValue.json`.
pub static STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE: Message = Message {
    name: "StreamsGroupCurrentMemberAssignmentValue",
    api_key: 22,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("memberEpoch", Int32),
        field("previousMemberEpoch", Int32),
        field("state", Int8),
        field("activeTasks", Array(&Struct(&STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS))),
        field("standbyTasks", Array(&Struct(&STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS))),
        field("warmupTasks", Array(&Struct(&STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS))),
        field("activeTasksPendingRevocation", Array(&Struct(&STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS))),
        field("standbyTasksPendingRevocation", Array(&Struct(&STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS))),
        field("warmupTasksPendingRevocation", Array(&Struct(&STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE_TASK_IDS))),
    ],
};

/// `StreamsGroupMemberMetadataKey.json`.
pub static STREAMS_GROUP_MEMBER_METADATA_KEY: Message = Message {
    name: "StreamsGroupMemberMetadataKey",
    api_key: 19,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static STREAMS_GROUP_MEMBER_METADATA_VALUE_ENDPOINT: Struct =
    Struct { name: "Endpoint", highest: MAX, fields: &[field("host", String), field("port", Uint16)] };

static STREAMS_GROUP_MEMBER_METADATA_VALUE_KEY_VALUE: Struct =
    Struct { name: "KeyValue", highest: MAX, fields: &[field("key", String), field("value", String)] };

/// `StreamsGroupMemberMetadataValue.json`.
pub static STREAMS_GROUP_MEMBER_METADATA_VALUE: Message = Message {
    name: "StreamsGroupMemberMetadataValue",
    api_key: 19,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("instanceId", String).nullable(),
        field("rackId", String).nullable(),
        field("clientId", String),
        field("clientHost", String),
        field("rebalanceTimeoutMs", Int32).default(-1),
        field("topologyEpoch", Int32),
        field("processId", String),
        field("userEndpoint", Struct(&STREAMS_GROUP_MEMBER_METADATA_VALUE_ENDPOINT)).nullable().default_null(),
        field("clientTags", Array(&Struct(&STREAMS_GROUP_MEMBER_METADATA_VALUE_KEY_VALUE))),
    ],
};

/// `StreamsGroupMetadataKey.json`.
pub static STREAMS_GROUP_METADATA_KEY: Message = Message {
    name: "StreamsGroupMetadataKey",
    api_key: 17,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

static STREAMS_GROUP_METADATA_VALUE_LAST_ASSIGNMENT_CONFIG: Struct =
    Struct { name: "LastAssignmentConfig", highest: MAX, fields: &[field("key", String), field("value", String)] };

/// `StreamsGroupMetadataValue.json`.
pub static STREAMS_GROUP_METADATA_VALUE: Message = Message {
    name: "StreamsGroupMetadataValue",
    api_key: 17,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("epoch", Int32),
        field("metadataHash", Int64),
        field("validatedTopologyEpoch", Int32).tag(0).default(-1),
        field("lastAssignmentConfigs", Array(&Struct(&STREAMS_GROUP_METADATA_VALUE_LAST_ASSIGNMENT_CONFIG)))
            .nullable()
            .tag(1),
        field("storedDescriptionTopologyEpoch", Int32).tag(2).added_in(V4_4).default(-1),
        field("failedDescriptionTopologyEpoch", Int32).tag(3).added_in(V4_4).default(-1),
    ],
};

/// `StreamsGroupTargetAssignmentMemberKey.json`.
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY: Message = Message {
    name: "StreamsGroupTargetAssignmentMemberKey",
    api_key: 21,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String), field("memberId", String)],
};

static STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS: Struct = Struct {
    name: "TaskIds",
    highest: MAX,
    fields: &[field("subtopologyId", String), field("partitions", Array(&Int32))],
};

/// `StreamsGroupTargetAssignmentMemberValue.json`.
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE: Message = Message {
    name: "StreamsGroupTargetAssignmentMemberValue",
    api_key: 21,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("activeTasks", Array(&Struct(&STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS))),
        field("standbyTasks", Array(&Struct(&STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS))),
        field("warmupTasks", Array(&Struct(&STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE_TASK_IDS))),
    ],
};

/// `StreamsGroupTargetAssignmentMetadataKey.json`.
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY: Message = Message {
    name: "StreamsGroupTargetAssignmentMetadataKey",
    api_key: 20,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

/// `StreamsGroupTargetAssignmentMetadataValue.json`.
pub static STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE: Message = Message {
    name: "StreamsGroupTargetAssignmentMetadataValue",
    api_key: 20,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("assignmentEpoch", Int32), field("assignmentTimestamp", Int64).tag(0).ignorable()],
};

/// `StreamsGroupTopologyKey.json`.
pub static STREAMS_GROUP_TOPOLOGY_KEY: Message = Message {
    name: "StreamsGroupTopologyKey",
    api_key: 23,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("groupId", String)],
};

static STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_CONFIG: Struct =
    Struct { name: "TopicConfig", highest: MAX, fields: &[field("key", String), field("value", String)] };

static STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_INFO: Struct = Struct {
    name: "TopicInfo",
    highest: MAX,
    fields: &[
        field("name", String),
        field("partitions", Int32),
        field("replicationFactor", Int16),
        field("topicConfigs", Array(&Struct(&STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_CONFIG))),
    ],
};

static STREAMS_GROUP_TOPOLOGY_VALUE_COPARTITION_GROUP: Struct = Struct {
    name: "CopartitionGroup",
    highest: 0,
    fields: &[
        field("sourceTopics", Array(&Int16)),
        field("sourceTopicRegex", Array(&Int16)),
        field("repartitionSourceTopics", Array(&Int16)),
    ],
};

static STREAMS_GROUP_TOPOLOGY_VALUE_SUBTOPOLOGY: Struct = Struct {
    name: "Subtopology",
    highest: 0,
    fields: &[
        field("subtopologyId", String),
        field("sourceTopics", Array(&String)),
        field("sourceTopicRegex", Array(&String)),
        field("stateChangelogTopics", Array(&Struct(&STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_INFO))),
        field("repartitionSinkTopics", Array(&String)),
        field("repartitionSourceTopics", Array(&Struct(&STREAMS_GROUP_TOPOLOGY_VALUE_TOPIC_INFO))),
        field("copartitionGroups", Array(&Struct(&STREAMS_GROUP_TOPOLOGY_VALUE_COPARTITION_GROUP))),
    ],
};

/// `StreamsGroupTopologyValue.json`.
pub static STREAMS_GROUP_TOPOLOGY_VALUE: Message = Message {
    name: "StreamsGroupTopologyValue",
    api_key: 23,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("epoch", Int32), field("subtopologies", Array(&Struct(&STREAMS_GROUP_TOPOLOGY_VALUE_SUBTOPOLOGY)))],
};

/// Keys and values by record type.
pub static RECORD_TYPES: &[(&Message, &Message)] = &[
    (&STREAMS_GROUP_METADATA_KEY, &STREAMS_GROUP_METADATA_VALUE),
    (&STREAMS_GROUP_MEMBER_METADATA_KEY, &STREAMS_GROUP_MEMBER_METADATA_VALUE),
    (&STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_KEY, &STREAMS_GROUP_TARGET_ASSIGNMENT_METADATA_VALUE),
    (&STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_KEY, &STREAMS_GROUP_TARGET_ASSIGNMENT_MEMBER_VALUE),
    (&STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_KEY, &STREAMS_GROUP_CURRENT_MEMBER_ASSIGNMENT_VALUE),
    (&STREAMS_GROUP_TOPOLOGY_KEY, &STREAMS_GROUP_TOPOLOGY_VALUE),
];
