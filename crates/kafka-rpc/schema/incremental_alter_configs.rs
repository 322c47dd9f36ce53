//! `IncrementalAlterConfigs`, key 44.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG: Struct = Struct {
    name: "AlterableConfig",
    highest: 1,
    fields: &[field("name", String), field("configOperation", Int8), field("value", String).nullable()],
};

static INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE: Struct = Struct {
    name: "AlterConfigsResource",
    highest: 1,
    fields: &[
        field("resourceType", Int8),
        field("resourceName", String),
        field("configs", Array(&Struct(&INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTERABLE_CONFIG))),
    ],
};

/// `IncrementalAlterConfigsRequest.json`.
pub static INCREMENTAL_ALTER_CONFIGS_REQUEST: Message = Message {
    name: "IncrementalAlterConfigsRequest",
    api_key: 44,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[
        field("resources", Array(&Struct(&INCREMENTAL_ALTER_CONFIGS_REQUEST_ALTER_CONFIGS_RESOURCE))),
        field("validateOnly", Bool),
    ],
};

static INCREMENTAL_ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE: Struct = Struct {
    name: "AlterConfigsResourceResponse",
    highest: 1,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("resourceType", Int8),
        field("resourceName", String),
    ],
};

/// `IncrementalAlterConfigsResponse.json`.
pub static INCREMENTAL_ALTER_CONFIGS_RESPONSE: Message = Message {
    name: "IncrementalAlterConfigsResponse",
    api_key: 44,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[
        field("throttleTimeMs", Int32),
        field("responses", Array(&Struct(&INCREMENTAL_ALTER_CONFIGS_RESPONSE_ALTER_CONFIGS_RESOURCE_RESPONSE))),
    ],
};

/// The API.
pub static INCREMENTAL_ALTER_CONFIGS: Api = Api {
    key: 44,
    name: "IncrementalAlterConfigs",
    versions: Versions(0, 1),
    request: &INCREMENTAL_ALTER_CONFIGS_REQUEST,
    response: &INCREMENTAL_ALTER_CONFIGS_RESPONSE,
};
