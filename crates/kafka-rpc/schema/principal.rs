//! The principal of a forwarded request (`DefaultKafkaPrincipalBuilder`).
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `DefaultPrincipalData.json`.
pub static DEFAULT_PRINCIPAL_DATA: Message = Message {
    name: "DefaultPrincipalData",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("type", String), field("name", String), field("tokenAuthenticated", Bool)],
};
