//! What a round of cleaning did (`CleanerStats`).

/// Counts of a round of cleaning (`CleanerStats`); times are for the caller to take.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct CleanerStats {
    /// Bytes read to fill the map.
    pub map_bytes_read: u64,
    /// Records read to fill the map, records of markers and of aborted batches among them.
    pub map_messages_read: u64,
    /// Bytes of the batches that were cleaned.
    pub bytes_read: u64,
    /// Bytes of the batches that were written.
    pub bytes_written: u64,
    /// Records that were looked at.
    pub messages_read: u64,
    /// Records without a key, which are removed.
    pub invalid_messages_read: u64,
    /// Records that stayed.
    pub messages_written: u64,
    /// How full the map was at the end, 0 to 1.
    pub buffer_utilization: f64,
}

impl CleanerStats {
    /// Adds what another thread counted of the same round.
    pub(crate) fn add(&mut self, other: &CleanerStats) {
        self.map_bytes_read += other.map_bytes_read;
        self.map_messages_read += other.map_messages_read;
        self.bytes_read += other.bytes_read;
        self.bytes_written += other.bytes_written;
        self.messages_read += other.messages_read;
        self.invalid_messages_read += other.invalid_messages_read;
        self.messages_written += other.messages_written;
    }
}
