//! `Envelope`, key 58.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `EnvelopeRequest.json`.
pub static ENVELOPE_REQUEST: Message = Message {
    name: "EnvelopeRequest",
    api_key: 58,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("requestData", Bytes),
        field("requestPrincipal", Bytes).nullable(),
        field("clientHostAddress", Bytes),
    ],
};

/// `EnvelopeResponse.json`.
pub static ENVELOPE_RESPONSE: Message = Message {
    name: "EnvelopeResponse",
    api_key: 58,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("responseData", Bytes).nullable().default_null(), field("errorCode", Int16)],
};

/// The API.
pub static ENVELOPE: Api = Api {
    key: 58,
    name: "Envelope",
    versions: Versions(0, 0),
    request: &ENVELOPE_REQUEST,
    response: &ENVELOPE_RESPONSE,
};
