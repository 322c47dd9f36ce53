//! `AllocateProducerIds`, key 67.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `AllocateProducerIdsRequest.json`.
pub static ALLOCATE_PRODUCER_IDS_REQUEST: Message = Message {
    name: "AllocateProducerIdsRequest",
    api_key: 67,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("brokerId", Int32), field("brokerEpoch", Int64).default(-1)],
};

/// `AllocateProducerIdsResponse.json`.
pub static ALLOCATE_PRODUCER_IDS_RESPONSE: Message = Message {
    name: "AllocateProducerIdsResponse",
    api_key: 67,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("producerIdStart", Int64),
        field("producerIdLen", Int32),
    ],
};

/// The API.
pub static ALLOCATE_PRODUCER_IDS: Api = Api {
    key: 67,
    name: "AllocateProducerIds",
    versions: Versions(0, 0),
    request: &ALLOCATE_PRODUCER_IDS_REQUEST,
    response: &ALLOCATE_PRODUCER_IDS_RESPONSE,
};
