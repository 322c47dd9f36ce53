//! Producer snapshots: those that contradict the batches in front of them, and new ones.

use std::collections::{BTreeMap, VecDeque};

use super::survivor::{Kind, Survivor};
use crate::format::batch::{NO_SEQUENCE, increment_sequence};
use crate::format::producer_snapshot::{ProducerEntry, write_producer_snapshot};

/// A snapshot as it was found.
pub(super) struct FoundSnapshot {
    pub(super) offset: i64,
    /// Its producers; `None` where it cannot be read.
    pub(super) entries: Option<Vec<ProducerEntry>>,
}

/// The producers of a partition while its batches go by in the order of their offsets.
pub(super) struct ProducerReplay {
    entries: BTreeMap<i64, ProducerEntry>,
    /// Whether every batch since the start of the log, or since a snapshot, was seen.
    is_exact: bool,
    next_offset: Option<i64>,
    due: VecDeque<FoundSnapshot>,
    has_readable: bool,
    /// What must be written, by offset.
    rewritten: BTreeMap<i64, Vec<u8>>,
}

impl ProducerReplay {
    /// A replay past these snapshots, in the order of their offsets.
    pub(super) fn new(snapshots: Vec<FoundSnapshot>) -> Self {
        let has_readable = snapshots.iter().any(|snapshot| snapshot.entries.is_some());
        ProducerReplay {
            entries: BTreeMap::new(),
            is_exact: false,
            next_offset: None,
            due: snapshots.into(),
            has_readable,
            rewritten: BTreeMap::new(),
        }
    }

    /// The next batch.
    pub(super) fn batch(&mut self, batch: &Survivor) {
        if self.next_offset.is_none() {
            // What lies in front of the log is known to a snapshot alone.
            self.next_offset = Some(batch.first_offset);
            self.is_exact = batch.first_offset == 0;
        }
        self.pass(batch.first_offset);
        self.is_exact &= self.next_offset == Some(batch.first_offset);
        self.is_exact &= !batch.is_thinned;
        self.next_offset = Some(batch.last_offset.saturating_add(1));
        if batch.producer_id < 0 {
            return;
        }
        let blank = ProducerEntry {
            producer_id: batch.producer_id,
            producer_epoch: batch.producer_epoch,
            last_sequence: NO_SEQUENCE,
            last_offset: -1,
            offset_delta: 0,
            timestamp: -1,
            coordinator_epoch: -1,
            current_txn_first_offset: -1,
        };
        let entry = self.entries.entry(batch.producer_id).or_insert(blank);
        entry.timestamp = batch.max_timestamp;
        if let Kind::Marker { coordinator_epoch, .. } = batch.kind {
            if entry.producer_epoch != batch.producer_epoch {
                (entry.last_sequence, entry.last_offset, entry.offset_delta) = (NO_SEQUENCE, -1, 0);
            }
            entry.coordinator_epoch = coordinator_epoch;
            entry.current_txn_first_offset = -1;
        } else {
            let delta = i32::try_from(batch.delta()).unwrap_or(i32::MAX);
            entry.last_sequence = increment_sequence(batch.base_sequence, delta);
            entry.last_offset = batch.last_offset;
            entry.offset_delta = delta;
            if batch.kind == Kind::Transactional && entry.current_txn_first_offset < 0 {
                entry.current_txn_first_offset = batch.first_offset;
            }
        }
        entry.producer_epoch = batch.producer_epoch;
    }

    /// The log ends here; gives the content of the snapshots that must be written anew.
    pub(super) fn finish(mut self, end: i64) -> BTreeMap<i64, Vec<u8>> {
        self.pass(end);
        self.rewritten
    }

    /// Compares the snapshots up to `offset`, in front of which the replay stands.
    fn pass(&mut self, offset: i64) {
        while self.due.front().is_some_and(|snapshot| snapshot.offset <= offset) {
            let Some(snapshot) = self.due.pop_front() else { return };
            let next = self.next_offset.unwrap_or(snapshot.offset);
            if snapshot.offset < next {
                // In the middle of a batch, or in front of the log.
                continue;
            }
            let is_known = self.is_exact && snapshot.offset == next;
            match snapshot.entries {
                Some(entries) if is_known && self.contradicts(&entries) => self.rewrite(snapshot.offset),
                Some(_) if is_known => {}
                Some(entries) => {
                    self.entries = entries.into_iter().map(|entry| (entry.producer_id, entry)).collect();
                    self.next_offset = Some(snapshot.offset);
                    self.is_exact = true;
                }
                // Without any snapshot Kafka takes a log that was closed for one without producers.
                None if is_known || !self.has_readable => self.rewrite(snapshot.offset),
                None => {}
            }
        }
    }

    fn contradicts(&self, entries: &[ProducerEntry]) -> bool {
        let differs = |entry: &ProducerEntry| match self.entries.get(&entry.producer_id) {
            Some(known) => known != entry,
            None => true,
        };
        // Who was idle for longer than one that is still known may be forgotten.
        let oldest = entries.iter().map(|entry| entry.timestamp).min().unwrap_or(i64::MAX);
        let is_missing = |known: &ProducerEntry| {
            known.timestamp > oldest && entries.iter().all(|entry| entry.producer_id != known.producer_id)
        };
        entries.iter().any(differs) || self.entries.values().any(is_missing)
    }

    fn rewrite(&mut self, offset: i64) {
        let mut bytes = Vec::new();
        write_producer_snapshot(self.entries.values().copied(), &mut bytes);
        self.rewritten.insert(offset, bytes);
    }
}
