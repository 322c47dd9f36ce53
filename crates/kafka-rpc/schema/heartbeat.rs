//! `Heartbeat`, key 12.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `HeartbeatRequest.json`.
pub static HEARTBEAT_REQUEST: Message = Message {
    name: "HeartbeatRequest",
    api_key: 12,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 4,
    fields: &[
        field("groupId", String),
        field("generationId", Int32),
        field("memberId", String),
        field("groupInstanceId", String).since(3).nullable().default_null(),
    ],
};

/// `HeartbeatResponse.json`.
pub static HEARTBEAT_RESPONSE: Message = Message {
    name: "HeartbeatResponse",
    api_key: 12,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 4,
    fields: &[field("throttleTimeMs", Int32).since(1).ignorable(), field("errorCode", Int16)],
};

/// The API.
pub static HEARTBEAT: Api = Api {
    key: 12,
    name: "Heartbeat",
    versions: Versions(0, 4),
    request: &HEARTBEAT_REQUEST,
    response: &HEARTBEAT_RESPONSE,
};
