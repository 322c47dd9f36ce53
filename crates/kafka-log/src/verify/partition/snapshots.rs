//! Producer snapshots against a replay of the batches.

use std::collections::VecDeque;
use std::path::PathBuf;

use super::replay::{Producer, Replay};
use crate::format::producer_snapshot::{ProducerEntry, ProducerSnapshot};
use crate::verify::code::Code;
use crate::verify::finding::Finding;

/// A snapshot that can be read, waiting for the replay to get there. Its bytes are read when it is its turn.
pub(super) struct Snapshot {
    /// Offset in its name: the state up to it, not including it.
    pub(super) offset: i64,
    pub(super) path: PathBuf,
    /// Reads the file; `None` where it is gone or cannot be read.
    pub(super) read: Box<dyn Fn() -> Option<Vec<u8>> + Send>,
}

/// Snapshots in the order of their offsets.
#[derive(Default)]
pub(super) struct Snapshots {
    waiting: VecDeque<Snapshot>,
    /// First offset of the log.
    pub(super) log_start: i64,
}

impl Snapshots {
    /// Adds the next snapshot.
    pub(super) fn push(&mut self, snapshot: Snapshot) {
        self.waiting.push_back(snapshot);
    }

    /// Whether a snapshot describes the state in front of `offset`.
    #[inline]
    pub(super) fn is_due(&self, offset: i64) -> bool {
        self.waiting.front().is_some_and(|snapshot| snapshot.offset <= offset)
    }

    /// The snapshots that nothing was compared with.
    pub(super) fn rest(&mut self) -> impl Iterator<Item = PathBuf> {
        self.waiting.drain(..).map(|snapshot| snapshot.path)
    }

    /// Compares the snapshots up to `offset` with what the replay knows in front of it.
    pub(super) fn compare_up_to(&mut self, offset: i64, replay: &mut Replay, findings: &mut Vec<Finding>) {
        while self.is_due(offset) {
            let Some(snapshot) = self.waiting.pop_front() else { return };
            let Some(bytes) = (snapshot.read)() else { continue };
            match ProducerSnapshot::read(&bytes) {
                Err(error) => {
                    let found = error.to_string();
                    findings.push(Finding::new(Code::SnapshotCorrupt, snapshot.path, "a snapshot to read", found));
                }
                Ok(read) => {
                    findings.extend(self.compare(&snapshot, &read, replay));
                    // What came before the log, and what cannot be read of it, is known from here alone.
                    let is_behind_all = snapshot.offset >= replay.unknown_before;
                    if snapshot.offset <= self.log_start || is_behind_all && replay.unknown_before > self.log_start {
                        replay.load(read.iter());
                        replay.unknown_before = i64::MIN;
                    }
                }
            }
        }
    }

    fn compare(&self, snapshot: &Snapshot, read: &ProducerSnapshot<'_>, replay: &Replay) -> Option<Finding> {
        if snapshot.offset <= self.log_start {
            return None;
        }
        let mut differences = 0u64;
        let mut first = None;
        let mut differ = |expected: String, found: String| {
            differences += 1;
            first.get_or_insert((expected, found));
        };
        let mut oldest_kept = i64::MAX;
        let mut stated = std::collections::HashSet::with_capacity(read.len());
        for entry in read.iter() {
            stated.insert(entry.producer_id);
            if entry.open_txn_first_offset().is_none() {
                oldest_kept = oldest_kept.min(entry.timestamp);
            }
            match replay.producers.get(&entry.producer_id) {
                Some(Producer { entry: known, is_certain: true }) if *known != entry => {
                    differ(shown(known), shown(&entry));
                }
                Some(_) => {}
                // Its batches may be gone; those that are there are known.
                None if entry.last_offset >= self.log_start.max(replay.unknown_before) => {
                    differ("no such producer".into(), shown(&entry));
                }
                None => {}
            }
            if entry.last_offset >= snapshot.offset || entry.current_txn_first_offset >= snapshot.offset {
                differ(format!("offsets below {}", snapshot.offset), shown(&entry));
            }
        }
        // A producer is forgotten when it has been idle for long; not before one that has been so for longer.
        for (id, producer) in &replay.producers {
            let is_newer = producer.entry.timestamp > oldest_kept || producer.entry.open_txn_first_offset().is_some();
            if producer.is_certain && is_newer && !stated.contains(id) {
                differ(shown(&producer.entry), format!("no producer {id}"));
            }
        }
        let (expected, found) = first?;
        let found = match differences {
            1 => found,
            more => format!("{found}, and {} more differences", more - 1),
        };
        Some(Finding::new(Code::SnapshotMismatch, snapshot.path.clone(), expected, found).of(snapshot.offset, None))
    }
}

fn shown(entry: &ProducerEntry) -> String {
    let ProducerEntry { producer_id, producer_epoch, last_sequence, last_offset, .. } = entry;
    let mut text =
        format!("producer {producer_id} epoch {producer_epoch} at sequence {last_sequence}, offset {last_offset}");
    if let Some(first) = entry.open_txn_first_offset() {
        text.push_str(&format!(", in a transaction from {first} on"));
    }
    text
}
