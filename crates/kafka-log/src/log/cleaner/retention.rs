//! What stays in a log and what goes (the record filter of `Cleaner.cleanInto`).

use std::collections::HashMap;

use super::offset_map::OffsetMap;
use super::transactions::{CleanedTransactionMetadata, MarkerFate};
use crate::format::FormatError;
use crate::format::batch::{NO_PRODUCER_EPOCH, NO_PRODUCER_ID, RecordBatch};
use crate::format::control::ControlRecordType;
use crate::format::legacy::LegacyRecord;
use crate::format::transaction_index::AbortedTxn;
use crate::segment::batch::{Batch, RawBatch};

/// Where an active producer's trail in the log ends (`LastRecord`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LastRecord {
    /// Last offset of its last batch of data; `None` where nothing but a marker is known of it.
    pub last_data_offset: Option<i64>,
    /// Its epoch.
    pub producer_epoch: i16,
}

/// The rules by which one segment is cleaned.
#[derive(Clone, Copy, Debug)]
pub(super) struct Retention<'a> {
    /// Last offsets of the keys.
    pub map: &'a OffsetMap,
    /// The time in ms at which the round began.
    pub now_ms: i64,
    /// `delete.retention.ms`
    pub delete_retention_ms: i64,
    /// Whether tombstones of magic 0 and 1 stay in this segment.
    pub retain_legacy_deletes: bool,
    /// First offset that this round of cleaning does not reach.
    pub upper_bound_offset: i64,
    /// The producers that are active, by id.
    pub last_records: &'a HashMap<i64, LastRecord>,
}

/// What becomes of a batch, as far as can be said without its records (`BatchRetention`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BatchRetention {
    /// It is removed; its records are not looked at.
    Delete,
    /// It stays as a header if no record does.
    RetainEmpty,
    /// It goes if no record stays.
    DeleteEmpty,
}

/// (`BatchRetentionResult`)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BatchVerdict {
    pub(crate) retention: BatchRetention,
    /// All records go, whatever their keys.
    pub(crate) discard_records: bool,
    /// A marker that is no longer needed and waits for its delete horizon.
    pub(crate) marker_of_empty_txn: bool,
    /// The entry that stays in the transaction index.
    pub(crate) aborted_txn: Option<AbortedTxn>,
}

/// What the rules ask of a batch, for all versions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct BatchFacts {
    pub(crate) is_legacy: bool,
    pub(crate) is_control: bool,
    pub(crate) is_transactional: bool,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) last_offset: i64,
    pub(crate) delete_horizon_ms: Option<i64>,
}

impl BatchFacts {
    #[inline]
    pub(crate) fn of(batch: &RecordBatch<'_>) -> Self {
        let header = batch.header();
        let attributes = header.attributes();
        BatchFacts {
            is_legacy: false,
            is_control: attributes.is_control(),
            is_transactional: attributes.is_transactional(),
            producer_id: header.producer_id(),
            producer_epoch: header.producer_epoch(),
            last_offset: header.last_offset(),
            delete_horizon_ms: header.delete_horizon_ms(),
        }
    }

    pub(crate) fn of_legacy(message: &LegacyRecord<'_>) -> Self {
        BatchFacts {
            is_legacy: true,
            is_control: false,
            is_transactional: false,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            last_offset: message.offset(),
            delete_horizon_ms: None,
        }
    }
}

/// Last offset of a batch; that in front where the header is not all there.
pub(crate) fn last_offset(batch: &RawBatch<'_>) -> i64 {
    match batch.parse() {
        Ok(Batch::Default(view)) => view.header().last_offset(),
        _ => batch.overhead.offset,
    }
}

impl Retention<'_> {
    /// Judges a batch (`checkBatchRetention`). `control_type` reads the type of a control batch's record, `None` where it
    /// has none.
    pub(crate) fn check_batch(
        &self,
        batch: &BatchFacts,
        transactions: &mut CleanedTransactionMetadata,
        control_type: impl FnOnce() -> Result<Option<ControlRecordType>, FormatError>,
    ) -> Result<BatchVerdict, FormatError> {
        let fate = if batch.is_control {
            transactions.on_control_batch_read(batch.producer_id, batch.last_offset, control_type()?)
        } else {
            let is_aborted = transactions.on_batch_read(batch.producer_id, batch.last_offset, batch.is_transactional);
            MarkerFate { can_discard: is_aborted, aborted_txn: None }
        };
        // Consumers must be given the time to see that data which they have read was aborted, as with tombstones.
        let is_due = !batch.is_control || batch.delete_horizon_ms.is_some_and(|horizon| horizon <= self.now_ms);
        let discard_records = fate.can_discard && is_due;
        let retention = if self.is_last_of_producer(batch)
            // Else the offsets up to the end of the round would be lost with their batches.
            || batch.last_offset.wrapping_add(1) == self.upper_bound_offset
        {
            BatchRetention::RetainEmpty
        } else if discard_records {
            BatchRetention::Delete
        } else {
            BatchRetention::DeleteEmpty
        };
        Ok(BatchVerdict {
            retention,
            discard_records,
            marker_of_empty_txn: fate.can_discard && batch.is_control,
            aborted_txn: fate.aborted_txn,
        })
    }

    /// Whether a producer that is active would lose its last sequence number with this batch, or its epoch.
    fn is_last_of_producer(&self, batch: &BatchFacts) -> bool {
        if batch.producer_id <= NO_PRODUCER_ID {
            return false;
        }
        self.last_records.get(&batch.producer_id).is_some_and(|last| match last.last_data_offset {
            Some(offset) => batch.last_offset == offset,
            None => batch.is_control && batch.producer_epoch == last.producer_epoch,
        })
    }

    /// Whether tombstones of a batch stay.
    pub(crate) fn retain_deletes(&self, batch: &BatchFacts) -> bool {
        if batch.is_legacy {
            self.retain_legacy_deletes
        } else {
            batch.delete_horizon_ms.is_none_or(|horizon| self.now_ms < horizon)
        }
    }
}
