//! `DescribeGroups`, key 15.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `DescribeGroupsRequest.json`.
pub static DESCRIBE_GROUPS_REQUEST: Message = Message {
    name: "DescribeGroupsRequest",
    api_key: 15,
    added_in: V4_3,
    versions: Versions(0, 6),
    flexible: 5,
    fields: &[field("groups", Array(&String)), field("includeAuthorizedOperations", Bool).since(3)],
};

static DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP_MEMBER: Struct = Struct {
    name: "DescribedGroupMember",
    highest: 6,
    fields: &[
        field("memberId", String),
        field("groupInstanceId", String).since(4).nullable().default_null().ignorable(),
        field("clientId", String),
        field("clientHost", String),
        field("memberMetadata", Bytes),
        field("memberAssignment", Bytes),
    ],
};

static DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP: Struct = Struct {
    name: "DescribedGroup",
    highest: 6,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).since(6).nullable().default_null(),
        field("groupId", String),
        field("groupState", String),
        field("protocolType", String),
        field("protocolData", String),
        field("members", Array(&Struct(&DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP_MEMBER))),
        field("authorizedOperations", Int32).since(3).default(-2147483648),
    ],
};

/// `DescribeGroupsResponse.json`.
pub static DESCRIBE_GROUPS_RESPONSE: Message = Message {
    name: "DescribeGroupsResponse",
    api_key: 15,
    added_in: V4_3,
    versions: Versions(0, 6),
    flexible: 5,
    fields: &[
        field("throttleTimeMs", Int32).since(1).ignorable(),
        field("groups", Array(&Struct(&DESCRIBE_GROUPS_RESPONSE_DESCRIBED_GROUP))),
    ],
};

/// The API.
pub static DESCRIBE_GROUPS: Api = Api {
    key: 15,
    name: "DescribeGroups",
    versions: Versions(0, 6),
    request: &DESCRIBE_GROUPS_REQUEST,
    response: &DESCRIBE_GROUPS_RESPONSE,
};
