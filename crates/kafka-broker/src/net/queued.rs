//! The memory for requests that are being received (`SimpleMemoryPool`).

use std::sync::atomic::{AtomicUsize, Ordering};

/// What requests that do not fit into one read may take in all (`queued.max.request.bytes`).
pub(crate) struct QueuedBytes {
    /// 0: no limit.
    max: usize,
    used: AtomicUsize,
}

impl QueuedBytes {
    pub(crate) const fn new(max: usize) -> Self {
        QueuedBytes { max, used: AtomicUsize::new(0) }
    }

    /// Takes room for a whole request, so that what has begun can end. As in Kafka the last one to get room may exceed the limit.
    pub(super) fn reserve(&self, count: usize) -> bool {
        let add = |used: usize| (self.max == 0 || used < self.max).then(|| used.saturating_add(count));
        self.used.fetch_update(Ordering::AcqRel, Ordering::Acquire, add).is_ok()
    }

    /// Gives back what was reserved.
    pub(super) fn release(&self, count: usize) {
        self.used.fetch_sub(count, Ordering::AcqRel);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_wait_while_the_memory_is_used_up() {
        let queued = QueuedBytes::new(100);
        assert!(queued.reserve(60));
        assert!(queued.reserve(60), "the last one may exceed the limit");
        assert!(!queued.reserve(1));
        queued.release(60);
        assert!(queued.reserve(1));
        assert!(QueuedBytes::new(0).reserve(usize::MAX), "no limit");
    }
}
