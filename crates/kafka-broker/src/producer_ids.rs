//! Ids for idempotent producers, from blocks that the controller gives (`ProducerIdManager`).

use parking_lot::Mutex;

/// The rest of a block.
#[derive(Default)]
pub(crate) struct ProducerIds(Mutex<std::ops::Range<i64>>);

impl ProducerIds {
    /// The next id; `None` when a new block is due.
    pub(crate) fn take(&self) -> Option<i64> {
        self.0.lock().next()
    }

    /// Goes on with a new block.
    pub(crate) fn refill(&self, block: std::ops::Range<i64>) {
        *self.0.lock() = block;
    }
}
