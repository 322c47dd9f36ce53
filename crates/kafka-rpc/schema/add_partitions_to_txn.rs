//! `AddPartitionsToTxn`, key 24.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TOPIC: Struct = Struct {
    name: "AddPartitionsToTxnTopic",
    highest: MAX,
    fields: &[field("name", String), field("partitions", Array(&Int32))],
};

static ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TRANSACTION: Struct = Struct {
    name: "AddPartitionsToTxnTransaction",
    highest: 5,
    fields: &[
        field("transactionalId", String).since(4),
        field("producerId", Int64).since(4),
        field("producerEpoch", Int16).since(4),
        field("verifyOnly", Bool).since(4),
        field("topics", Array(&Struct(&ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TOPIC))).since(4),
    ],
};

/// `AddPartitionsToTxnRequest.json`.
pub static ADD_PARTITIONS_TO_TXN_REQUEST: Message = Message {
    name: "AddPartitionsToTxnRequest",
    api_key: 24,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[
        field("transactions", Array(&Struct(&ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TRANSACTION)))
            .since(4),
        field("v3AndBelowTransactionalId", String).versions(0, 3),
        field("v3AndBelowProducerId", Int64).versions(0, 3),
        field("v3AndBelowProducerEpoch", Int16).versions(0, 3),
        field("v3AndBelowTopics", Array(&Struct(&ADD_PARTITIONS_TO_TXN_REQUEST_ADD_PARTITIONS_TO_TXN_TOPIC)))
            .versions(0, 3),
    ],
};

static ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_PARTITION_RESULT: Struct = Struct {
    name: "AddPartitionsToTxnPartitionResult",
    highest: MAX,
    fields: &[field("partitionIndex", Int32), field("partitionErrorCode", Int16)],
};

static ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_TOPIC_RESULT: Struct = Struct {
    name: "AddPartitionsToTxnTopicResult",
    highest: MAX,
    fields: &[
        field("name", String),
        field(
            "resultsByPartition",
            Array(&Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_PARTITION_RESULT)),
        ),
    ],
};

static ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_RESULT: Struct = Struct {
    name: "AddPartitionsToTxnResult",
    highest: 5,
    fields: &[
        field("transactionalId", String).since(4),
        field("topicResults", Array(&Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_TOPIC_RESULT)))
            .since(4),
    ],
};

/// `AddPartitionsToTxnResponse.json`.
pub static ADD_PARTITIONS_TO_TXN_RESPONSE: Message = Message {
    name: "AddPartitionsToTxnResponse",
    api_key: 24,
    added_in: V4_3,
    versions: Versions(0, 5),
    flexible: 3,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16).since(4).ignorable(),
        field("resultsByTransaction", Array(&Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_RESULT)))
            .since(4),
        field(
            "resultsByTopicV3AndBelow",
            Array(&Struct(&ADD_PARTITIONS_TO_TXN_RESPONSE_ADD_PARTITIONS_TO_TXN_TOPIC_RESULT)),
        )
        .versions(0, 3),
    ],
};

/// The API.
pub static ADD_PARTITIONS_TO_TXN: Api = Api {
    key: 24,
    name: "AddPartitionsToTxn",
    versions: Versions(0, 5),
    request: &ADD_PARTITIONS_TO_TXN_REQUEST,
    response: &ADD_PARTITIONS_TO_TXN_RESPONSE,
};
