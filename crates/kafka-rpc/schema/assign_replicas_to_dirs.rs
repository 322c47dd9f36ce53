//! `AssignReplicasToDirs`, key 73.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ASSIGN_REPLICAS_TO_DIRS_REQUEST_PARTITION_DATA: Struct =
    Struct { name: "PartitionData", highest: 0, fields: &[field("partitionIndex", Int32)] };

static ASSIGN_REPLICAS_TO_DIRS_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    highest: 0,
    fields: &[
        field("topicId", Uuid),
        field("partitions", Array(&Struct(&ASSIGN_REPLICAS_TO_DIRS_REQUEST_PARTITION_DATA))),
    ],
};

static ASSIGN_REPLICAS_TO_DIRS_REQUEST_DIRECTORY_DATA: Struct = Struct {
    name: "DirectoryData",
    highest: 0,
    fields: &[field("id", Uuid), field("topics", Array(&Struct(&ASSIGN_REPLICAS_TO_DIRS_REQUEST_TOPIC_DATA)))],
};

/// `AssignReplicasToDirsRequest.json`.
pub static ASSIGN_REPLICAS_TO_DIRS_REQUEST: Message = Message {
    name: "AssignReplicasToDirsRequest",
    api_key: 73,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("brokerId", Int32),
        field("brokerEpoch", Int64).default(-1),
        field("directories", Array(&Struct(&ASSIGN_REPLICAS_TO_DIRS_REQUEST_DIRECTORY_DATA))),
    ],
};

static ASSIGN_REPLICAS_TO_DIRS_RESPONSE_PARTITION_DATA: Struct =
    Struct { name: "PartitionData", highest: 0, fields: &[field("partitionIndex", Int32), field("errorCode", Int16)] };

static ASSIGN_REPLICAS_TO_DIRS_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    highest: 0,
    fields: &[
        field("topicId", Uuid),
        field("partitions", Array(&Struct(&ASSIGN_REPLICAS_TO_DIRS_RESPONSE_PARTITION_DATA))),
    ],
};

static ASSIGN_REPLICAS_TO_DIRS_RESPONSE_DIRECTORY_DATA: Struct = Struct {
    name: "DirectoryData",
    highest: 0,
    fields: &[field("id", Uuid), field("topics", Array(&Struct(&ASSIGN_REPLICAS_TO_DIRS_RESPONSE_TOPIC_DATA)))],
};

/// `AssignReplicasToDirsResponse.json`.
pub static ASSIGN_REPLICAS_TO_DIRS_RESPONSE: Message = Message {
    name: "AssignReplicasToDirsResponse",
    api_key: 73,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("directories", Array(&Struct(&ASSIGN_REPLICAS_TO_DIRS_RESPONSE_DIRECTORY_DATA))),
    ],
};

/// The API.
pub static ASSIGN_REPLICAS_TO_DIRS: Api = Api {
    key: 73,
    name: "AssignReplicasToDirs",
    versions: Versions(0, 0),
    request: &ASSIGN_REPLICAS_TO_DIRS_REQUEST,
    response: &ASSIGN_REPLICAS_TO_DIRS_RESPONSE,
};
