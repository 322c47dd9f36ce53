//! `SaslAuthenticate`, key 36.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `SaslAuthenticateRequest.json`.
pub static SASL_AUTHENTICATE_REQUEST: Message = Message {
    name: "SaslAuthenticateRequest",
    api_key: 36,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[field("authBytes", Bytes)],
};

/// `SaslAuthenticateResponse.json`.
pub static SASL_AUTHENTICATE_RESPONSE: Message = Message {
    name: "SaslAuthenticateResponse",
    api_key: 36,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("authBytes", Bytes),
        field("sessionLifetimeMs", Int64).since(1).ignorable(),
    ],
};

/// The API.
pub static SASL_AUTHENTICATE: Api = Api {
    key: 36,
    name: "SaslAuthenticate",
    versions: Versions(0, 2),
    request: &SASL_AUTHENTICATE_REQUEST,
    response: &SASL_AUTHENTICATE_RESPONSE,
};
