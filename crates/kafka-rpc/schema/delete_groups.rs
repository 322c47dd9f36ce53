//! `DeleteGroups`, key 42.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `DeleteGroupsRequest.json`.
pub static DELETE_GROUPS_REQUEST: Message = Message {
    name: "DeleteGroupsRequest",
    api_key: 42,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[field("groupsNames", Array(&String))],
};

static DELETE_GROUPS_RESPONSE_DELETABLE_GROUP_RESULT: Struct =
    Struct { name: "DeletableGroupResult", highest: 2, fields: &[field("groupId", String), field("errorCode", Int16)] };

/// `DeleteGroupsResponse.json`.
pub static DELETE_GROUPS_RESPONSE: Message = Message {
    name: "DeleteGroupsResponse",
    api_key: 42,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("results", Array(&Struct(&DELETE_GROUPS_RESPONSE_DELETABLE_GROUP_RESULT))),
    ],
};

/// The API.
pub static DELETE_GROUPS: Api = Api {
    key: 42,
    name: "DeleteGroups",
    versions: Versions(0, 2),
    request: &DELETE_GROUPS_REQUEST,
    response: &DELETE_GROUPS_RESPONSE,
};
