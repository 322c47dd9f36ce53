//! `Metadata`, key 3.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static METADATA_REQUEST_METADATA_REQUEST_TOPIC: Struct = Struct {
    name: "MetadataRequestTopic",
    highest: 13,
    fields: &[field("topicId", Uuid).since(10).ignorable(), field("name", String).nullable_since(10)],
};

/// `MetadataRequest.json`.
pub static METADATA_REQUEST: Message = Message {
    name: "MetadataRequest",
    api_key: 3,
    added_in: V4_3,
    versions: Versions(0, 13),
    flexible: 9,
    fields: &[
        field("topics", Array(&Struct(&METADATA_REQUEST_METADATA_REQUEST_TOPIC))).nullable_since(1),
        field("allowAutoTopicCreation", Bool).since(4).default(1),
        field("includeClusterAuthorizedOperations", Bool).versions(8, 10),
        field("includeTopicAuthorizedOperations", Bool).since(8),
    ],
};

static METADATA_RESPONSE_METADATA_RESPONSE_BROKER: Struct = Struct {
    name: "MetadataResponseBroker",
    highest: 13,
    fields: &[
        field("nodeId", Int32),
        field("host", String),
        field("port", Int32),
        field("rack", String).since(1).nullable().default_null().ignorable(),
    ],
};

static METADATA_RESPONSE_METADATA_RESPONSE_PARTITION: Struct = Struct {
    name: "MetadataResponsePartition",
    highest: 13,
    fields: &[
        field("errorCode", Int16),
        field("partitionIndex", Int32),
        field("leaderId", Int32),
        field("leaderEpoch", Int32).since(7).default(-1).ignorable(),
        field("replicaNodes", Array(&Int32)),
        field("isrNodes", Array(&Int32)),
        field("offlineReplicas", Array(&Int32)).since(5).ignorable(),
    ],
};

static METADATA_RESPONSE_METADATA_RESPONSE_TOPIC: Struct = Struct {
    name: "MetadataResponseTopic",
    highest: 13,
    fields: &[
        field("errorCode", Int16),
        field("name", String).nullable_since(12),
        field("topicId", Uuid).since(10).ignorable(),
        field("isInternal", Bool).since(1).ignorable(),
        field("partitions", Array(&Struct(&METADATA_RESPONSE_METADATA_RESPONSE_PARTITION))),
        field("topicAuthorizedOperations", Int32).since(8).default(-2147483648),
    ],
};

/// `MetadataResponse.json`.
pub static METADATA_RESPONSE: Message = Message {
    name: "MetadataResponse",
    api_key: 3,
    added_in: V4_3,
    versions: Versions(0, 13),
    flexible: 9,
    fields: &[
        field("throttleTimeMs", Int32).since(3).ignorable(),
        field("brokers", Array(&Struct(&METADATA_RESPONSE_METADATA_RESPONSE_BROKER))),
        field("clusterId", String).since(2).nullable().default_null().ignorable(),
        field("controllerId", Int32).since(1).default(-1).ignorable(),
        field("topics", Array(&Struct(&METADATA_RESPONSE_METADATA_RESPONSE_TOPIC))),
        field("clusterAuthorizedOperations", Int32).versions(8, 10).default(-2147483648),
        field("errorCode", Int16).since(13).ignorable(),
    ],
};

/// The API.
pub static METADATA: Api = Api {
    key: 3,
    name: "Metadata",
    versions: Versions(0, 13),
    request: &METADATA_REQUEST,
    response: &METADATA_RESPONSE,
};
