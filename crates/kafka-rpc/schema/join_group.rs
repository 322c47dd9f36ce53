//! `JoinGroup`, key 11.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static JOIN_GROUP_REQUEST_JOIN_GROUP_REQUEST_PROTOCOL: Struct =
    Struct { name: "JoinGroupRequestProtocol", highest: 9, fields: &[field("name", String), field("metadata", Bytes)] };

/// `JoinGroupRequest.json`.
pub static JOIN_GROUP_REQUEST: Message = Message {
    name: "JoinGroupRequest",
    api_key: 11,
    added_in: V4_3,
    versions: Versions(0, 9),
    flexible: 6,
    fields: &[
        field("groupId", String),
        field("sessionTimeoutMs", Int32),
        field("rebalanceTimeoutMs", Int32).since(1).default(-1).ignorable(),
        field("memberId", String),
        field("groupInstanceId", String).since(5).nullable().default_null(),
        field("protocolType", String),
        field("protocols", Array(&Struct(&JOIN_GROUP_REQUEST_JOIN_GROUP_REQUEST_PROTOCOL))),
        field("reason", String).since(8).nullable().default_null().ignorable(),
    ],
};

static JOIN_GROUP_RESPONSE_JOIN_GROUP_RESPONSE_MEMBER: Struct = Struct {
    name: "JoinGroupResponseMember",
    highest: 9,
    fields: &[
        field("memberId", String),
        field("groupInstanceId", String).since(5).nullable().default_null().ignorable(),
        field("metadata", Bytes),
    ],
};

/// `JoinGroupResponse.json`.
pub static JOIN_GROUP_RESPONSE: Message = Message {
    name: "JoinGroupResponse",
    api_key: 11,
    added_in: V4_3,
    versions: Versions(0, 9),
    flexible: 6,
    fields: &[
        field("throttleTimeMs", Int32).since(2).ignorable(),
        field("errorCode", Int16),
        field("generationId", Int32).default(-1),
        field("protocolType", String).since(7).nullable().default_null().ignorable(),
        field("protocolName", String).nullable_since(7),
        field("leader", String),
        field("skipAssignment", Bool).since(9),
        field("memberId", String),
        field("members", Array(&Struct(&JOIN_GROUP_RESPONSE_JOIN_GROUP_RESPONSE_MEMBER))),
    ],
};

/// The API.
pub static JOIN_GROUP: Api = Api {
    key: 11,
    name: "JoinGroup",
    versions: Versions(0, 9),
    request: &JOIN_GROUP_REQUEST,
    response: &JOIN_GROUP_RESPONSE,
};
