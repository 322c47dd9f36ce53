//! The end of a transaction: EndTxn, and aborts that the coordinator decides on. First it is prepared, then complete.

use kafka_rpc::ErrorCode;

use super::super::api::{EPOCH_BUMP_MIN_VERSION, NO_PRODUCER_EPOCH, NO_PRODUCER_ID, Producer};
use super::super::state::State;
use super::{NextId, Transaction, is_exhausted};

/// How a transaction ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Outcome {
    /// Its records are seen.
    Commit,
    /// They are not.
    Abort,
}

/// What becomes of EndTxn.
#[derive(Debug, PartialEq, Eq)]
pub(in super::super) enum Ended {
    /// It was done before, and the answer lost.
    Already(Producer),
    /// It is decided.
    Prepared(Box<Transaction>),
}

impl Outcome {
    const fn prepared(self) -> State {
        match self {
            Outcome::Commit => State::PrepareCommit,
            Outcome::Abort => State::PrepareAbort,
        }
    }
}

impl Transaction {
    /// EndTxn of a client that speaks this version of transactions.
    ///
    /// # Errors
    /// `CONCURRENT_TRANSACTIONS`, `INVALID_PRODUCER_ID_MAPPING`, `PRODUCER_FENCED`, `INVALID_TXN_STATE`, and those of `next_id`.
    pub(in super::super) fn end(
        &self,
        producer: Producer,
        outcome: Outcome,
        client_version: i16,
        next_id: NextId<'_>,
        now_ms: i64,
    ) -> Result<Ended, ErrorCode> {
        match client_version >= EPOCH_BUMP_MIN_VERSION {
            true => self.end_with_bump(producer, outcome, client_version, next_id, now_ms),
            false => self.end_without_bump(producer, outcome, now_ms),
        }
    }

    /// (`endTransactionWithTV1`)
    fn end_without_bump(&self, producer: Producer, outcome: Outcome, now_ms: i64) -> Result<Ended, ErrorCode> {
        self.check_producer(producer)?;
        match (self.state, outcome) {
            (State::Ongoing, _) => Ok(Ended::Prepared(Box::new(self.to(outcome.prepared(), now_ms).of_version(0)))),
            (State::CompleteCommit, Outcome::Commit) | (State::CompleteAbort, Outcome::Abort) => {
                Ok(Ended::Already(Producer::NONE))
            }
            (State::PrepareCommit | State::PrepareAbort, _) => Err(ErrorCode::ConcurrentTransactions),
            _ => Err(ErrorCode::InvalidTxnState),
        }
    }

    /// (`endTransaction`)
    fn end_with_bump(
        &self,
        producer: Producer,
        outcome: Outcome,
        client_version: i16,
        next_id: NextId<'_>,
        now_ms: i64,
    ) -> Result<Ended, ErrorCode> {
        if self.state.is_prepared() {
            return Err(ErrorCode::ConcurrentTransactions);
        }
        // The answer was lost with which the producer would have learned of its new id or epoch.
        let is_after_overflow =
            self.previous_producer_id == producer.id && producer.epoch == i16::MAX - 1 && self.producer_epoch == 0;
        let is_after_bump = producer.epoch.checked_add(1) == Some(self.producer_epoch);
        let is_retry = is_after_bump || is_after_overflow;
        if producer.id != self.producer_id && !is_after_overflow {
            return Err(ErrorCode::InvalidProducerIdMapping);
        }
        let is_complete = matches!(self.state, State::CompleteCommit | State::CompleteAbort);
        if producer.epoch != self.producer_epoch && !(is_complete && is_retry) {
            return Err(ErrorCode::ProducerFenced);
        }
        let has_begun = match (self.state, outcome) {
            (State::Ongoing, _) => true,
            (State::CompleteCommit, Outcome::Commit) | (State::CompleteAbort, Outcome::Abort) if is_retry => {
                return Ok(Ended::Already(self.producer()));
            }
            // A producer may abort before anything has come of its transaction.
            (State::Empty | State::CompleteCommit | State::CompleteAbort, Outcome::Abort) if !is_retry => false,
            _ => return Err(ErrorCode::InvalidTxnState),
        };
        let mut next = self.bumped(outcome, client_version, next_id, now_ms)?;
        if !has_begun {
            next.start_ms = now_ms;
        }
        Ok(Ended::Prepared(Box::new(next)))
    }

    /// Prepared with an epoch that no client has yet.
    fn bumped(&self, outcome: Outcome, version: i16, next_id: NextId<'_>, now_ms: i64) -> Result<Self, ErrorCode> {
        let mut next = self.to(outcome.prepared(), now_ms).of_version(version);
        next.next_producer_id = if is_exhausted(self.producer_epoch) { next_id()? } else { NO_PRODUCER_ID };
        next.producer_epoch = self.producer_epoch.saturating_add(1);
        next.last_producer_epoch = self.producer_epoch;
        Ok(next)
    }

    fn of_version(self, client_version: i16) -> Self {
        Transaction { client_version, ..self }
    }

    /// Aborts an open transaction with an epoch that fences its producer. `version` is the level of `transaction.version`.
    ///
    /// # Errors
    /// Those of `next_id`.
    pub(in super::super) fn fence(&self, version: i16, next_id: NextId<'_>, now_ms: i64) -> Result<Self, ErrorCode> {
        if version >= EPOCH_BUMP_MIN_VERSION {
            return self.bumped(Outcome::Abort, version, next_id, now_ms);
        }
        let mut next = self.to(State::PrepareAbort, now_ms).of_version(0);
        if !self.has_failed_fence {
            next.producer_epoch = self.producer_epoch.saturating_add(1);
        }
        next.last_producer_epoch = NO_PRODUCER_EPOCH;
        Ok(next)
    }

    /// The fence could not be written. Below version 2 of transactions the producer is fenced all the same.
    pub(in super::super) fn fence_failed(&mut self, fenced: &Transaction, version: i16) {
        self.has_failed_fence = true;
        if version < EPOCH_BUMP_MIN_VERSION {
            self.producer_epoch = fenced.producer_epoch;
            self.last_producer_epoch = fenced.last_producer_epoch;
        }
    }

    /// The markers of a prepared transaction are written.
    pub(in super::super) fn complete(&self, now_ms: i64) -> Self {
        let is_commit = self.state == State::PrepareCommit;
        let mut next = self.to(if is_commit { State::CompleteCommit } else { State::CompleteAbort }, now_ms);
        if self.client_version >= EPOCH_BUMP_MIN_VERSION && self.next_producer_id != NO_PRODUCER_ID {
            next.producer_id = self.next_producer_id;
            next.producer_epoch = 0;
        }
        next.next_producer_id = NO_PRODUCER_ID;
        next.partitions.clear();
        next.has_failed_fence = false;
        next
    }
}
