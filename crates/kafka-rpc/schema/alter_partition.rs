//! `AlterPartition`, key 56.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static ALTER_PARTITION_REQUEST_BROKER_STATE: Struct = Struct {
    name: "BrokerState",
    highest: 3,
    fields: &[field("brokerId", Int32).since(3), field("brokerEpoch", Int64).since(3).default(-1)],
};

static ALTER_PARTITION_REQUEST_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    highest: 3,
    fields: &[
        field("partitionIndex", Int32),
        field("leaderEpoch", Int32),
        field("newIsr", Array(&Int32)).versions(0, 2),
        field("newIsrWithEpochs", Array(&Struct(&ALTER_PARTITION_REQUEST_BROKER_STATE))).since(3),
        field("leaderRecoveryState", Int8),
        field("partitionEpoch", Int32),
    ],
};

static ALTER_PARTITION_REQUEST_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    highest: 3,
    fields: &[
        field("topicId", Uuid).ignorable(),
        field("partitions", Array(&Struct(&ALTER_PARTITION_REQUEST_PARTITION_DATA))),
    ],
};

/// `AlterPartitionRequest.json`.
pub static ALTER_PARTITION_REQUEST: Message = Message {
    name: "AlterPartitionRequest",
    api_key: 56,
    added_in: V4_3,
    versions: Versions(2, 3),
    flexible: 0,
    fields: &[
        field("brokerId", Int32),
        field("brokerEpoch", Int64).default(-1),
        field("topics", Array(&Struct(&ALTER_PARTITION_REQUEST_TOPIC_DATA))),
    ],
};

static ALTER_PARTITION_RESPONSE_PARTITION_DATA: Struct = Struct {
    name: "PartitionData",
    highest: 3,
    fields: &[
        field("partitionIndex", Int32),
        field("errorCode", Int16),
        field("leaderId", Int32),
        field("leaderEpoch", Int32),
        field("isr", Array(&Int32)),
        field("leaderRecoveryState", Int8).ignorable(),
        field("partitionEpoch", Int32),
    ],
};

static ALTER_PARTITION_RESPONSE_TOPIC_DATA: Struct = Struct {
    name: "TopicData",
    highest: 3,
    fields: &[
        field("topicId", Uuid).ignorable(),
        field("partitions", Array(&Struct(&ALTER_PARTITION_RESPONSE_PARTITION_DATA))),
    ],
};

/// `AlterPartitionResponse.json`.
pub static ALTER_PARTITION_RESPONSE: Message = Message {
    name: "AlterPartitionResponse",
    api_key: 56,
    added_in: V4_3,
    versions: Versions(2, 3),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("topics", Array(&Struct(&ALTER_PARTITION_RESPONSE_TOPIC_DATA))),
    ],
};

/// The API.
pub static ALTER_PARTITION: Api = Api {
    key: 56,
    name: "AlterPartition",
    versions: Versions(2, 3),
    request: &ALTER_PARTITION_REQUEST,
    response: &ALTER_PARTITION_RESPONSE,
};
