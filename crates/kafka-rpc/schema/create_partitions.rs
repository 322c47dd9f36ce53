//! `CreatePartitions`, key 37.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_ASSIGNMENT: Struct =
    Struct { name: "CreatePartitionsAssignment", highest: 3, fields: &[field("brokerIds", Array(&Int32))] };

static CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_TOPIC: Struct = Struct {
    name: "CreatePartitionsTopic",
    highest: 3,
    fields: &[
        field("name", String),
        field("count", Int32),
        field("assignments", Array(&Struct(&CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_ASSIGNMENT))).nullable(),
    ],
};

/// `CreatePartitionsRequest.json`.
pub static CREATE_PARTITIONS_REQUEST: Message = Message {
    name: "CreatePartitionsRequest",
    api_key: 37,
    added_in: V4_3,
    versions: Versions(0, 3),
    flexible: 2,
    fields: &[
        field("topics", Array(&Struct(&CREATE_PARTITIONS_REQUEST_CREATE_PARTITIONS_TOPIC))),
        field("timeoutMs", Int32),
        field("validateOnly", Bool),
    ],
};

static CREATE_PARTITIONS_RESPONSE_CREATE_PARTITIONS_TOPIC_RESULT: Struct = Struct {
    name: "CreatePartitionsTopicResult",
    highest: 3,
    fields: &[
        field("name", String),
        field("errorCode", Int16),
        field("errorMessage", String).nullable().default_null(),
    ],
};

/// `CreatePartitionsResponse.json`.
pub static CREATE_PARTITIONS_RESPONSE: Message = Message {
    name: "CreatePartitionsResponse",
    api_key: 37,
    added_in: V4_3,
    versions: Versions(0, 3),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("results", Array(&Struct(&CREATE_PARTITIONS_RESPONSE_CREATE_PARTITIONS_TOPIC_RESULT))),
    ],
};

/// The API.
pub static CREATE_PARTITIONS: Api = Api {
    key: 37,
    name: "CreatePartitions",
    versions: Versions(0, 3),
    request: &CREATE_PARTITIONS_REQUEST,
    response: &CREATE_PARTITIONS_RESPONSE,
};
