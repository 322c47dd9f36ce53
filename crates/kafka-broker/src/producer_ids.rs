//! Ids for idempotent and transactional producers, from blocks that the controller gives (`ProducerIdManager`).

use parking_lot::Mutex;

/// The rest of a block.
#[derive(Default)]
pub(crate) struct ProducerIds(Mutex<std::ops::Range<i64>>);

impl ProducerIds {
    /// The next id; `None` when a new block is due.
    pub(crate) fn take(&self) -> Option<i64> {
        self.0.lock().next()
    }

    /// Whether a new block is due.
    pub(crate) fn is_used_up(&self) -> bool {
        self.0.lock().is_empty()
    }

    /// Goes on with a new block.
    pub(crate) fn refill(&self, block: std::ops::Range<i64>) {
        *self.0.lock() = block;
    }
}
