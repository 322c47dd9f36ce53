//! Producers and transactions, as the batches tell them (`ProducerStateManager`).
//!
//! The engine's own state refuses what does not follow; a verification has to go on, over holes too, and to remember what
//! it cannot know.

use std::collections::{BTreeMap, HashMap};

use crate::audit::batch::{BatchSummary, Kind};
use crate::audit::finding::OffsetRange;
use crate::format::batch::increment_sequence;
use crate::format::producer_snapshot::ProducerEntry;
use crate::format::transaction_index::AbortedTxn;

/// What is known of a producer (`ProducerStateEntry`), its last batch alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Producer {
    /// Its entry in a snapshot.
    pub(super) entry: ProducerEntry,
    /// How many holes there were before its newest batch, or before the snapshot that it comes from. `None` if only a
    /// marker of it was seen, and its batches may be in a hole.
    holes_before: Option<u64>,
    /// Whether a marker of it, or the beginning of its transaction, may be in a hole since the last marker that was seen.
    spans_hole: bool,
}

impl Producer {
    /// The entry that a snapshot must have, where it has `stated`.
    pub(super) fn proven(&self, stated: &ProducerEntry) -> ProducerEntry {
        let mut entry = self.entry;
        if self.spans_hole {
            let is_open = entry.current_txn_first_offset >= 0;
            if is_open && (0..=entry.last_offset).contains(&stated.current_txn_first_offset) {
                entry.current_txn_first_offset = stated.current_txn_first_offset;
            }
            entry.coordinator_epoch = entry.coordinator_epoch.max(stated.coordinator_epoch);
        }
        entry
    }
}

/// A producer whose batch does not follow its last one.
#[derive(Clone, Copy, Debug)]
pub(super) struct Jump {
    pub(super) offset: i64,
    pub(super) producer_id: i64,
    pub(super) expected: i32,
    pub(super) found: i32,
}

/// The producers of a partition while its batches go by.
#[derive(Debug, Default)]
pub(super) struct Replay {
    pub(super) producers: HashMap<i64, Producer>,
    /// First offsets of running transactions, with their producers.
    ongoing: BTreeMap<i64, i64>,
    /// Offsets before this one are not all known: the log does not start with them, or they cannot be read.
    pub(super) unknown_before: i64,
    /// Where the first of those offsets begin that the log has and that are not known.
    pub(super) unknown_from: Option<i64>,
    /// Stretches of offsets so far that are not known. What is known of a producer counts until the next one.
    holes: u64,
    /// Sequences that do not follow: how many, and the first.
    pub(super) jumps: (u64, Option<Jump>),
    /// Batches and markers of an epoch below one before.
    pub(super) fenced: (u64, Option<Jump>),
}

impl Replay {
    /// Starts from the entries of a snapshot at `offset`, in place of what was known.
    pub(super) fn load(&mut self, entries: impl Iterator<Item = ProducerEntry>) {
        self.producers.clear();
        self.ongoing.clear();
        for entry in entries {
            if let Some(first) = entry.open_txn_first_offset() {
                self.ongoing.insert(first, entry.producer_id);
            }
            let holes_before = Some(self.holes);
            self.producers.insert(entry.producer_id, Producer { entry, holes_before, spans_hole: false });
        }
    }

    /// Whether all batches since what is known of a producer were seen.
    pub(super) fn is_certain(&self, producer: &Producer) -> bool {
        producer.holes_before == Some(self.holes)
    }

    /// Whether every batch of the log so far, which starts at `log_start`, was seen.
    pub(super) fn is_exact(&self, log_start: i64) -> bool {
        self.unknown_before <= log_start.min(0) && self.producers.values().all(|producer| self.is_certain(producer))
    }

    /// The transactions that run, in the order of their first offsets.
    pub(super) fn running(&self) -> impl Iterator<Item = (i64, &ProducerEntry)> {
        let of = |(&first, id): (&i64, &i64)| Some((first, &self.producers.get(id)?.entry));
        self.ongoing.iter().filter_map(of)
    }

    /// These offsets cannot be read.
    pub(super) fn hole(&mut self, offsets: OffsetRange) {
        self.unknown_before = offsets.last.map_or(i64::MAX, |last| last.saturating_add(1)).max(self.unknown_before);
        self.unknown_from.get_or_insert(offsets.first);
        self.holes += 1;
    }

    /// The next batch of a producer; returns the transaction that it aborts.
    pub(super) fn batch(&mut self, batch: &BatchSummary) -> Option<AbortedTxn> {
        match batch.kind {
            Kind::Marker { is_commit, coordinator_epoch } => self.marker(batch, is_commit, coordinator_epoch),
            // A control batch without a marker that can be read ends nothing.
            Kind::Plain if batch.attributes.is_control() => None,
            Kind::Plain | Kind::Transactional => {
                self.data(batch);
                None
            }
        }
    }

    fn data(&mut self, batch: &BatchSummary) {
        let delta = i32::try_from(batch.delta()).unwrap_or(i32::MAX);
        let known = self.producers.get(&batch.producer_id).copied();
        if let Some(Producer { entry, .. }) = known.filter(|known| self.is_certain(known)) {
            let jump =
                |expected, found| Jump { offset: batch.first_offset, producer_id: batch.producer_id, expected, found };
            if batch.producer_epoch < entry.producer_epoch {
                self.fenced.0 += 1;
                self.fenced.1.get_or_insert(jump(entry.producer_epoch.into(), batch.producer_epoch.into()));
            } else if batch.producer_epoch == entry.producer_epoch && entry.last_offset >= 0 && entry.last_sequence >= 0
            {
                let expected = increment_sequence(entry.last_sequence, 1);
                if batch.base_sequence != expected {
                    self.jumps.0 += 1;
                    self.jumps.1.get_or_insert(jump(expected, batch.base_sequence));
                }
            }
        }
        let mut entry = known.map_or_else(|| blank(batch.producer_id), |known| known.entry);
        entry.producer_epoch = batch.producer_epoch;
        entry.last_sequence = increment_sequence(batch.base_sequence, delta);
        entry.last_offset = batch.last_offset;
        entry.offset_delta = delta;
        entry.timestamp = batch.max_timestamp;
        let spans_hole = known.map_or(self.unknown_before > 0, |known| known.spans_hole || !self.is_certain(&known));
        if batch.attributes.is_transactional() && entry.current_txn_first_offset < 0 {
            entry.current_txn_first_offset = batch.first_offset;
            self.ongoing.insert(batch.first_offset, batch.producer_id);
        }
        self.producers.insert(batch.producer_id, Producer { entry, holes_before: Some(self.holes), spans_hole });
    }

    fn marker(&mut self, batch: &BatchSummary, is_commit: bool, coordinator_epoch: i32) -> Option<AbortedTxn> {
        let known = self.producers.get(&batch.producer_id).copied();
        let mut entry = known.map_or_else(|| blank(batch.producer_id), |known| known.entry);
        let is_whole = self.unknown_before <= 0;
        let holes_before = known.map_or(is_whole.then_some(self.holes), |known| known.holes_before);
        if entry.producer_epoch != batch.producer_epoch {
            // The batches of an older epoch are forgotten. Those of its own may be in a hole.
            (entry.last_sequence, entry.last_offset, entry.offset_delta) = (-1, -1, 0);
        }
        // A snapshot may state a transaction that had not begun.
        let first_offset = entry.open_txn_first_offset().filter(|&first| first <= batch.last_offset);
        entry.producer_epoch = batch.producer_epoch;
        entry.coordinator_epoch = coordinator_epoch;
        entry.timestamp = batch.max_timestamp;
        entry.current_txn_first_offset = -1;
        self.producers.insert(batch.producer_id, Producer { entry, holes_before, spans_hole: false });
        let first_offset = first_offset?;
        self.ongoing.remove(&first_offset);
        let last_offset = batch.last_offset;
        let next = self.ongoing.first_key_value().map(|(&first, _)| first);
        let last_stable_offset = next.unwrap_or(last_offset.saturating_add(1));
        let txn = AbortedTxn { producer_id: batch.producer_id, first_offset, last_offset, last_stable_offset };
        (!is_commit).then_some(txn)
    }
}

fn blank(producer_id: i64) -> ProducerEntry {
    ProducerEntry {
        producer_id,
        producer_epoch: -1,
        last_sequence: -1,
        last_offset: -1,
        offset_delta: 0,
        timestamp: -1,
        coordinator_epoch: -1,
        current_txn_first_offset: -1,
    }
}
