//! The offsets of which nothing survived, and the bytes that stand for them.

use super::layout;
use super::plan::Lost;
use super::segment::SegmentState;
use super::transactions::Hole;
use crate::format::file_name::FileKind;

/// All holes of a partition.
#[derive(Debug, Default)]
pub(super) struct Holes {
    /// In the order of offsets.
    pub(super) holes: Vec<Hole>,
    pub(super) lost: Vec<Lost>,
}

/// Whether bytes are lost behind the last good batch of a segment.
pub(super) fn loses_its_tail(segment: &SegmentState) -> bool {
    if segment.ends_in_donor {
        return false;
    }
    let last = segment.survivors.iter().rev().find(|batch| !batch.is_misplaced && batch.origin.is_none());
    let is_behind = |position: u64| last.is_none_or(|last| position > last.position);
    segment.files.log.is_none()
        || segment.lost.iter().any(|lost| is_behind(lost.bytes.start))
        || segment.survivors.iter().any(|batch| batch.is_misplaced && is_behind(batch.position))
}

/// Finds the holes of segments in the order of their offsets. `held_end` is where the log has to end.
pub(super) fn find(segments: &[SegmentState], held_end: Option<i64>) -> Holes {
    let mut holes = Holes::default();
    for (at, segment) in segments.iter().enumerate() {
        let next_base = segments.get(at + 1).map(|next| next.base_offset);
        if segment.is_changed || next_base.is_none() {
            of_segment(segment, next_base.or(held_end), next_base.is_none(), &mut holes);
        }
    }
    holes
}

fn of_segment(segment: &SegmentState, end: Option<i64>, is_last: bool, holes: &mut Holes) {
    let file = segment
        .files
        .log
        .as_ref()
        .map_or_else(|| layout::name(FileKind::Log, segment.base_offset), |log| log.from.clone());
    let aborts_are_known = aborts_are_known(segment);
    let mut expected = segment.base_offset;
    let mut lost = segment.lost.iter().peekable();
    let mut report = |before: u64, first: i64, next: Option<i64>, is_tail: bool, holes: &mut Holes| {
        let mut stretch = None;
        while let Some(found) = lost.next_if(|lost| lost.bytes.start < before) {
            // Zeros at the end are no batch, unless offsets are missing.
            let is_padding = found.is_zero && is_tail && next.is_none_or(|next| next <= first);
            if !is_padding {
                let (bytes, _) = stretch.get_or_insert((found.bytes.clone(), found.error));
                bytes.end = found.bytes.end;
            }
        }
        if let Some((bytes, error)) = stretch {
            let offsets = match next {
                Some(next) if next > first => Some((first, Some(next - 1))),
                Some(_) => None,
                None => Some((first, None)),
            };
            holes.lost.push(Lost { file: file.clone(), bytes, offsets, why: error.to_string() });
        }
    };
    for batch in segment.survivors.iter().filter(|batch| !batch.is_misplaced) {
        if batch.origin.is_none() {
            report(batch.position, expected, Some(batch.first_offset), false, holes);
        }
        if batch.follows_loss && batch.first_offset > expected {
            let last = batch.first_offset - 1;
            holes.holes.push(Hole { first: expected, last, aborts_are_known });
        }
        expected = batch.end_offset();
    }
    if !segment.is_changed {
        expected = segment.last_offset.map_or(segment.base_offset, |last| last.saturating_add(1));
    }
    if loses_its_tail(segment) || is_last {
        report(u64::MAX, expected, end, true, holes);
        if let Some(end) = end.filter(|&end| end > expected) {
            holes.holes.push(Hole { first: expected, last: end - 1, aborts_are_known });
            if segment.files.log.is_none() || segment.lost.is_empty() {
                let why =
                    if segment.files.log.is_none() { "the file is missing" } else { "the end of the file is missing" };
                let bytes = segment.len..segment.len;
                let offsets = Some((expected, Some(end - 1)));
                holes.lost.push(Lost { file, bytes, offsets, why: why.to_owned() });
            }
        }
    }
}

/// Whether the transaction index of a segment lists all aborts that were in it: it can be read, and has those that are
/// still there.
fn aborts_are_known(segment: &SegmentState) -> bool {
    use super::survivor::Kind;
    let Some(filed) = &segment.aborts else { return false };
    if segment.files.log.is_none() && segment.files.txn_index.is_none() {
        return false;
    }
    segment
        .events
        .iter()
        .filter(|event| matches!(event.kind, Kind::Marker { is_commit: false, .. }))
        .all(|event| filed.iter().any(|txn| txn.last_offset == event.offset))
}
