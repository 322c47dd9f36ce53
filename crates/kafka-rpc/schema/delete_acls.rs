//! `DeleteAcls`, key 31.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DELETE_ACLS_REQUEST_DELETE_ACLS_FILTER: Struct = Struct {
    name: "DeleteAclsFilter",
    highest: 3,
    fields: &[
        field("resourceTypeFilter", Int8),
        field("resourceNameFilter", String).nullable(),
        field("patternTypeFilter", Int8).default(3),
        field("principalFilter", String).nullable(),
        field("hostFilter", String).nullable(),
        field("operation", Int8),
        field("permissionType", Int8),
    ],
};

/// `DeleteAclsRequest.json`.
pub static DELETE_ACLS_REQUEST: Message = Message {
    name: "DeleteAclsRequest",
    api_key: 31,
    added_in: V4_3,
    versions: Versions(1, 3),
    flexible: 2,
    fields: &[field("filters", Array(&Struct(&DELETE_ACLS_REQUEST_DELETE_ACLS_FILTER)))],
};

static DELETE_ACLS_RESPONSE_DELETE_ACLS_MATCHING_ACL: Struct = Struct {
    name: "DeleteAclsMatchingAcl",
    highest: 3,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("resourceType", Int8),
        field("resourceName", String),
        field("patternType", Int8).default(3),
        field("principal", String),
        field("host", String),
        field("operation", Int8),
        field("permissionType", Int8),
    ],
};

static DELETE_ACLS_RESPONSE_DELETE_ACLS_FILTER_RESULT: Struct = Struct {
    name: "DeleteAclsFilterResult",
    highest: 3,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("matchingAcls", Array(&Struct(&DELETE_ACLS_RESPONSE_DELETE_ACLS_MATCHING_ACL))),
    ],
};

/// `DeleteAclsResponse.json`.
pub static DELETE_ACLS_RESPONSE: Message = Message {
    name: "DeleteAclsResponse",
    api_key: 31,
    added_in: V4_3,
    versions: Versions(1, 3),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("filterResults", Array(&Struct(&DELETE_ACLS_RESPONSE_DELETE_ACLS_FILTER_RESULT))),
    ],
};

/// The API.
pub static DELETE_ACLS: Api = Api {
    key: 31,
    name: "DeleteAcls",
    versions: Versions(1, 3),
    request: &DELETE_ACLS_REQUEST,
    response: &DELETE_ACLS_RESPONSE,
};
