//! `AlterReplicaLogDirs`, key 34.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR_TOPIC: Struct = Struct {
    name: "AlterReplicaLogDirTopic",
    highest: 2,
    fields: &[field("name", String), field("partitions", Array(&Int32))],
};

static ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR: Struct = Struct {
    name: "AlterReplicaLogDir",
    highest: 2,
    fields: &[
        field("path", String),
        field("topics", Array(&Struct(&ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR_TOPIC))),
    ],
};

/// `AlterReplicaLogDirsRequest.json`.
pub static ALTER_REPLICA_LOG_DIRS_REQUEST: Message = Message {
    name: "AlterReplicaLogDirsRequest",
    api_key: 34,
    added_in: V4_3,
    versions: Versions(1, 2),
    flexible: 2,
    fields: &[field("dirs", Array(&Struct(&ALTER_REPLICA_LOG_DIRS_REQUEST_ALTER_REPLICA_LOG_DIR)))],
};

static ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_PARTITION_RESULT: Struct = Struct {
    name: "AlterReplicaLogDirPartitionResult",
    highest: 2,
    fields: &[field("partitionIndex", Int32), field("errorCode", Int16)],
};

static ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_TOPIC_RESULT: Struct = Struct {
    name: "AlterReplicaLogDirTopicResult",
    highest: 2,
    fields: &[
        field("topicName", String),
        field("partitions", Array(&Struct(&ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_PARTITION_RESULT))),
    ],
};

/// `AlterReplicaLogDirsResponse.json`.
pub static ALTER_REPLICA_LOG_DIRS_RESPONSE: Message = Message {
    name: "AlterReplicaLogDirsResponse",
    api_key: 34,
    added_in: V4_3,
    versions: Versions(1, 2),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("results", Array(&Struct(&ALTER_REPLICA_LOG_DIRS_RESPONSE_ALTER_REPLICA_LOG_DIR_TOPIC_RESULT))),
    ],
};

/// The API.
pub static ALTER_REPLICA_LOG_DIRS: Api = Api {
    key: 34,
    name: "AlterReplicaLogDirs",
    versions: Versions(1, 2),
    request: &ALTER_REPLICA_LOG_DIRS_REQUEST,
    response: &ALTER_REPLICA_LOG_DIRS_RESPONSE,
};
