//! The new files of a segment whose log changes: what survived of it in order, with batches of ours in its holes.

use std::path::{Path, PathBuf};

use super::apply::Change;
use super::content::{Content, Piece};
use super::error::RepairError;
use super::fill::Made;
use super::indexes::{IndexBuilder, Indexed};
use super::runs::each;
use super::segment::SegmentState;
use super::survivor::Survivor;
use crate::format::batch::HEADER_SIZE_UP_TO_MAGIC;
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::{Fs, OpenMode};
use crate::segment::error::StorageError;

/// Name of a file of the segment at `base_offset`.
pub(super) fn name(kind: FileKind, base_offset: i64) -> String {
    FileName { kind, state: FileState::Live, offset: Some(base_offset), epoch: None, remote_segment_id: None }
        .to_string()
}

/// Plans the files of a segment with a changed log. `made` are batches to be put into its holes, `is_last` tells that no
/// segment follows.
///
/// # Errors
/// Those of the medium.
pub(super) fn plan<F: Fs>(
    fs: &F,
    dir: &Path,
    segment: &SegmentState,
    made: Vec<Made>,
    is_last: bool,
    changes: &mut Vec<Change>,
) -> Result<(), RepairError> {
    let why = why(segment, &made);
    let kept = segment.survivors.iter().filter(|batch| !batch.is_misplaced).map(|batch| (batch.clone(), None));
    let mut batches: Vec<(Survivor, Option<Vec<u8>>)> = kept.collect();
    batches.extend(made.into_iter().map(|(batch, bytes)| (batch, Some(bytes))));
    batches.sort_by_key(|(batch, _)| batch.first_offset);

    let mut names = Vec::new();
    let mut rest = batches.as_slice();
    let mut base_offset = segment.base_offset;
    while !rest.is_empty() || is_last && names.is_empty() {
        if let Some((first, _)) = rest.first().filter(|(first, _)| !first.fits(base_offset)) {
            base_offset = first.first_offset;
        }
        let count = rest.iter().take_while(|(batch, _)| batch.fits(base_offset)).count();
        let (now, later) = rest.split_at(count);
        write(fs, dir, segment, base_offset, now, &why, changes)?;
        names.extend([FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex].map(|kind| name(kind, base_offset)));
        rest = later;
    }
    // What is not replaced under the same name goes. The transaction index is planned apart.
    let files = [&segment.files.log, &segment.files.offset_index, &segment.files.time_index];
    for placed in files.into_iter().flatten().filter(|placed| !names.contains(&placed.from)) {
        let why = if names.is_empty() { "nothing of its segment is left".to_owned() } else { why.clone() };
        changes.push(Change { name: placed.from.clone(), content: None, why });
    }
    Ok(())
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
    if Survivor::need_split(&segment.survivors, segment.base_offset) {
        reasons.push("split, for it has offsets too far from the one in its name".to_owned());
    }
    if reasons.is_empty() { "it has another base offset than its name".to_owned() } else { reasons.join(", ") }
}

fn write<F: Fs>(
    fs: &F,
    dir: &Path,
    segment: &SegmentState,
    base_offset: i64,
    batches: &[(Survivor, Option<Vec<u8>>)],
    why: &str,
    changes: &mut Vec<Change>,
) -> Result<(), RepairError> {
    let mut log = Content { modified_ms: segment.modified_ms, ..Content::default() };
    let mut indexes = IndexBuilder::new(base_offset);
    let mut position = 0;
    let own = segment.files.log.as_ref().map(|placed| dir.join(&placed.from));
    let open = |path: &PathBuf| fs.open(path, OpenMode::Read).map_err(StorageError::io("open", path));
    let own_file = own.as_ref().map(open).transpose()?;
    for (batch, bytes) in batches {
        let mut index = |one: &Survivor| {
            let position = position + (one.position - batch.position);
            indexes.batch(&Indexed { position, ..Indexed::of(one) });
        };
        match (&own, &own_file) {
            // Only batches of the segment itself stand for others.
            (Some(path), Some(file)) => each(file, path, batch, &mut index)?,
            _ => index(batch),
        }
        position += u64::from(batch.size);
        match (bytes, batch.origin.as_ref().map(|origin| origin.to_path_buf()).or_else(|| own.clone())) {
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
    let (offsets, times) = indexes.finish();
    let mut put = |kind, content, why: &str| {
        changes.push(Change { name: name(kind, base_offset), content: Some(content), why: why.to_owned() });
    };
    put(FileKind::Log, log, why);
    put(FileKind::OffsetIndex, Content::of(offsets), "built anew for the new log");
    put(FileKind::TimeIndex, Content::of(times), "built anew for the new log");
    Ok(())
}
