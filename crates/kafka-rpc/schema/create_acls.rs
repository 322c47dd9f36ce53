//! `CreateAcls`, key 30.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static CREATE_ACLS_REQUEST_ACL_CREATION: Struct = Struct {
    name: "AclCreation",
    highest: 3,
    fields: &[
        field("resourceType", Int8),
        field("resourceName", String),
        field("resourcePatternType", Int8).default(3),
        field("principal", String),
        field("host", String),
        field("operation", Int8),
        field("permissionType", Int8),
    ],
};

/// `CreateAclsRequest.json`.
pub static CREATE_ACLS_REQUEST: Message = Message {
    name: "CreateAclsRequest",
    api_key: 30,
    added_in: V4_3,
    versions: Versions(1, 3),
    flexible: 2,
    fields: &[field("creations", Array(&Struct(&CREATE_ACLS_REQUEST_ACL_CREATION)))],
};

static CREATE_ACLS_RESPONSE_ACL_CREATION_RESULT: Struct = Struct {
    name: "AclCreationResult",
    highest: 3,
    fields: &[field("errorCode", Int16), field("errorMessage", String).nullable()],
};

/// `CreateAclsResponse.json`.
pub static CREATE_ACLS_RESPONSE: Message = Message {
    name: "CreateAclsResponse",
    api_key: 30,
    added_in: V4_3,
    versions: Versions(1, 3),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("results", Array(&Struct(&CREATE_ACLS_RESPONSE_ACL_CREATION_RESULT))),
    ],
};

/// The API.
pub static CREATE_ACLS: Api = Api {
    key: 30,
    name: "CreateAcls",
    versions: Versions(1, 3),
    request: &CREATE_ACLS_REQUEST,
    response: &CREATE_ACLS_RESPONSE,
};
