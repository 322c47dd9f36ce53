//! `OffsetForLeaderEpoch`, key 23.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_PARTITION: Struct = Struct {
    name: "OffsetForLeaderPartition",
    highest: 4,
    fields: &[
        field("partition", Int32),
        field("currentLeaderEpoch", Int32).default(-1).ignorable(),
        field("leaderEpoch", Int32),
    ],
};

static OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_TOPIC: Struct = Struct {
    name: "OffsetForLeaderTopic",
    highest: 4,
    fields: &[
        field("topic", String),
        field("partitions", Array(&Struct(&OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_PARTITION))),
    ],
};

/// `OffsetForLeaderEpochRequest.json`.
pub static OFFSET_FOR_LEADER_EPOCH_REQUEST: Message = Message {
    name: "OffsetForLeaderEpochRequest",
    api_key: 23,
    added_in: V4_3,
    versions: Versions(2, 4),
    flexible: 4,
    fields: &[
        field("replicaId", Int32).since(3).default(-2).ignorable(),
        field("topics", Array(&Struct(&OFFSET_FOR_LEADER_EPOCH_REQUEST_OFFSET_FOR_LEADER_TOPIC))),
    ],
};

static OFFSET_FOR_LEADER_EPOCH_RESPONSE_EPOCH_END_OFFSET: Struct = Struct {
    name: "EpochEndOffset",
    highest: 4,
    fields: &[
        field("errorCode", Int16),
        field("partition", Int32),
        field("leaderEpoch", Int32).default(-1).ignorable(),
        field("endOffset", Int64).default(-1),
    ],
};

static OFFSET_FOR_LEADER_EPOCH_RESPONSE_OFFSET_FOR_LEADER_TOPIC_RESULT: Struct = Struct {
    name: "OffsetForLeaderTopicResult",
    highest: 4,
    fields: &[
        field("topic", String),
        field("partitions", Array(&Struct(&OFFSET_FOR_LEADER_EPOCH_RESPONSE_EPOCH_END_OFFSET))),
    ],
};

/// `OffsetForLeaderEpochResponse.json`.
pub static OFFSET_FOR_LEADER_EPOCH_RESPONSE: Message = Message {
    name: "OffsetForLeaderEpochResponse",
    api_key: 23,
    added_in: V4_3,
    versions: Versions(2, 4),
    flexible: 4,
    fields: &[
        field("throttleTimeMs", Int32).ignorable(),
        field("topics", Array(&Struct(&OFFSET_FOR_LEADER_EPOCH_RESPONSE_OFFSET_FOR_LEADER_TOPIC_RESULT))),
    ],
};

/// The API.
pub static OFFSET_FOR_LEADER_EPOCH: Api = Api {
    key: 23,
    name: "OffsetForLeaderEpoch",
    versions: Versions(2, 4),
    request: &OFFSET_FOR_LEADER_EPOCH_REQUEST,
    response: &OFFSET_FOR_LEADER_EPOCH_RESPONSE,
};
