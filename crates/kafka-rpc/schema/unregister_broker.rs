//! `UnregisterBroker`, key 64.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `UnregisterBrokerRequest.json`.
pub static UNREGISTER_BROKER_REQUEST: Message = Message {
    name: "UnregisterBrokerRequest",
    api_key: 64,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("brokerId", Int32)],
};

/// `UnregisterBrokerResponse.json`.
pub static UNREGISTER_BROKER_RESPONSE: Message = Message {
    name: "UnregisterBrokerResponse",
    api_key: 64,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("throttleTimeMs", Int32), field("errorCode", Int16), field("errorMessage", String).nullable()],
};

/// The API.
pub static UNREGISTER_BROKER: Api = Api {
    key: 64,
    name: "UnregisterBroker",
    versions: Versions(0, 0),
    request: &UNREGISTER_BROKER_REQUEST,
    response: &UNREGISTER_BROKER_RESPONSE,
};
