//! Stretches of a log file without a batch that can be used, and the offsets that are missing because of them.

use std::ops::Range;

use super::deciders::LostGap;
use crate::audit::batch::{BatchSummary, Fate};
use crate::audit::code::Code;
use crate::audit::finding::{Class, OffsetRange, Remedy, Severity};
use crate::audit::report::FaultKind;

/// A stretch of the file without a batch that can be used.
#[derive(Clone, Debug)]
pub(crate) struct Hole {
    pub(crate) kind: FaultKind,
    pub(crate) bytes: Range<u64>,
    /// First and last offset that its own header claims; nothing vouches for them.
    pub(crate) claimed: Option<(i64, i64)>,
    /// Offsets that are missing because of it, once its neighbours are settled.
    pub(crate) offsets: Option<OffsetRange>,
    /// Records in good batches that are left out.
    pub(crate) records: u64,
    pub(crate) code: Code,
    pub(crate) severity: Severity,
    pub(crate) class: Class,
    pub(crate) remedy: Remedy,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Hole {
    pub(super) fn new(kind: FaultKind, bytes: Range<u64>, code: Code, expected: String, found: String) -> Self {
        let (severity, class, remedy) = (code.severity(), code.class(), code.remedy());
        let (claimed, offsets) = (None, None);
        Hole { kind, bytes, claimed, offsets, records: 0, code, severity, class, remedy, expected, found }
    }

    /// Offsets of which even the bytes are gone.
    pub(super) fn in_gap(gap: &LostGap) -> Self {
        let expected = "the offset after the last one".to_owned();
        let found = format!("a gap, in which an index has offset {}", gap.offset);
        let hole = Hole::new(FaultKind::Unreadable, gap.position..gap.position, Code::OffsetGap, expected, found);
        Hole { severity: Severity::Damage, class: Class::Damage, remedy: Remedy::RestoreFromReplica, ..hole }
    }

    /// A good batch that is left out.
    pub(super) fn left_out(batch: &BatchSummary) -> Self {
        let range = OffsetRange { first: batch.first_offset, last: Some(batch.last_offset) };
        let (kind, code, expected) = match batch.fate {
            Fate::Superseded { by_epoch } => {
                let expected = format!("batches of leader epoch {by_epoch} or more at offsets {range}");
                (FaultKind::Superseded { by_epoch }, Code::Superseded, expected)
            }
            Fate::Kept | Fate::Misplaced => {
                (FaultKind::Misplaced, Code::OffsetOrder, "offsets that follow those of the batch before".to_owned())
            }
        };
        let found = match kind {
            FaultKind::Superseded { .. } => format!("one of leader epoch {}", batch.leader_epoch),
            _ => range.to_string(),
        };
        Hole {
            records: u64::from(batch.record_count.max(0).unsigned_abs()),
            claimed: Some((batch.first_offset, batch.last_offset)),
            ..Hole::new(kind, batch.position..batch.end(), code, expected, found)
        }
    }

    /// Whether offsets may be missing because of it.
    fn can_lose(&self) -> bool {
        !matches!(self.kind, FaultKind::Zeros | FaultKind::Superseded { .. })
    }

    /// Whether it leaves a gap that is no ordinary one.
    pub(crate) fn breaks_the_chain(&self) -> bool {
        self.can_lose()
    }
}

/// What is known of the end of a log file.
#[derive(Clone, Copy, Debug)]
pub(super) struct End {
    /// First offset after the file, where that is known.
    pub(super) next: Option<i64>,
    /// Whether that is the base offset of another segment.
    pub(super) is_segment: bool,
}

/// Tells the offsets that each hole has taken: those between the kept batches around it. `holes` and `batches` are in file
/// order; `expected` is the first offset of the file.
pub(super) fn settle(holes: &mut [Hole], batches: &[BatchSummary], expected: i64, end: End) {
    let has_gaps = has_gaps(batches);
    let mut expected = expected;
    let mut at = 0;
    let kept = batches.iter().filter(|batch| batch.is_kept());
    for batch in kept {
        let count = holes[at..].iter().take_while(|hole| hole.bytes.end <= batch.position).count();
        fill(&mut holes[at..at + count], expected, Some(batch.first_offset), false, has_gaps);
        at += count;
        expected = batch.end_offset();
    }
    fill(&mut holes[at..], expected, end.next, end.is_segment, has_gaps);
}

/// Whether offsets are missing between good batches that no hole explains.
fn has_gaps(batches: &[BatchSummary]) -> bool {
    let mut kept = batches.iter().filter(|batch| batch.is_kept());
    let Some(mut before) = kept.next() else { return false };
    kept.any(|batch| {
        let is_gap = batch.has_gaps || !batch.follows_loss && batch.first_offset > before.end_offset();
        before = batch;
        is_gap
    })
}

fn fill(holes: &mut [Hole], mut expected: i64, next: Option<i64>, is_end: bool, has_gaps: bool) {
    let last = next.map(|next| next.saturating_sub(1));
    let count = holes.len();
    // Zeros at the end of a sealed segment are a loss where offsets are missing that nothing else explains.
    let has_room = is_end && last.is_some_and(|last| last >= expected);
    if has_room && holes.iter().all(|hole| !hole.can_lose()) {
        for hole in holes.iter_mut().filter(|hole| hole.kind == FaultKind::Zeros) {
            (hole.kind, hole.code) = (FaultKind::Unreadable, Code::UnreadableBytes);
            (hole.severity, hole.class, hole.remedy) = (Severity::Damage, Class::Damage, Remedy::Salvage);
        }
    }
    for (i, hole) in holes.iter_mut().enumerate().filter(|(_, hole)| hole.can_lose()) {
        // What a file lost of its end is more than the batch that the cut went through.
        let is_cut = is_end && i + 1 == count && hole.kind == FaultKind::Torn;
        let rest = last.is_none_or(|last| last >= expected).then_some(OffsetRange { first: expected, last });
        // A header that fits what is before it tells where the batch ended. In a log without gaps the next batch tells
        // better.
        let is_open_end = last.is_none();
        hole.offsets = match hole.claimed {
            Some((first, claimed))
                if first == expected
                    && claimed >= first
                    && !is_cut
                    && hole.kind != FaultKind::Misplaced
                    && last.is_none_or(|last| claimed <= last)
                    && (i + 1 < count || is_open_end || has_gaps || last == Some(claimed)) =>
            {
                Some(OffsetRange { first, last: Some(claimed) })
            }
            _ => rest,
        };
        if let Some(last) = hole.offsets.and_then(|offsets| offsets.last) {
            expected = last.saturating_add(1);
        }
    }
}
