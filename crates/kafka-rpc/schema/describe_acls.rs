//! `DescribeAcls`, key 29.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `DescribeAclsRequest.json`.
pub static DESCRIBE_ACLS_REQUEST: Message = Message {
    name: "DescribeAclsRequest",
    api_key: 29,
    added_in: V4_3,
    versions: Versions(1, 3),
    flexible: 2,
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

static DESCRIBE_ACLS_RESPONSE_ACL_DESCRIPTION: Struct = Struct {
    name: "AclDescription",
    highest: 3,
    fields: &[
        field("principal", String),
        field("host", String),
        field("operation", Int8),
        field("permissionType", Int8),
    ],
};

static DESCRIBE_ACLS_RESPONSE_DESCRIBE_ACLS_RESOURCE: Struct = Struct {
    name: "DescribeAclsResource",
    highest: 3,
    fields: &[
        field("resourceType", Int8),
        field("resourceName", String),
        field("patternType", Int8).default(3),
        field("acls", Array(&Struct(&DESCRIBE_ACLS_RESPONSE_ACL_DESCRIPTION))),
    ],
};

/// `DescribeAclsResponse.json`.
pub static DESCRIBE_ACLS_RESPONSE: Message = Message {
    name: "DescribeAclsResponse",
    api_key: 29,
    added_in: V4_3,
    versions: Versions(1, 3),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("resources", Array(&Struct(&DESCRIBE_ACLS_RESPONSE_DESCRIBE_ACLS_RESOURCE))),
    ],
};

/// The API.
pub static DESCRIBE_ACLS: Api = Api {
    key: 29,
    name: "DescribeAcls",
    versions: Versions(1, 3),
    request: &DESCRIBE_ACLS_REQUEST,
    response: &DESCRIBE_ACLS_RESPONSE,
};
