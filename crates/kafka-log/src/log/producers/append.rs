//! What an append does to its producers, checked before it is written and applied after (`ProducerAppendInfo`).

use std::collections::HashMap;

use super::entry::ProducerState;
use super::marker::EndTransaction;
use super::transactions::{CompletedTxn, TxnMetadata};
use super::verification::{VerificationGuard, VerificationState};
use crate::format::batch::{BatchHeader, NO_PRODUCER_EPOCH, NO_SEQUENCE};
use crate::format::producer_snapshot::BatchMetadata;
use crate::log::error::{AppendError, ExpectedSequence};
use crate::log::types::{AppendOrigin, LogOffsetMetadata};

/// The transaction version of a caller that does not know it (`TransactionVersion.TV_UNKNOWN`).
pub const TV_UNKNOWN: i16 = -1;

/// Up to here producers of one append are looked for one by one.
const SEARCHED_MAX: usize = 8;

/// How the batches of one append are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppendTerms {
    /// Where they come from.
    pub origin: AppendOrigin,
    /// Guard that came with them.
    pub verification_guard: VerificationGuard,
    /// Version of the transactions that markers end, [`TV_UNKNOWN`] when there are none.
    pub transaction_version: i16,
}

impl AppendTerms {
    /// Of a follower's append, and of a replay of what the log holds.
    pub const REPLICATION: Self = AppendTerms {
        origin: AppendOrigin::Replication,
        verification_guard: VerificationGuard::SENTINEL,
        transaction_version: TV_UNKNOWN,
    };
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checked {
    /// It may be written.
    Accepted,
    /// It was written before, as this. Nothing of the append is to be written or applied.
    Duplicate(BatchMetadata),
}

/// What the batches of one append will change, to be kept and used again for the next (`updatedProducers`,
/// `completedTxns`).
#[derive(Debug, Default)]
pub struct ProducerAppends {
    staged: Vec<Staged>,
    /// Where each producer is in `staged`; unused up to [`SEARCHED_MAX`].
    by_id: HashMap<i64, usize>,
    pub(super) started: Vec<TxnMetadata>,
    completed: Vec<CompletedTxn>,
}

/// What one producer will be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Staged {
    pub(super) producer_id: i64,
    /// With the batches of this append alone.
    pub(super) updated: ProducerState,
    /// As it was at the producer's first batch, which removes it.
    verification: Option<VerificationState>,
}

impl ProducerAppends {
    /// Empty.
    pub fn new() -> Self {
        ProducerAppends::default()
    }

    /// Forgets everything and keeps the memory. To be called in front of the first batch of an append.
    pub fn clear(&mut self) {
        self.staged.clear();
        self.by_id.clear();
        self.started.clear();
        self.completed.clear();
    }

    /// Transactions that markers of the append end, in the order of the markers. Each goes into the transaction index, if
    /// aborted, and to [`complete_txn`](super::ProducerStateManager::complete_txn) once the append is written and applied.
    pub fn completed(&self) -> &[CompletedTxn] {
        &self.completed
    }

    pub(super) fn entry(
        &mut self,
        producer_id: i64,
        known: Option<&ProducerState>,
        verification: Option<&VerificationState>,
    ) -> usize {
        let found = if self.staged.len() <= SEARCHED_MAX {
            self.staged.iter().rposition(|staged| staged.producer_id == producer_id)
        } else {
            self.by_id.get(&producer_id).copied()
        };
        found.unwrap_or_else(|| {
            let updated = known.unwrap_or(&ProducerState::EMPTY).without_batches();
            let at = self.staged.len();
            self.staged.push(Staged { producer_id, updated, verification: verification.copied() });
            if at >= SEARCHED_MAX {
                let unlisted = if at == SEARCHED_MAX { 0 } else { at };
                let ids = self.staged.iter().enumerate().skip(unlisted);
                self.by_id.extend(ids.map(|(at, staged)| (staged.producer_id, at)));
            }
            at
        })
    }

    /// What was staged, a producer each, in the order of their first batches.
    pub(super) fn staged(&self) -> &[Staged] {
        &self.staged
    }

    /// Checks a data batch of the producer at `at`, and stages it.
    pub(super) fn append_data(
        &mut self,
        at: usize,
        known: Option<&ProducerState>,
        origin: AppendOrigin,
        batch: &BatchHeader<'_>,
        first_offset: LogOffsetMetadata,
    ) -> Result<(), AppendError> {
        let staged = &mut self.staged[at];
        staged.check_producer_epoch(batch, origin, TV_UNKNOWN)?;
        if origin == AppendOrigin::Client {
            staged.check_sequence(known.unwrap_or(&ProducerState::EMPTY), batch)?;
        }
        let (base_offset, last_offset) = (batch.base_offset(), batch.last_offset());
        staged.updated.add_batch(
            batch.producer_epoch(),
            batch.last_sequence(),
            last_offset,
            batch.last_offset_delta(),
            batch.max_timestamp(),
        );
        match (staged.updated.current_txn_first_offset(), batch.attributes().is_transactional()) {
            (Some(first), false) => Err(AppendError::InvalidTxnState {
                producer_id: staged.producer_id,
                offset: base_offset,
                ongoing: Some(first),
            }),
            (None, true) => {
                staged.updated.begin_transaction(base_offset);
                self.started.push(TxnMetadata { producer_id: staged.producer_id, first_offset });
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Checks a marker of the producer at `at`, and stages it (`appendEndTxnMarker`).
    pub(super) fn append_marker(
        &mut self,
        at: usize,
        terms: &AppendTerms,
        batch: &BatchHeader<'_>,
        marker: &EndTransaction,
    ) -> Result<(), AppendError> {
        let staged = &mut self.staged[at];
        // Followers do not learn the version. Theirs is the check that is less strict; the leader has made the other.
        let transaction_version = match terms.transaction_version {
            TV_UNKNOWN if terms.origin == AppendOrigin::Replication => 0,
            TV_UNKNOWN => {
                let message = format!("a marker of producer {} without its transaction version", staged.producer_id);
                return Err(AppendError::IllegalArgument(message));
            }
            version => version,
        };
        staged.check_producer_epoch(batch, terms.origin, transaction_version)?;
        staged.check_coordinator_epoch(batch, terms.origin, marker)?;
        let offset = batch.base_offset();
        if let Some(first_offset) = staged.updated.current_txn_first_offset() {
            let (producer_id, is_aborted) = (staged.producer_id, marker.is_aborted);
            self.completed.push(CompletedTxn { producer_id, first_offset, last_offset: offset, is_aborted });
        }
        staged.updated.end_transaction(batch.producer_epoch(), marker.coordinator_epoch, marker.timestamp);
        Ok(())
    }
}

impl Staged {
    /// With transactions of version 2 each marker raises the epoch, so one at the known epoch is late.
    fn check_producer_epoch(
        &self,
        batch: &BatchHeader<'_>,
        origin: AppendOrigin,
        transaction_version: i16,
    ) -> Result<(), AppendError> {
        let (epoch, known) = (batch.producer_epoch(), self.updated.producer_epoch());
        let is_strict = transaction_version >= 2;
        if epoch > known || epoch == known && !is_strict || origin == AppendOrigin::Replication {
            return Ok(());
        }
        // The marker again, after an answer was lost (KAFKA-19999). Epoch 32767 cannot be raised.
        let is_ended = self.updated.current_txn_first_offset().is_none();
        if epoch == known && (is_ended || epoch == i16::MAX) {
            return Ok(());
        }
        Err(AppendError::InvalidProducerEpoch { producer_id: self.producer_id, epoch, latest: known })
    }

    fn check_coordinator_epoch(
        &self,
        batch: &BatchHeader<'_>,
        origin: AppendOrigin,
        marker: &EndTransaction,
    ) -> Result<(), AppendError> {
        let (epoch, known) = (marker.coordinator_epoch, self.updated.coordinator_epoch());
        if known <= epoch || origin == AppendOrigin::Replication {
            return Ok(());
        }
        let (producer_id, offset) = (self.producer_id, batch.base_offset());
        Err(AppendError::TransactionCoordinatorFenced { producer_id, offset, epoch, latest: known })
    }

    /// `known` is what the log knows of the producer; batches of this append are in `self.updated`.
    fn check_sequence(&self, known: &ProducerState, batch: &BatchHeader<'_>) -> Result<(), AppendError> {
        let (producer_id, epoch, first) = (self.producer_id, batch.producer_epoch(), batch.base_sequence());
        let offset = batch.base_offset();
        let refused =
            |expected| Err(AppendError::OutOfOrderSequence { producer_id, epoch, sequence: first, offset, expected });
        if let Some(verification) = &self.verification {
            if verification.supports_epoch_bump && first != 0 && known.is_empty() {
                return refused(ExpectedSequence::First);
            }
            if first > verification.lowest_sequence {
                return refused(ExpectedSequence::Pending { lowest: verification.lowest_sequence });
            }
        }
        if epoch != self.updated.producer_epoch() {
            // Nothing known: all its records may have been deleted.
            if first != 0 && self.updated.producer_epoch() != NO_PRODUCER_EPOCH {
                return refused(ExpectedSequence::FirstOfEpoch { previous: self.updated.producer_epoch() });
            }
            return Ok(());
        }
        let last = match () {
            () if !self.updated.is_empty() => self.updated.last_sequence(),
            () if epoch == known.producer_epoch() => known.last_sequence(),
            () => NO_SEQUENCE,
        };
        let follows = i64::from(first) == i64::from(last) + 1 || first == 0 && last == i32::MAX;
        if follows || known.producer_epoch() == NO_PRODUCER_EPOCH {
            return Ok(());
        }
        refused(ExpectedSequence::After { last })
    }
}
