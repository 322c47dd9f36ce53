//! Which request an answer belongs to.

use kafka_rpc::ApiKey;

/// A request that is answered later. It names the connection and the request on it, so that an answer for a connection that has
/// ended, or that comes twice, is dropped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Ticket {
    /// Number of the event loop.
    pub(crate) event_loop: usize,
    /// Place of the connection in its loop.
    pub(crate) slot: usize,
    /// Number of the request in its loop; none is used twice.
    pub(crate) sequence: u64,
    /// What was asked, for the header of the answer.
    pub(crate) api_key: ApiKey,
    /// Version of the request, and of the answer.
    pub(crate) version: i16,
    /// Comes back in the answer.
    pub(crate) correlation_id: i32,
}

impl Ticket {
    /// What the header of the answer needs.
    pub(crate) const fn header(&self) -> (ApiKey, i16, i32) {
        (self.api_key, self.version, self.correlation_id)
    }
}
