//! `ListGroups`, key 16.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `ListGroupsRequest.json`.
pub static LIST_GROUPS_REQUEST: Message = Message {
    name: "ListGroupsRequest",
    api_key: 16,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[field("statesFilter", Array(&String)).since(4), field("typesFilter", Array(&String)).since(5)],
};

static LIST_GROUPS_RESPONSE_LISTED_GROUP: Struct = Struct {
    name: "ListedGroup",
    highest: 5,
    fields: &[
        field("groupId", String),
        field("protocolType", String),
        field("groupState", String).since(4).ignorable(),
        field("groupType", String).since(5).ignorable(),
    ],
};

/// `ListGroupsResponse.json`.
pub static LIST_GROUPS_RESPONSE: Message = Message {
    name: "ListGroupsResponse",
    api_key: 16,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[
        field("throttleTimeMs", Int32).since(1).ignorable(),
        field("errorCode", Int16),
        field("groups", Array(&Struct(&LIST_GROUPS_RESPONSE_LISTED_GROUP))),
    ],
};

/// The API.
pub static LIST_GROUPS: Api = Api {
    key: 16,
    name: "ListGroups",
    versions: Versions(0, 5),
    request: &LIST_GROUPS_REQUEST,
    response: &LIST_GROUPS_RESPONSE,
};
