//! `AddOffsetsToTxn`, key 25.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `AddOffsetsToTxnRequest.json`.
pub static ADD_OFFSETS_TO_TXN_REQUEST: Message = Message {
    name: "AddOffsetsToTxnRequest",
    api_key: 25,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 3,
    fields: &[
        field("transactionalId", String),
        field("producerId", Int64),
        field("producerEpoch", Int16),
        field("groupId", String),
    ],
};

/// `AddOffsetsToTxnResponse.json`.
pub static ADD_OFFSETS_TO_TXN_RESPONSE: Message = Message {
    name: "AddOffsetsToTxnResponse",
    api_key: 25,
    added_in: V4_3,
    versions: Versions(0, 4),
    flexible: 3,
    fields: &[field("throttleTimeMs", Int32), field("errorCode", Int16)],
};

/// The API.
pub static ADD_OFFSETS_TO_TXN: Api = Api {
    key: 25,
    name: "AddOffsetsToTxn",
    versions: Versions(0, 4),
    request: &ADD_OFFSETS_TO_TXN_REQUEST,
    response: &ADD_OFFSETS_TO_TXN_RESPONSE,
};
