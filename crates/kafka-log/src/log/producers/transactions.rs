//! Transactions of a partition: the open ones, and the finished ones whose marker is not yet below the high watermark.

use std::collections::BTreeMap;

use crate::format::transaction_index::AbortedTxn;
use crate::log::error::AppendError;
use crate::log::types::LogOffsetMetadata;

/// A transaction that is open (`TxnMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TxnMetadata {
    /// Its producer.
    pub producer_id: i64,
    /// First offset, and its place where the partition has seen the transaction begin.
    pub first_offset: LogOffsetMetadata,
}

/// A transaction that a marker has just ended (`CompletedTxn`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompletedTxn {
    /// Its producer.
    pub producer_id: i64,
    /// First offset.
    pub first_offset: i64,
    /// Offset of the marker.
    pub last_offset: i64,
    /// Whether the marker aborts it.
    pub is_aborted: bool,
}

impl CompletedTxn {
    /// What goes into the transaction index, if it was aborted.
    pub fn aborted(&self, last_stable_offset: i64) -> Option<AbortedTxn> {
        self.is_aborted.then_some(AbortedTxn {
            producer_id: self.producer_id,
            first_offset: self.first_offset,
            last_offset: self.last_offset,
            last_stable_offset,
        })
    }
}

#[derive(Clone, Copy, Debug)]
struct Unreplicated {
    first_offset: LogOffsetMetadata,
    last_offset: i64,
}

/// Both kinds, by first offset.
#[derive(Debug)]
pub(super) struct Transactions {
    ongoing: BTreeMap<i64, TxnMetadata>,
    unreplicated: BTreeMap<i64, Unreplicated>,
    /// Not above the lowest marker in `unreplicated`: the high watermark moves with every append, and mostly has nothing
    /// to remove.
    marker_min: i64,
}

impl Transactions {
    pub(super) const fn new() -> Self {
        Transactions { ongoing: BTreeMap::new(), unreplicated: BTreeMap::new(), marker_min: i64::MAX }
    }

    pub(super) fn clear(&mut self) {
        *self = Transactions::new();
    }

    pub(super) fn begin(&mut self, txn: TxnMetadata) {
        self.ongoing.insert(txn.first_offset.message_offset, txn);
    }

    pub(super) fn oldest(&self) -> Option<&TxnMetadata> {
        self.ongoing.first_key_value().map(|(_, txn)| txn)
    }

    pub(super) fn has_unreplicated(&self) -> bool {
        !self.unreplicated.is_empty()
    }

    pub(super) fn first_unstable_offset(&self) -> Option<LogOffsetMetadata> {
        let undecided = self.ongoing.first_key_value().map(|(_, txn)| txn.first_offset);
        let unreplicated = self.unreplicated.first_key_value().map(|(_, txn)| txn.first_offset);
        match (undecided, unreplicated) {
            (Some(undecided), Some(unreplicated)) if undecided.message_offset >= unreplicated.message_offset => {
                Some(unreplicated)
            }
            (None, unreplicated) => unreplicated,
            (undecided, _) => undecided,
        }
    }

    pub(super) fn last_stable_offset(&self, completed: &CompletedTxn) -> i64 {
        let other = self.ongoing.values().find(|txn| txn.producer_id != completed.producer_id);
        other.map_or(completed.last_offset.wrapping_add(1), |txn| txn.first_offset.message_offset)
    }

    pub(super) fn complete(&mut self, completed: &CompletedTxn) -> Result<(), AppendError> {
        let Some(txn) = self.ongoing.remove(&completed.first_offset) else {
            let CompletedTxn { producer_id, first_offset, last_offset, .. } = completed;
            return Err(AppendError::IllegalArgument(format!(
                "the transaction of producer {producer_id} from offset {first_offset} to its marker at {last_offset} was never begun"
            )));
        };
        let last_offset = completed.last_offset;
        self.unreplicated.insert(completed.first_offset, Unreplicated { first_offset: txn.first_offset, last_offset });
        self.marker_min = self.marker_min.min(last_offset);
        Ok(())
    }

    /// Forgets finished transactions whose marker is below `offset`.
    pub(super) fn remove_unreplicated(&mut self, offset: i64) {
        if offset <= self.marker_min {
            return;
        }
        self.unreplicated.retain(|_, txn| txn.last_offset >= offset);
        self.marker_min = self.unreplicated.values().map(|txn| txn.last_offset).min().unwrap_or(i64::MAX);
    }
}
