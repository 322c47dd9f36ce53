//! The headers of requests and responses.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `RequestHeader.json`.
pub static REQUEST_HEADER: Message = Message {
    name: "RequestHeader",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(1, 2),
    flexible: 2,
    fields: &[
        field("requestApiKey", Int16),
        field("requestApiVersion", Int16),
        field("correlationId", Int32),
        field("clientId", String).nullable().plain(),
    ],
};

/// `ResponseHeader.json`.
pub static RESPONSE_HEADER: Message = Message {
    name: "ResponseHeader",
    api_key: -1,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[field("correlationId", Int32)],
};
