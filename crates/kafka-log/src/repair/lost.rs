//! What no repair brings back, and what a newer leader epoch has replaced.

use std::ops::Range;

use super::plan::{Lost, PartitionPlan, Superseded};
use crate::audit::partition::end_of;
use crate::audit::partition::evidence::{Evidence, SegmentEvidence};
use crate::audit::partition::transactions::Hole as OffsetHole;
use crate::audit::segment::holes::Hole;
use crate::audit::{FaultKind, OffsetRange};

/// Lists what is lost of the segments. `holes` are the offsets of which nothing is left, `held_end` is where the log has to
/// end. What was deleted is not lost.
pub(super) fn list(evidence: &Evidence, holes: &[OffsetHole], held_end: Option<i64>, plan: &mut PartitionPlan) {
    let segments = &evidence.segments;
    for (at, segment) in segments.iter().enumerate() {
        let is_last = segments[at + 1..].iter().all(|later| later.files.log.is_none() && later.missing.is_none());
        let tail = match held_end.filter(|_| is_last) {
            Some(end) => Tail::Held(end),
            // What a donor has of the end is there.
            None if is_last && !segment.ends_in_donor => Tail::Open(end_of(segments)),
            None => Tail::None,
        };
        of_segment(segment, holes, tail, plan);
    }
    let told = |offset: i64, plan: &PartitionPlan| {
        plan.lost.iter().any(|lost| {
            lost.offsets.is_some_and(|(first, last)| first <= offset && last.is_none_or(|last| last >= offset))
        })
    };
    // What is lost without a trace: offsets that were handed out.
    if let (Some(segment), Some(hole)) = (segments.last(), holes.last())
        && held_end.is_some_and(|end| end == hole.last + 1)
        && !told(hole.last, plan)
    {
        let ends = plan.lost.iter().filter_map(|lost| lost.offsets?.1);
        let first =
            ends.filter(|last| (hole.first..hole.last).contains(last)).max().map_or(hole.first, |last| last + 1);
        plan.lost.push(Lost {
            file: segment.log_name(),
            bytes: segment.size..segment.size,
            offsets: Some((first, Some(hole.last))),
            records: 0,
            why: "the end of the file is missing".to_owned(),
        });
    }
    if let Some(start) = evidence.log_start {
        plan.lost.retain_mut(|lost| {
            let Some((first, last)) = lost.offsets else { return true };
            let kept = OffsetRange { first, last }.above_start(start);
            lost.offsets = kept.map(|kept| (kept.first, kept.last));
            kept.is_some()
        });
    }
}

/// What lies after the last batch that is kept.
#[derive(Clone, Copy)]
enum Tail {
    /// Other segments, or batches of a donor.
    None,
    /// Offsets up to the one where the log has to end.
    Held(i64),
    /// Nothing from this offset on: the log ends there.
    Open(i64),
}

fn of_segment(segment: &SegmentEvidence, holes: &[OffsetHole], tail: Tail, plan: &mut PartitionPlan) {
    let file = segment.log_name();
    for hole in &segment.holes {
        if let FaultKind::Superseded { by_epoch } = hole.kind {
            plan.superseded.push(Superseded {
                file: file.clone(),
                bytes: hole.bytes.clone(),
                offsets: hole.claimed.unwrap_or_default(),
                records: hole.records,
                by_epoch,
            });
        } else if hole.kind != FaultKind::Zeros {
            of_hole(hole, &file, holes, tail, plan);
        }
    }
    for batch in &segment.batches {
        let Some(loss) = batch.loss().filter(|_| batch.partial().is_some()) else { continue };
        let first = batch.partial().map_or(batch.first_offset, |partial| partial.last_kept + 1);
        let why = format!("expected {}, found {}", loss.expected, loss.found);
        let offsets = (first <= batch.last_offset).then_some((first, Some(batch.last_offset)));
        plan.lost.push(Lost { file: file.clone(), bytes: batch.position..batch.end(), offsets, records: 0, why });
    }
    if let Some(missing) = &segment.missing {
        let bytes = segment.size..segment.size;
        for offsets in left_of(missing.offsets, holes, tail) {
            let (file, why) = (file.clone(), missing.why.clone());
            plan.lost.push(Lost { file, bytes: bytes.clone(), offsets: Some(offsets), records: 0, why });
        }
    }
}

fn of_hole(hole: &Hole, file: &str, holes: &[OffsetHole], tail: Tail, plan: &mut PartitionPlan) {
    let bytes: Range<u64> = hole.bytes.clone();
    let why = match hole.kind {
        FaultKind::Misplaced => "nothing tells the offsets of this batch".to_owned(),
        _ => format!("expected {}, found {}", hole.expected, hole.found),
    };
    let lost = |offsets| Lost {
        file: file.to_owned(),
        bytes: bytes.clone(),
        offsets,
        records: hole.records,
        why: why.clone(),
    };
    let Some(offsets) = hole.offsets else {
        return plan.lost.push(lost(None));
    };
    let left = left_of(offsets, holes, tail);
    plan.lost.extend(left.into_iter().map(|offsets| lost(Some(offsets))));
}

/// What is left of offsets once those that a donor has filled are taken away. How many there are at the end of a log is not
/// known unless something tells where it has to end.
fn left_of(offsets: OffsetRange, holes: &[OffsetHole], tail: Tail) -> Vec<(i64, Option<i64>)> {
    let last = match (offsets.last, tail) {
        (Some(last), _) => last,
        (None, Tail::Held(end)) => end - 1,
        (None, _) => i64::MAX,
    };
    let within = holes.iter().filter(|hole| hole.first <= last && hole.last >= offsets.first);
    let mut left: Vec<_> = within.map(|hole| (hole.first.max(offsets.first), Some(hole.last.min(last)))).collect();
    if let Tail::Open(end) = tail
        && last >= end
    {
        left.push((offsets.first.max(end), offsets.last));
    }
    left
}
