//! `Fetch`, key 1.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static FETCH_REQUEST_REPLICA_STATE: Struct = Struct {
    name: "ReplicaState",
    highest: 18,
    fields: &[field("replicaId", Int32).since(15).default(-1), field("replicaEpoch", Int64).since(15).default(-1)],
};

static FETCH_REQUEST_FETCH_PARTITION: Struct = Struct {
    name: "FetchPartition",
    highest: 18,
    fields: &[
        field("partition", Int32),
        field("currentLeaderEpoch", Int32).since(9).default(-1).ignorable(),
        field("fetchOffset", Int64),
        field("lastFetchedEpoch", Int32).since(12).default(-1),
        field("logStartOffset", Int64).since(5).default(-1).ignorable(),
        field("partitionMaxBytes", Int32),
        field("replicaDirectoryId", Uuid).since(17).tag(0).ignorable(),
        field("highWatermark", Int64).since(18).tag(1).default(9223372036854775807).ignorable(),
    ],
};

static FETCH_REQUEST_FETCH_TOPIC: Struct = Struct {
    name: "FetchTopic",
    highest: 18,
    fields: &[
        field("topic", String).versions(0, 12).ignorable(),
        field("topicId", Uuid).since(13).ignorable(),
        field("partitions", Array(&Struct(&FETCH_REQUEST_FETCH_PARTITION))),
    ],
};

static FETCH_REQUEST_FORGOTTEN_TOPIC: Struct = Struct {
    name: "ForgottenTopic",
    highest: 18,
    fields: &[
        field("topic", String).versions(7, 12).ignorable(),
        field("topicId", Uuid).since(13).ignorable(),
        field("partitions", Array(&Int32)).since(7),
    ],
};

/// `FetchRequest.json`.
pub static FETCH_REQUEST: Message = Message {
    name: "FetchRequest",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(4, 18),
    flexible: 12,
    fields: &[
        field("clusterId", String).since(12).nullable().tag(0).default_null().ignorable(),
        field("replicaId", Int32).versions(0, 14).default(-1),
        field("replicaState", Struct(&FETCH_REQUEST_REPLICA_STATE)).since(15).tag(1),
        field("maxWaitMs", Int32),
        field("minBytes", Int32),
        field("maxBytes", Int32).default(2147483647).ignorable(),
        field("isolationLevel", Int8).ignorable(),
        field("sessionId", Int32).since(7).ignorable(),
        field("sessionEpoch", Int32).since(7).default(-1).ignorable(),
        field("topics", Array(&Struct(&FETCH_REQUEST_FETCH_TOPIC))),
        field("forgottenTopicsData", Array(&Struct(&FETCH_REQUEST_FORGOTTEN_TOPIC))).since(7),
        field("rackId", String).since(11).ignorable(),
    ],
};

static FETCH_RESPONSE_EPOCH_END_OFFSET: Struct = Struct {
    name: "EpochEndOffset",
    highest: 18,
    fields: &[field("epoch", Int32).since(12).default(-1), field("endOffset", Int64).since(12).default(-1)],
};

static FETCH_RESPONSE_LEADER_ID_AND_EPOCH: Struct = Struct {
    name: "LeaderIdAndEpoch",
    highest: 18,
    fields: &[field("leaderId", Int32).since(12).default(-1), field("leaderEpoch", Int32).since(12).default(-1)],
};

static FETCH_RESPONSE_SNAPSHOT_ID: Struct = Struct {
    name: "SnapshotId",
    highest: 18,
    fields: &[field("endOffset", Int64).default(-1), field("epoch", Int32).default(-1)],
};

static FETCH_RESPONSE_ABORTED_TRANSACTION: Struct = Struct {
    name: "AbortedTransaction",
    highest: 18,
    fields: &[field("producerId", Int64), field("firstOffset", Int64)],
};

static FETCH_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    highest: 18,
    fields: &[
        field("partitionIndex", Int32),
        field("errorCode", Int16),
        field("highWatermark", Int64),
        field("lastStableOffset", Int64).default(-1).ignorable(),
        field("logStartOffset", Int64).since(5).default(-1).ignorable(),
        field("divergingEpoch", Struct(&FETCH_RESPONSE_EPOCH_END_OFFSET)).since(12).tag(0),
        field("currentLeader", Struct(&FETCH_RESPONSE_LEADER_ID_AND_EPOCH)).since(12).tag(1),
        field("snapshotId", Struct(&FETCH_RESPONSE_SNAPSHOT_ID)).since(12).tag(2),
        field("abortedTransactions", Array(&Struct(&FETCH_RESPONSE_ABORTED_TRANSACTION))).nullable().ignorable(),
        field("preferredReadReplica", Int32).since(11).default(-1),
        field("records", Records).nullable(),
    ],
};

static FETCH_RESPONSE_FETCHABLE_TOPIC_RESPONSE: Struct = Struct {
    name: "FetchableTopicResponse",
    highest: 18,
    fields: &[
        field("topic", String).versions(0, 12).ignorable(),
        field("topicId", Uuid).since(13).ignorable(),
        field("partitions", Array(&Struct(&FETCH_RESPONSE_PARTITION_DATA))),
    ],
};

static FETCH_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    highest: 18,
    fields: &[
        field("nodeId", Int32).since(16),
        field("host", String).since(16),
        field("port", Int32).since(16),
        field("rack", String).since(16).nullable().default_null(),
    ],
};

/// `FetchResponse.json`.
pub static FETCH_RESPONSE: Message = Message {
    name: "FetchResponse",
    api_key: 1,
    added_in: V4_3,
    versions: Versions(4, 18),
    flexible: 12,
    fields: &[
        field("throttleTimeMs", Int32).ignorable(),
        field("errorCode", Int16).since(7).ignorable(),
        field("sessionId", Int32).since(7),
        field("responses", Array(&Struct(&FETCH_RESPONSE_FETCHABLE_TOPIC_RESPONSE))),
        field("nodeEndpoints", Array(&Struct(&FETCH_RESPONSE_NODE_ENDPOINT))).since(16).tag(0),
    ],
};

/// The API.
pub static FETCH: Api =
    Api { key: 1, name: "Fetch", versions: Versions(4, 18), request: &FETCH_REQUEST, response: &FETCH_RESPONSE };
