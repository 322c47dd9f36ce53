//! `AlterClientQuotas`, key 49.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ALTER_CLIENT_QUOTAS_REQUEST_ENTITY_DATA: Struct = Struct {
    name: "EntityData",
    highest: 1,
    fields: &[field("entityType", String), field("entityName", String).nullable()],
};

static ALTER_CLIENT_QUOTAS_REQUEST_OP_DATA: Struct = Struct {
    name: "OpData",
    highest: 1,
    fields: &[field("key", String), field("value", Float64), field("remove", Bool)],
};

static ALTER_CLIENT_QUOTAS_REQUEST_ENTRY_DATA: Struct = Struct {
    name: "EntryData",
    highest: 1,
    fields: &[
        field("entity", Array(&Struct(&ALTER_CLIENT_QUOTAS_REQUEST_ENTITY_DATA))),
        field("ops", Array(&Struct(&ALTER_CLIENT_QUOTAS_REQUEST_OP_DATA))),
    ],
};

/// `AlterClientQuotasRequest.json`.
pub static ALTER_CLIENT_QUOTAS_REQUEST: Message = Message {
    name: "AlterClientQuotasRequest",
    api_key: 49,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[field("entries", Array(&Struct(&ALTER_CLIENT_QUOTAS_REQUEST_ENTRY_DATA))), field("validateOnly", Bool)],
};

static ALTER_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA: Struct = Struct {
    name: "EntityData",
    highest: 1,
    fields: &[field("entityType", String), field("entityName", String).nullable()],
};

static ALTER_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA: Struct = Struct {
    name: "EntryData",
    highest: 1,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("entity", Array(&Struct(&ALTER_CLIENT_QUOTAS_RESPONSE_ENTITY_DATA))),
    ],
};

/// `AlterClientQuotasResponse.json`.
pub static ALTER_CLIENT_QUOTAS_RESPONSE: Message = Message {
    name: "AlterClientQuotasResponse",
    api_key: 49,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[
        field("throttleTimeMs", Int32),
        field("entries", Array(&Struct(&ALTER_CLIENT_QUOTAS_RESPONSE_ENTRY_DATA))),
    ],
};

/// The API.
pub static ALTER_CLIENT_QUOTAS: Api = Api {
    key: 49,
    name: "AlterClientQuotas",
    versions: Versions(0, 1),
    request: &ALTER_CLIENT_QUOTAS_REQUEST,
    response: &ALTER_CLIENT_QUOTAS_RESPONSE,
};
