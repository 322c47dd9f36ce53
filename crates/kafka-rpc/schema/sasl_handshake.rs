//! `SaslHandshake`, key 17.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `SaslHandshakeRequest.json`.
pub static SASL_HANDSHAKE_REQUEST: Message = Message {
    name: "SaslHandshakeRequest",
    api_key: 17,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: NEVER,
    fields: &[field("mechanism", String)],
};

/// `SaslHandshakeResponse.json`.
pub static SASL_HANDSHAKE_RESPONSE: Message = Message {
    name: "SaslHandshakeResponse",
    api_key: 17,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: NEVER,
    fields: &[field("errorCode", Int16), field("mechanisms", Array(&String))],
};

/// The API.
pub static SASL_HANDSHAKE: Api = Api {
    key: 17,
    name: "SaslHandshake",
    versions: Versions(0, 1),
    request: &SASL_HANDSHAKE_REQUEST,
    response: &SASL_HANDSHAKE_RESPONSE,
};
