//! Guards that keep a transaction from being left open by a late append (KIP-890, `VerificationStateEntry`).
//!
//! Before the first batch of a transaction the partition asks the coordinator whether it knows of the transaction. The
//! guard is handed out before the question and must come back with the batch: if a marker was written in between, the
//! guard is gone and the batch is refused. Guards live in memory alone.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::format::batch::BatchHeader;

/// Proof that a transaction was verified (`VerificationGuard`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct VerificationGuard(u64);

/// Last guard handed out. One count for all partitions of the process: a guard of one must not fit another.
static LAST_GUARD: AtomicU64 = AtomicU64::new(0);

impl VerificationGuard {
    /// The guard that stands for none, and verifies nothing.
    pub const SENTINEL: Self = VerificationGuard(0);

    fn next() -> Self {
        VerificationGuard(LAST_GUARD.fetch_add(1, Ordering::Relaxed).wrapping_add(1))
    }

    /// Whether `given` is this guard, and not the sentinel.
    pub fn verify(self, given: VerificationGuard) -> bool {
        given != Self::SENTINEL && given == self
    }
}

/// A verification under way.
#[derive(Clone, Copy, Debug)]
pub(super) struct VerificationState {
    pub(super) guard: VerificationGuard,
    started_ms: i64,
    /// No sequence above this one may come first: a client whose first batch is to be sent again would never get it in.
    pub(super) lowest_sequence: i32,
    epoch: i16,
    /// Transactions of version 2, where each has an epoch of its own.
    pub(super) supports_epoch_bump: bool,
}

/// Verifications under way, by producer.
#[derive(Debug, Default)]
pub(super) struct Verifications {
    states: HashMap<i64, VerificationState>,
}

impl Verifications {
    pub(super) fn get(&self, producer_id: i64) -> Option<&VerificationState> {
        self.states.get(&producer_id)
    }

    pub(super) fn guard(&self, producer_id: i64) -> VerificationGuard {
        self.get(producer_id).map_or(VerificationGuard::SENTINEL, |state| state.guard)
    }

    pub(super) fn start(
        &mut self,
        producer_id: i64,
        sequence: i32,
        epoch: i16,
        supports_epoch_bump: bool,
        now_ms: i64,
    ) -> VerificationGuard {
        let state = self.states.entry(producer_id).or_insert_with(|| VerificationState {
            guard: VerificationGuard::next(),
            started_ms: now_ms,
            lowest_sequence: sequence,
            epoch,
            supports_epoch_bump,
        });
        if epoch == state.epoch {
            state.lowest_sequence = state.lowest_sequence.min(sequence);
        } else if epoch > state.epoch {
            state.epoch = epoch;
            state.lowest_sequence = sequence;
        }
        state.guard
    }

    pub(super) fn clear(&mut self, producer_id: i64) {
        self.states.remove(&producer_id);
    }

    /// A transactional batch is about to be written: data has made the transaction known, a marker has ended it. A marker
    /// with the epoch that is being verified is the end of the transaction before it, and leaves the guard alone.
    pub(super) fn on_transactional_batch(&mut self, batch: &BatchHeader<'_>) {
        let Some(state) = self.get(batch.producer_id()) else { return };
        let ends_the_one_before = state.supports_epoch_bump && batch.producer_epoch() == state.epoch;
        if !(batch.attributes().is_control() && ends_the_one_before) {
            self.clear(batch.producer_id());
        }
    }

    pub(super) fn remove_expired(&mut self, now_ms: i64, expiration_ms: i64) {
        self.states.retain(|_, state| now_ms.wrapping_sub(state.started_ms) < expiration_ms);
    }
}
