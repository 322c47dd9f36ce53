//! What is carried from one segment of a partition to the next.

use super::replay::Replay;
use super::snapshots::Snapshots;
use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::format::transaction_index::AbortedTxn;
use crate::verify::finding::{Finding, OffsetRange};
use crate::verify::segment::Seen;

/// Leader epochs that are kept of the batches, at most.
const EPOCHS_MAX: usize = 100_000;

/// A leader epoch as the batches tell it.
#[derive(Clone, Copy, Debug)]
pub(super) struct EpochSeen {
    pub(super) epoch: i32,
    pub(super) start_offset: i64,
    /// Last offset of its first batch.
    pub(super) last_offset: i64,
    /// Last offset before it.
    pub(super) end_before: Option<i64>,
}

/// State of a walk through the segments of a partition.
#[derive(Default)]
pub(in crate::verify) struct PartitionState {
    /// Content of `leader-epoch-checkpoint`, if it can be read.
    pub(super) epochs_recorded: Vec<EpochEntry>,
    /// First offset of each leader epoch in the batches.
    pub(super) epochs_seen: Vec<EpochSeen>,
    /// Whether compaction has been at the log.
    pub(super) is_compacted: bool,
    /// Producers and transactions.
    pub(super) replay: Replay,
    /// Producer snapshots still to be compared, by offset.
    pub(super) snapshots: Snapshots,
    /// Transactions aborted in the segment at hand.
    pub(super) aborted: Vec<AbortedTxn>,
    /// Findings about files beside the segments.
    pub(super) findings: Vec<Finding>,
    /// Last offset of the newest batch.
    pub(super) last_offset: Option<i64>,
    /// Types of the control records in the first and the last batch of a KRaft snapshot.
    pub(in crate::verify) first_control: Option<i16>,
    pub(in crate::verify) last_control: Option<i16>,
    /// Whether `leader-epoch-checkpoint` cannot be used.
    pub(super) epochs_are_corrupt: bool,
}

impl PartitionState {
    /// The next good batch of the partition.
    #[inline]
    pub(in crate::verify) fn batch(&mut self, seen: &Seen) {
        if self.snapshots.is_due(seen.first_offset) {
            self.snapshots.compare_up_to(seen.first_offset, &mut self.replay, &mut self.findings);
        }
        if seen.magic >= 2 {
            if self.epochs_seen.last().is_none_or(|last| seen.epoch > last.epoch) {
                self.epoch_starts(seen);
            }
            self.is_compacted |= seen.is_compacted();
            if seen.producer_id >= 0
                && let Some(aborted) = self.replay.batch(seen)
            {
                self.aborted.push(aborted);
            }
        }
        self.last_offset = Some(seen.last_offset);
    }

    #[cold]
    fn epoch_starts(&mut self, seen: &Seen) {
        if seen.epoch >= 0 && self.epochs_seen.len() < EPOCHS_MAX {
            let end_before = self.last_offset;
            self.epochs_seen.push(EpochSeen {
                epoch: seen.epoch,
                start_offset: seen.first_offset,
                last_offset: seen.last_offset,
                end_before,
            });
        }
    }

    /// A segment starts at this offset; where the one before ends earlier, producers in between are not known.
    pub(super) fn starts_at(&mut self, base_offset: i64) {
        if let Some(last) = self.last_offset.filter(|&last| last < base_offset - 1 && !self.is_compacted) {
            self.hole(OffsetRange { first: last + 1, last: Some(base_offset - 1) });
        }
    }

    /// The next good batch of a KRaft snapshot.
    pub(in crate::verify) fn controls(&mut self, seen: &Seen) {
        let control = seen.control;
        if self.last_offset.is_none() {
            self.first_control = control;
        }
        self.last_control = control;
        self.last_offset = Some(seen.last_offset);
    }

    /// These offsets cannot be read, so that producers in them are not known.
    pub(in crate::verify) fn hole(&mut self, offsets: OffsetRange) {
        self.replay.hole(offsets);
    }

    /// The leader epoch that `leader-epoch-checkpoint` has for an offset.
    pub(in crate::verify) fn recorded_epoch(&self, offset: i64) -> Option<i32> {
        let behind = self.epochs_recorded.partition_point(|entry| entry.start_offset <= offset);
        behind.checked_sub(1).map(|slot| self.epochs_recorded[slot].epoch)
    }
}
