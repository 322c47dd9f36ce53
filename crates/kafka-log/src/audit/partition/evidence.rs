//! What the look at a partition proves: the findings, and all that a repair needs to act on them without judging again.

use std::collections::HashMap;
use std::path::PathBuf;

use super::epochs::{EpochRun, WrongEpochs};
use super::files::{PartitionFiles, SegmentFiles};
use super::snapshots::WrongSnapshot;
use super::transactions::{Event, Hole as OffsetHole, Open};
use crate::audit::batch::BatchSummary;
use crate::audit::code::Code;
use crate::audit::finding::OffsetRange;
use crate::audit::segment::holes::Hole;
use crate::audit::segment::settle::Restored;
use crate::format::file_name::FileKind;
use crate::format::leader_epoch_checkpoint::EpochEntry;
use crate::format::transaction_index::AbortedTxn;

/// A segment: what of it is good, and what is not.
#[derive(Debug)]
pub(crate) struct SegmentEvidence {
    /// The base offset that it must have.
    pub(crate) base_offset: i64,
    pub(crate) files: SegmentFiles,
    /// Bytes of the log file.
    pub(crate) size: u64,
    pub(crate) modified_ms: Option<i64>,
    /// The batches that stay, in file order; of a segment that stays as it is all of them are one.
    pub(crate) batches: Vec<BatchSummary>,
    /// Stretches without batches, and batches that are left out, in file order.
    pub(crate) holes: Vec<Hole>,
    pub(crate) restored: Vec<Restored>,
    /// Offsets at the end of the segment of which even the bytes are gone.
    pub(crate) missing: Option<Missing>,
    /// Whether the log file has to be written again.
    pub(crate) is_changed: bool,
    /// Whether its last batch is taken from another replica.
    pub(crate) ends_in_donor: bool,
    pub(crate) first_offset: Option<i64>,
    pub(crate) last_offset: Option<i64>,
    pub(crate) has_gaps: bool,
    /// Why an index must be rebuilt.
    pub(crate) bad_offset_index: Option<Code>,
    pub(crate) bad_time_index: Option<Code>,
    /// Entries of the transaction index; `None` where it cannot be read.
    pub(crate) aborts: Option<Vec<AbortedTxn>>,
    /// The entries that it must have instead, in a partition without holes.
    pub(crate) wanted_aborts: Option<Vec<AbortedTxn>>,
}

/// Offsets that something proves, and of which nothing is left.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    pub(crate) offsets: OffsetRange,
    /// What proves them, and what is missing.
    pub(crate) why: String,
}

impl SegmentEvidence {
    /// Indexes whose log is not there.
    pub(super) fn without_log(base_offset: i64, files: SegmentFiles) -> Self {
        SegmentEvidence {
            base_offset,
            files,
            size: 0,
            modified_ms: None,
            batches: Vec::new(),
            holes: Vec::new(),
            restored: Vec::new(),
            missing: None,
            is_changed: true,
            ends_in_donor: false,
            first_offset: None,
            last_offset: None,
            has_gaps: false,
            bad_offset_index: None,
            bad_time_index: None,
            aborts: Some(Vec::new()),
            wanted_aborts: None,
        }
    }

    /// Whether bytes are lost after the last good batch.
    pub(crate) fn loses_its_tail(&self) -> bool {
        if self.ends_in_donor {
            return false;
        }
        let last = self.batches.iter().rev().find(|batch| batch.origin().is_none());
        let is_after = |hole: &Hole| last.is_none_or(|last| hole.bytes.start >= last.end());
        self.files.log.is_none()
            || self.missing.is_some()
            || self.holes.iter().any(|hole| hole.breaks_the_chain() && is_after(hole))
    }

    /// First offset after its last batch; of a segment without any, the first that the segments before do not have.
    pub(crate) fn first_missing(&self, covered_to: Option<i64>) -> i64 {
        let of_base = || covered_to.map_or(self.base_offset, |last| self.base_offset.max(last.saturating_add(1)));
        self.last_offset.map_or_else(of_base, |last| last.saturating_add(1))
    }

    /// Name of its log file, as it is or as it would be.
    pub(crate) fn log_name(&self) -> String {
        let named = || super::files::name(FileKind::Log, self.base_offset);
        self.files.log.as_ref().map_or_else(named, |log| log.from.clone())
    }

    /// The leader epoch of its last batch that has one, -1 without any.
    pub(crate) fn last_epoch(&self) -> i32 {
        self.batches.iter().rev().map(|batch| batch.leader_epoch).find(|&epoch| epoch >= 0).unwrap_or(-1)
    }
}

/// A transaction that has begun and not ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenTransaction {
    /// Its producer.
    pub producer_id: i64,
    /// Epoch of the producer.
    pub producer_epoch: i16,
    /// Offset of its first record. Readers of committed data get nothing from here on.
    pub first_offset: i64,
    /// Timestamp of the newest record of the producer, in ms since 1970.
    pub since_ms: i64,
}

/// What the look at a partition proves.
pub(crate) struct Evidence {
    pub(crate) dir: PathBuf,
    pub(crate) files: PartitionFiles,
    pub(crate) segments: Vec<SegmentEvidence>,
    pub(crate) filed_epochs: Vec<EpochEntry>,
    pub(crate) epoch_runs: Vec<EpochRun>,
    pub(crate) wrong_epochs: Option<WrongEpochs>,
    pub(crate) wrong_snapshots: Vec<WrongSnapshot>,
    /// Transactions from the first hole on.
    pub(crate) open: Vec<Open>,
    pub(crate) coordinator_epochs: HashMap<i64, i32>,
    pub(crate) events: Vec<Event>,
    /// First offset from which transactions are remembered.
    pub(crate) events_from: i64,
    /// Offsets below it were deleted: no consumer can ask for them. `None` where no checkpoint has it.
    pub(crate) log_start: Option<i64>,
    /// Offset after the last good batch.
    pub(crate) end: i64,
    /// Where the log has to end although its last batches are lost.
    pub(crate) held_end: Option<i64>,
    /// Whether batches of another replica were added.
    pub(crate) is_filled: bool,
    /// Whether something could not be read that a person can make readable.
    pub(crate) is_blocked: bool,
}

impl Evidence {
    /// Offsets of which nothing is left, in their order. `held_end` is where the log has to end.
    pub(crate) fn holes(&self, held_end: Option<i64>) -> Vec<OffsetHole> {
        let mut holes = Vec::new();
        let mut covered = i64::MIN;
        for (at, segment) in self.segments.iter().enumerate() {
            let next_base = self.segments.get(at + 1).map(|next| next.base_offset);
            let aborts_are_known = self.aborts_are_known(segment);
            let mut expected = segment.base_offset.max(covered);
            for batch in &segment.batches {
                if batch.follows_loss && batch.first_offset > expected {
                    holes.push(OffsetHole { first: expected, last: batch.first_offset - 1, aborts_are_known });
                }
                expected = batch.end_offset();
            }
            covered = covered.max(expected);
            let end = next_base.or(held_end).filter(|&end| end > expected);
            if let Some(end) = end.filter(|_| segment.loses_its_tail() || next_base.is_none()) {
                holes.push(OffsetHole { first: expected, last: end - 1, aborts_are_known });
            }
        }
        holes
    }

    /// Takes note of the batches that were added from another replica.
    pub(crate) fn filled(&mut self) {
        let batches = self.segments.iter().flat_map(|segment| &segment.batches);
        let added: Vec<Event> = batches.filter(|batch| batch.origin().is_some()).filter_map(Event::of).collect();
        let is_new = |event: &Event, known: &[Event]| known.iter().all(|known| known.offset != event.offset);
        let added: Vec<Event> = added.into_iter().filter(|event| is_new(event, &self.events)).collect();
        self.events.extend(added);
        self.events.sort_by_key(|event| event.offset);
        self.end = super::end_of(&self.segments);
        self.is_filled = self.segments.iter().flat_map(|s| &s.batches).any(|batch| batch.origin().is_some());
    }

    /// Whether the log has an abort marker of this producer at this offset, from `events_from` on.
    pub(crate) fn has_abort_marker(&self, producer_id: i64, offset: i64) -> bool {
        let at = self.events.partition_point(|event| event.offset < offset);
        self.events[at..].iter().take_while(|event| event.offset == offset).any(|event| {
            event.producer_id == producer_id
                && matches!(event.kind, crate::audit::batch::Kind::Marker { is_commit: false, .. })
        })
    }

    /// Whether the transaction index of a segment lists all aborts that were in it: it can be read, and has those that
    /// are still there.
    fn aborts_are_known(&self, segment: &SegmentEvidence) -> bool {
        use crate::audit::batch::Kind;
        let Some(filed) = &segment.aborts else { return false };
        if segment.files.log.is_none() && segment.files.txn_index.is_none() {
            return false;
        }
        let end = segment.last_offset.unwrap_or(segment.base_offset);
        self.events
            .iter()
            .filter(|event| (segment.base_offset..=end).contains(&event.offset))
            .filter(|event| matches!(event.kind, Kind::Marker { is_commit: false, .. }))
            .all(|event| filed.iter().any(|txn| txn.last_offset == event.offset))
    }
}
