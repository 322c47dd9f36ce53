//! A transaction index against the transactions that the batches abort (`TransactionIndex`).

use std::path::Path;

use crate::format::transaction_index::{ABORTED_TXN_LEN, AbortedTxn, TransactionIndex};
use crate::verify::code::Code;
use crate::verify::finding::Finding;
use crate::verify::report::IndexReport;

/// Compares the bytes of the index, none where there is no file, with the transactions aborted in its segment.
///
/// Transactions with first offsets below `known_from` are not all known to the replay.
pub(super) fn check(
    path: &Path,
    bytes: Option<&[u8]>,
    aborted: &[AbortedTxn],
    known_from: i64,
) -> (Option<IndexReport>, Vec<Finding>) {
    let mut findings = Vec::new();
    let Some(bytes) = bytes else {
        if let Some(first) = aborted.iter().find(|txn| txn.first_offset >= known_from) {
            let expected = format!("{} aborted transactions, {}", aborted.len(), shown(first));
            findings.push(Finding::new(Code::TxnIndexMismatch, path, expected, "no file"));
        }
        return (None, findings);
    };
    let index = TransactionIndex::new(bytes);
    let rest = bytes.len() % ABORTED_TXN_LEN;
    if rest != 0 {
        let expected = format!("whole entries of {ABORTED_TXN_LEN} bytes");
        let finding = Finding::new(Code::TxnIndexSize, path, expected, format!("{rest} bytes more"));
        findings.push(finding.at((bytes.len() - rest) as u64..bytes.len() as u64));
    }
    let mut stated = Vec::new();
    for (slot, entry) in index.iter().enumerate() {
        let at = (slot * ABORTED_TXN_LEN) as u64..((slot + 1) * ABORTED_TXN_LEN) as u64;
        match entry {
            Err(error) => {
                findings.push(Finding::new(Code::TxnIndexEntry, path, "version 0", error.kind.to_string()).at(at));
                break;
            }
            Ok(entry) => {
                let txn = entry.txn;
                if entry.version != 0 || txn.first_offset > txn.last_offset || txn.producer_id < 0 {
                    let expected = "version 0 and offsets in order";
                    let found = format!("version {}, {}", entry.version, shown(&txn));
                    findings.push(Finding::new(Code::TxnIndexEntry, path, expected, found).at(at));
                }
                stated.push(txn);
            }
        }
    }
    if findings.is_empty() {
        findings.extend(mismatch(path, &stated, aborted, known_from));
    }
    let report =
        IndexReport { size: bytes.len() as u64, entries: index.entries() as u64, is_bad: !findings.is_empty() };
    (Some(report), findings)
}

fn mismatch(path: &Path, stated: &[AbortedTxn], aborted: &[AbortedTxn], known_from: i64) -> Option<Finding> {
    // What began before the log does is not in the replay, and changes the last stable offset of others.
    let is_known = |txn: &&AbortedTxn| txn.first_offset >= known_from;
    let mut expected = aborted.iter().filter(is_known);
    let mut found = stated.iter().enumerate().filter(|(_, txn)| is_known(txn));
    loop {
        let (expected, found) = (expected.next(), found.next());
        let finding =
            |expected: String, found: String| Some(Finding::new(Code::TxnIndexMismatch, path, expected, found));
        match (expected, found) {
            (None, None) => return None,
            (Some(txn), None) => return finding(shown(txn), "no more entries".into()),
            (None, Some((slot, txn))) => return finding("no more entries".into(), in_entry(txn, slot)),
            (Some(a), Some((slot, b))) if a.last_stable_offset >= known_from && a != b || key(a) != key(b) => {
                return finding(shown(a), in_entry(b, slot));
            }
            _ => {}
        }
    }
}

fn key(txn: &AbortedTxn) -> (i64, i64, i64) {
    (txn.producer_id, txn.first_offset, txn.last_offset)
}

fn in_entry(txn: &AbortedTxn, slot: usize) -> String {
    format!("{} in entry {slot}", shown(txn))
}

fn shown(txn: &AbortedTxn) -> String {
    let AbortedTxn { producer_id, first_offset, last_offset, last_stable_offset } = txn;
    format!("producer {producer_id} offsets {first_offset}-{last_offset}, last stable offset {last_stable_offset}")
}
