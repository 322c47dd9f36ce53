//! What goes in and out of the coordinator.

use kafka_rpc::ErrorCode;

use crate::marker::Marker;
use crate::net::Ticket;

/// Stands for no producer id.
pub(crate) const NO_PRODUCER_ID: i64 = -1;
/// Stands for no producer epoch.
pub(crate) const NO_PRODUCER_EPOCH: i16 = -1;
/// Since this version each transaction has an epoch of its own (`TransactionVersion.supportsEpochBump`).
pub(crate) const EPOCH_BUMP_MIN_VERSION: i16 = 2;

/// A producer at one time (`ProducerIdAndEpoch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Producer {
    /// Its id.
    pub(crate) id: i64,
    /// Its epoch.
    pub(crate) epoch: i16,
}

impl Producer {
    /// No producer.
    pub(crate) const NONE: Self = Producer { id: NO_PRODUCER_ID, epoch: NO_PRODUCER_EPOCH };
}

/// What InitProducerId asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Init<'a> {
    /// The transactional id.
    pub(crate) transactional_id: &'a str,
    /// After which time the coordinator aborts a transaction.
    pub(crate) timeout_ms: i32,
    /// What the producer has been so far, if it goes on after an error (KIP-360).
    pub(crate) expected: Option<Producer>,
}

/// What ListTransactions asks for; what is empty or `None` excludes nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter<'a> {
    /// Names of states.
    pub(crate) states: &'a [std::borrow::Cow<'a, str>],
    /// Producer ids.
    pub(crate) producer_ids: &'a [i64],
    /// Transactions that began more than so many ms ago.
    pub(crate) longer_than_ms: Option<i64>,
    /// A regular expression for the whole transactional id.
    pub(crate) pattern: Option<&'a str>,
}

/// What the coordinators need from the broker. All but `write_marker` and `ended` are called with a partition of
/// `__transaction_state` locked: an implementation must not call back into [`Coordinators`](super::Coordinators).
pub(crate) trait Host {
    /// The finalized level of `transaction.version`.
    fn transaction_version(&self) -> i16;

    /// A producer id that was not used before.
    ///
    /// # Errors
    /// `COORDINATOR_LOAD_IN_PROGRESS` where a new block of ids is under way.
    fn next_producer_id(&self) -> Result<i64, ErrorCode>;

    /// Appends a record batch to a partition of `__transaction_state` that this broker leads.
    ///
    /// # Errors
    /// What a producer would get.
    fn append(&self, partition: i32, batch: &[u8]) -> Result<(), ErrorCode>;

    /// Longest batch that [`Host::append`] takes.
    fn batch_len_max(&self, partition: i32) -> usize;

    /// Ends a transaction in a partition.
    ///
    /// # Errors
    /// As in the answer to WriteTxnMarkers; `UNKNOWN_TOPIC_OR_PARTITION` where the partition is gone for good.
    fn write_marker(&self, topic: &str, partition: i32, marker: &Marker) -> Result<(), ErrorCode>;

    /// Answers a request that has ended a transaction: what its producer is from now on.
    fn ended(&self, ticket: Ticket, producer: Producer);

    /// Asks for [`Coordinators::tick`](super::Coordinators::tick) to be called at `deadline_ms`.
    fn wake_at(&self, deadline_ms: i64);
}

/// How much there is, for an operator.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    /// Transactional ids.
    pub(crate) ids: usize,
    /// Transactions that are open.
    pub(crate) ongoing: usize,
    /// Transactions that are decided, and whose markers are not all written.
    pub(crate) unfinished: usize,
    /// Producers that were fenced by another with their transactional id, since the start.
    pub(crate) fenced: u64,
    /// Transactions that were aborted because they took too long, since the start.
    pub(crate) timed_out: u64,
    /// Transactional ids that were forgotten after a long silence, since the start.
    pub(crate) expired: u64,
}

/// Settings of the coordinator; the default is Kafka's (`TransactionStateManagerConfig`).
#[derive(Clone, Debug)]
pub(crate) struct TransactionConfig {
    /// `transaction.max.timeout.ms`.
    pub(crate) max_timeout_ms: i32,
    /// `transactional.id.expiration.ms`.
    pub(crate) id_expiration_ms: i64,
    /// `transaction.abort.timed.out.transaction.cleanup.interval.ms`.
    pub(crate) abort_interval_ms: i64,
    /// `transaction.remove.expired.transaction.cleanup.interval.ms`.
    pub(crate) expiration_interval_ms: i64,
}

impl Default for TransactionConfig {
    fn default() -> Self {
        TransactionConfig {
            max_timeout_ms: 15 * 60_000,
            id_expiration_ms: 7 * 24 * 60 * 60_000,
            abort_interval_ms: 10_000,
            expiration_interval_ms: 60 * 60_000,
        }
    }
}
