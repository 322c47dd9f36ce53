//! `OffsetFetch`, key 9.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPIC: Struct = Struct {
    name: "OffsetFetchRequestTopic",
    highest: 10,
    fields: &[field("name", String).versions(0, 7), field("partitionIndexes", Array(&Int32)).versions(0, 7)],
};

static OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPICS: Struct = Struct {
    name: "OffsetFetchRequestTopics",
    highest: 10,
    fields: &[
        field("name", String).versions(8, 9).ignorable(),
        field("topicId", Uuid).since(10).ignorable(),
        field("partitionIndexes", Array(&Int32)).since(8),
    ],
};

static OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_GROUP: Struct = Struct {
    name: "OffsetFetchRequestGroup",
    highest: 10,
    fields: &[
        field("groupId", String).since(8),
        field("memberId", String).since(9).nullable().default_null().ignorable(),
        field("memberEpoch", Int32).since(9).default(-1).ignorable(),
        field("topics", Array(&Struct(&OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPICS))).since(8).nullable(),
    ],
};

/// `OffsetFetchRequest.json`.
pub static OFFSET_FETCH_REQUEST: Message = Message {
    name: "OffsetFetchRequest",
    api_key: 9,
    added_in: V4_3,
    versions: Versions(1, 10),
    flexible: 6,
    fields: &[
        field("groupId", String).versions(0, 7),
        field("topics", Array(&Struct(&OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_TOPIC)))
            .versions(0, 7)
            .nullable_since(2),
        field("groups", Array(&Struct(&OFFSET_FETCH_REQUEST_OFFSET_FETCH_REQUEST_GROUP))).since(8),
        field("requireStable", Bool).since(7),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITION: Struct = Struct {
    name: "OffsetFetchResponsePartition",
    highest: 10,
    fields: &[
        field("partitionIndex", Int32).versions(0, 7),
        field("committedOffset", Int64).versions(0, 7),
        field("committedLeaderEpoch", Int32).versions(5, 7).default(-1).ignorable(),
        field("metadata", String).versions(0, 7).nullable(),
        field("errorCode", Int16).versions(0, 7),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPIC: Struct = Struct {
    name: "OffsetFetchResponseTopic",
    highest: 10,
    fields: &[
        field("name", String).versions(0, 7),
        field("partitions", Array(&Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITION))).versions(0, 7),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITIONS: Struct = Struct {
    name: "OffsetFetchResponsePartitions",
    highest: 10,
    fields: &[
        field("partitionIndex", Int32).since(8),
        field("committedOffset", Int64).since(8),
        field("committedLeaderEpoch", Int32).since(8).default(-1).ignorable(),
        field("metadata", String).since(8).nullable(),
        field("errorCode", Int16).since(8),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPICS: Struct = Struct {
    name: "OffsetFetchResponseTopics",
    highest: 10,
    fields: &[
        field("name", String).versions(8, 9).ignorable(),
        field("topicId", Uuid).since(10).ignorable(),
        field("partitions", Array(&Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_PARTITIONS))).since(8),
    ],
};

static OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_GROUP: Struct = Struct {
    name: "OffsetFetchResponseGroup",
    highest: 10,
    fields: &[
        field("groupId", String).since(8),
        field("topics", Array(&Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPICS))).since(8),
        field("errorCode", Int16).since(8),
    ],
};

/// `OffsetFetchResponse.json`.
pub static OFFSET_FETCH_RESPONSE: Message = Message {
    name: "OffsetFetchResponse",
    api_key: 9,
    added_in: V4_3,
    versions: Versions(1, 10),
    flexible: 6,
    fields: &[
        field("throttleTimeMs", Int32).since(3).ignorable(),
        field("topics", Array(&Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_TOPIC))).versions(0, 7),
        field("errorCode", Int16).versions(2, 7).ignorable(),
        field("groups", Array(&Struct(&OFFSET_FETCH_RESPONSE_OFFSET_FETCH_RESPONSE_GROUP))).since(8),
    ],
};

/// The API.
pub static OFFSET_FETCH: Api = Api {
    key: 9,
    name: "OffsetFetch",
    versions: Versions(1, 10),
    request: &OFFSET_FETCH_REQUEST,
    response: &OFFSET_FETCH_RESPONSE,
};
