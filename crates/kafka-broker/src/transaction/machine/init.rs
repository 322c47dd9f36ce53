//! InitProducerId of a transactional id: the next epoch, or the end of the transaction that another producer has left open.

use kafka_rpc::ErrorCode;

use super::super::api::{NO_PRODUCER_EPOCH, Producer};
use super::super::state::State;
use super::{NextId, Transaction, is_exhausted};

/// What becomes of the request.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Initialized {
    /// The producer gets this.
    Next(Box<Transaction>),
    /// A transaction is open: it has to be aborted, and the client to ask again.
    Fence,
}

impl Transaction {
    /// A producer begins, or goes on after an error: then `expected` is what it was (KIP-360).
    ///
    /// # Errors
    /// `CONCURRENT_TRANSACTIONS`, `PRODUCER_FENCED`, and those of `next_id`.
    pub(in super::super) fn init(
        &self,
        timeout_ms: i32,
        expected: Option<Producer>,
        next_id: NextId<'_>,
        now_ms: i64,
    ) -> Result<Initialized, ErrorCode> {
        if self.state.is_prepared() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        if expected.is_some_and(|expected| !self.may_be(expected)) {
            return Err(ErrorCode::ProducerFenced);
        }
        if self.state == State::Ongoing {
            return Ok(Initialized::Fence);
        }
        let mut next = self.to(State::Empty, now_ms);
        next.timeout_ms = timeout_ms;
        next.partitions.clear();
        next.start_ms = -1;
        let is_current = |expected: Producer| expected.epoch == self.producer_epoch;
        if is_exhausted(self.producer_epoch) && expected.is_none_or(is_current) {
            next.producer_id = next_id()?;
            next.producer_epoch = 0;
            next.last_producer_epoch = if expected.is_some() { self.producer_epoch } else { NO_PRODUCER_EPOCH };
            return Ok(Initialized::Next(Box::new(next)));
        }
        match expected {
            None => next.last_producer_epoch = NO_PRODUCER_EPOCH,
            Some(expected) if self.producer_epoch == NO_PRODUCER_EPOCH || is_current(expected) => {
                next.last_producer_epoch = self.producer_epoch;
            }
            // The answer to the same request was lost: it is given again.
            Some(expected) if expected.epoch == self.last_producer_epoch => {
                return Ok(Initialized::Next(Box::new(next)));
            }
            Some(_) => return Err(ErrorCode::ProducerFenced),
        }
        next.producer_epoch = self.producer_epoch.checked_add(1).ok_or(ErrorCode::ProducerFenced)?;
        Ok(Initialized::Next(Box::new(next)))
    }

    /// Whether a producer can be the last one of this id. Its epoch is looked at later.
    fn may_be(&self, expected: Producer) -> bool {
        // After an id that was unknown to the broker; that it is the current one; or that it is the one before, whose epochs
        // were used up when the answer was lost.
        self.producer_epoch == NO_PRODUCER_EPOCH
            || expected.id == self.producer_id
            || expected.id == self.previous_producer_id && is_exhausted(expected.epoch)
    }
}
