//! Two claims to the same offsets: of good batches that overlap, the one of the higher leader epoch holds, as in replication.
//!
//! A power failure with a change of leader leaves such logs: the tail of the old leader was not cut before the batches of
//! the new one were appended. What the newer epoch does not claim stays, down to single records.

use crate::audit::batch::{BatchSummary, Fate, Partial};
use crate::format::leader_epoch_checkpoint::EpochEntry;

/// What comes before and after the batches of a segment.
#[derive(Clone, Copy)]
pub(super) struct Outside<'a> {
    /// First offset that the segment can hold.
    pub(super) base_offset: i64,
    /// Last offset and highest leader epoch of the segments before.
    pub(super) before: Option<(i64, i32)>,
    /// First offset and leader epoch of the first batch of the next segment, if its name confirms the offset.
    pub(super) next: Option<(i64, i32)>,
    /// Entries of `leader-epoch-checkpoint`.
    pub(super) epochs: &'a [EpochEntry],
}

/// Settles overlapping claims of different leader epochs, and returns the batches that lose theirs. `expand` returns the
/// single batches of a stretch.
///
/// # Errors
/// The errors of `expand`.
pub(super) fn settle<E>(
    batches: &mut Vec<BatchSummary>,
    outside: Outside<'_>,
    mut expand: impl FnMut(&BatchSummary) -> Result<Vec<BatchSummary>, E>,
) -> Result<Vec<BatchSummary>, E> {
    let mut superseded = Vec::new();
    let mut kept: Vec<BatchSummary> = Vec::with_capacity(batches.len());
    let mut rest = std::mem::take(batches).into_iter().peekable();
    while let Some(mut batch) = rest.next() {
        let is_stale = match kept.iter().rev().find(|before| before.first_offset <= batch.first_offset) {
            Some(before) => covers(before, &kept, &batch),
            None => outside.before.is_some_and(|(last, epoch)| is_below(&batch, last, epoch)),
        };
        if is_stale {
            let by_epoch = kept.last().map_or(outside.before.map_or(-1, |(_, epoch)| epoch), |last| last.leader_epoch);
            batch.fate = Fate::Superseded { by_epoch };
            superseded.push(batch);
            continue;
        }
        if is_confirmed(&batch, rest.peek(), &outside) {
            take_over(&mut kept, batch.first_offset, batch.leader_epoch, &mut superseded, &mut expand)?;
        }
        kept.push(batch);
    }
    if let Some((first, epoch)) = outside.next {
        take_over(&mut kept, first, epoch, &mut superseded, &mut expand)?;
    }
    *batches = kept;
    superseded.sort_by_key(|batch| batch.position);
    Ok(superseded)
}

/// Whether all offsets of a batch are held by batches of a higher epoch before it, of which `first` is the first.
fn covers(first: &BatchSummary, kept: &[BatchSummary], batch: &BatchSummary) -> bool {
    let last = kept.last();
    batch.magic > 1
        && first.last_offset >= batch.first_offset
        && first.leader_epoch > batch.leader_epoch
        && last.is_some_and(|last| last.last_offset >= batch.last_offset && last.leader_epoch > batch.leader_epoch)
}

fn is_below(batch: &BatchSummary, last: i64, epoch: i32) -> bool {
    batch.magic > 1 && batch.leader_epoch >= 0 && batch.last_offset <= last && batch.leader_epoch < epoch
}

/// Whether a batch of a higher epoch lies where its epoch began: the batches after it go on from there, and the record of
/// epochs, if it has this one, agrees.
fn is_confirmed(batch: &BatchSummary, next: Option<&BatchSummary>, outside: &Outside<'_>) -> bool {
    let filed = outside.epochs.iter().find(|entry| entry.epoch == batch.leader_epoch);
    let agrees = filed.is_none_or(|entry| entry.start_offset <= batch.first_offset);
    let is_exact = filed.is_some_and(|entry| entry.start_offset == batch.first_offset);
    let goes_on = next.map(|next| {
        next.first_offset > batch.last_offset
            && next.leader_epoch >= batch.leader_epoch
            && (is_exact || next.first_offset == batch.end_offset())
    });
    batch.magic > 1
        && batch.has_end()
        && batch.first_offset >= outside.base_offset
        && agrees
        && goes_on.unwrap_or(is_exact)
}

/// Takes from the end of `kept` what batches of `epoch` claim from offset `first` on.
fn take_over<E>(
    kept: &mut Vec<BatchSummary>,
    first: i64,
    epoch: i32,
    superseded: &mut Vec<BatchSummary>,
    expand: &mut impl FnMut(&BatchSummary) -> Result<Vec<BatchSummary>, E>,
) -> Result<(), E> {
    let loses = |last: &BatchSummary| {
        last.last_offset >= first && last.magic > 1 && (0..epoch).contains(&last.leader_epoch) && last.has_end()
    };
    // A claim is all or nothing: it must not stop at a batch that it cannot take.
    let overlapped = kept.iter().rev().take_while(|last| last.last_offset >= first);
    if !overlapped.clone().all(loses) {
        return Ok(());
    }
    while let Some(mut last) = kept.pop_if(|last| last.last_offset >= first) {
        if last.batches > 1 {
            kept.append(&mut expand(&last)?);
        } else if last.first_offset >= first {
            last.fate = Fate::Superseded { by_epoch: epoch };
            superseded.push(last);
        } else {
            let mut lost = last.clone();
            lost.first_offset = first;
            lost.record_count = lost.record_count.min(i32::try_from(lost.delta() + 1).unwrap_or(i32::MAX));
            lost.fate = Fate::Superseded { by_epoch: epoch };
            superseded.push(lost);
            last.last_offset = first - 1;
            last.rare_mut().partial = Some(Partial { last_kept: first - 1 });
            kept.push(last);
        }
    }
    Ok(())
}
