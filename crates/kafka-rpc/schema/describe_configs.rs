//! `DescribeConfigs`, key 32.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DESCRIBE_CONFIGS_REQUEST_DESCRIBE_CONFIGS_RESOURCE: Struct = Struct {
    name: "DescribeConfigsResource",
    highest: 4,
    fields: &[
        field("resourceType", Int8),
        field("resourceName", String),
        field("configurationKeys", Array(&String)).nullable(),
    ],
};

/// `DescribeConfigsRequest.json`.
pub static DESCRIBE_CONFIGS_REQUEST: Message = Message {
    name: "DescribeConfigsRequest",
    api_key: 32,
    added_in: V4_3,
    versions: Versions(1, 4),
    flexible: 4,
    fields: &[
        field("resources", Array(&Struct(&DESCRIBE_CONFIGS_REQUEST_DESCRIBE_CONFIGS_RESOURCE))),
        field("includeSynonyms", Bool),
        field("includeDocumentation", Bool).since(3),
    ],
};

static DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_SYNONYM: Struct = Struct {
    name: "DescribeConfigsSynonym",
    highest: 4,
    fields: &[field("name", String), field("value", String).nullable(), field("source", Int8)],
};

static DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESOURCE_RESULT: Struct = Struct {
    name: "DescribeConfigsResourceResult",
    highest: 4,
    fields: &[
        field("name", String),
        field("value", String).nullable(),
        field("readOnly", Bool),
        field("configSource", Int8).default(-1).ignorable(),
        field("isSensitive", Bool),
        field("synonyms", Array(&Struct(&DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_SYNONYM))).ignorable(),
        field("configType", Int8).since(3).ignorable(),
        field("documentation", String).since(3).nullable().ignorable(),
    ],
};

static DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESULT: Struct = Struct {
    name: "DescribeConfigsResult",
    highest: 4,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("resourceType", Int8),
        field("resourceName", String),
        field("configs", Array(&Struct(&DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESOURCE_RESULT))),
    ],
};

/// `DescribeConfigsResponse.json`.
pub static DESCRIBE_CONFIGS_RESPONSE: Message = Message {
    name: "DescribeConfigsResponse",
    api_key: 32,
    added_in: V4_3,
    versions: Versions(1, 4),
    flexible: 4,
    fields: &[
        field("throttleTimeMs", Int32),
        field("results", Array(&Struct(&DESCRIBE_CONFIGS_RESPONSE_DESCRIBE_CONFIGS_RESULT))),
    ],
};

/// The API.
pub static DESCRIBE_CONFIGS: Api = Api {
    key: 32,
    name: "DescribeConfigs",
    versions: Versions(1, 4),
    request: &DESCRIBE_CONFIGS_REQUEST,
    response: &DESCRIBE_CONFIGS_RESPONSE,
};
