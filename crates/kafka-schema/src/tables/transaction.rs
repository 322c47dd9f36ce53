//! Key and value of `__transaction_state`.
//!
//! Written by `tests/differential/schema/make_tables.py` from the definitions of Kafka 4.3.0 and 4.4.0 named below.

use crate::table::*;

/// `TransactionLogKey.json`.
pub static TRANSACTION_LOG_KEY: Message = Message {
    name: "TransactionLogKey",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 0),
    flexible: NEVER,
    fields: &[field("transactionalId", String)],
};

static TRANSACTION_LOG_VALUE_PARTITIONS_SCHEMA: Struct = Struct {
    name: "PartitionsSchema",
    highest: 1,
    fields: &[field("topic", String), field("partitionIds", Array(&Int32))],
};

/// `TransactionLogValue.json`.
pub static TRANSACTION_LOG_VALUE: Message = Message {
    name: "TransactionLogValue",
    api_key: 0,
    added_in: V4_3,
    versions: Versions(0, 1),
    flexible: 1,
    fields: &[
        field("producerId", Int64),
        field("previousProducerId", Int64).since(1).tag(0).default(-1),
        field("nextProducerId", Int64).since(1).tag(1).default(-1),
        field("producerEpoch", Int16),
        field("nextProducerEpoch", Int16).since(1).tag(3).default(-1),
        field("transactionTimeoutMs", Int32),
        field("transactionStatus", Int8),
        field("transactionPartitions", Array(&Struct(&TRANSACTION_LOG_VALUE_PARTITIONS_SCHEMA))).nullable(),
        field("transactionLastUpdateTimestampMs", Int64),
        field("transactionStartTimestampMs", Int64),
        field("clientTransactionVersion", Int16).since(1).tag(2),
    ],
};

/// Keys and values by record type.
pub static RECORD_TYPES: &[(&Message, &Message)] = &[(&TRANSACTION_LOG_KEY, &TRANSACTION_LOG_VALUE)];
