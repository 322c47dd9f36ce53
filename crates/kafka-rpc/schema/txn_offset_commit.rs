//! `TxnOffsetCommit`, key 28.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_PARTITION: Struct = Struct {
    name: "TxnOffsetCommitRequestPartition",
    highest: 5,
    fields: &[
        field("partitionIndex", Int32),
        field("committedOffset", Int64),
        field("committedLeaderEpoch", Int32).since(2).default(-1).ignorable(),
        field("committedMetadata", String).nullable(),
    ],
};

static TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_TOPIC: Struct = Struct {
    name: "TxnOffsetCommitRequestTopic",
    highest: 5,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_PARTITION))),
    ],
};

/// `TxnOffsetCommitRequest.json`.
pub static TXN_OFFSET_COMMIT_REQUEST: Message = Message {
    name: "TxnOffsetCommitRequest",
    api_key: 28,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[
        field("transactionalId", String),
        field("groupId", String),
        field("producerId", Int64),
        field("producerEpoch", Int16),
        field("generationId", Int32).since(3).default(-1),
        field("memberId", String).since(3),
        field("groupInstanceId", String).since(3).nullable().default_null(),
        field("topics", Array(&Struct(&TXN_OFFSET_COMMIT_REQUEST_TXN_OFFSET_COMMIT_REQUEST_TOPIC))),
    ],
};

static TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_PARTITION: Struct = Struct {
    name: "TxnOffsetCommitResponsePartition",
    highest: 5,
    fields: &[field("partitionIndex", Int32), field("errorCode", Int16)],
};

static TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_TOPIC: Struct = Struct {
    name: "TxnOffsetCommitResponseTopic",
    highest: 5,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_PARTITION))),
    ],
};

/// `TxnOffsetCommitResponse.json`.
pub static TXN_OFFSET_COMMIT_RESPONSE: Message = Message {
    name: "TxnOffsetCommitResponse",
    api_key: 28,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[
        field("throttleTimeMs", Int32),
        field("topics", Array(&Struct(&TXN_OFFSET_COMMIT_RESPONSE_TXN_OFFSET_COMMIT_RESPONSE_TOPIC))),
    ],
};

/// The API.
pub static TXN_OFFSET_COMMIT: Api = Api {
    key: 28,
    name: "TxnOffsetCommit",
    versions: Versions(0, 5),
    request: &TXN_OFFSET_COMMIT_REQUEST,
    response: &TXN_OFFSET_COMMIT_RESPONSE,
};
