//! `DescribeClientQuotas`, key 48.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DESCRIBE_CLIENT_QUOTAS_REQUEST_COMPONENT_DATA: Struct = Struct {
    name: "ComponentData",
    highest: 1,
    fields: &[field("entityType", String), field("matchType", Int8), field("match", String).nullable()],
};

/// `DescribeClientQuotasRequest.json`.
pub static DESCRIBE_CLIENT_QUOTAS_REQUEST: Message = Message {
    name: "DescribeClientQuotasRequest",
    api_key: 48,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[
        field("components", Array(&Struct(&DESCRIBE_CLIENT_QUOTAS_REQUEST_COMPONENT_DATA))),
        field("strict", Bool),
    ],
};

static DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA: Struct = Struct {
    name: "EntityData",
    highest: 1,
    fields: &[field("entityType", String), field("entityName", String).nullable()],
};

static DESCRIBE_CLIENT_QUOTAS_RESPONSE_VALUE_DATA: Struct =
    Struct { name: "ValueData", highest: 1, fields: &[field("key", String), field("value", Float64)] };

static DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA: Struct = Struct {
    name: "EntryData",
    highest: 1,
    fields: &[
        field("entity", Array(&Struct(&DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA))),
        field("values", Array(&Struct(&DESCRIBE_CLIENT_QUOTAS_RESPONSE_VALUE_DATA))),
    ],
};

/// `DescribeClientQuotasResponse.json`.
pub static DESCRIBE_CLIENT_QUOTAS_RESPONSE: Message = Message {
    name: "DescribeClientQuotasResponse",
    api_key: 48,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("entries", Array(&Struct(&DESCRIBE_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA))).nullable(),
    ],
};

/// The API.
pub static DESCRIBE_CLIENT_QUOTAS: Api = Api {
    key: 48,
    name: "DescribeClientQuotas",
    versions: Versions(0, 1),
    request: &DESCRIBE_CLIENT_QUOTAS_REQUEST,
    response: &DESCRIBE_CLIENT_QUOTAS_RESPONSE,
};
