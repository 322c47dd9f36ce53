//! `ListOffsets`, key 2.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static LIST_OFFSETS_REQUEST_LIST_OFFSETS_PARTITION: Struct = Struct {
    name: "ListOffsetsPartition",
    highest: 11,
    fields: &[
        field("partitionIndex", Int32),
        field("currentLeaderEpoch", Int32).since(4).default(-1).ignorable(),
        field("timestamp", Int64),
    ],
};

static LIST_OFFSETS_REQUEST_LIST_OFFSETS_TOPIC: Struct = Struct {
    name: "ListOffsetsTopic",
    highest: 11,
    fields: &[field("name", String), field("partitions", Array(&Struct(&LIST_OFFSETS_REQUEST_LIST_OFFSETS_PARTITION)))],
};

/// `ListOffsetsRequest.json`.
pub static LIST_OFFSETS_REQUEST: Message = Message {
    name: "ListOffsetsRequest",
    api_key: 2,
    added_in: V4_3,
    versions: Versions(1, 11),
    flexible: 6,
    fields: &[
        field("replicaId", Int32),
        field("isolationLevel", Int8).since(2),
        field("topics", Array(&Struct(&LIST_OFFSETS_REQUEST_LIST_OFFSETS_TOPIC))),
        field("timeoutMs", Int32).since(10).ignorable(),
    ],
};

static LIST_OFFSETS_RESPONSE_LIST_OFFSETS_PARTITION_RESPONSE: Struct = Struct {
    name: "ListOffsetsPartitionResponse",
    highest: 11,
    fields: &[
        field("partitionIndex", Int32),
        field("errorCode", Int16),
        field("timestamp", Int64).default(-1),
        field("offset", Int64).default(-1),
        field("leaderEpoch", Int32).since(4).default(-1),
    ],
};

static LIST_OFFSETS_RESPONSE_LIST_OFFSETS_TOPIC_RESPONSE: Struct = Struct {
    name: "ListOffsetsTopicResponse",
    highest: 11,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&LIST_OFFSETS_RESPONSE_LIST_OFFSETS_PARTITION_RESPONSE))),
    ],
};

/// `ListOffsetsResponse.json`.
pub static LIST_OFFSETS_RESPONSE: Message = Message {
    name: "ListOffsetsResponse",
    api_key: 2,
    added_in: V4_3,
    versions: Versions(1, 11),
    flexible: 6,
    fields: &[
        field("throttleTimeMs", Int32).since(2).ignorable(),
        field("topics", Array(&Struct(&LIST_OFFSETS_RESPONSE_LIST_OFFSETS_TOPIC_RESPONSE))),
    ],
};

/// The API.
pub static LIST_OFFSETS: Api = Api {
    key: 2,
    name: "ListOffsets",
    versions: Versions(1, 11),
    request: &LIST_OFFSETS_REQUEST,
    response: &LIST_OFFSETS_RESPONSE,
};
