//! `InitProducerId`, key 22.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `InitProducerIdRequest.json`.
pub static INIT_PRODUCER_ID_REQUEST: Message = Message {
    name: "InitProducerIdRequest",
    api_key: 22,
    added_in: V4_3,
    versions: Versions(0, 6),
    flexible: 2,
    fields: &[
        field("transactionalId", String).nullable(),
        field("transactionTimeoutMs", Int32),
        field("producerId", Int64).since(3).default(-1),
        field("producerEpoch", Int16).since(3).default(-1),
        field("enable2Pc", Bool).since(6),
        field("keepPreparedTxn", Bool).since(6),
    ],
};

/// `InitProducerIdResponse.json`.
pub static INIT_PRODUCER_ID_RESPONSE: Message = Message {
    name: "InitProducerIdResponse",
    api_key: 22,
    added_in: V4_3,
    versions: Versions(0, 6),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32).ignorable(),
        field("errorCode", Int16),
        field("producerId", Int64).default(-1),
        field("producerEpoch", Int16),
        field("ongoingTxnProducerId", Int64).since(6).default(-1),
        field("ongoingTxnProducerEpoch", Int16).since(6).default(-1),
    ],
};

/// The API.
pub static INIT_PRODUCER_ID: Api = Api {
    key: 22,
    name: "InitProducerId",
    versions: Versions(0, 5),
    request: &INIT_PRODUCER_ID_REQUEST,
    response: &INIT_PRODUCER_ID_RESPONSE,
};
