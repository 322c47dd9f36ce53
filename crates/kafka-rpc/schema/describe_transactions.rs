//! `DescribeTransactions`, key 65.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `DescribeTransactionsRequest.json`.
pub static DESCRIBE_TRANSACTIONS_REQUEST: Message = Message {
    name: "DescribeTransactionsRequest",
    api_key: 65,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[field("transactionalIds", Array(&String))],
};

static DESCRIBE_TRANSACTIONS_RESPONSE_TOPIC_DATA: Struct =
    Struct { name: "TopicData", highest: 0, fields: &[field("topic", String), field("partitions", Array(&Int32))] };

static DESCRIBE_TRANSACTIONS_RESPONSE_TRANSACTION_STATE: Struct = Struct {
    name: "TransactionState",
    highest: 0,
    fields: &[
        field("errorCode", Int16),
        field("transactionalId", String),
        field("transactionState", String),
        field("transactionTimeoutMs", Int32),
        field("transactionStartTimeMs", Int64),
        field("producerId", Int64),
        field("producerEpoch", Int16),
        field("topics", Array(&Struct(&DESCRIBE_TRANSACTIONS_RESPONSE_TOPIC_DATA))),
    ],
};

/// `DescribeTransactionsResponse.json`.
pub static DESCRIBE_TRANSACTIONS_RESPONSE: Message = Message {
    name: "DescribeTransactionsResponse",
    api_key: 65,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("transactionStates", Array(&Struct(&DESCRIBE_TRANSACTIONS_RESPONSE_TRANSACTION_STATE))),
    ],
};

/// The API.
pub static DESCRIBE_TRANSACTIONS: Api = Api {
    key: 65,
    name: "DescribeTransactions",
    versions: Versions(0, 0),
    request: &DESCRIBE_TRANSACTIONS_REQUEST,
    response: &DESCRIBE_TRANSACTIONS_RESPONSE,
};
