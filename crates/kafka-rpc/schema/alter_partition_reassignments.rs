//! `AlterPartitionReassignments`, key 45.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_PARTITION: Struct = Struct {
    name: "ReassignablePartition",
    highest: 1,
    fields: &[field("partitionIndex", Int32), field("replicas", Array(&Int32)).nullable().default_null()],
};

static ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_TOPIC: Struct = Struct {
    name: "ReassignableTopic",
    highest: 1,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_PARTITION))),
    ],
};

/// `AlterPartitionReassignmentsRequest.json`.
pub static ALTER_PARTITION_REASSIGNMENTS_REQUEST: Message = Message {
    name: "AlterPartitionReassignmentsRequest",
    api_key: 45,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("timeoutMs", Int32).default(60000),
        field("allowReplicationFactorChange", Bool).since(1).default(1),
        field("topics", Array(&Struct(&ALTER_PARTITION_REASSIGNMENTS_REQUEST_REASSIGNABLE_TOPIC))),
    ],
};

static ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_PARTITION_RESPONSE: Struct = Struct {
    name: "ReassignablePartitionResponse",
    highest: 1,
    fields: &[field("partitionIndex", Int32), field("errorCode", Int16), field("errorMessage", String).nullable()],
};

static ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_TOPIC_RESPONSE: Struct = Struct {
    name: "ReassignableTopicResponse",
    highest: 1,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_PARTITION_RESPONSE))),
    ],
};

/// `AlterPartitionReassignmentsResponse.json`.
pub static ALTER_PARTITION_REASSIGNMENTS_RESPONSE: Message = Message {
    name: "AlterPartitionReassignmentsResponse",
    api_key: 45,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("allowReplicationFactorChange", Bool).since(1).default(1).ignorable(),
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("responses", Array(&Struct(&ALTER_PARTITION_REASSIGNMENTS_RESPONSE_REASSIGNABLE_TOPIC_RESPONSE))),
    ],
};

/// The API.
pub static ALTER_PARTITION_REASSIGNMENTS: Api = Api {
    key: 45,
    name: "AlterPartitionReassignments",
    versions: Versions(0, 1),
    request: &ALTER_PARTITION_REASSIGNMENTS_REQUEST,
    response: &ALTER_PARTITION_REASSIGNMENTS_RESPONSE,
};
