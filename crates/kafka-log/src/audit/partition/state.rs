//! What is carried from one segment of a partition to the next.

use std::collections::{HashMap, HashSet};

use super::epochs::EpochRun;
use super::replay::Replay;
use super::snapshots::Snapshots;
use super::transactions::{Event, Open};
use crate::audit::batch::{BatchSummary, Kind};
use crate::audit::finding::OffsetRange;
use crate::format::transaction_index::AbortedTxn;

/// Runs of leader epochs that are kept of the batches, at most.
const EPOCH_RUNS_MAX: usize = 100_000;

/// State of a walk through the segments of a partition.
#[derive(Default)]
pub(in crate::audit) struct PartitionState {
    /// Leader epochs of the batches, in order.
    pub(super) epoch_runs: Vec<EpochRun>,
    /// Whether compaction has been at the log.
    pub(super) is_compacted: bool,
    /// Producers and transactions.
    pub(super) replay: Replay,
    /// Producer snapshots still to be compared, by offset.
    pub(super) snapshots: Snapshots,
    /// Transactions aborted in the segment at hand.
    pub(super) aborted: Vec<AbortedTxn>,
    /// Producers and last offsets of those of which all batches were seen.
    pub(super) seen_aborts: HashSet<(i64, i64)>,
    /// Transactions from the first hole on.
    pub(super) across: Option<AcrossHoles>,
    /// Last offset of the newest batch.
    pub(super) last_offset: Option<i64>,
    pub(super) max_timestamp: i64,
    /// Types of the control records in the first and the last batch of a KRaft snapshot.
    pub(in crate::audit) first_control: Option<i16>,
    pub(in crate::audit) last_control: Option<i16>,
}

/// What transactions did from the first hole on, to be resolved once all of it is known.
#[derive(Debug, Default)]
pub(super) struct AcrossHoles {
    pub(super) from: i64,
    pub(super) open: Vec<Open>,
    pub(super) coordinator_epochs: HashMap<i64, i32>,
    pub(super) events: Vec<Event>,
}

impl PartitionState {
    /// The next good batch of the partition. `is_deleted` tells that it lies below the log start offset.
    #[inline]
    pub(in crate::audit) fn batch(&mut self, batch: &BatchSummary, is_deleted: bool) {
        if self.snapshots.is_due(batch.first_offset) {
            self.snapshots.compare_up_to(batch.first_offset, &mut self.replay);
        }
        if batch.magic >= 2 {
            if !is_deleted {
                self.epoch(batch);
            }
            self.is_compacted |= batch.is_compacted();
            if batch.producer_id >= 0 {
                if let Some(across) = &mut self.across {
                    across.events.extend(Event::of(batch));
                }
                if let Some(aborted) = self.replay.batch(batch) {
                    if aborted.first_offset >= self.replay.unknown_before {
                        self.seen_aborts.insert((aborted.producer_id, aborted.last_offset));
                    }
                    self.aborted.push(aborted);
                }
            }
        }
        self.last_offset = Some(batch.last_offset);
        // An empty batch may stand for several that were lost, with snapshots between them.
        if batch.record_count != 0 {
            self.snapshots.reached = batch.end_offset();
        }
        self.max_timestamp = self.max_timestamp.max(batch.max_timestamp);
    }

    #[inline]
    fn epoch(&mut self, batch: &BatchSummary) {
        let is_full = self.epoch_runs.len() >= EPOCH_RUNS_MAX;
        match self.epoch_runs.last_mut() {
            Some(run) if run.epoch == batch.leader_epoch => run.last = batch.first_offset,
            _ if batch.leader_epoch < 0 || is_full => {}
            _ => {
                let (first, last) = (batch.first_offset, batch.first_offset);
                self.epoch_runs.push(EpochRun { epoch: batch.leader_epoch, first, last, end_before: self.last_offset });
            }
        }
    }

    /// The next good batch of a KRaft snapshot.
    pub(in crate::audit) fn controls(&mut self, batch: &BatchSummary) {
        let control = Some(batch.control).filter(|&control| control >= 0);
        if self.last_offset.is_none() {
            self.first_control = control;
        }
        self.last_control = control;
        self.last_offset = Some(batch.last_offset);
    }

    /// These offsets cannot be read, so that producers in them are not known.
    pub(in crate::audit) fn hole(&mut self, offsets: OffsetRange) {
        self.across(offsets.first);
        self.replay.hole(offsets);
    }

    /// These offsets are missing, as compaction leaves it: producers in them are not known.
    pub(in crate::audit) fn gap(&mut self, offsets: OffsetRange) {
        self.replay.hole(offsets);
    }

    /// Begins to remember what transactions do, if that was not so before.
    pub(super) fn across(&mut self, from: i64) -> &mut AcrossHoles {
        let leader_epoch = self.epoch_runs.last().map_or(-1, |run| run.epoch);
        let replay = &self.replay;
        self.across.get_or_insert_with(|| AcrossHoles {
            from,
            open: replay
                .running()
                .map(|(first, entry)| {
                    let last_event = Event {
                        offset: entry.last_offset.max(first),
                        producer_id: entry.producer_id,
                        producer_epoch: entry.producer_epoch,
                        kind: Kind::Transactional,
                        timestamp: entry.timestamp,
                        leader_epoch,
                    };
                    Open { first, last_event }
                })
                .collect(),
            coordinator_epochs: replay
                .producers
                .values()
                .map(|known| (known.entry.producer_id, known.entry.coordinator_epoch))
                .filter(|(_, epoch)| *epoch >= 0)
                .collect(),
            events: Vec::new(),
        })
    }
}
