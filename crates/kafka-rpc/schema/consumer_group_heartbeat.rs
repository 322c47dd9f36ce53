//! `ConsumerGroupHeartbeat`, key 68.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static CONSUMER_GROUP_HEARTBEAT_REQUEST_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    highest: 1,
    fields: &[field("topicId", Uuid), field("partitions", Array(&Int32))],
};

/// `ConsumerGroupHeartbeatRequest.json`.
pub static CONSUMER_GROUP_HEARTBEAT_REQUEST: Message = Message {
    name: "ConsumerGroupHeartbeatRequest",
    api_key: 68,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("groupId", String),
        field("memberId", String),
        field("memberEpoch", Int32),
        field("instanceId", String).nullable().default_null(),
        field("rackId", String).nullable().default_null(),
        field("rebalanceTimeoutMs", Int32).default(-1),
        field("subscribedTopicNames", Array(&String)).nullable().default_null(),
        field("subscribedTopicRegex", String).since(1).nullable().default_null(),
        field("serverAssignor", String).nullable().default_null(),
        field("topicPartitions", Array(&Struct(&CONSUMER_GROUP_HEARTBEAT_REQUEST_TOPIC_PARTITIONS)))
            .nullable()
            .default_null(),
    ],
};

static CONSUMER_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    highest: MAX,
    fields: &[field("topicId", Uuid), field("partitions", Array(&Int32))],
};

static CONSUMER_GROUP_HEARTBEAT_RESPONSE_ASSIGNMENT: Struct = Struct {
    name: "Assignment",
    highest: 1,
    fields: &[field("topicPartitions", Array(&Struct(&CONSUMER_GROUP_HEARTBEAT_RESPONSE_TOPIC_PARTITIONS)))],
};

/// `ConsumerGroupHeartbeatResponse.json`.
pub static CONSUMER_GROUP_HEARTBEAT_RESPONSE: Message = Message {
    name: "ConsumerGroupHeartbeatResponse",
    api_key: 68,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable().default_null(),
        field("memberId", String).nullable().default_null(),
        field("memberEpoch", Int32),
        field("heartbeatIntervalMs", Int32),
        field("assignment", Struct(&CONSUMER_GROUP_HEARTBEAT_RESPONSE_ASSIGNMENT)).nullable().default_null(),
    ],
};

/// The API.
pub static CONSUMER_GROUP_HEARTBEAT: Api = Api {
    key: 68,
    name: "ConsumerGroupHeartbeat",
    versions: Versions(0, 1),
    request: &CONSUMER_GROUP_HEARTBEAT_REQUEST,
    response: &CONSUMER_GROUP_HEARTBEAT_RESPONSE,
};
