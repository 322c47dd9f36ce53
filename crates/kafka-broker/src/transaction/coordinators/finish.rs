//! Transactions that are decided: markers, then the record that says so (`TransactionMarkerChannelManager`). And aborts that the
//! coordinator decides on.

use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::super::Producer;
use super::Led;

/// After which time markers are tried again.
const RETRY_MS: i64 = 1_000;

/// What a failed marker means (`TransactionMarkerRequestCompletionHandler`).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Failure {
    /// The partition was deleted: it needs no marker.
    Gone,
    /// A later coordinator or producer has been there: this one has no say any more.
    Fenced,
    /// The partition may take it later.
    Later,
}

impl Failure {
    const fn of(error: ErrorCode) -> Self {
        match error {
            ErrorCode::UnknownTopicOrPartition
            | ErrorCode::UnsupportedForMessageFormat
            | ErrorCode::UnsupportedVersion => Failure::Gone,
            ErrorCode::InvalidProducerEpoch | ErrorCode::TransactionCoordinatorFenced => Failure::Fenced,
            _ => Failure::Later,
        }
    }
}

impl Led<'_> {
    /// Writes the markers of a prepared transaction, and that it is complete. What cannot be written now is tried again later.
    pub(super) fn finish(&mut self, id: &str) {
        let Some(transaction) = self.shard.transactions.get_mut(id).filter(|of| of.state.is_prepared()) else { return };
        let marker = transaction.marker(self.leader_epoch);
        let (mut later, mut fenced) = (None, None);
        let host = self.host;
        transaction.partitions.retain(|(topic, partition)| {
            if fenced.is_some() {
                return true;
            }
            let Err(error) = host.write_marker(topic, *partition, &marker) else { return false };
            match Failure::of(error) {
                Failure::Gone => false,
                Failure::Fenced => {
                    fenced = Some((Arc::clone(topic), *partition, error));
                    true
                }
                Failure::Later => {
                    later = Some((Arc::clone(topic), *partition, error));
                    true
                }
            }
        });
        if let Some((topic, partition, error)) = fenced {
            self.shard.unfinished.remove(id);
            let error = error.name();
            tracing::error!(transactional_id = id, %topic, partition, error, "a transaction cannot be ended here");
            return;
        }
        if let Some((topic, partition, error)) = later {
            let error = error.name();
            self.finish_later(id, || {
                tracing::warn!(
                    transactional_id = id,
                    %topic,
                    partition,
                    error,
                    "a transaction is decided, the marker of a partition is tried again until it can be written"
                );
            });
            return;
        }
        let complete = transaction.complete(self.now_ms);
        match self.write(id, complete) {
            Ok(()) => drop(self.shard.unfinished.remove(id)),
            Err(_) => self.finish_later(id, || {}),
        }
    }

    fn finish_later(&mut self, id: &str, say: impl FnOnce()) {
        // Said once, not at each attempt.
        if self.shard.unfinished.insert(id.into()) {
            say();
        }
        let at = self.now_ms.saturating_add(RETRY_MS);
        if self.coordinators.schedule.lock().retry_at(at) {
            self.host.wake_at(at);
        }
    }

    /// Aborts an open transaction with an epoch that fences its producer; gives the producer that is fenced. `None` where no
    /// transaction is open.
    pub(super) fn abort(&mut self, id: &str) -> Result<Option<Producer>, ErrorCode> {
        let Some(known) = self.shard.transactions.get(id).filter(|of| of.is_open()) else { return Ok(None) };
        let (version, producer) = (self.host.transaction_version(), known.producer());
        let prepared = known.fence(version, &|| self.host.next_producer_id(), self.now_ms)?;
        if let Err(error) = self.write(id, prepared.clone()) {
            if let Some(known) = self.shard.transactions.get_mut(id) {
                known.fence_failed(&prepared, version);
            }
            return Err(error);
        }
        self.finish(id);
        Ok(Some(producer))
    }
}
