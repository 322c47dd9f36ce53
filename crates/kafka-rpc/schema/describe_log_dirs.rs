//! `DescribeLogDirs`, key 35.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DESCRIBE_LOG_DIRS_REQUEST_DESCRIBABLE_LOG_DIR_TOPIC: Struct = Struct {
    name: "DescribableLogDirTopic",
    highest: 5,
    fields: &[field("topic", String), field("partitions", Array(&Int32))],
};

/// `DescribeLogDirsRequest.json`.
pub static DESCRIBE_LOG_DIRS_REQUEST: Message = Message {
    name: "DescribeLogDirsRequest",
    api_key: 35,
    added_in: V4_3,
    versions: Versions(1, 5),
    flexible: 2,
    fields: &[field("topics", Array(&Struct(&DESCRIBE_LOG_DIRS_REQUEST_DESCRIBABLE_LOG_DIR_TOPIC))).nullable()],
};

static DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_PARTITION: Struct = Struct {
    name: "DescribeLogDirsPartition",
    highest: 5,
    fields: &[
        field("partitionIndex", Int32),
        field("partitionSize", Int64),
        field("offsetLag", Int64),
        field("isFutureKey", Bool),
    ],
};

static DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_TOPIC: Struct = Struct {
    name: "DescribeLogDirsTopic",
    highest: 5,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_PARTITION))),
    ],
};

static DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_RESULT: Struct = Struct {
    name: "DescribeLogDirsResult",
    highest: 5,
    fields: &[
        field("errorCode", Int16),
        field("logDir", String),
        field("topics", Array(&Struct(&DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_TOPIC))),
        field("totalBytes", Int64).since(4).default(-1).ignorable(),
        field("usableBytes", Int64).since(4).default(-1).ignorable(),
        field("isCordoned", Bool).since(5).ignorable(),
    ],
};

/// `DescribeLogDirsResponse.json`.
pub static DESCRIBE_LOG_DIRS_RESPONSE: Message = Message {
    name: "DescribeLogDirsResponse",
    api_key: 35,
    added_in: V4_3,
    versions: Versions(1, 5),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16).since(3).ignorable(),
        field("results", Array(&Struct(&DESCRIBE_LOG_DIRS_RESPONSE_DESCRIBE_LOG_DIRS_RESULT))),
    ],
};

/// The API.
pub static DESCRIBE_LOG_DIRS: Api = Api {
    key: 35,
    name: "DescribeLogDirs",
    versions: Versions(1, 5),
    request: &DESCRIBE_LOG_DIRS_REQUEST,
    response: &DESCRIBE_LOG_DIRS_RESPONSE,
};
