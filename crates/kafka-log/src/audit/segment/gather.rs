//! The batches of a segment on their way to the deciders.
//!
//! As long as each batch follows the one before it, batches stream through: only the newest are held back, because a batch
//! to come may prove a header wrong. At the first thing that is not in order the stream stops, and all batches from there
//! on are gathered until the file is at its end and everything around them is known.

use std::ops::Range;

use super::deciders::{Deciders, LostGap};
use super::holes::Hole;
use super::runs::{KEPT, Runs, fold};
use crate::audit::batch::BatchSummary;
use crate::format::batch::NO_PARTITION_LEADER_EPOCH;

/// How the batches of a segment are collected.
pub(super) struct Gather {
    is_streaming: bool,
    /// Whether offsets and epochs mean nothing, as in a snapshot of KRaft.
    is_unordered: bool,
    /// Whether every batch is kept apart.
    keeps_each: bool,
    /// Offsets that the segment may have.
    bounds: Range<i64>,
    /// Last offset and highest leader epoch so far.
    last: (i64, i32),
    /// All batches that went to the deciders, as one.
    prefix: Option<BatchSummary>,
    /// The batches that did not, in file order.
    batches: Vec<BatchSummary>,
    holes: Vec<Hole>,
    runs: Runs,
    follows_loss: bool,
    /// A batch of a newer epoch claims offsets of the prefix.
    claims_prefix: bool,
    /// Gaps that are holes, as an earlier walk found out.
    lost_gaps: Vec<LostGap>,
    /// Position after the last batch or hole.
    pub(super) walked_to: u64,
}

/// All that was gathered.
pub(super) struct Gathered {
    pub(super) prefix: Option<BatchSummary>,
    pub(super) batches: Vec<BatchSummary>,
    pub(super) holes: Vec<Hole>,
    /// Whether all batches were in order.
    pub(super) is_in_order: bool,
}

impl Gather {
    pub(super) fn new(bounds: Range<i64>, epoch_before: i32, is_unordered: bool) -> Self {
        Gather {
            is_streaming: true,
            is_unordered,
            keeps_each: false,
            last: (bounds.start.saturating_sub(1), epoch_before),
            runs: Runs::new(bounds.clone()),
            bounds,
            prefix: None,
            batches: Vec::new(),
            holes: Vec::new(),
            follows_loss: false,
            claims_prefix: false,
            lost_gaps: Vec::new(),
            walked_to: 0,
        }
    }

    /// Holds all batches back from the start, stretches of them as one unless `keeps_each`. `lost_gaps` are holes.
    pub(super) fn hold_all(&mut self, keeps_each: bool, lost_gaps: &[LostGap]) {
        self.stop_streaming();
        self.keeps_each = keeps_each;
        self.lost_gaps = lost_gaps.to_vec();
    }

    /// Last offset of the batches so far, if there are any.
    pub(super) fn newest(&self) -> Option<i64> {
        self.batches.last().or(self.prefix.as_ref()).map(|batch| batch.last_offset)
    }

    /// Whether the segment must be read again with all batches held back.
    pub(super) fn must_restart(&self) -> bool {
        self.claims_prefix
    }

    /// The next batches of the file.
    pub(super) fn take(&mut self, all: &mut Vec<BatchSummary>, deciders: &mut Deciders<'_>) {
        if let Some(last) = all.last() {
            self.walked_to = last.end();
        }
        let usual =
            if self.is_streaming { all.iter().position(|batch| !self.is_next(batch)).unwrap_or(all.len()) } else { 0 };
        let mut rest = all.drain(..);
        if usual > 0 {
            self.stream(rest.by_ref().take(usual), usual, deciders);
        }
        for batch in rest {
            self.claims_prefix |= self.prefix.as_ref().is_some_and(|prefix| {
                batch.first_offset <= prefix.last_offset
                    && batch.first_offset >= self.bounds.start
                    && batch.leader_epoch > prefix.leader_epoch
            });
            self.stop_streaming();
            self.hold(batch);
        }
    }

    /// The next batch of the file.
    pub(super) fn batch(&mut self, batch: BatchSummary, deciders: &mut Deciders<'_>) {
        self.take(&mut vec![batch], deciders);
    }

    /// A stretch of the file without a batch that can be used.
    pub(super) fn hole(&mut self, hole: Hole) {
        self.stop_streaming();
        self.walked_to = self.walked_to.max(hole.bytes.end);
        self.follows_loss = true;
        self.holes.push(hole);
    }

    fn stop_streaming(&mut self) {
        if std::mem::take(&mut self.is_streaming) {
            self.runs.start_at(self.batches.len());
        }
    }

    /// Whether a batch follows the one before it as nearly all do; remembers it as the newest if so.
    #[inline]
    fn is_next(&mut self, batch: &BatchSummary) -> bool {
        let (last, epoch) = self.last;
        let is_in_order = batch.first_offset > last
            && batch.last_offset >= batch.first_offset
            && batch.last_offset < self.bounds.end
            && (batch.leader_epoch >= epoch || batch.leader_epoch == NO_PARTITION_LEADER_EPOCH);
        if !is_in_order && !self.is_unordered || batch.rare.is_some() && (batch.is_changed() || batch.loss().is_some())
        {
            return false;
        }
        self.last = (batch.last_offset, epoch.max(batch.leader_epoch));
        true
    }

    fn stream(&mut self, batches: impl Iterator<Item = BatchSummary>, count: usize, deciders: &mut Deciders<'_>) {
        let mut batches = batches;
        let fed = (self.batches.len() + count).saturating_sub(KEPT);
        let held = fed.min(self.batches.len());
        for batch in self.batches.drain(..held) {
            feed(&mut self.prefix, &batch, deciders);
        }
        for batch in batches.by_ref().take(fed - held) {
            feed(&mut self.prefix, &batch, deciders);
        }
        self.batches.extend(batches);
    }

    fn hold(&mut self, mut batch: BatchSummary) {
        if let Some(gap) = self.lost_gaps.iter().find(|gap| gap.position == batch.position) {
            self.holes.push(Hole::in_gap(gap));
            self.follows_loss = true;
        }
        batch.follows_loss |= std::mem::take(&mut self.follows_loss);
        if let (Some(loss), None) = (batch.loss(), batch.partial()) {
            // Nothing of it can be read.
            let (code, expected, found) = (loss.code, loss.expected.clone(), loss.found.clone());
            let hole = Hole::new(
                crate::audit::report::FaultKind::BadBatch,
                batch.position..batch.end(),
                code,
                expected,
                found,
            );
            let claimed = (batch.magic > 1).then_some((batch.first_offset, batch.last_offset));
            self.holes.push(Hole { claimed, ..hole });
            self.follows_loss = true;
        } else if self.keeps_each {
            self.batches.push(batch);
        } else {
            self.runs.push(&mut self.batches, batch);
        }
    }

    pub(super) fn finish(self) -> Gathered {
        Gathered { prefix: self.prefix, batches: self.batches, holes: self.holes, is_in_order: self.is_streaming }
    }
}

#[inline]
fn feed(prefix: &mut Option<BatchSummary>, batch: &BatchSummary, deciders: &mut Deciders<'_>) {
    deciders.batch(batch);
    match prefix {
        Some(prefix) => {
            fold(prefix, batch);
            prefix.leader_epoch = batch.leader_epoch;
        }
        None => *prefix = Some(BatchSummary { rare: None, ..batch.clone() }),
    }
}
