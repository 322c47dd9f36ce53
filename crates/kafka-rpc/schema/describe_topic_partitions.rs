//! `DescribeTopicPartitions`, key 75.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DESCRIBE_TOPIC_PARTITIONS_REQUEST_TOPIC_REQUEST: Struct =
    Struct { name: "TopicRequest", highest: 0, fields: &[field("name", String)] };

static DESCRIBE_TOPIC_PARTITIONS_REQUEST_CURSOR: Struct =
    Struct { name: "Cursor", highest: 0, fields: &[field("topicName", String), field("partitionIndex", Int32)] };

/// `DescribeTopicPartitionsRequest.json`.
pub static DESCRIBE_TOPIC_PARTITIONS_REQUEST: Message = Message {
    name: "DescribeTopicPartitionsRequest",
    api_key: 75,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("topics", Array(&Struct(&DESCRIBE_TOPIC_PARTITIONS_REQUEST_TOPIC_REQUEST))),
        field("responsePartitionLimit", Int32).default(2000),
        field("cursor", Struct(&DESCRIBE_TOPIC_PARTITIONS_REQUEST_CURSOR)).nullable().default_null(),
    ],
};

static DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_PARTITION: Struct = Struct {
    name: "DescribeTopicPartitionsResponsePartition",
    highest: 0,
    fields: &[
        field("errorCode", Int16),
        field("partitionIndex", Int32),
        field("leaderId", Int32),
        field("leaderEpoch", Int32).default(-1).ignorable(),
        field("replicaNodes", Array(&Int32)),
        field("isrNodes", Array(&Int32)),
        field("eligibleLeaderReplicas", Array(&Int32)).nullable().default_null(),
        field("lastKnownElr", Array(&Int32)).nullable().default_null(),
        field("offlineReplicas", Array(&Int32)).ignorable(),
    ],
};

static DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_TOPIC: Struct = Struct {
    name: "DescribeTopicPartitionsResponseTopic",
    highest: 0,
    fields: &[
        field("errorCode", Int16),
        field("name", String).nullable(),
        field("topicId", Uuid).ignorable(),
        field("isInternal", Bool).ignorable(),
        field(
            "partitions",
            Array(&Struct(&DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_PARTITION)),
        ),
        field("topicAuthorizedOperations", Int32).default(-2147483648),
    ],
};

static DESCRIBE_TOPIC_PARTITIONS_RESPONSE_CURSOR: Struct =
    Struct { name: "Cursor", highest: 0, fields: &[field("topicName", String), field("partitionIndex", Int32)] };

/// `DescribeTopicPartitionsResponse.json`.
pub static DESCRIBE_TOPIC_PARTITIONS_RESPONSE: Message = Message {
    name: "DescribeTopicPartitionsResponse",
    api_key: 75,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32).ignorable(),
        field("topics", Array(&Struct(&DESCRIBE_TOPIC_PARTITIONS_RESPONSE_DESCRIBE_TOPIC_PARTITIONS_RESPONSE_TOPIC))),
        field("nextCursor", Struct(&DESCRIBE_TOPIC_PARTITIONS_RESPONSE_CURSOR)).nullable().default_null(),
    ],
};

/// The API.
pub static DESCRIBE_TOPIC_PARTITIONS: Api = Api {
    key: 75,
    name: "DescribeTopicPartitions",
    versions: Versions(0, 0),
    request: &DESCRIBE_TOPIC_PARTITIONS_REQUEST,
    response: &DESCRIBE_TOPIC_PARTITIONS_RESPONSE,
};
