//! `ElectLeaders`, key 43.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ELECT_LEADERS_REQUEST_TOPIC_PARTITIONS: Struct = Struct {
    name: "TopicPartitions",
    highest: 2,
    fields: &[field("topic", String), field("partitions", Array(&Int32))],
};

/// `ElectLeadersRequest.json`.
pub static ELECT_LEADERS_REQUEST: Message = Message {
    name: "ElectLeadersRequest",
    api_key: 43,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[
        field("electionType", Int8).since(1),
        field("topicPartitions", Array(&Struct(&ELECT_LEADERS_REQUEST_TOPIC_PARTITIONS))).nullable(),
        field("timeoutMs", Int32).default(60000),
    ],
};

static ELECT_LEADERS_RESPONSE_PARTITION_RESULT: Struct = Struct {
    name: "PartitionResult",
    highest: 2,
    fields: &[field("partitionId", Int32), field("errorCode", Int16), field("errorMessage", String).nullable()],
};

static ELECT_LEADERS_RESPONSE_REPLICA_ELECTION_RESULT: Struct = Struct {
    name: "ReplicaElectionResult",
    highest: 2,
    fields: &[
        field("topic", String),
        field("partitionResult", Array(&Struct(&ELECT_LEADERS_RESPONSE_PARTITION_RESULT))),
    ],
};

/// `ElectLeadersResponse.json`.
pub static ELECT_LEADERS_RESPONSE: Message = Message {
    name: "ElectLeadersResponse",
    api_key: 43,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16).since(1),
        field("replicaElectionResults", Array(&Struct(&ELECT_LEADERS_RESPONSE_REPLICA_ELECTION_RESULT))),
    ],
};

/// The API.
pub static ELECT_LEADERS: Api = Api {
    key: 43,
    name: "ElectLeaders",
    versions: Versions(0, 2),
    request: &ELECT_LEADERS_REQUEST,
    response: &ELECT_LEADERS_RESPONSE,
};
