//! `LeaveGroup`, key 13.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static LEAVE_GROUP_REQUEST_MEMBER_IDENTITY: Struct = Struct {
    name: "MemberIdentity",
    highest: 5,
    fields: &[
        field("memberId", String).since(3),
        field("groupInstanceId", String).since(3).nullable().default_null(),
        field("reason", String).since(5).nullable().default_null().ignorable(),
    ],
};

/// `LeaveGroupRequest.json`.
pub static LEAVE_GROUP_REQUEST: Message = Message {
    name: "LeaveGroupRequest",
    api_key: 13,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 4,
    fields: &[
        field("groupId", String),
        field("memberId", String).versions(0, 2),
        field("members", Array(&Struct(&LEAVE_GROUP_REQUEST_MEMBER_IDENTITY))).since(3),
    ],
};

static LEAVE_GROUP_RESPONSE_MEMBER_RESPONSE: Struct = Struct {
    name: "MemberResponse",
    highest: 5,
    fields: &[
        field("memberId", String).since(3),
        field("groupInstanceId", String).since(3).nullable(),
        field("errorCode", Int16).since(3),
    ],
};

/// `LeaveGroupResponse.json`.
pub static LEAVE_GROUP_RESPONSE: Message = Message {
    name: "LeaveGroupResponse",
    api_key: 13,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 4,
    fields: &[
        field("throttleTimeMs", Int32).since(1).ignorable(),
        field("errorCode", Int16),
        field("members", Array(&Struct(&LEAVE_GROUP_RESPONSE_MEMBER_RESPONSE))).since(3),
    ],
};

/// The API.
pub static LEAVE_GROUP: Api = Api {
    key: 13,
    name: "LeaveGroup",
    versions: Versions(0, 5),
    request: &LEAVE_GROUP_REQUEST,
    response: &LEAVE_GROUP_RESPONSE,
};
