//! The chain of offsets: each batch follows the one before it, and what does not fit is put right where its neighbours
//! leave one possibility.
//!
//! Base offset, length, leader epoch and magic are not covered by the checksum. A decision about a batch waits for the
//! two behind it, because it may be those that are wrong.

use std::collections::VecDeque;

use super::seen::Seen;

/// A batch and what is decided about its place in the chain.
#[derive(Debug)]
pub(super) enum Placed {
    /// It follows the one before it; so many offsets are missing between them.
    InOrder {
        /// Offsets between the one before and this one.
        missing: u64,
    },
    /// Its base offset was wrong, and is put right.
    Corrected {
        /// The base offset in the file.
        found: i64,
    },
    /// The first batch of the file starts below the base offset of the segment, and the others follow it.
    BelowBase,
    /// It does not belong here. `first` and `last` are the offsets between its neighbours, if there are any.
    Misplaced {
        /// First and last offset.
        between: Option<(i64, i64)>,
    },
}

/// The batches whose place is not decided yet.
#[derive(Debug)]
pub(super) struct Chain {
    pending: VecDeque<Seen>,
    /// Last offset before the pending ones; one below the base offset at the start.
    last_offset: i64,
    is_at_start: bool,
}

/// Batches that must be known behind one before it is decided about.
const LOOKAHEAD: usize = 2;

impl Chain {
    pub(super) fn new(base_offset: i64) -> Self {
        Chain {
            pending: VecDeque::with_capacity(LOOKAHEAD + 1),
            last_offset: base_offset.saturating_sub(1),
            is_at_start: true,
        }
    }

    /// Last offset of the batches decided about.
    pub(super) fn last_offset(&self) -> i64 {
        self.last_offset
    }

    /// Last offset of all batches, as they stand.
    pub(super) fn newest(&self) -> i64 {
        self.pending.back().map_or(self.last_offset, |seen| seen.last_offset)
    }

    /// The batch behind the one decided about last, if one is known.
    pub(super) fn next(&self) -> Option<&Seen> {
        self.pending.front()
    }

    /// Whether a batch follows those decided about, and `next` follows it.
    #[inline]
    pub(super) fn is_in_order(&self, seen: &Seen, next: &Seen) -> bool {
        let is_known = seen.knows_first && next.knows_first && seen.holes_before == 0;
        is_known
            && seen.first_offset > self.last_offset
            && seen.last_offset >= seen.first_offset
            && next.first_offset > seen.last_offset
    }

    /// Takes a batch that is in order, while none is pending.
    #[inline]
    pub(super) fn pass(&mut self, seen: &Seen) -> Placed {
        let missing = (seen.first_offset - 1).saturating_sub(self.last_offset).unsigned_abs();
        self.last_offset = seen.last_offset;
        self.is_at_start = false;
        Placed::InOrder { missing }
    }

    /// The only pending batch, if it is in order with `next` behind it.
    pub(super) fn release_before(&mut self, next: &Seen) -> Option<(Seen, Placed)> {
        let is_only = self.pending.len() == 1;
        let front = self.pending.front().filter(|front| is_only && self.is_in_order(front, next))?;
        // Its place does not depend on what else follows.
        let placed =
            Placed::InOrder { missing: (front.first_offset - 1).saturating_sub(self.last_offset).unsigned_abs() };
        let seen = self.pending.pop_front()?;
        self.last_offset = seen.last_offset;
        self.is_at_start = false;
        Some((seen, placed))
    }

    /// Takes the next batch of the file.
    pub(super) fn push(&mut self, seen: Seen) {
        self.pending.push_back(seen);
    }

    /// Decides about the oldest batch, if enough is known: all there is of the file, or two batches behind it.
    ///
    /// `next_base` is where the next file begins by its name, `next_first` by its first batch.
    pub(super) fn decide(
        &mut self,
        is_end: bool,
        next_base: Option<i64>,
        next_first: Option<i64>,
    ) -> Option<(Seen, Placed)> {
        if self.pending.is_empty() || !is_end && self.pending.len() <= LOOKAHEAD {
            return None;
        }
        let mut seen = self.pending.pop_front()?;
        let placed = self.place(&mut seen, next_base, next_first);
        if !matches!(placed, Placed::Misplaced { .. }) {
            self.last_offset = seen.last_offset;
            self.is_at_start = false;
        }
        Some((seen, placed))
    }

    fn place(&self, seen: &mut Seen, next_base: Option<i64>, next_file: Option<i64>) -> Placed {
        let expected = self.last_offset.saturating_add(1);
        if !seen.knows_first && seen.last_offset >= expected {
            seen.first_offset = seen.first_offset.min(expected).max(expected);
        }
        // First offset of what follows, and whether nothing is missing in between.
        let following = match self.pending.front() {
            Some(next) => next.knows_first.then_some((next.first_offset, next.holes_before == 0)),
            None => next_base.map(|base| (base, true)),
        };
        let next_first =
            self.pending.front().map(|next| if next.knows_first { next.first_offset } else { next.last_offset });
        let is_behind = seen.first_offset >= expected;
        let is_before = next_first.or(next_file).is_none_or(|next| next > seen.last_offset);
        let in_order = || Placed::InOrder { missing: seen.first_offset.saturating_sub(expected).unsigned_abs() };
        if is_behind && is_before {
            return in_order();
        }
        // With another base offset it would fit between its neighbours without a gap on either side.
        if let Some((next, true)) = following
            && seen.holes_before == 0
            && seen.knows_first
            && !(self.is_at_start && is_before)
            && expected.checked_add(seen.delta()).and_then(|last| last.checked_add(1)) == Some(next)
        {
            let (found, delta) = (seen.first_offset, seen.delta());
            seen.first_offset = expected;
            seen.last_offset = expected + delta;
            return Placed::Corrected { found };
        }
        if self.is_at_start && is_before && seen.first_offset >= 0 {
            return Placed::BelowBase;
        }
        let between = next_first.or(next_file).map(|next| (expected, next.saturating_sub(1)));
        let between = between.filter(|(first, last)| first <= last);
        if !is_behind {
            return Placed::Misplaced { between };
        }
        // It fits what is before it, and not what follows: one of the two is wrong.
        match (self.pending.front(), self.pending.get(1)) {
            (Some(next), Some(after)) => {
                let next_fits_before = next.first_offset >= expected;
                let next_fits_after = after.first_offset > next.last_offset;
                if after.first_offset <= seen.last_offset && next_fits_before && next_fits_after {
                    Placed::Misplaced { between }
                } else {
                    in_order()
                }
            }
            (Some(next), None) => {
                // The last two. Which of them is wrong shows in what follows the file, if anything.
                let last_fits = next_file.is_none_or(|base| base > next.last_offset);
                let this_fits = next_file.is_none_or(|base| base > seen.last_offset);
                let next_fits_before = next.first_offset >= expected;
                let is_contiguous = seen.first_offset == expected;
                if next_fits_before && last_fits && !(this_fits && is_contiguous) {
                    Placed::Misplaced { between }
                } else {
                    in_order()
                }
            }
            // The last one reaches into the next segment.
            _ => Placed::Misplaced { between },
        }
    }
}
