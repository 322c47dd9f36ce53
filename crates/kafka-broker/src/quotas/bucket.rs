//! Tokens that come at a rate, up to a burst (`TokenBucket`, KIP-599).

use super::rate::{Windows, rounded};

/// Tokens; fewer than none when more was taken than there was.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Bucket {
    tokens: f64,
    updated_ms: i64,
}

impl Bucket {
    fn refill(&mut self, windows: Windows, limit: f64, now_ms: i64) {
        // The order of the operations is Kafka's: a pause may end with half a ms, which is rounded.
        let burst = windows.count as f64 * (windows.ms as f64 / 1000.0) * limit;
        self.tokens = burst.min(self.tokens + limit * ((now_ms - self.updated_ms) as f64 / 1000.0));
        self.updated_ms = now_ms;
    }

    /// Takes tokens, whether there are enough or not.
    pub(super) fn take(&mut self, windows: Windows, limit: f64, count: f64, now_ms: i64) {
        self.refill(windows, limit, now_ms);
        self.tokens -= count;
    }

    /// How long it takes until there is a token again, 0 where there are.
    pub(super) fn throttle_ms(&mut self, windows: Windows, limit: f64, now_ms: i64) -> i64 {
        self.refill(windows, limit, now_ms);
        if self.tokens < 0.0 { rounded(-self.tokens / limit * 1000.0) } else { 0 }
    }
}
