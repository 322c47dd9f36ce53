//! The new files of a segment whose log changes: what survived of it in order, with batches of ours in its holes.

use std::path::{Path, PathBuf};

use super::error::RepairError;
use super::fill::Made;
use super::indexes::{IndexBuilder, Indexed};
use super::plan::PartitionPlan;
use super::rebuild::rebuild;
use crate::audit::batch::BatchSummary;
use crate::audit::partition::evidence::SegmentEvidence;
use crate::audit::partition::files::name;
use crate::audit::segment::runs::each;
use crate::audit::{Change, Content, FaultKind, Piece};
use crate::format::batch::HEADER_SIZE_UP_TO_MAGIC;
use crate::format::file_name::FileKind;
use crate::fs::{Fs, OpenMode};
use crate::segment::error::StorageError;

/// Plans the files of a segment with a changed log. `made` are batches to be put into its holes, `is_last` tells that no
/// segment follows.
///
/// # Errors
/// I/O errors.
pub(super) fn plan<F: Fs>(
    fs: &F,
    dir: &Path,
    segment: &SegmentEvidence,
    made: Vec<Made>,
    is_last: bool,
    plan: &mut PartitionPlan,
) -> Result<(), RepairError> {
    let why = why(segment, &made);
    let changes = &mut plan.changes;
    let kept = segment.batches.iter().map(|batch| (batch.clone(), None));
    let mut batches: Vec<(BatchSummary, Option<Vec<u8>>)> = kept.collect();
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

fn why(segment: &SegmentEvidence, made: &[Made]) -> String {
    let mut reasons = Vec::new();
    let mut say = |count: usize, one: &str, many: &str| match count {
        0 => {}
        1 => reasons.push(format!("1 {one}")),
        _ => reasons.push(format!("{count} {many}")),
    };
    let holes = |is: fn(&FaultKind) -> bool| segment.holes.iter().filter(|hole| is(&hole.kind)).count();
    let is_left_out = |kind: &FaultKind| matches!(kind, FaultKind::Misplaced | FaultKind::Superseded { .. });
    let unreadable = segment.holes.iter().filter(|h| !is_left_out(&h.kind) && h.kind != FaultKind::Zeros).count();
    say(unreadable, "unreadable stretch", "unreadable stretches");
    say(holes(|kind| *kind == FaultKind::Misplaced), "batch of unknown offset", "batches of unknown offset");
    let superseded = holes(|kind| matches!(kind, FaultKind::Superseded { .. }));
    say(superseded, "batch superseded by a newer leader epoch", "batches superseded by a newer leader epoch");
    say(segment.restored.len(), "header restored", "headers restored");
    let parts = segment.batches.iter().filter(|batch| batch.partial().is_some()).count();
    say(parts, "batch kept in part", "batches kept in part");
    let taken = segment.batches.iter().filter(|batch| batch.origin().is_some()).count();
    say(taken, "batch taken from another replica", "batches taken from another replica");
    say(made.len(), "batch put in", "batches put in");
    if holes(|kind| *kind == FaultKind::Zeros) > 0 {
        reasons.push("zeros cut off".to_owned());
    }
    if segment.batches.iter().any(|batch| !batch.fits(segment.base_offset)) {
        reasons.push("split, because some offsets are too far from the one in its name".to_owned());
    }
    if reasons.is_empty() { "it gets the name that its content asks for".to_owned() } else { reasons.join(", ") }
}

fn write<F: Fs>(
    fs: &F,
    dir: &Path,
    segment: &SegmentEvidence,
    base_offset: i64,
    batches: &[(BatchSummary, Option<Vec<u8>>)],
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
        let rebuilt = match (batch.partial(), &own, &own_file) {
            (Some(partial), Some(path), Some(file)) => {
                match rebuild(file, path, batch, partial)? {
                    Some(bytes) => Some(bytes),
                    // None of its records can be written again.
                    None => continue,
                }
            }
            _ => None,
        };
        let size = rebuilt.as_ref().map_or(u64::from(batch.size), |bytes| bytes.len() as u64);
        let mut index = |one: &BatchSummary| {
            let position = position + (one.position - batch.position);
            indexes.batch(&Indexed { position, ..Indexed::of(one) });
        };
        match (&own, &own_file) {
            // Only batches of the segment itself stand for others.
            (Some(path), Some(file)) if batch.batches > 1 => each(file, path, batch, &mut |one| index(&one))?,
            _ => index(batch),
        }
        position += size;
        let origin = batch.origin().map(|origin| origin.to_path_buf()).or_else(|| own.clone());
        match (bytes.clone().or(rebuilt), origin) {
            (Some(bytes), _) => log.push(Piece::Bytes(bytes)),
            (None, Some(path)) => {
                let mut from = batch.position;
                let to = batch.end();
                if let Some(head) = batch.restored() {
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
    put(FileKind::OffsetIndex, Content::of(offsets), "rebuilt for the new log");
    put(FileKind::TimeIndex, Content::of(times), "rebuilt for the new log");
    Ok(())
}
