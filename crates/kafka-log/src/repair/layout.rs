//! The new files of a segment whose log changes: what survived of it in order, with batches of ours in its holes.

use std::path::Path;

use super::apply::Change;
use super::content::{Content, Piece};
use super::fill::Made;
use super::indexes::{self, Indexed};
use super::segment::SegmentState;
use super::survivor::Survivor;
use crate::format::batch::HEADER_SIZE_UP_TO_MAGIC;
use crate::format::file_name::{FileKind, FileName, FileState};

/// Name of a file of the segment at `base_offset`.
pub(super) fn name(kind: FileKind, base_offset: i64) -> String {
    FileName { kind, state: FileState::Live, offset: Some(base_offset), epoch: None, remote_segment_id: None }
        .to_string()
}

/// Plans the files of a segment with a changed log. `made` are batches to be put into its holes, `is_last` tells that no
/// segment follows.
pub(super) fn plan(dir: &Path, segment: &SegmentState, made: Vec<Made>, is_last: bool, changes: &mut Vec<Change>) {
    let why = why(segment, &made);
    let kept = segment.survivors.iter().filter(|batch| !batch.is_misplaced).map(|batch| (batch.clone(), None));
    let mut batches: Vec<(Survivor, Option<Vec<u8>>)> = kept.collect();
    batches.extend(made.into_iter().map(|(batch, bytes)| (batch, Some(bytes))));
    batches.sort_by_key(|(batch, _)| batch.first_offset);

    let mut names = Vec::new();
    let mut rest = batches.as_slice();
    let mut base_offset = segment.base_offset;
    while !rest.is_empty() || is_last && names.is_empty() {
        let fits = |batch: &Survivor| batch.last_offset - base_offset <= i64::from(i32::MAX);
        let count = rest.iter().take_while(|(batch, _)| fits(batch)).count();
        let (now, later) = rest.split_at(if rest.is_empty() { 0 } else { count.max(1) });
        write(dir, segment, base_offset, now, &why, changes);
        names.extend([FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex].map(|kind| name(kind, base_offset)));
        rest = later;
        base_offset = rest.first().map_or(base_offset, |(batch, _)| batch.first_offset);
    }
    // What is not replaced under the same name goes. The transaction index is planned apart.
    let files = [&segment.files.log, &segment.files.offset_index, &segment.files.time_index];
    for placed in files.into_iter().flatten().filter(|placed| !names.contains(&placed.from)) {
        let why = if names.is_empty() { "nothing of its segment is left".to_owned() } else { why.clone() };
        changes.push(Change { name: placed.from.clone(), content: None, why });
    }
}

fn why(segment: &SegmentState, made: &[Made]) -> String {
    let mut reasons = Vec::new();
    let mut say = |count: usize, one: &str, many: &str| match count {
        0 => {}
        1 => reasons.push(format!("1 {one}")),
        _ => reasons.push(format!("{count} {many}")),
    };
    let unreadable = segment.lost.iter().filter(|lost| !lost.is_zero).count();
    say(unreadable, "unreadable stretch", "unreadable stretches");
    say(segment.misplaced, "batch of unknown offset", "batches of unknown offset");
    say(segment.restored.len(), "header put right", "headers put right");
    let taken = segment.survivors.iter().filter(|batch| batch.origin.is_some()).count();
    say(taken, "batch taken from another replica", "batches taken from another replica");
    say(made.len(), "batch put in", "batches put in");
    if segment.lost.iter().any(|lost| lost.is_zero) {
        reasons.push("zeros cut off".to_owned());
    }
    if reasons.is_empty() { "it has another base offset than its name".to_owned() } else { reasons.join(", ") }
}

fn write(
    dir: &Path,
    segment: &SegmentState,
    base_offset: i64,
    batches: &[(Survivor, Option<Vec<u8>>)],
    why: &str,
    changes: &mut Vec<Change>,
) {
    let mut log = Content { modified_ms: segment.modified_ms, ..Content::default() };
    let mut indexed = Vec::with_capacity(batches.len());
    let mut position = 0;
    for (batch, bytes) in batches {
        indexed.push(Indexed { position, ..Indexed::of(batch) });
        position += u64::from(batch.size);
        let own = segment.files.log.as_ref().map(|placed| dir.join(&placed.from));
        match (bytes, batch.origin.as_ref().map(|origin| origin.to_path_buf()).or(own)) {
            (Some(bytes), _) => log.push(Piece::Bytes(bytes.clone())),
            (None, Some(path)) => {
                let mut from = batch.position;
                let to = from + u64::from(batch.size);
                if let Some(head) = batch.restored {
                    log.push(Piece::Bytes(head.to_vec()));
                    from += HEADER_SIZE_UP_TO_MAGIC as u64;
                }
                log.push(Piece::Copy { from: path, bytes: from..to });
            }
            (None, None) => {}
        }
    }
    let (offsets, times) = indexes::build(base_offset, &indexed);
    let mut put = |kind, content, why: &str| {
        changes.push(Change { name: name(kind, base_offset), content: Some(content), why: why.to_owned() });
    };
    put(FileKind::Log, log, why);
    put(FileKind::OffsetIndex, Content::of(offsets), "built anew for the new log");
    put(FileKind::TimeIndex, Content::of(times), "built anew for the new log");
}
