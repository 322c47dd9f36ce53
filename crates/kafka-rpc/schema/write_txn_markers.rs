//! `WriteTxnMarkers`, key 27.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER_TOPIC: Struct = Struct {
    name: "WritableTxnMarkerTopic",
    highest: 2,
    fields: &[field("name", String), field("partitionIndexes", Array(&Int32))],
};

static WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER: Struct = Struct {
    name: "WritableTxnMarker",
    highest: 2,
    fields: &[
        field("producerId", Int64),
        field("producerEpoch", Int16),
        field("transactionResult", Bool),
        field("topics", Array(&Struct(&WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER_TOPIC))),
        field("coordinatorEpoch", Int32),
        field("transactionVersion", Int8).since(2).ignorable(),
    ],
};

/// `WriteTxnMarkersRequest.json`.
pub static WRITE_TXN_MARKERS_REQUEST: Message = Message {
    name: "WriteTxnMarkersRequest",
    api_key: 27,
    added_in: V4_3,
    versions: Versions(1, 2),
    flexible: 1,
    fields: &[field("markers", Array(&Struct(&WRITE_TXN_MARKERS_REQUEST_WRITABLE_TXN_MARKER)))],
};

static WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_PARTITION_RESULT: Struct = Struct {
    name: "WritableTxnMarkerPartitionResult",
    highest: 2,
    fields: &[field("partitionIndex", Int32), field("errorCode", Int16)],
};

static WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_TOPIC_RESULT: Struct = Struct {
    name: "WritableTxnMarkerTopicResult",
    highest: 2,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_PARTITION_RESULT))),
    ],
};

static WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_RESULT: Struct = Struct {
    name: "WritableTxnMarkerResult",
    highest: 2,
    fields: &[
        field("producerId", Int64),
        field("topics", Array(&Struct(&WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_TOPIC_RESULT))),
    ],
};

/// `WriteTxnMarkersResponse.json`.
pub static WRITE_TXN_MARKERS_RESPONSE: Message = Message {
    name: "WriteTxnMarkersResponse",
    api_key: 27,
    added_in: V4_3,
    versions: Versions(1, 2),
    flexible: 1,
    fields: &[field("markers", Array(&Struct(&WRITE_TXN_MARKERS_RESPONSE_WRITABLE_TXN_MARKER_RESULT)))],
};

/// The API.
pub static WRITE_TXN_MARKERS: Api = Api {
    key: 27,
    name: "WriteTxnMarkers",
    versions: Versions(1, 2),
    request: &WRITE_TXN_MARKERS_REQUEST,
    response: &WRITE_TXN_MARKERS_RESPONSE,
};
