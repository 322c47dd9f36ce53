//! Transaction index (`TransactionIndex`, `<base offset>.txnindex`): the aborted transactions that end in a segment.
//!
//! Entries of 34 bytes, in the order of their markers; created with the first entry, never preallocated.

use super::abstract_index::IndexAppendError;
use super::bytes::{i8_at, i64_at};
use super::{FormatError, FormatErrorKind};

const VERSION_AT: usize = 0;
const PRODUCER_ID_AT: usize = VERSION_AT + size_of::<i16>();
const FIRST_OFFSET_AT: usize = PRODUCER_ID_AT + size_of::<i64>();
const LAST_OFFSET_AT: usize = FIRST_OFFSET_AT + size_of::<i64>();
const LAST_STABLE_OFFSET_AT: usize = LAST_OFFSET_AT + size_of::<i64>();
/// Bytes of an entry (`AbortedTxn.TOTAL_SIZE`).
pub const ABORTED_TXN_LEN: usize = LAST_STABLE_OFFSET_AT + size_of::<i64>();
const _: () = assert!(ABORTED_TXN_LEN == 34);

/// Newest entry version Kafka reads.
const CURRENT_VERSION: i8 = 0;

/// An aborted transaction (`AbortedTxn`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxn {
    /// Producer of the transaction.
    pub producer_id: i64,
    /// First offset of the transaction.
    pub first_offset: i64,
    /// Offset of its abort marker.
    pub last_offset: i64,
    /// Last stable offset at the moment of the marker.
    pub last_stable_offset: i64,
}

/// An entry as it stands in the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AbortedTxnEntry {
    /// Version; the format has an int16 here, of which Kafka reads the first byte alone, so 0x00ff is version 0.
    pub version: i8,
    /// The transaction.
    pub txn: AbortedTxn,
}

/// Field of the error for a version that Kafka does not know, at which it gives up instead of rebuilding the index.
pub(crate) const VERSION_FIELD: &str = "aborted transaction version";

/// View of the entries of a transaction index (`TransactionIndex`). Bytes after the last whole entry are left out.
#[derive(Clone, Copy, Debug)]
pub struct TransactionIndex<'a> {
    entries: &'a [[u8; ABORTED_TXN_LEN]],
}

/// Answer of [`TransactionIndex::collect_aborted_txns`] (`TxnIndexSearchResult`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TxnIndexSearchResult {
    /// Transactions that overlap the range.
    pub aborted_transactions: Vec<AbortedTxn>,
    /// Whether no later segment can hold another one.
    pub is_complete: bool,
}

impl<'a> TransactionIndex<'a> {
    /// The entries in `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        TransactionIndex { entries: bytes.as_chunks().0 }
    }

    /// Number of entries.
    pub fn entries(&self) -> usize {
        self.entries.len()
    }

    /// The entry in slot `slot`, if there is one; its version may be any.
    pub fn entry(&self, slot: usize) -> Option<AbortedTxnEntry> {
        self.entries.get(slot).map(parse)
    }

    /// All entries in file order. Kafka gives up at the first of a version it does not know.
    ///
    /// # Errors
    /// Each item: `OutOfRange` for a version above 0.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = Result<AbortedTxnEntry, FormatError>> + 'a {
        self.entries.iter().enumerate().map(|(slot, bytes)| {
            let entry = parse(bytes);
            if entry.version > CURRENT_VERSION {
                let (min, max) = (i64::from(i8::MIN), i64::from(CURRENT_VERSION));
                let kind = FormatErrorKind::OutOfRange { min, max, found: i64::from(entry.version) };
                return Err(FormatError::new(slot * ABORTED_TXN_LEN, VERSION_FIELD, kind));
            }
            Ok(entry)
        })
    }

    /// Transactions that overlap offsets `fetch_offset` (inclusive) to `upper_bound_offset` (exclusive).
    ///
    /// # Errors
    /// The errors of [`TransactionIndex::iter`], unless the search ends before.
    pub fn collect_aborted_txns(
        &self,
        fetch_offset: i64,
        upper_bound_offset: i64,
    ) -> Result<TxnIndexSearchResult, FormatError> {
        let mut aborted_transactions = Vec::new();
        for entry in self.iter() {
            let txn = entry?.txn;
            if txn.last_offset >= fetch_offset && txn.first_offset < upper_bound_offset {
                aborted_transactions.push(txn);
            }
            if txn.last_stable_offset >= upper_bound_offset {
                return Ok(TxnIndexSearchResult { aborted_transactions, is_complete: true });
            }
        }
        Ok(TxnIndexSearchResult { aborted_transactions, is_complete: false })
    }

    /// Number of entries before the first whose last offset is `offset` or above; none if there is no such entry
    /// and the file stays as it is (`truncateTo`).
    ///
    /// # Errors
    /// The errors of [`TransactionIndex::iter`], unless the search ends before.
    pub fn truncation_slot(&self, offset: i64) -> Result<Option<usize>, FormatError> {
        for (slot, entry) in self.iter().enumerate() {
            if entry?.txn.last_offset >= offset {
                return Ok(Some(slot));
            }
        }
        Ok(None)
    }

    /// Whether Kafka would rebuild the index of the segment at `start_offset` on opening (`sanityCheck`).
    ///
    /// # Errors
    /// `OutOfRange` for the first last offset below `start_offset`, and those of [`TransactionIndex::iter`].
    pub fn sanity_check(&self, start_offset: i64) -> Result<(), FormatError> {
        for (slot, entry) in self.iter().enumerate() {
            let found = entry?.txn.last_offset;
            if found < start_offset {
                let kind = FormatErrorKind::OutOfRange { min: start_offset, max: i64::MAX, found };
                let at = slot * ABORTED_TXN_LEN + LAST_OFFSET_AT;
                return Err(FormatError::new(at, "last offset of an aborted transaction", kind));
            }
        }
        Ok(())
    }
}

fn parse(entry: &[u8; ABORTED_TXN_LEN]) -> AbortedTxnEntry {
    AbortedTxnEntry {
        version: i8_at(entry, VERSION_AT),
        txn: AbortedTxn {
            producer_id: i64_at(entry, PRODUCER_ID_AT),
            first_offset: i64_at(entry, FIRST_OFFSET_AT),
            last_offset: i64_at(entry, LAST_OFFSET_AT),
            last_stable_offset: i64_at(entry, LAST_STABLE_OFFSET_AT),
        },
    }
}

/// Writes entries of a transaction index one after another, under Kafka's rules (`TransactionIndex.append`).
///
/// A fresh one accepts any first entry, also after entries that a file already has: Kafka does not look at those.
#[derive(Clone, Debug, Default)]
pub struct TransactionIndexAppender {
    last_offset: Option<i64>,
}

impl TransactionIndexAppender {
    /// Continues after an entry with this last offset, none at the start.
    pub fn new(last_offset: Option<i64>) -> Self {
        TransactionIndexAppender { last_offset }
    }

    /// Appends an entry to `out`.
    ///
    /// # Errors
    /// `OffsetOutOfOrder` unless the last offset is above that of the entry before; nothing is written.
    pub fn append(&mut self, txn: AbortedTxn, out: &mut Vec<u8>) -> Result<(), IndexAppendError> {
        if let Some(last) = self.last_offset
            && last >= txn.last_offset
        {
            return Err(IndexAppendError::OffsetOutOfOrder { offset: txn.last_offset, last });
        }
        out.extend_from_slice(&i16::from(CURRENT_VERSION).to_be_bytes());
        for value in [txn.producer_id, txn.first_offset, txn.last_offset, txn.last_stable_offset] {
            out.extend_from_slice(&value.to_be_bytes());
        }
        self.last_offset = Some(txn.last_offset);
        Ok(())
    }
}
