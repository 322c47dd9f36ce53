//! `ListPartitionReassignments`, key 46.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static LIST_PARTITION_REASSIGNMENTS_REQUEST_LIST_PARTITION_REASSIGNMENTS_TOPICS: Struct = Struct {
    name: "ListPartitionReassignmentsTopics",
    highest: 0,
    fields: &[field("name", String), field("partitionIndexes", Array(&Int32))],
};

/// `ListPartitionReassignmentsRequest.json`.
pub static LIST_PARTITION_REASSIGNMENTS_REQUEST: Message = Message {
    name: "ListPartitionReassignmentsRequest",
    api_key: 46,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("timeoutMs", Int32).default(60000),
        field("topics", Array(&Struct(&LIST_PARTITION_REASSIGNMENTS_REQUEST_LIST_PARTITION_REASSIGNMENTS_TOPICS)))
            .nullable()
            .default_null(),
    ],
};

static LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_PARTITION_REASSIGNMENT: Struct = Struct {
    name: "OngoingPartitionReassignment",
    highest: 0,
    fields: &[
        field("partitionIndex", Int32),
        field("replicas", Array(&Int32)),
        field("addingReplicas", Array(&Int32)),
        field("removingReplicas", Array(&Int32)),
    ],
};

static LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_TOPIC_REASSIGNMENT: Struct = Struct {
    name: "OngoingTopicReassignment",
    highest: 0,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_PARTITION_REASSIGNMENT))),
    ],
};

/// `ListPartitionReassignmentsResponse.json`.
pub static LIST_PARTITION_REASSIGNMENTS_RESPONSE: Message = Message {
    name: "ListPartitionReassignmentsResponse",
    api_key: 46,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).nullable(),
        field("topics", Array(&Struct(&LIST_PARTITION_REASSIGNMENTS_RESPONSE_ONGOING_TOPIC_REASSIGNMENT))),
    ],
};

/// The API.
pub static LIST_PARTITION_REASSIGNMENTS: Api = Api {
    key: 46,
    name: "ListPartitionReassignments",
    versions: Versions(0, 0),
    request: &LIST_PARTITION_REASSIGNMENTS_REQUEST,
    response: &LIST_PARTITION_REASSIGNMENTS_RESPONSE,
};
