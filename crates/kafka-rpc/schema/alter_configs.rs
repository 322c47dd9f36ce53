//! `AlterConfigs`, key 33.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG: Struct =
    Struct { name: "AlterableConfig", highest: 2, fields: &[field("name", String), field("value", String).nullable()] };

static ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE: Struct = Struct {
    name: "AlterConfigsResource",
    highest: 2,
    fields: &[
        field("resourceType", Int8),
        field("resourceName", String),
        field("configs", Array(&Struct(&ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG))),
    ],
};

/// `AlterConfigsRequest.json`.
pub static ALTER_CONFIGS_REQUEST: Message = Message {
    name: "AlterConfigsRequest",
    api_key: 33,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[
        field("resources", Array(&Struct(&ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE))),
        field("validateOnly", Bool),
    ],
};

static ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE: Struct = Struct {
    name: "AlterConfigsResourceResponse",
    highest: 2,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("resourceType", Int8),
        field("resourceName", String),
    ],
};

/// `AlterConfigsResponse.json`.
pub static ALTER_CONFIGS_RESPONSE: Message = Message {
    name: "AlterConfigsResponse",
    api_key: 33,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("responses", Array(&Struct(&ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE))),
    ],
};

/// The API.
pub static ALTER_CONFIGS: Api = Api {
    key: 33,
    name: "AlterConfigs",
    versions: Versions(0, 2),
    request: &ALTER_CONFIGS_REQUEST,
    response: &ALTER_CONFIGS_RESPONSE,
};
