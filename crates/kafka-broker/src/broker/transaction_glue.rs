//! What the transaction coordinator needs from a broker: the logs of `__transaction_state`, markers, producer ids.

use std::sync::Arc;
use std::time::Instant;

use kafka_log::log::LeaderAppend;
use kafka_log::log::error::KafkaError as _;
use kafka_log::log::types::AppendOrigin;
use kafka_rpc::ErrorCode;

use super::Shared;
use super::group_glue::frame;
use super::read_log::read_log;
use crate::api::end_txn::ended_with;
use crate::controller_thread::Job;
use crate::disk::Log;
use crate::marker::Marker;
use crate::metadata::Feature;
use crate::net::Ticket;
use crate::partitions::Partition;
use crate::topics::{GROUP_METADATA_TOPIC, TRANSACTION_STATE_TOPIC};
use crate::transaction::{Host, Load, Producer};

impl Shared {
    fn transaction_log(&self, number: i32) -> Result<Arc<Partition>, ErrorCode> {
        self.topics.named(TRANSACTION_STATE_TOPIC)?.partition(number).cloned()
    }
}

impl Host for Shared {
    fn transaction_version(&self) -> i16 {
        self.image.read().feature(Feature::TRANSACTION)
    }

    fn next_producer_id(&self) -> Result<i64, ErrorCode> {
        self.producer_ids.take().ok_or_else(|| {
            self.controller.send(Job::MoreProducerIds);
            ErrorCode::CoordinatorLoadInProgress
        })
    }

    fn append(&self, partition: i32, batch: &[u8]) -> Result<(), ErrorCode> {
        let partition = self.transaction_log(partition)?;
        partition.with_coordinator_log(|log, leader_epoch| {
            let append = LeaderAppend { origin: AppendOrigin::Coordinator, ..LeaderAppend::from_client(leader_epoch) };
            log.append_as_leader(batch, append, self.clock.now_ms()).map(|_| ()).map_err(|error| error.code())
        })?
    }

    fn batch_len_max(&self, partition: i32) -> usize {
        let max = self.transaction_log(partition).and_then(|of| of.log()).map(|log| log.config().max_message_bytes);
        usize::try_from(max.unwrap_or(0)).unwrap_or(0)
    }

    fn write_marker(&self, topic: &str, partition: i32, marker: &Marker) -> Result<(), ErrorCode> {
        let hosted = self.topics.named(topic)?;
        let hosted = hosted.partition(partition)?;
        match topic == GROUP_METADATA_TOPIC {
            true => self.groups.end_transaction(partition, marker),
            false => hosted.append_marker(marker, self.clock.now_ms()),
        }
    }

    fn ended(&self, ticket: Ticket, producer: Producer) {
        let frame = frame(&ended_with(producer), ticket).unwrap_or_else(|error| {
            tracing::error!(%error, "a response cannot be written");
            // Nothing is in the answer then, which ends the connection.
            Vec::new()
        });
        self.answer(ticket, frame);
    }

    fn wake_at(&self, deadline_ms: i64) {
        // The alarm counts in the time of timers.
        self.alarm.set(deadline_ms.saturating_add(self.clock.skew_ms()));
    }
}

/// A partition of `__transaction_state` that is being loaded.
pub(super) struct LoadingTransactions<'s> {
    partition: i32,
    log: Arc<Log>,
    transactions: Load<'s>,
}

impl<'s> LoadingTransactions<'s> {
    /// From now on clients are told that the transactions are being loaded. `None` where they are loaded, or the log is not here.
    pub(super) fn begin(shared: &'s Shared, partition: i32) -> Option<Self> {
        let hosted = shared.transaction_log(partition).ok()?;
        let (log, leader_epoch) = hosted.leader_log(-1).ok()?;
        let transactions = shared.transactions.load(partition, leader_epoch)?;
        Some(LoadingTransactions { partition, log, transactions })
    }

    /// Reads the log, and has finished what is decided. Groups must be loaded: they take markers.
    pub(super) fn finish(mut self, shared: &Shared) {
        let began = Instant::now();
        let transactions = &mut self.transactions;
        match read_log(&self.log, shared.config.transaction_load_bytes, |bytes| {
            transactions.batches(bytes, shared.clock.now_ms())
        }) {
            Ok(()) => {
                let partition = self.partition;
                let ids = self.transactions.finish();
                if ids > 0 {
                    let ms = u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX);
                    tracing::info!(partition, ids, ms, "loaded transactional ids");
                }
            }
            Err(error) => {
                let partition = self.partition;
                // What is dropped is not served.
                drop(self.transactions);
                if error.may_pass() {
                    tracing::warn!(partition, %error, "transactions cannot be loaded yet");
                    shared.unread_transactions.lock().insert(partition);
                } else {
                    tracing::error!(partition, %error, "transactions cannot be loaded and are not served");
                }
            }
        }
    }
}

/// Loads transactions that could not be read before.
pub(super) fn retry_transactions(shared: &Shared) {
    let unread = std::mem::take(&mut *shared.unread_transactions.lock());
    let loading = unread.into_iter().filter_map(|number| LoadingTransactions::begin(shared, number));
    loading.for_each(|loading| loading.finish(shared));
}
