//! `Produce`, key 0.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static PRODUCE_REQUEST_PARTITION_PRODUCE_DATA: Struct = Struct {
    name: "PartitionProduceData",
    highest: 13,
    fields: &[field("index", Int32), field("records", Records).nullable()],
};

static PRODUCE_REQUEST_TOPIC_PRODUCE_DATA: Struct = Struct {
    name: "TopicProduceData",
    highest: 13,
    fields: &[
        field("name", String).versions(0, 12).ignorable(),
        field("topicId", Uuid).since(13).ignorable(),
        field("partitionData", Array(&Struct(&PRODUCE_REQUEST_PARTITION_PRODUCE_DATA))),
    ],
};

/// `ProduceRequest.json`.
pub static PRODUCE_REQUEST: Message = Message {
    name: "ProduceRequest",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(3, 13),
    flexible: 9,
    fields: &[
        field("transactionalId", String).nullable().default_null(),
        field("acks", Int16),
        field("timeoutMs", Int32),
        field("topicData", Array(&Struct(&PRODUCE_REQUEST_TOPIC_PRODUCE_DATA))),
    ],
};

static PRODUCE_RESPONSE_BATCH_INDEX_AND_ERROR_MESSAGE: Struct = Struct {
    name: "BatchIndexAndErrorMessage",
    highest: 13,
    fields: &[
        field("batchIndex", Int32).since(8),
        field("batchIndexErrorMessage", String).since(8).nullable().default_null(),
    ],
};

static PRODUCE_RESPONSE_LEADER_ID_AND_EPOCH: Struct = Struct {
    name: "LeaderIdAndEpoch",
    highest: 13,
    fields: &[field("leaderId", Int32).since(10).default(-1), field("leaderEpoch", Int32).since(10).default(-1)],
};

static PRODUCE_RESPONSE_PARTITION_PRODUCE_RESPONSE: Struct = Struct {
    name: "PartitionProduceResponse",
    highest: 13,
    fields: &[
        field("index", Int32),
        field("errorCode", Int16),
        field("baseOffset", Int64),
        field("logAppendTimeMs", Int64).default(-1).ignorable(),
        field("logStartOffset", Int64).since(5).default(-1).ignorable(),
        field("recordErrors", Array(&Struct(&PRODUCE_RESPONSE_BATCH_INDEX_AND_ERROR_MESSAGE))).since(8).ignorable(),
        field("errorMessage", String).since(8).nullable().default_null().ignorable(),
        field("currentLeader", Struct(&PRODUCE_RESPONSE_LEADER_ID_AND_EPOCH)).since(10).tag(0),
    ],
};

static PRODUCE_RESPONSE_TOPIC_PRODUCE_RESPONSE: Struct = Struct {
    name: "TopicProduceResponse",
    highest: 13,
    fields: &[
        field("name", String).versions(0, 12).ignorable(),
        field("topicId", Uuid).since(13).ignorable(),
        field("partitionResponses", Array(&Struct(&PRODUCE_RESPONSE_PARTITION_PRODUCE_RESPONSE))),
    ],
};

static PRODUCE_RESPONSE_NODE_ENDPOINT: Struct = Struct {
    name: "NodeEndpoint",
    highest: 13,
    fields: &[
        field("nodeId", Int32).since(10),
        field("host", String).since(10),
        field("port", Int32).since(10),
        field("rack", String).since(10).nullable().default_null(),
    ],
};

/// `ProduceResponse.json`.
pub static PRODUCE_RESPONSE: Message = Message {
    name: "ProduceResponse",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(3, 13),
    flexible: 9,
    fields: &[
        field("responses", Array(&Struct(&PRODUCE_RESPONSE_TOPIC_PRODUCE_RESPONSE))),
        field("throttleTimeMs", Int32).ignorable(),
        field("nodeEndpoints", Array(&Struct(&PRODUCE_RESPONSE_NODE_ENDPOINT))).since(10).tag(0),
    ],
};

/// The API.
pub static PRODUCE: Api =
    Api { key: 0, name: "Produce", versions: Versions(3, 13), request: &PRODUCE_REQUEST, response: &PRODUCE_RESPONSE };
