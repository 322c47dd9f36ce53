//! First pass: the last offset of each key in the dirty part of a log (`Cleaner.buildOffsetMap`).

use std::num::NonZero;

use super::error::FilterError;
use super::filter::{as_default, control_type, new_decompressor};
use super::lanes::{Applied, Pass};
use super::offset_map::{KEYS_AHEAD, KeyHash, KeyHasher, OffsetMap};
use super::retention::BatchFacts;
use super::source::{Source, Window};
use super::stats::CleanerStats;
use super::transactions::CleanedTransactionMetadata;
use crate::compression::Decompressor;
use crate::format::FormatError;
use crate::format::record::Record;
use crate::fs::Fs;
use crate::log::error::LogError;
use crate::segment::batch::{Batch, RawBatch};

/// Finds the keys of a segment.
pub(crate) struct FindKeys<'a, F: Fs> {
    pub(crate) source: &'a Source<'a, F>,
    pub(crate) hasher: KeyHasher,
    /// First dirty offset.
    pub(crate) start_offset: i64,
}

/// The keys of a window.
pub(crate) struct KeyLane {
    decompressor: Decompressor,
    plans: Vec<Plan>,
    keys: Vec<(KeyHash, i64)>,
    ends: Vec<BatchEnd>,
}

/// What there is to do with a batch.
#[derive(Clone, Copy)]
enum Plan {
    /// A marker.
    Control,
    /// Its records are not read any more.
    Aborted,
    Data,
}

/// Where a batch ends.
struct BatchEnd {
    /// Number of keys up to here.
    keys: usize,
    last_offset: i64,
    records: u64,
}

/// The map that they go into.
pub(crate) struct MapSink<'a> {
    pub(crate) map: &'a mut OffsetMap,
    /// Number of keys at which the map is full.
    pub(crate) keys_max: usize,
    pub(crate) stats: &'a mut CleanerStats,
}

impl Default for KeyLane {
    fn default() -> Self {
        KeyLane { decompressor: new_decompressor(), plans: Vec::new(), keys: Vec::new(), ends: Vec::new() }
    }
}

impl KeyLane {
    /// Lets go of what batches were decompressed into.
    pub(crate) fn restore(&mut self) {
        self.decompressor = new_decompressor();
    }

    fn add_records<'r>(
        keys: &mut Vec<(KeyHash, i64)>,
        records: impl Iterator<Item = Result<Record<'r>, FormatError>>,
        hasher: &KeyHasher,
        start_offset: i64,
    ) -> Result<u64, FormatError> {
        let mut count = 0;
        for record in records {
            let record = record?;
            if let Some(key) = record.key
                && record.offset >= start_offset
            {
                keys.push((hasher.hash(key), record.offset));
            }
            count += 1;
        }
        Ok(count)
    }
}

impl<F: Fs> FindKeys<'_, F> {
    /// Adds the keys of a batch and says how many records it has, and where it ends.
    fn add_batch(&self, lane: &mut KeyLane, plan: Plan, batch: &RawBatch<'_>) -> Result<(u64, i64), FilterError> {
        let KeyLane { decompressor, keys, .. } = lane;
        Ok(match batch.parse()? {
            Batch::Default(view) => {
                let header = view.header();
                let records = match plan {
                    Plan::Control => 1,
                    Plan::Aborted => u64::from(header.record_count().max(0).cast_unsigned()),
                    Plan::Data => {
                        let records = view.records(decompressor)?;
                        KeyLane::add_records(keys, records, &self.hasher, self.start_offset)?
                    }
                };
                (records, header.last_offset())
            }
            Batch::Legacy(message) => {
                let records = message.records(decompressor)?;
                let records = records.map(|record| record.and_then(|record| as_default(&record)));
                let records = KeyLane::add_records(keys, records, &self.hasher, self.start_offset)?;
                (records, message.offset())
            }
        })
    }
}

impl<F: Fs> Pass<MapSink<'_>> for FindKeys<'_, F> {
    type Lane = KeyLane;

    fn begin(&self, lane: &mut KeyLane) {
        lane.plans.clear();
        lane.keys.clear();
        lane.ends.clear();
    }

    fn plan(
        &self,
        transactions: &mut CleanedTransactionMetadata,
        lane: &mut KeyLane,
        batch: &RawBatch<'_>,
    ) -> Result<(), FilterError> {
        let plan = match batch.parse()? {
            Batch::Default(view) => {
                let facts = BatchFacts::of(&view);
                let (producer_id, last_offset) = (facts.producer_id, facts.last_offset);
                if facts.is_control {
                    let kind = control_type(&view, &mut lane.decompressor)?;
                    transactions.on_control_batch_read(producer_id, last_offset, kind);
                    Plan::Control
                } else if transactions.on_batch_read(producer_id, last_offset, facts.is_transactional) {
                    Plan::Aborted
                } else {
                    Plan::Data
                }
            }
            Batch::Legacy(message) => {
                let facts = BatchFacts::of_legacy(&message);
                transactions.on_batch_read(facts.producer_id, facts.last_offset, false);
                Plan::Data
            }
        };
        lane.plans.push(plan);
        Ok(())
    }

    fn work(&self, lane: &mut KeyLane, window: &Window) -> Result<(), LogError> {
        for (at, batch) in window.batches().enumerate() {
            let (records, last_offset) =
                self.add_batch(lane, lane.plans[at], &batch).map_err(|e| self.source.refused(&batch, &e))?;
            lane.ends.push(BatchEnd { keys: lane.keys.len(), last_offset, records });
        }
        Ok(())
    }

    /// Moves the keys into the map, up to the first that comes when it is full.
    fn apply(&self, sink: &mut MapSink<'_>, lane: &mut KeyLane) -> Result<Applied, LogError> {
        let keys = &lane.keys;
        let (mut done, mut touched) = (0, 0);
        // After the last end are the keys of a batch that breaks off.
        let ends = lane.ends.iter().map(|end| (end.keys, Some(end))).chain([(keys.len(), None)]);
        for (at, (keys_end, end)) in ends.enumerate() {
            while let Some(&(hash, offset)) = keys[..keys_end].get(done) {
                if done == touched {
                    touched = keys.len().min(done + KEYS_AHEAD);
                    sink.map.touch(keys[done..touched].iter().map(|(hash, _)| *hash));
                }
                if sink.map.len() >= sink.keys_max || !sink.map.put(hash, offset) {
                    return Ok(Applied { stop_at: NonZero::new(at + 1), ..Applied::default() });
                }
                done += 1;
            }
            if let Some(end) = end {
                sink.stats.map_messages_read += end.records;
                if end.last_offset >= self.start_offset {
                    sink.map.update_latest_offset(end.last_offset);
                }
            }
        }
        Ok(Applied::default())
    }
}
