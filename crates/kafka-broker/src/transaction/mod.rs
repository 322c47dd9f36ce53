//! The transaction coordinator, kept in `__transaction_state` as Kafka keeps it (KIP-98, KIP-360, KIP-890).
//!
//! [`Coordinators`] is the part that the broker talks to. It picks the partition of `__transaction_state` that a transactional id
//! belongs to and locks it. What a request makes of a [`Transaction`](machine::Transaction) is a pure function of both and
//! the time; the result is appended to the log before it takes effect. See `docs/broker-transactions.md`.

mod api;
mod coordinators;
mod machine;
mod record;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use api::{Counts, Filter, Host, Init, Producer, TransactionConfig};
pub(crate) use coordinators::{Coordinators, Load};
