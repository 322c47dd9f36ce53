//! Filling holes from another replica, byte for byte.
//!
//! A donor is believed for a hole if it agrees about the batches around it: where it has the same offsets it must have the
//! same batch there, and its leader epochs must lie between theirs. Otherwise one of the two replicas has taken another
//! way, and batches of both in one log would be wrong whatever they are.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::error::RepairError;
use super::plan::Options;
use crate::audit::FaultKind;
use crate::audit::batch::BatchSummary;
use crate::audit::partition::evidence::SegmentEvidence;
use crate::audit::partition::files::PartitionFiles;
use crate::audit::partition::transactions::Hole;
use crate::audit::segment;
use crate::fs::Fs;
use crate::segment::error::StorageError;

/// The directory of the partition called `name` at `donor`: itself, or the one of that name in it.
pub(super) fn partition_dir<F: Fs>(fs: &F, donor: &Path, name: &str) -> Option<PathBuf> {
    let below = donor.join(name);
    if fs.metadata(&below).is_ok_and(|found| found.is_dir) {
        return Some(below);
    }
    let has_log = |entries: Vec<crate::fs::DirEntry>| entries.iter().any(|entry| entry.name.ends_with(".log"));
    fs.read_dir(donor).is_ok_and(has_log).then(|| donor.to_owned())
}

/// Fills what it can of the holes. Gives what it did, for people.
///
/// # Errors
/// I/O errors.
pub(super) fn fill<F: Fs>(
    fs: &F,
    donor: &Path,
    segments: &mut [SegmentEvidence],
    holes: &[Hole],
    options: &Options,
) -> Result<Vec<String>, RepairError> {
    let mut notes = Vec::new();
    let mut covered = Vec::new();
    for hole in holes {
        let Around { batches, is_whole } = batches_around(fs, donor, hole, options)?;
        let (before, after) = neighbours(segments, hole);
        if let Some(why) = disagrees(&batches, before.as_ref(), after.as_ref()) {
            notes.push(format!(
                "offsets {} to {} are not taken from {}: {why}",
                hole.first,
                hole.last,
                donor.display()
            ));
            continue;
        }
        for ours in [&before, &after].into_iter().flatten() {
            let is_theirs = |batch: &&BatchSummary| batch.first_offset == ours.first_offset && batch.crc == ours.crc;
            if let Some(theirs) = batches.iter().find(is_theirs).filter(|b| b.leader_epoch != ours.leader_epoch) {
                replace(segments, theirs);
            }
        }
        let agreed = |ours: Option<BatchSummary>| {
            let ours = ours?;
            batches.iter().find(|batch| batch.first_offset == ours.first_offset).cloned().or(Some(ours))
        };
        let (before, after) = (agreed(before), agreed(after));
        let (low, high) = (before.map_or(-1, |batch| batch.leader_epoch), after.map(|batch| batch.leader_epoch));
        let fits = |batch: &BatchSummary| {
            batch.first_offset >= hole.first
                && batch.last_offset <= hole.last
                && (batch.leader_epoch == -1
                    || batch.leader_epoch >= low && high.is_none_or(|high| high == -1 || batch.leader_epoch <= high))
        };
        let taken: Vec<BatchSummary> = batches.into_iter().filter(fits).collect();
        if let (Some(first), Some(last)) = (taken.first(), taken.last()) {
            notes.push(format!(
                "{} batches with offsets {} to {} are taken from {}",
                taken.len(),
                first.first_offset,
                last.last_offset,
                donor.display()
            ));
        }
        if is_whole {
            covered.push(*hole);
        }
        for batch in taken {
            let at = segments.partition_point(|segment| segment.base_offset <= batch.first_offset).saturating_sub(1);
            if let Some(segment) = segments.get_mut(at) {
                segment.is_changed = true;
                segment.missing = None;
                segment.batches.push(batch);
            }
        }
    }
    for segment in segments.iter_mut().filter(|segment| segment.is_changed) {
        settle(segment, &covered);
    }
    Ok(notes)
}

/// Takes the donor's copy of a batch for ours.
fn replace(segments: &mut [SegmentEvidence], theirs: &BatchSummary) {
    for segment in segments.iter_mut() {
        let found = segment.batches.iter_mut().find(|batch| batch.first_offset == theirs.first_offset);
        if let Some(ours) = found.filter(|ours| ours.crc == theirs.crc && ours.batches == 1) {
            let follows_loss = ours.follows_loss;
            *ours = BatchSummary { follows_loss, ..theirs.clone() };
            segment.is_changed = true;
        }
    }
}

/// Orders what was taken and what was there.
fn settle(segment: &mut SegmentEvidence, covered: &[Hole]) {
    segment.batches.sort_by_key(|batch| batch.first_offset);
    let mut expected = segment.base_offset;
    for batch in &mut segment.batches {
        // What compaction has left out at the donor is a gap, not a loss.
        let is_covered = |hole: &Hole| hole.first <= expected && batch.first_offset <= hole.last.saturating_add(1);
        batch.follows_loss &=
            batch.first_offset > expected && batch.origin().is_none() && !covered.iter().any(is_covered);
        expected = batch.end_offset();
    }
    segment.ends_in_donor = segment.batches.last().is_some_and(|batch| batch.origin().is_some());
    segment.first_offset = segment.batches.first().map(|batch| batch.first_offset);
    segment.last_offset = segment.batches.last().map(|batch| batch.last_offset);
}

/// What the donor has around a hole.
struct Around {
    /// Batches that touch it or lie next to it.
    batches: Vec<BatchSummary>,
    /// Whether its log reaches over the hole and has no damage there: what it does not have has been compacted away.
    is_whole: bool,
}

fn batches_around<F: Fs>(fs: &F, donor: &Path, hole: &Hole, options: &Options) -> Result<Around, RepairError> {
    let listed = PartitionFiles::list(fs, donor).map_err(StorageError::io("list", donor))?;
    let bases: Vec<i64> = listed.segments.keys().copied().collect();
    let mut batches: Vec<BatchSummary> = Vec::new();
    let mut is_whole = bases.first().is_some_and(|&first| first <= hole.first);
    let mut end_offset = 0;
    for (at, (&base_offset, segment)) in listed.segments.iter().enumerate() {
        let end = bases.get(at + 1).copied().unwrap_or(i64::MAX);
        let Some(log) =
            segment.log.as_ref().filter(|_| base_offset <= hole.last.saturating_add(1) && end >= hole.first)
        else {
            continue;
        };
        let path = donor.join(&log.from);
        let origin: Arc<Path> = Arc::from(path.as_path());
        let mut last = batches.last().map_or(base_offset - 1, |batch| batch.last_offset);
        let read = segment::read_each(fs, &path, base_offset, &options.audit());
        is_whole &= read.holes.iter().all(|hole| hole.kind == FaultKind::Zeros);
        end_offset = read.batches.iter().map(BatchSummary::end_offset).max().unwrap_or(end_offset);
        for mut batch in read.batches {
            let is_near =
                batch.last_offset >= hole.first.saturating_sub(1) && batch.first_offset <= hole.last.saturating_add(1);
            if is_near && batch.first_offset > last && batch.last_offset < end && !batch.is_changed() {
                last = batch.last_offset;
                batch.rare_mut().origin = Some(origin.clone());
                batches.push(batch);
            }
        }
    }
    Ok(Around { batches, is_whole: is_whole && end_offset > hole.last })
}

/// Our batches next to a hole.
fn neighbours(segments: &[SegmentEvidence], hole: &Hole) -> (Option<BatchSummary>, Option<BatchSummary>) {
    let all = || segments.iter().flat_map(|segment| &segment.batches).filter(|batch| batch.batches == 1);
    let before = all().filter(|batch| batch.last_offset < hole.first).max_by_key(|batch| batch.last_offset);
    let after = all().filter(|batch| batch.first_offset > hole.last).min_by_key(|batch| batch.first_offset);
    (before.cloned(), after.cloned())
}

/// Why the donor is not believed.
fn disagrees(batches: &[BatchSummary], before: Option<&BatchSummary>, after: Option<&BatchSummary>) -> Option<String> {
    for ours in [before, after].into_iter().flatten() {
        let overlaps =
            |batch: &&BatchSummary| batch.first_offset <= ours.last_offset && batch.last_offset >= ours.first_offset;
        for theirs in batches.iter().filter(overlaps) {
            let is_same = (theirs.first_offset, theirs.last_offset, theirs.size, theirs.crc)
                == (ours.first_offset, ours.last_offset, ours.size, ours.crc);
            // No checksum covers the epoch: where all else is the same, one of the two is damaged.
            if !is_same {
                let who = match theirs.leader_epoch.cmp(&ours.leader_epoch) {
                    std::cmp::Ordering::Greater => {
                        "its leader epoch is the higher one, so this replica is the wrong one"
                    }
                    std::cmp::Ordering::Less => "its leader epoch is the lower one, so it is the wrong one",
                    std::cmp::Ordering::Equal => "both have the same leader epoch, so neither is proven right",
                };
                return Some(format!("it has another batch at offset {}; {who}", ours.first_offset));
            }
        }
    }
    None
}
