//! `DescribeQuorum`, key 55.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DESCRIBE_QUORUM_REQUEST_PARTITION_DATA: Struct =
    Struct { name: "PartitionData", highest: 2, fields: &[field("partitionIndex", Int32)] };

static DESCRIBE_QUORUM_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    highest: 2,
    fields: &[field("topicName", String), field("partitions", Array(&Struct(&DESCRIBE_QUORUM_REQUEST_PARTITION_DATA)))],
};

/// `DescribeQuorumRequest.json`.
pub static DESCRIBE_QUORUM_REQUEST: Message = Message {
    name: "DescribeQuorumRequest",
    api_key: 55,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[field("topics", Array(&Struct(&DESCRIBE_QUORUM_REQUEST_TOPIC_DATA)))],
};

static DESCRIBE_QUORUM_RESPONSE_REPLICA_STATE: Struct = Struct {
    name: "ReplicaState",
    highest: MAX,
    fields: &[
        field("replicaId", Int32),
        field("replicaDirectoryId", Uuid).since(2),
        field("logEndOffset", Int64),
        field("lastFetchTimestamp", Int64).since(1).default(-1).ignorable(),
        field("lastCaughtUpTimestamp", Int64).since(1).default(-1).ignorable(),
    ],
};

static DESCRIBE_QUORUM_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    highest: 2,
    fields: &[
        field("partitionIndex", Int32),
        field("errorCode", Int16),
        field("errorMessage", String).since(2).nullable().ignorable(),
        field("leaderId", Int32),
        field("leaderEpoch", Int32),
        field("highWatermark", Int64),
        field("currentVoters", Array(&Struct(&DESCRIBE_QUORUM_RESPONSE_REPLICA_STATE))),
        field("observers", Array(&Struct(&DESCRIBE_QUORUM_RESPONSE_REPLICA_STATE))),
    ],
};

static DESCRIBE_QUORUM_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    highest: 2,
    fields: &[
        field("topicName", String),
        field("partitions", Array(&Struct(&DESCRIBE_QUORUM_RESPONSE_PARTITION_DATA))),
    ],
};

static DESCRIBE_QUORUM_RESPONSE_LISTENER: Struct = Struct {
    name: "Listener",
    highest: 2,
    fields: &[field("name", String).since(2), field("host", String).since(2), field("port", Uint16).since(2)],
};

static DESCRIBE_QUORUM_RESPONSE_NODE: Struct = Struct {
    name: "Node",
    highest: 2,
    fields: &[
        field("nodeId", Int32).since(2),
        field("listeners", Array(&Struct(&DESCRIBE_QUORUM_RESPONSE_LISTENER))).since(2),
    ],
};

/// `DescribeQuorumResponse.json`.
pub static DESCRIBE_QUORUM_RESPONSE: Message = Message {
    name: "DescribeQuorumResponse",
    api_key: 55,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("errorCode", Int16),
        field("errorMessage", String).since(2).nullable().ignorable(),
        field("topics", Array(&Struct(&DESCRIBE_QUORUM_RESPONSE_TOPIC_DATA))),
        field("nodes", Array(&Struct(&DESCRIBE_QUORUM_RESPONSE_NODE))).since(2),
    ],
};

/// The API.
pub static DESCRIBE_QUORUM: Api = Api {
    key: 55,
    name: "DescribeQuorum",
    versions: Versions(0, 2),
    request: &DESCRIBE_QUORUM_REQUEST,
    response: &DESCRIBE_QUORUM_RESPONSE,
};
