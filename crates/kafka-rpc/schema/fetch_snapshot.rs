//! `FetchSnapshot`, key 59.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static FETCH_SNAPSHOT_REQUEST_SNAPSHOT_ID: Struct =
    Struct { name: "SnapshotId", highest: 1, fields: &[field("endOffset", Int64), field("epoch", Int32)] };

static FETCH_SNAPSHOT_REQUEST_PARTITION_SNAPSHOT: Struct = Struct {
    name: "PartitionSnapshot",
    highest: 1,
    fields: &[
        field("partition", Int32),
        field("currentLeaderEpoch", Int32),
        field("snapshotId", Struct(&FETCH_SNAPSHOT_REQUEST_SNAPSHOT_ID)),
        field("position", Int64),
        field("replicaDirectoryId", Uuid).since(1).tag(0).ignorable(),
    ],
};

static FETCH_SNAPSHOT_REQUEST_TOPIC_SNAPSHOT: Struct = Struct {
    name: "TopicSnapshot",
    highest: 1,
    fields: &[field("name", String), field("partitions", Array(&Struct(&FETCH_SNAPSHOT_REQUEST_PARTITION_SNAPSHOT)))],
};

/// `FetchSnapshotRequest.json`.
pub static FETCH_SNAPSHOT_REQUEST: Message = Message {
    name: "FetchSnapshotRequest",
    api_key: 59,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("clusterId", String).nullable().tag(0).default_null(),
        field("replicaId", Int32).default(-1),
        field("maxBytes", Int32).default(2147483647),
        field("topics", Array(&Struct(&FETCH_SNAPSHOT_REQUEST_TOPIC_SNAPSHOT))),
    ],
};

static FETCH_SNAPSHOT_RESPONSE_SNAPSHOT_ID: Struct =
    Struct { name: "SnapshotId", highest: 1, fields: &[field("endOffset", Int64), field("epoch", Int32)] };

static FETCH_SNAPSHOT_RESPONSE_LEADER_ID_AND_EPOCH: Struct =
    Struct { name: "LeaderIdAndEpoch", highest: 1, fields: &[field("leaderId", Int32), field("leaderEpoch", Int32)] };

static FETCH_SNAPSHOT_RESPONSE_PARTITION_SNAPSHOT: Struct = Struct {
    name: "PartitionSnapshot",
    highest: 1,
    fields: &[
        field("index", Int32),
        field("errorCode", Int16),
        field("snapshotId", Struct(&FETCH_SNAPSHOT_RESPONSE_SNAPSHOT_ID)),
        field("currentLeader", Struct(&FETCH_SNAPSHOT_RESPONSE_LEADER_ID_AND_EPOCH)).tag(0),
        field("size", Int64),
        field("position", Int64),
        field("unalignedRecords", Records),
    ],
};

static FETCH_SNAPSHOT_RESPONSE_TOPIC_SNAPSHOT: Struct = Struct {
    name: "TopicSnapshot",
    highest: 1,
    fields: &[field("name", String), field("partitions", Array(&Struct(&FETCH_SNAPSHOT_RESPONSE_PARTITION_SNAPSHOT)))],
};

static FETCH_SNAPSHOT_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    highest: 1,
    fields: &[field("nodeId", Int32).since(1), field("host", String).since(1), field("port", Uint16).since(1)],
};

/// `FetchSnapshotResponse.json`.
pub static FETCH_SNAPSHOT_RESPONSE: Message = Message {
    name: "FetchSnapshotResponse",
    api_key: 59,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32).ignorable(),
        field("errorCode", Int16),
        field("topics", Array(&Struct(&FETCH_SNAPSHOT_RESPONSE_TOPIC_SNAPSHOT))),
        field("nodeEndpoints", Array(&Struct(&FETCH_SNAPSHOT_RESPONSE_NODE_ENDPOINT))).since(1).tag(0),
    ],
};

/// The API.
pub static FETCH_SNAPSHOT: Api = Api {
    key: 59,
    name: "FetchSnapshot",
    versions: Versions(0, 1),
    request: &FETCH_SNAPSHOT_REQUEST,
    response: &FETCH_SNAPSHOT_RESPONSE,
};
