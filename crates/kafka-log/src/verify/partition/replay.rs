//! Producers and transactions, as the batches tell them (`ProducerStateManager`).
//!
//! The engine's own state refuses what does not follow; a verification has to go on, over holes too, and to remember what
//! it cannot know.

use std::collections::{BTreeMap, HashMap};

use crate::format::batch::increment_sequence;
use crate::format::producer_snapshot::ProducerEntry;
use crate::format::transaction_index::AbortedTxn;
use crate::verify::finding::OffsetRange;
use crate::verify::segment::Seen;

/// What is known of a producer (`ProducerStateEntry`), its last batch alone.
#[derive(Clone, Copy, Debug)]
pub(super) struct Producer {
    /// Its entry in a snapshot.
    pub(super) entry: ProducerEntry,
    /// Whether its batches were seen, or the snapshot it comes from is believed.
    pub(super) is_certain: bool,
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
            self.producers.insert(entry.producer_id, Producer { entry, is_certain: true });
        }
    }

    /// These offsets cannot be read.
    pub(super) fn hole(&mut self, offsets: OffsetRange) {
        self.unknown_before = offsets.last.map_or(i64::MAX, |last| last.saturating_add(1)).max(self.unknown_before);
        for producer in self.producers.values_mut() {
            producer.is_certain = false;
        }
    }

    /// The next batch of a producer; gives the transaction that it aborts.
    pub(super) fn batch(&mut self, seen: &Seen) -> Option<AbortedTxn> {
        if seen.attributes.is_control() { self.marker(seen) } else { self.data(seen) }
    }

    fn data(&mut self, seen: &Seen) -> Option<AbortedTxn> {
        let delta = i32::try_from(seen.delta()).unwrap_or(i32::MAX);
        let known = self.producers.get(&seen.producer_id).copied();
        if let Some(Producer { entry, is_certain: true }) = known {
            let jump =
                |expected, found| Jump { offset: seen.first_offset, producer_id: seen.producer_id, expected, found };
            if seen.producer_epoch < entry.producer_epoch {
                self.fenced.0 += 1;
                self.fenced.1.get_or_insert(jump(entry.producer_epoch.into(), seen.producer_epoch.into()));
            } else if seen.producer_epoch == entry.producer_epoch && entry.last_offset >= 0 && entry.last_sequence >= 0
            {
                let expected = increment_sequence(entry.last_sequence, 1);
                if seen.base_sequence != expected {
                    self.jumps.0 += 1;
                    self.jumps.1.get_or_insert(jump(expected, seen.base_sequence));
                }
            }
        }
        let mut entry = known.map_or_else(|| blank(seen.producer_id), |known| known.entry);
        entry.producer_epoch = seen.producer_epoch;
        entry.last_sequence = increment_sequence(seen.base_sequence, delta);
        entry.last_offset = seen.last_offset;
        entry.offset_delta = delta;
        entry.timestamp = seen.max_timestamp;
        if seen.attributes.is_transactional() && entry.current_txn_first_offset < 0 {
            entry.current_txn_first_offset = seen.first_offset;
            self.ongoing.insert(seen.first_offset, seen.producer_id);
        }
        self.producers.insert(seen.producer_id, Producer { entry, is_certain: true });
        None
    }

    fn marker(&mut self, seen: &Seen) -> Option<AbortedTxn> {
        let marker = seen.marker?;
        let known = self.producers.get(&seen.producer_id).copied();
        let mut entry = known.map_or_else(|| blank(seen.producer_id), |known| known.entry);
        if entry.producer_epoch != seen.producer_epoch {
            // The batches of an older epoch are forgotten.
            (entry.last_sequence, entry.last_offset, entry.offset_delta) = (-1, -1, 0);
        }
        let first_offset = entry.open_txn_first_offset();
        entry.producer_epoch = seen.producer_epoch;
        entry.coordinator_epoch = marker.coordinator_epoch;
        entry.timestamp = seen.max_timestamp;
        entry.current_txn_first_offset = -1;
        self.producers.insert(seen.producer_id, Producer { entry, is_certain: true });
        let first_offset = first_offset?;
        self.ongoing.remove(&first_offset);
        let last_offset = seen.last_offset;
        let next = self.ongoing.first_key_value().map(|(&first, _)| first);
        let last_stable_offset = next.unwrap_or(last_offset.saturating_add(1));
        let txn = AbortedTxn { producer_id: seen.producer_id, first_offset, last_offset, last_stable_offset };
        (!marker.is_commit).then_some(txn)
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
