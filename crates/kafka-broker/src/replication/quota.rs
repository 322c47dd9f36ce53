//! How much replication may use of the network (`ReplicationQuotaManager`).

use std::sync::atomic::{AtomicI64, Ordering};

use parking_lot::Mutex;

use crate::disk::Log;
use crate::quotas::{Rate, Windows};

/// The rate without a limit (`QuotaConfig.REPLICATION_THROTTLED_RATE_DEFAULT`).
pub(crate) const UNLIMITED: i64 = i64::MAX;

/// A limit on the bytes that this broker fetches for throttled replicas.
pub(crate) struct ReplicationQuota {
    windows: Windows,
    /// `follower.replication.throttled.rate`: bytes per second.
    limit: AtomicI64,
    used: Mutex<Rate>,
}

impl ReplicationQuota {
    pub(crate) fn new(windows: Windows) -> Self {
        ReplicationQuota { windows, limit: AtomicI64::new(UNLIMITED), used: Mutex::default() }
    }

    /// Puts another limit in force.
    pub(crate) fn set_limit(&self, bytes_per_second: i64) {
        self.limit.store(bytes_per_second, Ordering::Relaxed);
    }

    /// Whether there is a limit.
    fn is_limited(&self) -> bool {
        self.limit.load(Ordering::Relaxed) != UNLIMITED
    }

    /// Whether fetches of throttled replicas have to wait.
    pub(crate) fn is_exceeded(&self, now_ms: i64) -> bool {
        self.is_limited()
            && self.used.lock().measure(self.windows, now_ms).0 > self.limit.load(Ordering::Relaxed) as f64
    }

    /// Counts bytes of a throttled replica.
    pub(crate) fn record(&self, bytes: usize, now_ms: i64) {
        if self.is_limited() {
            self.used.lock().record(self.windows, bytes as f64, now_ms);
        }
    }
}

/// Whether the topic throttles the replica of a partition that is on this broker (`follower.replication.throttled.replicas`).
pub(crate) fn is_throttled(log: &Log, node_id: i32) -> bool {
    let config = log.config();
    let throttled = &config.follower_replication_throttled_replicas;
    !throttled.is_empty() && {
        let own = format!("{}:{node_id}", log.topic_partition().partition());
        throttled.iter().any(|replica| *replica == "*" || *replica == own)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_holds_over_all_windows() {
        let quota = ReplicationQuota::new(Windows { count: 11, ms: 1000 });
        quota.record(1_000_000, 0);
        assert!(!quota.is_exceeded(0), "without a limit nothing is counted");
        quota.set_limit(1000);
        quota.record(10_000, 0);
        assert!(!quota.is_exceeded(0));
        quota.record(1000, 0);
        assert!(quota.is_exceeded(0));
        assert!(!quota.is_exceeded(11_000));
    }
}
