//! `__transaction_state`: [`TransactionLogKey`] and [`TransactionLogValue`], for [`decode_key`](super::decode_key) and the
//! functions beside it.

include!(concat!(env!("OUT_DIR"), "/stored_transaction.rs"));
