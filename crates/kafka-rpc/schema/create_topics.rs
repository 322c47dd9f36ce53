//! `CreateTopics`, key 19.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static CREATE_TOPICS_REQUEST_CREATABLE_REPLICA_ASSIGNMENT: Struct = Struct {
    name: "CreatableReplicaAssignment",
    highest: 7,
    fields: &[field("partitionIndex", Int32), field("brokerIds", Array(&Int32))],
};

static CREATE_TOPICS_REQUEST_CREATABLE_TOPIC_CONFIG: Struct = Struct {
    name: "CreatableTopicConfig",
    highest: 7,
    fields: &[field("name", String), field("value", String).nullable()],
};

static CREATE_TOPICS_REQUEST_CREATABLE_TOPIC: Struct = Struct {
    name: "CreatableTopic",
    highest: 7,
    fields: &[
        field("name", String),
        field("numPartitions", Int32),
        field("replicationFactor", Int16),
        field("assignments", Array(&Struct(&CREATE_TOPICS_REQUEST_CREATABLE_REPLICA_ASSIGNMENT))),
        field("configs", Array(&Struct(&CREATE_TOPICS_REQUEST_CREATABLE_TOPIC_CONFIG))),
    ],
};

/// `CreateTopicsRequest.json`.
pub static CREATE_TOPICS_REQUEST: Message = Message {
    name: "CreateTopicsRequest",
    api_key: 19,
    added_in: V4_3,
    versions: Versions(2, 7),
    flexible: 5,
    fields: &[
        field("topics", Array(&Struct(&CREATE_TOPICS_REQUEST_CREATABLE_TOPIC))),
        field("timeoutMs", Int32).default(60000),
        field("validateOnly", Bool),
    ],
};

static CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_CONFIGS: Struct = Struct {
    name: "CreatableTopicConfigs",
    highest: 7,
    fields: &[
        field("name", String).since(5),
        field("value", String).since(5).nullable(),
        field("readOnly", Bool).since(5),
        field("configSource", Int8).since(5).default(-1).ignorable(),
        field("isSensitive", Bool).since(5),
    ],
};

static CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_RESULT: Struct = Struct {
    name: "CreatableTopicResult",
    highest: 7,
    fields: &[
        field("name", String),
        field("topicId", Uuid).since(7).ignorable(),
        field("errorCode", Int16),
        field("errorMessage", String).nullable().ignorable(),
        field("topicConfigErrorCode", Int16).since(5).tag(0).ignorable(),
        field("numPartitions", Int32).since(5).default(-1).ignorable(),
        field("replicationFactor", Int16).since(5).default(-1).ignorable(),
        field("configs", Array(&Struct(&CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_CONFIGS)))
            .since(5)
            .nullable()
            .ignorable(),
    ],
};

/// `CreateTopicsResponse.json`.
pub static CREATE_TOPICS_RESPONSE: Message = Message {
    name: "CreateTopicsResponse",
    api_key: 19,
    added_in: V4_3,
    versions: Versions(2, 7),
    flexible: 5,
    fields: &[
        field("throttleTimeMs", Int32).ignorable(),
        field("topics", Array(&Struct(&CREATE_TOPICS_RESPONSE_CREATABLE_TOPIC_RESULT))),
    ],
};

/// The API.
pub static CREATE_TOPICS: Api = Api {
    key: 19,
    name: "CreateTopics",
    versions: Versions(2, 7),
    request: &CREATE_TOPICS_REQUEST,
    response: &CREATE_TOPICS_RESPONSE,
};
