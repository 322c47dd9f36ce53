//! What logs count, for an embedder to export. Nothing here decides anything.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A number that only grows.
#[derive(Debug, Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// What was counted so far.
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn add(&self, n: u64) {
        self.0.fetch_add(n, Ordering::Relaxed);
    }
}

/// Number of buckets of a histogram.
pub const BUCKETS: usize = 40;

/// How values are distributed: bucket `n` counts the values below 2^n that are not below 2^(n-1), the last one all others.
#[derive(Debug)]
pub struct Histogram {
    buckets: [AtomicU64; BUCKETS],
    sum: AtomicU64,
}

impl Default for Histogram {
    fn default() -> Self {
        Histogram { buckets: std::array::from_fn(|_| AtomicU64::new(0)), sum: AtomicU64::new(0) }
    }
}

impl Histogram {
    /// How many values each bucket has.
    pub fn buckets(&self) -> [u64; BUCKETS] {
        std::array::from_fn(|at| self.buckets[at].load(Ordering::Relaxed))
    }

    /// The upper bound of a bucket, exclusive; `None` for the last one.
    pub fn upper_bound(bucket: usize) -> Option<u64> {
        (bucket + 1 < BUCKETS).then(|| 1 << bucket)
    }

    /// Sum of all values.
    pub fn sum(&self) -> u64 {
        self.sum.load(Ordering::Relaxed)
    }

    /// Number of values.
    pub fn count(&self) -> u64 {
        self.buckets().iter().sum()
    }

    pub(crate) fn record(&self, value: u64) {
        self.buckets[bucket_of(value)].fetch_add(1, Ordering::Relaxed);
        self.sum.fetch_add(value, Ordering::Relaxed);
    }

    /// As [`Self::record`] of each, with fewer atomic operations.
    pub(crate) fn record_all(&self, values: impl Iterator<Item = u64>) {
        let (mut counts, mut sum) = ([0_u64; BUCKETS], 0_u64);
        for value in values {
            counts[bucket_of(value)] += 1;
            sum = sum.wrapping_add(value);
        }
        for (bucket, count) in self.buckets.iter().zip(counts).filter(|(_, count)| *count > 0) {
            bucket.fetch_add(count, Ordering::Relaxed);
        }
        self.sum.fetch_add(sum, Ordering::Relaxed);
    }

    pub(crate) fn record_us(&self, duration: Duration) {
        self.record(u64::try_from(duration.as_micros()).unwrap_or(u64::MAX));
    }
}

fn bucket_of(value: u64) -> usize {
    ((u64::BITS - value.leading_zeros()) as usize).min(BUCKETS - 1)
}

/// What producers and consumers have moved through a log, or through all logs of a topic (`MessagesInPerSec`, `BytesInPerSec`,
/// `BytesOutPerSec` of `BrokerTopicMetrics`). Replication is not in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Records that leaders appended.
    pub records_in: u64,
    /// Bytes of these, as they came.
    pub bytes_in: u64,
    /// Bytes that reads other than a follower's handed out.
    pub bytes_out: u64,
}

impl std::ops::AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.records_in += other.records_in;
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
    }
}

/// [`Traffic`], counted.
#[derive(Debug, Default)]
pub(in crate::log) struct TrafficCounters {
    pub(in crate::log) records_in: Counter,
    pub(in crate::log) bytes_in: Counter,
    pub(in crate::log) bytes_out: Counter,
}

impl TrafficCounters {
    pub(in crate::log) fn get(&self) -> Traffic {
        Traffic { records_in: self.records_in.get(), bytes_in: self.bytes_in.get(), bytes_out: self.bytes_out.get() }
    }
}

/// Counters of the logs that share them (`BrokerTopicStats`, `LogFlushStats`): of one, or of a whole broker.
#[derive(Debug, Default)]
pub struct LogMetrics {
    /// Appends whose batch was there already.
    pub duplicate_appends: Counter,
    /// Appends that were refused.
    pub refused_appends: Counter,
    /// New segments.
    pub rolls: Counter,
    /// Segments deleted, by retention, truncation or compaction.
    pub deleted_segments: Counter,
    /// Truncations.
    pub truncations: Counter,
    /// Segments recovered when a log was opened.
    pub recovered_segments: Counter,
    /// Bytes cut by these recoveries.
    pub recovery_truncated_bytes: Counter,
    /// Bytes of an append that was written; how many there were, and all their bytes, are its count and sum.
    pub append_bytes: Histogram,
    /// Bytes that a read handed out, where there were any.
    pub read_bytes: Histogram,
    /// Microseconds that a flush took, waiting for another one included.
    pub flush_us: Histogram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_counted_below_the_bound_of_their_bucket() {
        let histogram = Histogram::default();
        for value in [0, 1, 2, 3, 1023, 1024, u64::MAX] {
            histogram.record(value);
        }
        let buckets = histogram.buckets();
        assert_eq!(buckets[..3], [1, 1, 2]);
        assert_eq!((buckets[10], buckets[11], buckets[BUCKETS - 1]), (1, 1, 1));
        assert_eq!(histogram.count(), 7);
        assert_eq!(Histogram::upper_bound(10), Some(1024));
        assert_eq!(Histogram::upper_bound(BUCKETS - 1), None);
    }
}
