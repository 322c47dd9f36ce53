//! Leader epochs of batches: they never decrease, and the one that does is wrong, or the one before it.

use super::seen::Seen;
use crate::format::batch::NO_PARTITION_LEADER_EPOCH;

/// The epochs of a segment so far.
#[derive(Debug, Default)]
pub(super) struct Epochs {
    last: Option<i32>,
}

/// What is wrong with the epoch of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum WrongEpoch {
    /// It must have been this one.
    Proven(i32),
    /// It is below the one before, and nobody can tell which of them is right.
    Below(i32),
}

impl Epochs {
    /// Looks at the epoch of a batch, given that of the next one and the one that `leader-epoch-checkpoint` has for its
    /// offset.
    pub(super) fn check(&mut self, seen: &Seen, next: Option<i32>, recorded: Option<i32>) -> Option<WrongEpoch> {
        if seen.magic < 2 {
            return None;
        }
        let found = seen.epoch;
        let last = self.last.unwrap_or(NO_PARTITION_LEADER_EPOCH);
        let is_first = self.last.is_none();
        let fits_before = found >= last;
        let fits_after = next.is_none_or(|next| next >= found);
        // One that is too large shows in the next one, which fits what is before.
        let is_too_large = fits_before && !fits_after && next.is_some_and(|next| next >= last);
        let fits = |epoch: &i32| *epoch >= last && next.is_none_or(|next| *epoch <= next);
        let proven = if !fits_before || is_too_large {
            // Between equal neighbours there is one possibility, else the record of epochs knows, if it fits.
            let between = next.filter(|&next| next == last && !is_first);
            between.or(recorded.filter(fits)).filter(|&proven| proven != found)
        } else {
            None
        };
        let epoch = proven.unwrap_or(found);
        self.last = Some(last.max(epoch));
        match proven {
            Some(proven) => Some(WrongEpoch::Proven(proven)),
            None => (!fits_before && !is_first).then_some(WrongEpoch::Below(last)),
        }
    }
}
