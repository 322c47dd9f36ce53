//! `DescribeProducers`, key 61.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DESCRIBE_PRODUCERS_REQUEST_TOPIC_REQUEST: Struct = Struct {
    name: "TopicRequest",
    highest: 0,
    fields: &[field("name", String), field("partitionIndexes", Array(&Int32))],
};

/// `DescribeProducersRequest.json`.
pub static DESCRIBE_PRODUCERS_REQUEST: Message = Message {
    name: "DescribeProducersRequest",
    api_key: 61,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("topics", Array(&Struct(&DESCRIBE_PRODUCERS_REQUEST_TOPIC_REQUEST)))],
};

static DESCRIBE_PRODUCERS_RESPONSE_PRODUCER_STATE: Struct = Struct {
    name: "ProducerState",
    highest: 0,
    fields: &[
        field("producerId", Int64),
        field("producerEpoch", Int32),
        field("lastSequence", Int32).default(-1),
        field("lastTimestamp", Int64).default(-1),
        field("coordinatorEpoch", Int32),
        field("currentTxnStartOffset", Int64).default(-1),
    ],
};

static DESCRIBE_PRODUCERS_RESPONSE_PARTITION_RESPONSE: Struct = Struct {
    name: "PartitionResponse",
    highest: 0,
    fields: &[
        field("partitionIndex", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable().default_null(),
        field("activeProducers", Array(&Struct(&DESCRIBE_PRODUCERS_RESPONSE_PRODUCER_STATE))),
    ],
};

static DESCRIBE_PRODUCERS_RESPONSE_TOPIC_RESPONSE: Struct = Struct {
    name: "TopicResponse",
    highest: 0,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&DESCRIBE_PRODUCERS_RESPONSE_PARTITION_RESPONSE))),
    ],
};

/// `DescribeProducersResponse.json`.
pub static DESCRIBE_PRODUCERS_RESPONSE: Message = Message {
    name: "DescribeProducersResponse",
    api_key: 61,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("topics", Array(&Struct(&DESCRIBE_PRODUCERS_RESPONSE_TOPIC_RESPONSE))),
    ],
};

/// The API.
pub static DESCRIBE_PRODUCERS: Api = Api {
    key: 61,
    name: "DescribeProducers",
    versions: Versions(0, 0),
    request: &DESCRIBE_PRODUCERS_REQUEST,
    response: &DESCRIBE_PRODUCERS_RESPONSE,
};
