//! Base offsets and leader epochs that the checksum does not cover: which of them are wrong, and what they must have been.
//!
//! Offsets grow from batch to batch. Where a batch breaks that, either it or its neighbour is wrong: the one that would
//! fit exactly between its neighbours if it was moved there. If the neighbours leave more room, the offset is proven by
//! the offset index, by the sequence numbers of its producer, by differing in one byte from the offset in the file, or by
//! a log without any gaps. Nothing is guessed: a batch whose offset cannot be proven is left out.

use crate::audit::batch::{BatchSummary, Fate};
use crate::format::batch::{HEADER_SIZE_UP_TO_MAGIC, NO_SEQUENCE};
use crate::format::leader_epoch_checkpoint::EpochEntry;

/// What is known from outside of the file.
pub(in crate::audit) struct Around<'a> {
    /// Last offset before the first batch can begin.
    pub(in crate::audit) last_before: i64,
    /// First offset after the last batch, if it is known.
    pub(in crate::audit) end: Option<i64>,
    /// Offset of the newest producer snapshot.
    pub(in crate::audit) snapshot: Option<i64>,
    /// Whether `end` is the base offset of the next segment, not what a checkpoint says.
    pub(in crate::audit) end_is_next_segment: bool,
    /// Whether that segment has a batch there.
    pub(in crate::audit) next_has_batch: bool,
    /// Base offsets of the logs there are.
    pub(in crate::audit) log_bases: &'a [i64],
    /// Positions of batches and their last offsets from the offset index, in this order.
    pub(in crate::audit) indexed: &'a [(u64, i64)],
    /// Whether offsets were seen to be missing between batches so far, as compaction leaves it.
    pub(in crate::audit) has_gaps: bool,
}

/// A header field outside of the checksum.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderField {
    /// `baseOffset`
    BaseOffset,
    /// `batchLength`
    BatchLength,
    /// `partitionLeaderEpoch`
    LeaderEpoch,
    /// `magic`
    Magic,
}

impl HeaderField {
    /// Name in output, as `base offset`.
    pub const fn name(self) -> &'static str {
        match self {
            HeaderField::BaseOffset => "base offset",
            HeaderField::BatchLength => "batch length",
            HeaderField::LeaderEpoch => "leader epoch",
            HeaderField::Magic => "magic",
        }
    }
}

/// A header field that was wrong, and what proves its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restored {
    /// Position of the batch in the file.
    pub position: u64,
    /// Which field.
    pub field: HeaderField,
    /// What is in the file.
    pub found: i64,
    /// What must have been there.
    pub proven: i64,
    /// First and last offset of the batch.
    pub offsets: (i64, i64),
}

/// Corrects wrong base offsets, and marks the batches that stay undecided. `head` reads the first bytes of a batch.
pub(in crate::audit) fn settle_offsets<E>(
    batches: &mut [BatchSummary],
    around: &Around<'_>,
    mut head: impl FnMut(&BatchSummary) -> Result<[u8; HEADER_SIZE_UP_TO_MAGIC], E>,
) -> Result<Vec<Restored>, E> {
    let mut restored = Vec::new();
    let mut last = around.last_before;
    let mut has_gaps = around.has_gaps;
    let mut previous: Option<usize> = None;
    let mut before_previous = (around.last_before, None);
    for at in 0..batches.len() {
        let verdict = judge(batches, at, last, around, has_gaps, previous);
        match verdict {
            Verdict::Fits => {}
            Verdict::Misplaced => {
                batches[at].fate = Fate::Misplaced;
                if let Some(next) = batches.get_mut(at + 1) {
                    next.follows_loss = true;
                }
                continue;
            }
            Verdict::At(first_offset) => move_to(&mut batches[at], first_offset, &mut head, &mut restored)?,
        }
        has_gaps |= batches[at].has_gaps;
        has_gaps |=
            previous.is_some() && !batches[at].follows_loss && batches[at].first_offset != last.saturating_add(1);
        before_previous = (last, previous);
        last = batches[at].last_offset;
        previous = Some(at);
    }
    if let Some(at) = previous.filter(|at| at + 1 < batches.len()) {
        // Nothing after it stays, so it is the last one.
        let (last, previous) = before_previous;
        let previous = previous.map(|at| &batches[at]);
        if let Verdict::At(first_offset) = judge_last(&batches[at], last.saturating_add(1), around, previous) {
            move_to(&mut batches[at], first_offset, &mut head, &mut restored)?;
        }
    }
    Ok(restored)
}

/// Puts the base offset of a batch right.
fn move_to<E>(
    batch: &mut BatchSummary,
    first_offset: i64,
    head: &mut impl FnMut(&BatchSummary) -> Result<[u8; HEADER_SIZE_UP_TO_MAGIC], E>,
    restored: &mut Vec<Restored>,
) -> Result<(), E> {
    let (position, mut found) = (batch.position, batch.first_offset);
    let bytes = match batch.restored() {
        Some(bytes) => *bytes,
        None => head(batch)?,
    };
    batch.move_to(first_offset, bytes);
    if let Some(before) = restored.pop_if(|before| before.position == position) {
        found = before.found;
    }
    let offsets = (first_offset, batch.last_offset);
    restored.push(Restored { position, field: HeaderField::BaseOffset, found, proven: first_offset, offsets });
    Ok(())
}

enum Verdict {
    Fits,
    At(i64),
    Misplaced,
}

fn judge(
    batches: &[BatchSummary],
    at: usize,
    last: i64,
    around: &Around<'_>,
    has_gaps: bool,
    previous: Option<usize>,
) -> Verdict {
    let batch = &batches[at];
    let expected = last.saturating_add(1);
    let previous = previous.and_then(|at| batches.get(at));
    let (next, after_next) = (batches.get(at + 1), batches.get(at + 2));
    let bound = |batch: Option<&BatchSummary>| batch.map(|batch| batch.first_offset).or(around.end);
    let is_below = |last: i64, bound: Option<i64>| bound.is_none_or(|bound| last < bound);
    let goes_on = batch.first_offset == expected && !batch.follows_loss && previous.is_some();
    // A batch that goes on where the one before it ends outranks the name of a file without any.
    let is_in_segment =
        !around.end_is_next_segment || is_below(batch.last_offset, around.end) || goes_on && !around.next_has_batch;
    if batch.first_offset > last && batch.has_end() && is_in_segment {
        let Some(next) = next else { return judge_last(batch, expected, around, previous) };
        if batch.last_offset < next.first_offset {
            return Verdict::Fits;
        }
        // Either this one is too high, or what follows is too low.
        let fits_without_next = is_below(batch.last_offset, bound(after_next));
        let is_contiguous = batch.first_offset == expected && !batch.follows_loss;
        let next_fits =
            next.first_offset > expected.saturating_add(batch.delta()) && is_below(next.last_offset, bound(after_next));
        if is_contiguous || fits_without_next && (!next_fits || is_confirmed(batch, next, around)) {
            return Verdict::Fits;
        }
        // Whatever follows, nothing is won without it unless something tells where it belongs.
        if !next_fits && (!can_move(batch) || batch.batches > 1) {
            return Verdict::Fits;
        }
        if !next_fits {
            return match place(batches, at, expected, around, has_gaps, previous) {
                Some(first_offset) if first_offset != batch.first_offset => Verdict::At(first_offset),
                _ => Verdict::Fits,
            };
        }
    }
    if goes_on {
        // It is where it belongs; what is wrong is the name of a segment.
        return Verdict::Misplaced;
    }
    if batch.batches > 1 {
        // It goes on where the ones before it, which are kept apart, are: all of them are out of place.
        return Verdict::Misplaced;
    }
    if !can_move(batch) {
        return Verdict::Misplaced;
    }
    match place(batches, at, expected, around, has_gaps, previous) {
        Some(first_offset) if first_offset == batch.first_offset => Verdict::Fits,
        Some(first_offset) => Verdict::At(first_offset),
        None => Verdict::Misplaced,
    }
}

/// Whether the offset index has a batch where it says it is, or the next one after it.
fn is_confirmed(batch: &BatchSummary, next: &BatchSummary, around: &Around<'_>) -> bool {
    let last_of = |batch: &BatchSummary| {
        let at = around.indexed.binary_search_by_key(&batch.position, |(position, _)| *position).ok()?;
        Some(around.indexed[at].1)
    };
    last_of(batch) == Some(batch.last_offset)
        || last_of(next).is_some_and(|last| last.saturating_sub(next.delta()) > batch.last_offset)
}

/// Whether another base offset moves all records of a batch. A message of magic 0 that wraps others has their offsets inside.
fn can_move(batch: &BatchSummary) -> bool {
    batch.magic > 1 || batch.attributes.codec_id() == 0 || batch.magic == 1 && batch.knows_first
}

/// The last batch of a file has nothing after it but what is known of the end.
fn judge_last(batch: &BatchSummary, expected: i64, around: &Around<'_>, previous: Option<&BatchSummary>) -> Verdict {
    // As in the middle of a segment: it lies before what follows. And what has more than one header is not moved.
    if around.end_is_next_segment || batch.batches > 1 || batch.magic < 2 {
        return Verdict::Fits;
    }
    let moved_end = expected.saturating_add(batch.delta() + 1);
    // What a checkpoint says of the end counts where it fits to the byte; else a gap where the sequence numbers have none.
    let is_beyond = around.end.is_some_and(|end| batch.last_offset >= end);
    let is_over_snapshot = around.snapshot.is_some_and(|snapshot| batch.last_offset >= snapshot);
    let fits_end = is_beyond && around.end == Some(moved_end) || is_over_snapshot && around.snapshot == Some(moved_end);
    let fits_sequence = previous.and_then(|previous| by_sequence(batch, previous)) == Some(expected);
    let is_odd = batch.first_offset != expected && !batch.follows_loss;
    if is_odd && (fits_end || fits_sequence && around.end.is_none_or(|end| moved_end <= end)) {
        Verdict::At(expected)
    } else {
        Verdict::Fits
    }
}

/// Batches that are examined for the end of a run of wrong ones, at most.
pub(in crate::audit) const RUN_MAX: usize = 64;

/// Where a batch must begin that does not fit where it claims to be: from `expected` on, and before what follows it.
///
/// What follows must be where it belongs. Where everything is out of place it is another file under this name, and no
/// batch of it may pass for one of this segment.
fn place(
    batches: &[BatchSummary],
    at: usize,
    expected: i64,
    around: &Around<'_>,
    has_gaps: bool,
    previous: Option<&BatchSummary>,
) -> Option<i64> {
    let batch = &batches[at];
    let is_in_segment =
        |other: &BatchSummary| !around.end_is_next_segment || around.end.is_none_or(|end| other.last_offset < end);
    let mut run = batches[at..].iter().take(RUN_MAX).zip(batches[at + 1..].iter().map(Some).chain([None]));
    let first = run.next();
    let end = expected.checked_add(batch.delta() + 1)?;
    let next = first.and_then(|(_, next)| next);
    if !batch.follows_loss {
        // Several wrong ones in a row, and the right number of offsets for them before one that is right.
        let mut run_end = end;
        let mut behind = next;
        while let Some(right) = behind {
            if right.first_offset == run_end && is_in_segment(right) {
                return Some(expected);
            }
            let Some((wrong, next)) = run.next().filter(|(wrong, _)| !wrong.follows_loss && wrong.batches == 1) else {
                break;
            };
            run_end = run_end.checked_add(wrong.delta() + 1)?;
            behind = next;
        }
    }
    let limit = match next {
        Some(next) if next.first_offset >= end && is_in_segment(next) => Some(next.first_offset),
        Some(_) => return None,
        // The end of the segment says where its last batch ends, if there is one before it that is right.
        None if previous.is_none() => {
            // Nor can a file of a single batch that has the right number of offsets, unless it is that of another segment.
            let fits = (around.end == Some(end) || around.snapshot == Some(end)) && batch.batches == 1;
            return (fits && !around.log_bases.contains(&batch.first_offset)).then_some(expected);
        }
        None => around.end,
    };
    if limit == Some(end) {
        return Some(expected);
    }
    let highest = limit.map_or(i64::MAX - batch.delta(), |limit| limit.saturating_sub(batch.delta() + 1));
    let in_range = |first: i64| (expected..=highest).contains(&first).then_some(first);
    let indexed = around.indexed.binary_search_by_key(&batch.position, |(position, _)| *position);
    let indexed = indexed.ok().map(|at| around.indexed[at].1);
    if let Some(first) = indexed.and_then(|last| in_range(last.saturating_sub(batch.delta()))) {
        return Some(first);
    }
    let neighbours = [previous, next];
    if let Some(first) = neighbours.into_iter().flatten().find_map(|other| in_range(by_sequence(batch, other)?)) {
        return Some(first);
    }
    let next = next?;
    if !has_gaps && !batch.follows_loss {
        return Some(expected);
    }
    if !has_gaps && !next.follows_loss {
        return Some(highest);
    }
    one_byte_away(batch.first_offset, expected, highest)
}

/// The only offset in a range that differs from `found` in one byte, if there is one.
fn one_byte_away(found: i64, lowest: i64, highest: i64) -> Option<i64> {
    let bytes = found.to_be_bytes();
    let candidates = (0..8).flat_map(|at| {
        (0..=255).filter_map(move |value| {
            let mut other = bytes;
            other[at] = value;
            (other != bytes).then(|| i64::from_be_bytes(other))
        })
    });
    let mut fitting = candidates.filter(|offset| (lowest..=highest).contains(offset));
    match (fitting.next(), fitting.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}

/// The first offset of a batch, told by its distance from another one of the same producer in sequence numbers. Holds
/// where the producer was the only one between them.
fn by_sequence(batch: &BatchSummary, other: &BatchSummary) -> Option<i64> {
    let is_same = batch.producer_id >= 0
        && (batch.producer_id, batch.producer_epoch) == (other.producer_id, other.producer_epoch)
        && batch.base_sequence != NO_SEQUENCE
        && other.base_sequence != NO_SEQUENCE;
    let distance = i64::from(batch.base_sequence.wrapping_sub(other.base_sequence));
    if is_same { other.first_offset.checked_add(distance) } else { None }
}

/// Corrects wrong leader epochs. Epochs never decrease in a log. The epoch file decides if it can be trusted.
pub(in crate::audit) fn settle_epochs<E>(
    batches: &mut [BatchSummary],
    epoch_before: i32,
    epoch_after: Option<i32>,
    epochs: Option<&[EpochEntry]>,
    mut head: impl FnMut(&BatchSummary) -> Result<[u8; HEADER_SIZE_UP_TO_MAGIC], E>,
) -> Result<Vec<Restored>, E> {
    let mut restored = Vec::new();
    let mut before = epoch_before;
    let live: Vec<usize> = (0..batches.len()).filter(|&at| batches[at].magic > 1 && batches[at].is_kept()).collect();
    let mut put = |batch: &mut BatchSummary, proven: i32| {
        let found = batch.leader_epoch;
        let bytes = match batch.restored() {
            Some(bytes) => *bytes,
            None => head(batch)?,
        };
        batch.set_leader_epoch(proven, bytes);
        restored.push(Restored {
            position: batch.position,
            field: HeaderField::LeaderEpoch,
            found: found.into(),
            proven: proven.into(),
            offsets: (batch.first_offset, batch.last_offset),
        });
        Ok(())
    };
    for (place, &at) in live.iter().enumerate() {
        let epoch = batches[at].leader_epoch;
        let next = live[place + 1..].iter().map(|&next| batches[next].leader_epoch).find(|&next| next != -1);
        let next = next.or(epoch_after);
        let Some(proven) = proven_epoch(&batches[at], before, next, epochs) else {
            before = before.max(epoch);
            continue;
        };
        put(&mut batches[at], proven)?;
        before = before.max(proven);
    }
    // What was corrected may prove those before it that have sunk, one after another: all between two batches of one epoch.
    let mut highest = epoch_before;
    let mut highest_before = Vec::with_capacity(live.len());
    for &at in &live {
        highest_before.push(highest);
        highest = highest.max(batches[at].leader_epoch);
    }
    let mut next = epoch_after;
    for (&at, &before) in live.iter().zip(&highest_before).rev() {
        let epoch = batches[at].leader_epoch;
        if epoch == -1 {
            continue;
        }
        let is_proven = epoch < before && next == Some(before);
        if is_proven && batches[at].batches > 1 {
            // Each of them has a header to correct.
            batches[at].fate = Fate::Misplaced;
        } else if is_proven {
            put(&mut batches[at], before)?;
        }
        next = Some(batches[at].leader_epoch);
    }
    Ok(restored)
}

/// The epoch that a batch must have, if it is another than it has.
fn proven_epoch(batch: &BatchSummary, before: i32, next: Option<i32>, epochs: Option<&[EpochEntry]>) -> Option<i32> {
    let epoch = batch.leader_epoch;
    if epoch == -1 {
        return None;
    }
    // Sunk, or above all that follows: such an epoch cannot be.
    let next = next.filter(|&next| next >= before);
    let is_possible = epoch >= before && next.is_none_or(|next| epoch <= next);
    let filed = epochs.and_then(|epochs| {
        let entry = epochs.iter().take_while(|entry| entry.start_offset <= batch.first_offset).last();
        entry.map(|entry| entry.epoch)
    });
    let filed = filed.filter(|&filed| filed >= before && next.is_none_or(|next| filed <= next));
    if is_possible {
        // A checkpoint is a note about the log: it may be older than an election, and never outranks a batch.
        return None;
    }
    if epoch < -1 {
        // No batch was ever written with it, so that the file was not made from it. An epoch goes on until another begins.
        return filed
            .or(Some(before).filter(|&before| next.is_none_or(|next| next == before)))
            .filter(|&proven| proven >= 0);
    }
    // Between two batches of one epoch there is no other. For one that is too low the file is no witness: it may have been
    // made from the batches around.
    let filed = filed.filter(|_| epoch > before);
    next.filter(|&next| next == before).or(filed).filter(|&proven| proven != epoch && proven >= 0)
}
