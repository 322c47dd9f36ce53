//! What an operator watches: counters, and the page that Prometheus reads.

mod page;
mod replication;
mod server;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use kafka_rpc::ApiKey;

pub(crate) use server::serve;

/// Counters of the broker. Those of logs and topics are the engine's.
#[derive(Default)]
pub(crate) struct Metrics {
    requests: Vec<OfApi>,
    /// Bytes that went to clients.
    pub(crate) bytes_sent: Counter,
    /// Connections that were closed because of what was received.
    pub(crate) bad_requests: Counter,
    /// Connections that have proven who they are.
    pub(crate) authentications: Counter,
    /// Connections that have not.
    pub(crate) failed_authentications: Counter,
    /// Pauses of connections because of quotas.
    pub(crate) throttled: Counter,
}

/// A number that only grows.
#[derive(Default)]
pub(crate) struct Counter(AtomicU64);

impl Counter {
    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Counters of an API, on a cache line of their own.
#[derive(Default)]
#[repr(align(64))]
struct OfApi {
    count: Counter,
    bytes: Counter,
    micros: Counter,
}

impl Metrics {
    pub(crate) fn new() -> Self {
        Metrics { requests: ApiKey::ALL.iter().map(|_| OfApi::default()).collect(), ..Metrics::default() }
    }

    /// Notes that a request was handled on its event loop.
    pub(crate) fn handled(&self, api: ApiKey, bytes: usize, took: Duration) {
        let Some(of) = ApiKey::ALL.binary_search(&api).ok().and_then(|at| self.requests.get(at)) else { return };
        of.count.add(1);
        of.bytes.add(bytes as u64);
        of.micros.add(u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }
}
