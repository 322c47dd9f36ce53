//! A transaction index against the transactions that the batches abort (`TransactionIndex`).

use std::collections::HashSet;
use std::ops::Range;
use std::path::Path;

use super::evidence::SegmentEvidence;
use crate::audit::code::Code;
use crate::audit::finding::Finding;
use crate::audit::report::IndexReport;
use crate::format::transaction_index::{ABORTED_TXN_LEN, AbortedTxn, TransactionIndex};

/// What the look at a transaction index proves.
pub(super) struct Checked {
    pub(super) findings: Vec<Finding>,
    /// Its entries, none where there is no file; `None` where it cannot be read.
    pub(super) filed: Option<Vec<AbortedTxn>>,
    /// The entries that it must have instead.
    pub(super) wanted: Option<Vec<AbortedTxn>>,
    pub(super) report: IndexReport,
}

/// Which transactions are all known to a replay: those that began where everything is known.
#[derive(Clone)]
pub(super) struct Known {
    /// From here on everything is known.
    pub(super) from: i64,
    /// So it is between these two offsets.
    pub(super) before: Range<i64>,
    /// Producers and last offsets of those of which all batches between two unknown stretches were seen.
    pub(super) seen: HashSet<(i64, i64)>,
}

impl Known {
    fn has(&self, txn: &AbortedTxn) -> bool {
        txn.first_offset >= self.from
            || self.before.start <= txn.first_offset && txn.last_offset < self.before.end
            || self.seen.contains(&(txn.producer_id, txn.last_offset))
    }
}

/// Looks at the size of an index of `len` bytes.
pub(super) fn check_size(path: &Path, len: u64, findings: &mut Vec<Finding>) -> IndexReport {
    let rest = len % ABORTED_TXN_LEN as u64;
    if rest != 0 {
        let expected = format!("whole entries of {ABORTED_TXN_LEN} bytes");
        let finding = Finding::new(Code::TxnIndexSize, path, expected, format!("{rest} bytes more"));
        findings.push(finding.at(len - rest..len));
    }
    IndexReport { size: len, entries: len / ABORTED_TXN_LEN as u64, is_bad: rest != 0, last_offset: None }
}

/// Compares the bytes of the index, none where there is no file, with the transactions aborted in its segment.
///
pub(super) fn check(
    path: &Path,
    bytes: Option<&[u8]>,
    aborted: &[AbortedTxn],
    known: &Known,
    base_offset: i64,
) -> Checked {
    let mut findings = Vec::new();
    let report = check_size(path, bytes.map_or(0, |bytes| bytes.len() as u64), &mut findings);
    let stated = entries(path, bytes.unwrap_or_default(), base_offset, &mut findings);
    if findings.is_empty() {
        let found = mismatch(path, &stated, aborted, known);
        findings.extend(found.map(|finding| match bytes {
            Some(_) => finding,
            None => Finding { found: "no file".to_owned(), ..finding },
        }));
        let wanted = (!findings.is_empty()).then(|| wanted(&stated, aborted, known));
        return Checked { findings, filed: Some(stated), wanted, report };
    }
    let wanted = Some(wanted(&[], aborted, known));
    Checked { findings, filed: None, wanted, report }
}

fn entries(path: &Path, bytes: &[u8], base_offset: i64, findings: &mut Vec<Finding>) -> Vec<AbortedTxn> {
    let mut stated: Vec<AbortedTxn> = Vec::new();
    for (slot, entry) in TransactionIndex::new(bytes).iter().enumerate() {
        let at = (slot * ABORTED_TXN_LEN) as u64..((slot + 1) * ABORTED_TXN_LEN) as u64;
        let wrong = match entry {
            Err(error) => Some((error.expected(), error.found())),
            Ok(entry) => {
                let (version, txn) = (entry.version, entry.txn);
                let is_after = stated.last().is_none_or(|last| txn.last_offset > last.last_offset);
                let is_possible = txn.first_offset <= txn.last_offset && txn.producer_id >= 0;
                stated.push(txn);
                (version != 0 || !is_possible || !is_after || txn.last_offset < base_offset)
                    .then(|| ("version 0 and offsets in order".into(), format!("version {version}, {}", shown(&txn))))
            }
        };
        if let Some((expected, found)) = wrong {
            findings.push(Finding::new(Code::TxnIndexEntry, path, expected, found).at(at));
            break;
        }
    }
    stated
}

/// The entries for the markers in the log, and those that only the file knows of.
fn wanted(stated: &[AbortedTxn], aborted: &[AbortedTxn], known: &Known) -> Vec<AbortedTxn> {
    let mut all: Vec<AbortedTxn> = stated.iter().filter(|txn| !known.has(txn)).copied().collect();
    let is_new = |txn: &&AbortedTxn| !all.iter().any(|known| key(known) == key(txn));
    let new: Vec<AbortedTxn> = aborted.iter().filter(is_new).copied().collect();
    all.extend(new);
    all.sort_unstable_by_key(|txn| txn.last_offset);
    all
}

/// The entries that an index must have of which compaction may have taken batches: those that are filed, and those of markers
/// whose transactions still have batches. `None` where it has them.
pub(super) fn after_compaction(segment: &SegmentEvidence) -> Option<Vec<AbortedTxn>> {
    let (filed, wanted) = (segment.aborts.as_deref()?, segment.wanted_aborts.as_deref()?);
    let is_filed =
        |txn: &&AbortedTxn| filed.iter().any(|e| (e.producer_id, e.last_offset) == (txn.producer_id, txn.last_offset));
    let mut all: Vec<AbortedTxn> = wanted.iter().filter(|txn| !is_filed(txn)).copied().collect();
    if all.is_empty() {
        return None;
    }
    all.extend_from_slice(filed);
    all.sort_unstable_by_key(|txn| txn.last_offset);
    Some(all)
}

fn mismatch(path: &Path, stated: &[AbortedTxn], aborted: &[AbortedTxn], known: &Known) -> Option<Finding> {
    // What began before the log does is not in the replay, and changes the last stable offset of others.
    let is_known = |txn: &&AbortedTxn| known.has(txn);
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
            (Some(a), Some((slot, b))) if a.last_stable_offset >= known.from && a != b || key(a) != key(b) => {
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
