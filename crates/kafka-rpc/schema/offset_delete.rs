//! `OffsetDelete`, key 47.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_PARTITION: Struct =
    Struct { name: "OffsetDeleteRequestPartition", highest: 0, fields: &[field("partitionIndex", Int32)] };

static OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_TOPIC: Struct = Struct {
    name: "OffsetDeleteRequestTopic",
    highest: 0,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_PARTITION))),
    ],
};

/// `OffsetDeleteRequest.json`.
pub static OFFSET_DELETE_REQUEST: Message = Message {
    name: "OffsetDeleteRequest",
    api_key: 47,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[
        field("groupId", String),
        field("topics", Array(&Struct(&OFFSET_DELETE_REQUEST_OFFSET_DELETE_REQUEST_TOPIC))),
    ],
};

static OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_PARTITION: Struct = Struct {
    name: "OffsetDeleteResponsePartition",
    highest: 0,
    fields: &[field("partitionIndex", Int32), field("errorCode", Int16)],
};

static OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_TOPIC: Struct = Struct {
    name: "OffsetDeleteResponseTopic",
    highest: 0,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_PARTITION))),
    ],
};

/// `OffsetDeleteResponse.json`.
pub static OFFSET_DELETE_RESPONSE: Message = Message {
    name: "OffsetDeleteResponse",
    api_key: 47,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[
        field("errorCode", Int16),
        field("throttleTimeMs", Int32).ignorable(),
        field("topics", Array(&Struct(&OFFSET_DELETE_RESPONSE_OFFSET_DELETE_RESPONSE_TOPIC))),
    ],
};

/// The API.
pub static OFFSET_DELETE: Api = Api {
    key: 47,
    name: "OffsetDelete",
    versions: Versions(0, 0),
    request: &OFFSET_DELETE_REQUEST,
    response: &OFFSET_DELETE_RESPONSE,
};
