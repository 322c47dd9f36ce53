//! `ListTransactions`, key 66.
//!
//! Written by `tests/differential/rpc/make_tables.py` from the definitions of Kafka 4.3.0 named below.

use kafka_schema::table::*;

/// `ListTransactionsRequest.json`.
pub static LIST_TRANSACTIONS_REQUEST: Message = Message {
    name: "ListTransactionsRequest",
    api_key: 66,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("stateFilters", Array(&String)),
        field("producerIdFilters", Array(&Int64)),
        field("durationFilter", Int64).since(1).default(-1),
        field("transactionalIdPattern", String).since(2).nullable().default_null(),
    ],
};

static LIST_TRANSACTIONS_RESPONSE_TRANSACTION_STATE: Struct = Struct {
    name: "TransactionState",
    highest: 2,
    fields: &[field("transactionalId", String), field("producerId", Int64), field("transactionState", String)],
};

/// `ListTransactionsResponse.json`.
pub static LIST_TRANSACTIONS_RESPONSE: Message = Message {
    name: "ListTransactionsResponse",
    api_key: 66,
    added_in: V4_3,
    versions: Versions(0, 2),
    flexible: 0,
    fields: &[
        field("throttleTimeMs", Int32),
        field("errorCode", Int16),
        field("unknownStateFilters", Array(&String)),
        field("transactionStates", Array(&Struct(&LIST_TRANSACTIONS_RESPONSE_TRANSACTION_STATE))),
    ],
};

/// The API.
pub static LIST_TRANSACTIONS: Api = Api {
    key: 66,
    name: "ListTransactions",
    versions: Versions(0, 2),
    request: &LIST_TRANSACTIONS_REQUEST,
    response: &LIST_TRANSACTIONS_RESPONSE,
};
