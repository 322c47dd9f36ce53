//! The batches of a segment in file order, and every check that needs them in that order.

use std::ops::Range;
use std::path::Path;

use super::Segment;
use super::chain::{Chain, Placed};
use super::epochs::{Epochs, WrongEpoch};
use super::offset_index::OffsetIndexCheck;
use super::seen::Seen;
use super::time_index::TimeIndexCheck;
use crate::format::batch::TimestampType;
use crate::verify::code::Code;
use crate::verify::finding::{Class, Finding, OffsetRange, Remedy, Severity};
use crate::verify::partition::state::PartitionState;
use crate::verify::report::{Fault, FaultKind, SegmentReport};

/// Findings of one kind in one segment that are told one by one.
pub(super) const TOLD_MAX: u64 = 100;

/// What the batches of a segment go through, one after the other.
pub(super) struct Ordered<'o> {
    pub(super) path: &'o Path,
    pub(super) report: &'o mut SegmentReport,
    pub(super) partition: &'o mut PartitionState,
    pub(super) offset_index: OffsetIndexCheck<'o>,
    pub(super) time_index: TimeIndexCheck<'o>,
    chain: Chain,
    epochs: Epochs,
    /// Stretches without a batch whose neighbours are not decided about yet.
    holes: Vec<Hole>,
    holes_new: u32,
    next_base: Option<i64>,
    next_first: Option<i64>,
    is_kraft_snapshot: bool,
    /// Whether the name of the file says where it begins.
    has_name: bool,
    /// Findings told so far of those that are limited.
    told: u64,
    timestamp_type: Option<TimestampType>,
    gaps: u64,
    gap_offsets: u64,
    /// Position behind the last batch or hole.
    pub(super) walked_to: u64,
}

/// A stretch of the file without a batch that can be used.
#[derive(Clone, Debug)]
pub(super) struct Hole {
    pub(super) kind: FaultKind,
    pub(super) bytes: Range<u64>,
    /// First and last offset that its own header claims.
    pub(super) claimed: Option<(i64, i64)>,
    pub(super) code: Code,
    pub(super) severity: Severity,
    pub(super) class: Class,
    pub(super) remedy: Remedy,
    pub(super) expected: String,
    pub(super) found: String,
}

impl<'o> Ordered<'o> {
    pub(super) fn new(
        segment: Segment<'o>,
        report: &'o mut SegmentReport,
        partition: &'o mut PartitionState,
        offset_index: OffsetIndexCheck<'o>,
        time_index: TimeIndexCheck<'o>,
    ) -> Self {
        Ordered {
            path: segment.path,
            report,
            partition,
            offset_index,
            time_index,
            chain: Chain::new(segment.base_offset.unwrap_or(0)),
            epochs: Epochs::default(),
            holes: Vec::new(),
            holes_new: 0,
            next_base: segment.next_base,
            next_first: segment.next_first,
            is_kraft_snapshot: segment.is_kraft_snapshot,
            has_name: segment.base_offset.is_some(),
            told: 0,
            timestamp_type: None,
            gaps: 0,
            gap_offsets: 0,
            walked_to: 0,
        }
    }

    /// The next batch of the file.
    pub(super) fn batch(&mut self, mut seen: Seen) {
        self.walked_to = seen.end();
        seen.holes_before = std::mem::take(&mut self.holes_new);
        self.chain.push(seen);
        while let Some((mut seen, placed)) = self.chain.decide(false, None, None) {
            let next = self.chain.next().map(|next| next.epoch);
            self.place(&mut seen, placed, next);
        }
    }

    /// The next batches of the file. Those that follow each other as they should, and that is nearly all, are looked at where
    /// they are.
    pub(super) fn batches(&mut self, all: &mut Vec<Seen>) {
        for i in 0..all.len() {
            if self.holes_new == 0
                && let Some((mut seen, placed)) = self.chain.release_before(&all[i])
            {
                self.place(&mut seen, placed, Some(all[i].epoch));
            }
            let is_usual = self.holes_new == 0 && self.chain.next().is_none();
            match &mut all[i..] {
                [seen, next, ..] if is_usual && self.chain.is_in_order(seen, next) => {
                    self.walked_to = seen.end();
                    let placed = self.chain.pass(seen);
                    let next = next.epoch;
                    self.place(seen, placed, Some(next));
                }
                [seen, ..] => {
                    let seen = seen.clone();
                    self.batch(seen);
                }
                [] => {}
            }
        }
        all.clear();
    }

    /// A stretch of the file without a batch that can be used.
    pub(super) fn hole(&mut self, hole: Hole) {
        self.walked_to = self.walked_to.max(hole.bytes.end);
        self.offset_index.hole(hole.bytes.clone());
        self.holes.push(hole);
        self.holes_new += 1;
    }

    /// Last offset of the batches so far, if there are any.
    pub(super) fn newest(&self) -> Option<i64> {
        (self.chain.next().is_some() || self.report.batches > 0).then(|| self.chain.newest())
    }

    /// The file is at its end.
    pub(super) fn finish(&mut self) {
        while let Some((mut seen, placed)) = self.chain.decide(true, self.next_base, self.next_first) {
            let next = self.chain.next().map(|next| next.epoch);
            self.place(&mut seen, placed, next);
        }
        let count = self.holes.len();
        self.fill_holes(count, self.next_base);
        if self.gaps > TOLD_MAX {
            let found = format!("{} gaps of {} offsets in all", self.gaps, self.gap_offsets);
            self.find(Finding::new(Code::OffsetGap, self.path, "offsets without a gap", found));
        }
        self.report.faults.sort_by_key(|fault| fault.bytes.start);
    }

    fn place(&mut self, seen: &mut Seen, placed: Placed, next_epoch: Option<i32>) {
        let bytes = seen.position..seen.end();
        match placed {
            Placed::Misplaced { between } => return self.misplaced(seen, between),
            Placed::InOrder { missing } => {
                let holes = seen.holes_before as usize;
                self.fill_holes(holes, Some(seen.first_offset));
                let is_known = self.has_name || self.report.batches > 0;
                if missing > 0 && holes == 0 && is_known && !self.is_kraft_snapshot {
                    self.gap(seen, missing);
                }
            }
            Placed::BelowBase => {
                self.fill_holes(seen.holes_before as usize, None);
                let expected = format!("offsets from {} on, as the name says", self.chain_base());
                let finding = Finding::new(Code::SegmentName, self.path, expected, seen.first_offset.to_string());
                self.find(finding.at(bytes.clone()).of(seen.first_offset, Some(seen.last_offset)));
            }
            Placed::Corrected { found } => {
                let proven = seen.first_offset;
                let kind = FaultKind::WrongBaseOffset { proven, found };
                let finding = Finding::new(
                    Code::BatchBaseOffset,
                    self.path,
                    format!("base offset {proven}, as its neighbours prove"),
                    found.to_string(),
                );
                self.fault(kind, seen, finding);
            }
        }
        self.repaired_header(seen);
        self.epoch(seen, next_epoch);
        let is_lost = self.problems(seen);
        self.accept(seen, is_lost);
    }

    fn chain_base(&self) -> i64 {
        self.report.base_offset.unwrap_or_default()
    }

    fn accept(&mut self, seen: &Seen, is_lost: bool) {
        self.overflow(seen);
        let report = &mut *self.report;
        report.batches += 1;
        report.records += u64::from(seen.record_count.max(0).unsigned_abs());
        report.first_offset.get_or_insert(seen.first_offset);
        report.last_offset = Some(seen.last_offset);
        report.valid_to = seen.end();
        if seen.max_timestamp >= 0 {
            report.max_timestamp = Some(report.max_timestamp.map_or(seen.max_timestamp, |t| t.max(seen.max_timestamp)));
            if !seen.attributes.has_delete_horizon() && seen.base_timestamp >= 0 {
                let base = seen.base_timestamp;
                report.min_timestamp = Some(report.min_timestamp.map_or(base, |t| t.min(base)));
            }
        }
        self.timestamp_type(seen);
        self.offset_index.batch(seen);
        self.time_index.batch(seen);
        if let Some(offset) = self.offset_index.take_witness().or(self.time_index.take_witness()) {
            self.gap_was_none(seen.position, offset);
        }
        if self.is_kraft_snapshot {
            self.partition.controls(seen);
        } else if !is_lost {
            self.partition.batch(seen);
        }
    }

    /// Whether an offset is too far from the base offset for the index.
    fn does_overflow(&self, offset: i64) -> bool {
        offset.saturating_sub(self.chain_base()) > i64::from(i32::MAX)
    }

    /// Offsets that the index cannot hold, told of the first batch: Kafka splits such a segment when it recovers it.
    fn overflow(&mut self, seen: &Seen) {
        let is_told = self.report.last_offset.is_some_and(|last| self.does_overflow(last));
        if !self.has_name || self.is_kraft_snapshot || is_told {
            return;
        }
        if self.does_overflow(seen.last_offset) {
            let expected = format!("offsets up to {}", self.chain_base().saturating_add(i32::MAX.into()));
            let finding = Finding::new(Code::OffsetOverflow, self.path, expected, seen.last_offset.to_string());
            let finding = finding.at(seen.position..seen.end()).of(seen.first_offset, Some(seen.last_offset));
            self.find(finding.graded(Severity::Warning).classed(Class::OddButLegal));
        }
    }

    fn timestamp_type(&mut self, seen: &Seen) {
        let found = seen.attributes.timestamp_type();
        if seen.magic == 0 || seen.attributes.is_control() || self.timestamp_type == Some(found) {
            return;
        }
        if let Some(before) = self.timestamp_type.replace(found) {
            let finding = Finding::new(Code::TimestampType, self.path, before.name(), found.name());
            self.find_limited(finding.at(seen.position..seen.end()).of(seen.first_offset, Some(seen.last_offset)));
        }
    }

    /// What was found out about the header of a good batch while it was read.
    fn repaired_header(&mut self, seen: &Seen) {
        if let Some(found) = seen.wrong_length {
            let proven = seen.size as i32 - crate::format::batch::LOG_OVERHEAD as i32;
            let expected = format!("length {proven}, for which the checksum holds");
            let finding = Finding::new(Code::BatchLength, self.path, expected, found.to_string());
            self.fault(FaultKind::WrongLength { proven, found }, seen, finding);
        }
        if let Some(found) = seen.wrong_magic {
            let expected = "magic 2, for which the checksum holds";
            let finding = Finding::new(Code::BatchMagic, self.path, expected, found.to_string());
            self.fault(FaultKind::WrongMagic { proven: 2, found }, seen, finding);
        }
    }

    fn epoch(&mut self, seen: &mut Seen, next: Option<i32>) {
        if self.is_kraft_snapshot {
            return;
        }
        let recorded = self.partition.recorded_epoch(seen.first_offset);
        let found = seen.epoch;
        match self.epochs.check(seen, next, recorded) {
            Some(WrongEpoch::Proven(proven)) => {
                let expected = format!("leader epoch {proven}, as its neighbours prove");
                let finding = Finding::new(Code::BatchEpoch, self.path, expected, found.to_string());
                self.fault(FaultKind::WrongEpoch { proven, found }, seen, finding);
                seen.epoch = proven;
            }
            Some(WrongEpoch::Below(last)) => {
                let expected = format!("leader epoch {last} or more");
                let finding = Finding::new(Code::BatchEpoch, self.path, expected, found.to_string());
                let finding = finding.at(seen.position..seen.end()).of(seen.first_offset, Some(seen.last_offset));
                let finding = finding.graded(Severity::Warning).classed(Class::OddButLegal).with(Remedy::AskOperator);
                self.find_limited(finding);
            }
            None => {}
        }
    }

    /// Tells what is wrong inside of a batch whose place is right; gives whether it cannot be used.
    fn problems(&mut self, seen: &Seen) -> bool {
        let is_lost = seen.problems.iter().any(|problem| problem.is_loss);
        let offsets = OffsetRange { first: seen.first_offset, last: Some(seen.last_offset) };
        for problem in &seen.problems {
            let finding = Finding::new(problem.code, self.path, problem.expected.clone(), problem.found.clone());
            let finding = finding.at(seen.position..seen.end()).of(offsets.first, offsets.last);
            let finding = if problem.is_loss {
                finding
            } else {
                finding.graded(Severity::Warning).classed(Class::OddButLegal).with(Remedy::Nothing)
            };
            self.report.findings.push(finding);
        }
        if is_lost {
            let bytes = seen.position..seen.end();
            self.report.faults.push(Fault { kind: FaultKind::BadBatch, bytes, offsets: Some(offsets) });
        }
        is_lost
    }

    fn gap(&mut self, seen: &Seen, missing: u64) {
        self.gaps += 1;
        self.gap_offsets = self.gap_offsets.saturating_add(missing);
        if self.gaps > TOLD_MAX {
            return;
        }
        // The offsets in front of the first batch are nobody's loss: retention and cleaning leave them.
        let last = seen.first_offset.saturating_sub(1);
        let first = last.saturating_sub(i64::try_from(missing - 1).unwrap_or(i64::MAX));
        let found = format!("a gap of {missing}");
        let finding = Finding::new(Code::OffsetGap, self.path, format!("offset {first} next"), found);
        let finding = finding.at(seen.position..seen.position).of(first, Some(last));
        self.report.findings.push(finding);
    }

    /// An index knows of an offset in the gap before the batch at `position`: it is not compaction that took it.
    fn gap_was_none(&mut self, position: u64, offset: i64) {
        let gap = self.report.findings.iter_mut().rev().find(|finding| finding.code == Code::OffsetGap);
        if let Some(gap) = gap.filter(|gap| gap.bytes == Some(position..position)) {
            gap.found.push_str(&format!(", in which an index has offset {offset}"));
            (gap.severity, gap.class, gap.remedy) = (Severity::Damage, Class::Damage, Remedy::RestoreFromReplica);
        }
    }

    /// The file ends in zeros into which its index leads: there were batches.
    pub(super) fn zeros_were_batches(&mut self) {
        let Some(fault) = self.report.faults.last_mut().filter(|fault| fault.kind == FaultKind::Zeros) else { return };
        let first = self.report.last_offset.map_or_else(|| self.report.base_offset.unwrap_or(0), |last| last + 1);
        let offsets = Some(OffsetRange { first, last: self.next_base.map(|next| next - 1) });
        (fault.kind, fault.offsets) = (FaultKind::Unreadable, offsets);
        let bytes = Some(fault.bytes.clone());
        let found = self.report.findings.iter_mut().rev().find(|finding| finding.bytes == bytes);
        if let Some(finding) = found.filter(|finding| finding.code == Code::PreallocatedTail) {
            finding.found.push_str(", in which the index has batches");
            (finding.code, finding.offsets) = (Code::UnreadableBytes, offsets);
            (finding.severity, finding.class, finding.remedy) = (Severity::Damage, Class::Damage, Remedy::TrimTail);
        }
    }

    fn misplaced(&mut self, seen: &Seen, between: Option<(i64, i64)>) {
        let expected = match between {
            Some((first, last)) => format!("offsets in {first}-{last}, as its neighbours have it"),
            None => format!("offsets above {}", self.chain.last_offset()),
        };
        let is_overflow = self.report.base_offset.is_some() && self.does_overflow(seen.last_offset);
        let code = if is_overflow { Code::OffsetOverflow } else { Code::OffsetOrder };
        let found = OffsetRange { first: seen.first_offset, last: Some(seen.last_offset) }.to_string();
        let finding = Finding::new(code, self.path, expected, found);
        let bytes = seen.position..seen.end();
        self.report.valid_to = self.report.valid_to.max(bytes.end);
        self.offset_index.hole(bytes.clone());
        self.find(finding.at(bytes.clone()).of(seen.first_offset, Some(seen.last_offset)));
        let offsets = between.map(|(first, last)| OffsetRange { first, last: Some(last) });
        self.report.faults.push(Fault { kind: FaultKind::Misplaced, bytes, offsets });
        // What lies before it has lost its neighbour.
        let holes = seen.holes_before as usize;
        self.fill_holes(holes, between.map(|(_, last)| last.saturating_add(1)));
    }

    /// The oldest `count` holes end before offset `next`.
    fn fill_holes(&mut self, count: usize, next: Option<i64>) {
        if self.holes.is_empty() || count == 0 {
            return;
        }
        let mut expected = self.before_holes();
        let count = count.min(self.holes.len());
        let is_end = next.is_some() && next == self.next_base;
        for (i, hole) in self.holes.drain(..count).collect::<Vec<_>>().into_iter().enumerate() {
            // What a file lost of its end is more than the batch that the cut went through.
            let is_cut = is_end && i + 1 == count && hole.kind == FaultKind::Torn;
            let last = next.map(|next| next.saturating_sub(1));
            let rest = last.is_none_or(|last| last >= expected).then_some(OffsetRange { first: expected, last });
            // A header that fits what is before it tells where the batch ended, unless that is known better.
            let offsets = match hole.claimed {
                Some((first, claimed))
                    if first == expected && claimed >= first && !is_cut && last.is_none_or(|last| claimed <= last) =>
                {
                    Some(OffsetRange { first, last: Some(claimed) })
                }
                _ => rest,
            };
            if let Some(last) = offsets.and_then(|offsets| offsets.last) {
                expected = last.saturating_add(1);
            }
            let has_loss = matches!(hole.kind, FaultKind::BadBatch | FaultKind::Unreadable | FaultKind::Torn);
            let offsets = offsets.filter(|_| has_loss);
            let mut finding = Finding::new(hole.code, self.path, hole.expected, hole.found).at(hole.bytes.clone());
            finding.offsets = offsets;
            let finding = finding.graded(hole.severity).classed(hole.class).with(hole.remedy);
            if let Some(offsets) = offsets {
                self.time_index.hole(offsets);
                self.partition.hole(offsets);
            }
            self.find(finding);
            self.report.faults.push(Fault { kind: hole.kind, bytes: hole.bytes, offsets });
        }
    }

    /// The offset that would come next, as seen by the holes that are filled now.
    fn before_holes(&self) -> i64 {
        self.report.last_offset.map_or_else(|| self.chain_base(), |last| last.saturating_add(1))
    }

    fn fault(&mut self, kind: FaultKind, seen: &Seen, finding: Finding) {
        let bytes = seen.position..seen.end();
        self.find(finding.at(bytes.clone()).of(seen.first_offset, Some(seen.last_offset)));
        let offsets = Some(OffsetRange { first: seen.first_offset, last: Some(seen.last_offset) });
        self.report.faults.push(Fault { kind, bytes, offsets });
    }

    /// A finding of which there may be one for each batch.
    fn find_limited(&mut self, finding: Finding) {
        self.told += 1;
        if self.told <= TOLD_MAX {
            self.find(finding);
        }
    }

    pub(super) fn find(&mut self, finding: Finding) {
        self.report.findings.push(finding);
    }
}
