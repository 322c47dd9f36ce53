//! What the cleaner knows of transactions on its way through a log (`CleanedTransactionMetadata`).

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::collections::{BinaryHeap, HashMap, HashSet};

use crate::format::control::ControlRecordType;
use crate::format::transaction_index::AbortedTxn;

/// Transactions that are under way at the point which the cleaner has reached, and the aborted ones ahead of it
/// (`CleanedTransactionMetadata`).
///
/// It decides which data is aborted and which markers have outlived their data. One of these goes through all groups of a
/// round, because a transaction may reach from one into the next.
#[derive(Debug, Default)]
pub(super) struct CleanedTransactionMetadata {
    ongoing_committed: HashSet<i64>,
    ongoing_aborted: HashMap<i64, OngoingAborted>,
    /// By first offset, smallest on top.
    ahead: BinaryHeap<Reverse<ByFirstOffset>>,
}

#[derive(Debug)]
struct OngoingAborted {
    txn: AbortedTxn,
    /// Whether data of it was met.
    has_data: bool,
}

#[derive(Debug)]
struct ByFirstOffset(AbortedTxn);

/// What becomes of a marker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct MarkerFate {
    /// Whether nothing is left that needs it.
    pub can_discard: bool,
    /// The entry of the transaction index that stays with it.
    pub aborted_txn: Option<AbortedTxn>,
}

impl CleanedTransactionMetadata {
    /// Knows nothing.
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// Adds transactions from the index of a segment that comes next. The same one may come more than once.
    pub(super) fn add_aborted_transactions(&mut self, transactions: impl IntoIterator<Item = AbortedTxn>) {
        self.ahead.extend(transactions.into_iter().map(|txn| Reverse(ByFirstOffset(txn))));
    }

    /// Notes a control batch and says whether it can go. `kind` is the type of its record, `None` where it has none any
    /// more.
    pub(super) fn on_control_batch_read(
        &mut self,
        producer_id: i64,
        last_offset: i64,
        kind: Option<ControlRecordType>,
    ) -> MarkerFate {
        self.reach(last_offset);
        let mut fate = MarkerFate { can_discard: true, aborted_txn: None };
        match kind {
            // Emptied by an earlier round.
            None => {}
            Some(ControlRecordType::Abort) => {
                if let Some(ongoing) = self.ongoing_aborted.remove(&producer_id)
                    && ongoing.has_data
                {
                    fate = MarkerFate { can_discard: false, aborted_txn: Some(ongoing.txn) };
                }
            }
            Some(ControlRecordType::Commit) => fate.can_discard = !self.ongoing_committed.remove(&producer_id),
            Some(_) => fate.can_discard = false,
        }
        fate
    }

    /// Notes a batch of data and says whether it is aborted.
    #[inline]
    pub(super) fn on_batch_read(&mut self, producer_id: i64, last_offset: i64, is_transactional: bool) -> bool {
        self.reach(last_offset);
        if !is_transactional {
            return false;
        }
        match self.ongoing_aborted.get_mut(&producer_id) {
            Some(ongoing) => {
                ongoing.has_data = true;
                true
            }
            None => {
                self.ongoing_committed.insert(producer_id);
                false
            }
        }
    }

    /// Takes up the aborted transactions that start at or below this offset. One that is under way already stays what it
    /// is, with the data met so far.
    #[inline]
    fn reach(&mut self, offset: i64) {
        while self.ahead.peek().is_some_and(|Reverse(next)| next.0.first_offset <= offset) {
            let Some(Reverse(ByFirstOffset(txn))) = self.ahead.pop() else { break };
            if let Entry::Vacant(free) = self.ongoing_aborted.entry(txn.producer_id) {
                free.insert(OngoingAborted { txn, has_data: false });
            }
        }
    }
}

impl PartialEq for ByFirstOffset {
    fn eq(&self, other: &Self) -> bool {
        self.0.first_offset == other.0.first_offset
    }
}

impl Eq for ByFirstOffset {}

impl PartialOrd for ByFirstOffset {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for ByFirstOffset {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.first_offset.cmp(&other.0.first_offset)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ABORT: Option<ControlRecordType> = Some(ControlRecordType::Abort);
    const COMMIT: Option<ControlRecordType> = Some(ControlRecordType::Commit);

    fn aborted(producer_id: i64, first_offset: i64, last_offset: i64) -> AbortedTxn {
        AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset: last_offset + 1 }
    }

    #[test]
    fn data_of_an_aborted_transaction_goes_and_its_marker_stays_for_this_round() {
        let mut txns = CleanedTransactionMetadata::new();
        let (one, two) = (aborted(1, 0, 5), aborted(2, 3, 6));
        txns.add_aborted_transactions([two, one]);
        assert!(txns.on_batch_read(1, 1, true));
        assert!(!txns.on_batch_read(2, 2, true), "its aborted transaction starts behind");
        assert!(txns.on_batch_read(2, 3, true));
        assert!(!txns.on_batch_read(1, 4, false), "not part of the transaction");
        let stays = |txn| MarkerFate { can_discard: false, aborted_txn: Some(txn) };
        assert_eq!(txns.on_control_batch_read(1, 5, ABORT), stays(one));
        assert_eq!(txns.on_control_batch_read(2, 6, ABORT), stays(two));
    }

    #[test]
    fn a_marker_goes_when_no_data_of_its_transaction_was_met() {
        let mut txns = CleanedTransactionMetadata::new();
        txns.add_aborted_transactions([aborted(1, 0, 5)]);
        assert!(txns.on_control_batch_read(1, 5, ABORT).can_discard);
        assert!(txns.on_control_batch_read(1, 7, COMMIT).can_discard);
        assert!(!txns.on_batch_read(1, 8, true));
        assert!(!txns.on_control_batch_read(1, 9, COMMIT).can_discard);
        assert!(txns.on_control_batch_read(1, 10, COMMIT).can_discard, "it was committed by the one before");
        assert!(txns.on_control_batch_read(1, 11, None).can_discard, "emptied before");
        assert!(!txns.on_control_batch_read(-1, 12, Some(ControlRecordType::LeaderChange)).can_discard);
    }

    #[test]
    fn a_transaction_that_is_named_by_two_segments_is_still_one() {
        let mut txns = CleanedTransactionMetadata::new();
        let txn = aborted(1, 0, 20);
        txns.add_aborted_transactions([txn]);
        assert!(txns.on_batch_read(1, 1, true));
        txns.add_aborted_transactions([txn, aborted(1, 30, 40)]);
        assert_eq!(txns.on_control_batch_read(1, 20, ABORT).aborted_txn, Some(txn));
        assert!(!txns.on_batch_read(1, 25, true), "between two aborted ones");
        assert!(txns.on_batch_read(1, 31, true));
    }
}
