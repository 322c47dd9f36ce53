//! `SyncGroup`, key 14.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static SYNC_GROUP_REQUEST_SYNC_GROUP_REQUEST_ASSIGNMENT: Struct = Struct {
    name: "SyncGroupRequestAssignment",
    highest: 5,
    fields: &[field("memberId", String), field("assignment", Bytes)],
};

/// `SyncGroupRequest.json`.
pub static SYNC_GROUP_REQUEST: Message = Message {
    name: "SyncGroupRequest",
    api_key: 14,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 4,
    fields: &[
        field("groupId", String),
        field("generationId", Int32),
        field("memberId", String),
        field("groupInstanceId", String).since(3).nullable().default_null(),
        field("protocolType", String).since(5).nullable().default_null().ignorable(),
        field("protocolName", String).since(5).nullable().default_null().ignorable(),
        field("assignments", Array(&Struct(&SYNC_GROUP_REQUEST_SYNC_GROUP_REQUEST_ASSIGNMENT))),
    ],
};

/// `SyncGroupResponse.json`.
pub static SYNC_GROUP_RESPONSE: Message = Message {
    name: "SyncGroupResponse",
    api_key: 14,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 4,
    fields: &[
        field("throttleTimeMs", Int32).since(1).ignorable(),
        field("errorCode", Int16),
        field("protocolType", String).since(5).nullable().default_null().ignorable(),
        field("protocolName", String).since(5).nullable().default_null().ignorable(),
        field("assignment", Bytes),
    ],
};

/// The API.
pub static SYNC_GROUP: Api = Api {
    key: 14,
    name: "SyncGroup",
    versions: Versions(0, 5),
    request: &SYNC_GROUP_REQUEST,
    response: &SYNC_GROUP_RESPONSE,
};
