//! The batches of a segment in order, once their headers are settled, and every check that needs them so.

use std::ops::Range;
use std::path::Path;

use super::Segment;
use super::holes::Hole;
use super::offset_index::OffsetIndexCheck;
use super::time_index::TimeIndexCheck;
use crate::audit::batch::BatchSummary;
use crate::audit::code::Code;
use crate::audit::finding::{Class, Finding, OffsetRange, Remedy, Severity};
use crate::audit::partition::state::PartitionState;
use crate::audit::report::{Fault, FaultKind, SegmentReport};
use crate::format::batch::TimestampType;

/// Findings of one kind in one segment that are told one by one.
pub(super) const TOLD_MAX: u64 = 100;

/// What the batches of a segment go through, one after the other.
pub(super) struct Deciders<'o> {
    path: &'o Path,
    report: &'o mut SegmentReport,
    partition: &'o mut PartitionState,
    offset_index: OffsetIndexCheck<'o>,
    time_index: TimeIndexCheck<'o>,
    is_kraft_snapshot: bool,
    /// Whether the name of the file says where it begins.
    has_name: bool,
    log_start_offset: i64,
    /// Highest leader epoch so far.
    epoch: i32,
    /// Last offset of the batches before.
    last_offset: i64,
    /// Whether the newest hole explains missing offsets.
    after_hole: bool,
    timestamp_type: Option<TimestampType>,
    /// Findings told so far of those that are limited.
    told: u64,
    gaps: u64,
    gap_offsets: u64,
    /// Whether offsets are missing that no hole explains, as compaction leaves it.
    pub(super) has_gaps: bool,
    /// Gaps that compaction did not leave.
    lost_gaps: Vec<LostGap>,
}

/// A gap between two batches in which an index knows of an offset: a batch was there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct LostGap {
    /// Position of the batch after it.
    pub(crate) position: u64,
    /// The offset that the index has.
    pub(crate) offset: i64,
}

impl<'o> Deciders<'o> {
    pub(super) fn new(
        segment: &Segment<'o>,
        report: &'o mut SegmentReport,
        partition: &'o mut PartitionState,
        offset_index: OffsetIndexCheck<'o>,
        time_index: TimeIndexCheck<'o>,
    ) -> Self {
        let base_offset = segment.base_offset.unwrap_or(0);
        Deciders {
            path: segment.path,
            report,
            partition,
            offset_index,
            time_index,
            is_kraft_snapshot: segment.is_kraft_snapshot,
            has_name: segment.base_offset.is_some(),
            epoch: -1,
            log_start_offset: segment.log_start_offset,
            last_offset: base_offset.saturating_sub(1),
            after_hole: false,
            timestamp_type: None,
            told: 0,
            gaps: 0,
            gap_offsets: 0,
            has_gaps: false,
            lost_gaps: Vec::new(),
        }
    }

    /// The next batch.
    #[inline]
    pub(super) fn batch(&mut self, batch: &BatchSummary) {
        let expected = self.last_offset.saturating_add(1);
        if batch.first_offset > expected {
            self.gap(batch, expected);
        }
        self.after_hole = false;
        if batch.rare.is_some() {
            self.problems(batch);
        }
        if batch.leader_epoch < self.epoch && batch.leader_epoch >= 0 {
            self.epoch_falls(batch);
        }
        self.epoch = self.epoch.max(batch.leader_epoch);
        self.has_gaps |= batch.is_compacted();
        self.count(batch);
        self.timestamp_type(batch);
        self.offset_index.batch(batch);
        self.time_index.batch(batch);
        if let Some(offset) = self.offset_index.take_witness().or(self.time_index.take_witness()) {
            self.gap_was_none(batch.position, offset);
        }
        if self.is_kraft_snapshot {
            self.partition.controls(batch);
        } else {
            self.partition.batch(batch, batch.last_offset < self.log_start_offset);
        }
        self.last_offset = batch.last_offset;
    }

    fn count(&mut self, batch: &BatchSummary) {
        let report = &mut *self.report;
        report.batches += 1;
        report.records += u64::from(batch.record_count.max(0).unsigned_abs());
        report.first_offset.get_or_insert(batch.first_offset);
        report.last_offset = Some(batch.last_offset);
        report.valid_to = batch.end();
        if batch.max_timestamp >= 0 {
            let max = batch.max_timestamp;
            report.max_timestamp = Some(report.max_timestamp.map_or(max, |t| t.max(max)));
            if !batch.attributes.has_delete_horizon() && batch.base_timestamp >= 0 {
                let base = batch.base_timestamp;
                report.min_timestamp = Some(report.min_timestamp.map_or(base, |t| t.min(base)));
            }
        }
    }

    /// A stretch without a batch, with the offsets that are missing because of it.
    pub(super) fn hole(&mut self, hole: &Hole) {
        self.after_hole = true;
        self.offset_index.hole(hole.bytes.clone());
        if hole.kind == FaultKind::Misplaced || matches!(hole.kind, FaultKind::Superseded { .. }) {
            self.report.valid_to = self.report.valid_to.max(hole.bytes.end);
        }
        let lost = hole.offsets.and_then(|offsets| offsets.above_start(self.log_start_offset));
        if let Some(offsets) = hole.offsets {
            self.time_index.hole(offsets);
            if lost.is_some() {
                self.partition.hole(offsets);
            }
        }
        let mut finding = Finding::new(hole.code, self.path, hole.expected.as_str(), hole.found.as_str());
        finding = finding.at(hole.bytes.clone()).graded(hole.severity).classed(hole.class).with(hole.remedy);
        finding.offsets = hole.offsets.or_else(|| {
            let is_good = hole.records > 0 || matches!(hole.kind, FaultKind::Superseded { .. });
            let (first, last) = hole.claimed.filter(|_| is_good)?;
            Some(OffsetRange { first, last: Some(last) })
        });
        self.report.findings.push(finding);
        self.report.faults.push(Fault { kind: hole.kind, bytes: hole.bytes.clone(), offsets: lost });
    }

    /// A header of a good batch that was wrong.
    pub(super) fn restored(&mut self, kind: FaultKind, bytes: Range<u64>, offsets: OffsetRange, finding: Finding) {
        self.report.findings.push(finding.at(bytes.clone()).of(offsets.first, offsets.last));
        self.report.faults.push(Fault { kind, bytes, offsets: Some(offsets) });
    }

    /// Adds a finding.
    pub(super) fn find(&mut self, finding: Finding) {
        self.report.findings.push(finding);
    }

    #[inline]
    fn timestamp_type(&mut self, batch: &BatchSummary) {
        let found = batch.attributes.timestamp_type();
        if batch.magic == 0 || self.timestamp_type == Some(found) || batch.attributes.is_control() {
            return;
        }
        if let Some(before) = self.timestamp_type.replace(found) {
            let finding = Finding::new(Code::TimestampType, self.path, before.name(), found.name());
            self.find_limited(finding.at(batch.position..batch.end()).of(batch.first_offset, Some(batch.last_offset)));
        }
    }

    /// A leader epoch below one before, of which nothing proves the other value.
    #[cold]
    fn epoch_falls(&mut self, batch: &BatchSummary) {
        if self.is_kraft_snapshot {
            return;
        }
        let expected = format!("leader epoch {} or more", self.epoch);
        let finding = Finding::new(Code::BatchEpoch, self.path, expected, batch.leader_epoch.to_string());
        let finding = finding.at(batch.position..batch.end()).of(batch.first_offset, Some(batch.last_offset));
        let finding = finding.graded(Severity::Warning).classed(Class::OddButLegal).with(Remedy::AskOperator);
        self.find_limited(finding);
    }

    /// Tells what is wrong inside a batch whose place is right.
    #[cold]
    fn problems(&mut self, batch: &BatchSummary) {
        let (bytes, partial) = (batch.position..batch.end(), batch.partial());
        for problem in batch.problems() {
            let finding = Finding::new(problem.code, self.path, problem.expected.as_str(), problem.found.as_str())
                .at(bytes.clone());
            match partial.filter(|_| problem.is_loss) {
                Some(partial) => {
                    let offsets = OffsetRange { first: partial.last_kept + 1, last: Some(batch.last_offset) };
                    self.report.findings.push(finding.of(offsets.first, offsets.last));
                    let offsets = Some(offsets);
                    self.report.faults.push(Fault { kind: FaultKind::BadBatch, bytes: bytes.clone(), offsets });
                }
                None => {
                    let finding = finding.of(batch.first_offset, Some(batch.last_offset));
                    let finding = finding.graded(Severity::Warning).classed(Class::OddButLegal).with(Remedy::Nothing);
                    self.find_limited(finding);
                }
            }
        }
    }

    #[cold]
    fn gap(&mut self, batch: &BatchSummary, expected: i64) {
        let is_known = self.has_name || self.report.batches > 0;
        if self.after_hole || !is_known || self.is_kraft_snapshot {
            return;
        }
        // Offsets before the first batch were taken by retention or compaction.
        self.has_gaps |= self.report.batches > 0;
        let last = batch.first_offset - 1;
        if self.report.batches > 0 {
            self.partition.gap(OffsetRange { first: expected, last: Some(last) });
        }
        if last < self.log_start_offset {
            return;
        }
        let missing = last.abs_diff(expected) + 1;
        self.gaps += 1;
        self.gap_offsets = self.gap_offsets.saturating_add(missing);
        if self.gaps <= TOLD_MAX {
            let (expected_next, found) = (format!("offset {expected} next"), format!("a gap of {missing}"));
            let finding = Finding::new(Code::OffsetGap, self.path, expected_next, found);
            self.report.findings.push(finding.at(batch.position..batch.position).of(expected, Some(last)));
        }
    }

    /// An index knows of an offset in the gap before the batch at `position`: compaction did not take it.
    fn gap_was_none(&mut self, position: u64, offset: i64) {
        let gap = self.report.findings.iter().rev().find(|finding| finding.code == Code::OffsetGap);
        if gap.is_some_and(|gap| gap.bytes == Some(position..position) && gap.severity < Severity::Damage) {
            self.lost_gaps.push(LostGap { position, offset });
        }
    }

    /// Gaps to be examined as holes, in another walk.
    pub(super) fn take_lost_gaps(&mut self) -> Vec<LostGap> {
        std::mem::take(&mut self.lost_gaps)
    }

    /// The file is at its end.
    pub(super) fn finish(self, len: u64, newer_len: impl Fn() -> u64) -> Finished<'o> {
        let Deciders { path, report, mut offset_index, mut time_index, gaps, gap_offsets, has_gaps, .. } = self;
        if gaps > TOLD_MAX {
            let found = format!("{gaps} gaps of {gap_offsets} offsets in all");
            report.findings.push(Finding::new(Code::OffsetGap, path, "offsets without a gap", found));
        }
        report.faults.sort_by_key(|fault| fault.bytes.start);
        offset_index.finish(len, &newer_len);
        time_index.finish(newer_len() > len);
        Finished { report, offset_index, time_index, has_gaps }
    }

    /// A finding of which there may be one for each batch.
    fn find_limited(&mut self, finding: Finding) {
        self.told += 1;
        if self.told <= TOLD_MAX {
            self.report.findings.push(finding);
        }
    }
}

/// What is left when a segment is at its end.
pub(super) struct Finished<'o> {
    pub(super) report: &'o mut SegmentReport,
    pub(super) offset_index: OffsetIndexCheck<'o>,
    pub(super) time_index: TimeIndexCheck<'o>,
    pub(super) has_gaps: bool,
}
