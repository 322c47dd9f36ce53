//! `DeleteRecords`, key 21.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

static DELETE_RECORDS_REQUEST_DELETE_RECORDS_PARTITION: Struct = Struct {
    name: "DeleteRecordsPartition",
    highest: 2,
    fields: &[field("partitionIndex", Int32), field("offset", Int64)],
};

static DELETE_RECORDS_REQUEST_DELETE_RECORDS_TOPIC: Struct = Struct {
    name: "DeleteRecordsTopic",
    highest: 2,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&DELETE_RECORDS_REQUEST_DELETE_RECORDS_PARTITION))),
    ],
};

/// `DeleteRecordsRequest.json`.
pub static DELETE_RECORDS_REQUEST: Message = Message {
    name: "DeleteRecordsRequest",
    api_key: 21,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[field("topics", Array(&Struct(&DELETE_RECORDS_REQUEST_DELETE_RECORDS_TOPIC))), field("timeoutMs", Int32)],
};

static DELETE_RECORDS_RESPONSE_DELETE_RECORDS_PARTITION_RESULT: Struct = Struct {
    name: "DeleteRecordsPartitionResult",
    highest: 2,
    fields: &[field("partitionIndex", Int32), field("lowWatermark", Int64), field("errorCode", Int16)],
};

static DELETE_RECORDS_RESPONSE_DELETE_RECORDS_TOPIC_RESULT: Struct = Struct {
    name: "DeleteRecordsTopicResult",
    highest: 2,
    fields: &[
        field("name", String),
        field("partitions", Array(&Struct(&DELETE_RECORDS_RESPONSE_DELETE_RECORDS_PARTITION_RESULT))),
    ],
};

/// `DeleteRecordsResponse.json`.
pub static DELETE_RECORDS_RESPONSE: Message = Message {
    name: "DeleteRecordsResponse",
    api_key: 21,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 2,
    fields: &[
        field("throttleTimeMs", Int32),
        field("topics", Array(&Struct(&DELETE_RECORDS_RESPONSE_DELETE_RECORDS_TOPIC_RESULT))),
    ],
};

/// The API.
pub static DELETE_RECORDS: Api = Api {
    key: 21,
    name: "DeleteRecords",
    versions: Versions(0, 2),
    request: &DELETE_RECORDS_REQUEST,
    response: &DELETE_RECORDS_RESPONSE,
};
