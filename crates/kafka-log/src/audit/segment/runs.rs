//! Stretches of good batches that are kept as one.
//!
//! A segment of small batches has millions of them, and a plan looks closely only at those near something that is wrong. So
//! of a long stretch in which batch follows batch the first and the last ones are kept apart, and what lies between is a
//! single [`BatchSummary`] that stands for all of it. A decider that needs each batch reads the stretch once more ([`each`]).

use std::ops::Range;
use std::path::Path;

use crate::audit::batch::{BatchSummary, Kind, Summarizer};
use crate::format::batch::{NO_PRODUCER_ID, NO_SEQUENCE};
use crate::fs::ReadAt;
use crate::segment::error::StorageError;
use crate::segment::log_segment::{BatchWalk, WalkError};

/// Bytes of the largest control batch that is decompressed.
const CONTROL_BATCH_MAX: usize = 1024 * 1024;
/// Batches at each end of a stretch that are kept apart. More than what settles a wrong header looks at.
pub(super) const KEPT: usize = super::settle::RUN_MAX + 16;
/// Larger batches, in bytes, are few.
const BATCH_MAX: u32 = 64 * 1024;
/// Offsets in a stretch, at most: a segment that is split is split between batches.
const OFFSETS_MAX: i64 = 1 << 30;

/// Batches that come one after another, gathered into stretches.
#[derive(Debug)]
pub(super) struct Runs {
    /// The offsets that the segment may have. What reaches out is judged one by one.
    offsets: Range<i64>,
    /// Where the stretch that the last batch belongs to begins.
    start: usize,
}

impl Runs {
    pub(super) fn new(offsets: Range<i64>) -> Self {
        Runs { offsets, start: 0 }
    }

    /// The first stretch begins with the batch at this place.
    pub(super) fn start_at(&mut self, start: usize) {
        self.start = start;
    }

    /// Adds the next batch of a file.
    pub(super) fn push(&mut self, batches: &mut Vec<BatchSummary>, batch: BatchSummary) {
        let is_inside = batch.first_offset >= self.offsets.start && batch.last_offset < self.offsets.end;
        let goes_on = is_inside && batches.last().is_some_and(|last| follows(last, &batch));
        batches.push(batch);
        if !goes_on {
            self.start = batches.len() - 1;
        }
        let run = self.start + KEPT;
        let rest = run + 1;
        if batches.len() < rest + 2 * KEPT {
            return;
        }
        if batches[rest + KEPT - 1].last_offset - batches[run].first_offset > OFFSETS_MAX {
            self.start = rest;
            return;
        }
        let (before, behind) = batches.split_at_mut(rest);
        if let Some(run) = before.last_mut() {
            behind[..KEPT].iter().for_each(|batch| fold(run, batch));
        }
        batches.drain(rest..rest + KEPT);
    }
}

fn is_ordinary(batch: &BatchSummary) -> bool {
    batch.kind == Kind::Plain
        && batch.rare.is_none()
        && batch.is_kept()
        && batch.size <= BATCH_MAX
        // What a message of magic 0 and 1 wraps is not looked at again.
        && (batch.magic > 1 || batch.first_offset == batch.last_offset)
}

fn follows(last: &BatchSummary, batch: &BatchSummary) -> bool {
    is_ordinary(last)
        && is_ordinary(batch)
        && !batch.follows_loss
        && batch.position == last.position + u64::from(last.size)
        && batch.first_offset > last.last_offset
        && (batch.leader_epoch, batch.magic) == (last.leader_epoch, last.magic)
}

pub(super) fn fold(run: &mut BatchSummary, batch: &BatchSummary) {
    // One checksum and one producer tell nothing of many.
    (run.crc, run.producer_id, run.producer_epoch, run.base_sequence) = (0, NO_PRODUCER_ID, -1, NO_SEQUENCE);
    run.has_gaps |= batch.first_offset != run.end_offset();
    run.record_count = run.record_count.saturating_add(batch.record_count);
    run.size += batch.size;
    run.batches += batch.batches;
    run.last_offset = batch.last_offset;
    run.base_timestamp = run.base_timestamp.min(batch.base_timestamp);
    run.max_timestamp = run.max_timestamp.max(batch.max_timestamp);
}

/// Shows each of the batches that one stands for; `file` and `path` are where it was read from.
///
/// # Errors
/// I/O errors; `Corrupt` where the file has changed meanwhile.
pub(crate) fn each<R: ReadAt + ?Sized>(
    file: &R,
    path: &Path,
    batch: &BatchSummary,
    seen: &mut dyn FnMut(BatchSummary),
) -> Result<(), StorageError> {
    if batch.batches == 1 {
        seen(batch.clone());
        return Ok(());
    }
    // Control records alone are looked into.
    let mut summarizer = Summarizer::new(false, CONTROL_BATCH_MAX);
    let mut walk = BatchWalk::new(file, batch.position, batch.position + u64::from(batch.size));
    loop {
        match walk.next_batch() {
            Ok(Some(found)) => {
                let batch = found.parse().map_err(StorageError::corrupt(path))?;
                seen(summarizer.summarize_valid(&found, &batch));
            }
            Ok(None) => return Ok(()),
            Err(WalkError::Corrupt(source)) => return Err(StorageError::Corrupt { path: path.to_owned(), source }),
            Err(WalkError::Io(source)) => return Err(StorageError::io("read", path)(source)),
        }
    }
}

#[cfg(test)]
mod tests;
