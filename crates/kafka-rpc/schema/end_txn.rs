//! `EndTxn`, key 26.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `EndTxnRequest.json`.
pub static END_TXN_REQUEST: Message = Message {
    name: "EndTxnRequest",
    api_key: 26,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[
        field("transactionalId", String),
        field("producerId", Int64),
        field("producerEpoch", Int16),
        field("committed", Bool),
    ],
};

/// `EndTxnResponse.json`.
pub static END_TXN_RESPONSE: Message = Message {
    name: "EndTxnResponse",
    api_key: 26,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("producerId", Int64).since(5).default(-1).ignorable(),
        field("producerEpoch", Int16).since(5).default(-1).ignorable(),
    ],
};

/// The API.
pub static END_TXN: Api =
    Api { key: 26, name: "EndTxn", versions: Versions(0, 5), request: &END_TXN_REQUEST, response: &END_TXN_RESPONSE };
