//! `OffsetCommit`, key 8.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_PARTITION: Struct = Struct {
    name: "OffsetCommitRequestPartition",
    highest: 10,
    fields: &[
        field("partitionIndex", Int32),
        field("committedOffset", Int64),
        field("committedLeaderEpoch", Int32).since(6).default(-1).ignorable(),
        field("committedMetadata", String).nullable(),
    ],
};

static OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_TOPIC: Struct = Struct {
    name: "OffsetCommitRequestTopic",
    highest: 10,
    fields: &[
        field("name", String).versions(0, 9).ignorable(),
        field("topicId", Uuid).since(10).ignorable(),
        field("partitions", Array(&Struct(&OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_PARTITION))),
    ],
};

/// `OffsetCommitRequest.json`.
pub static OFFSET_COMMIT_REQUEST: Message = Message {
    name: "OffsetCommitRequest",
    api_key: 8,
    added_in: V4_3,
    versions: Versions(2, 10),
    flexible: 8,
    fields: &[
        field("groupId", String),
        field("generationIdOrMemberEpoch", Int32).default(-1).ignorable(),
        field("memberId", String).ignorable(),
        field("groupInstanceId", String).since(7).nullable().default_null(),
        field("retentionTimeMs", Int64).versions(2, 4).default(-1).ignorable(),
        field("topics", Array(&Struct(&OFFSET_COMMIT_REQUEST_OFFSET_COMMIT_REQUEST_TOPIC))),
    ],
};

static OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_PARTITION: Struct = Struct {
    name: "OffsetCommitResponsePartition",
    highest: 10,
    fields: &[field("partitionIndex", Int32), field("errorCode", Int16)],
};

static OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_TOPIC: Struct = Struct {
    name: "OffsetCommitResponseTopic",
    highest: 10,
    fields: &[
        field("name", String).versions(0, 9).ignorable(),
        field("topicId", Uuid).since(10).ignorable(),
        field("partitions", Array(&Struct(&OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_PARTITION))),
    ],
};

/// `OffsetCommitResponse.json`.
pub static OFFSET_COMMIT_RESPONSE: Message = Message {
    name: "OffsetCommitResponse",
    api_key: 8,
    added_in: V4_3,
    versions: Versions(2, 10),
    flexible: 8,
    fields: &[
        field("throttleTimeMs", Int32).since(3).ignorable(),
        field("topics", Array(&Struct(&OFFSET_COMMIT_RESPONSE_OFFSET_COMMIT_RESPONSE_TOPIC))),
    ],
};

/// The API.
pub static OFFSET_COMMIT: Api = Api {
    key: 8,
    name: "OffsetCommit",
    versions: Versions(2, 10),
    request: &OFFSET_COMMIT_REQUEST,
    response: &OFFSET_COMMIT_RESPONSE,
};
