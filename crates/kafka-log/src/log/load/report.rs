//! What opening a log did to its files.

/// What [`Log::open`](crate::log::Log::open) found, rebuilt, cut and deleted. All empty after a clean shutdown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenReport {
    /// Files that interrupted deletions, cleanings and splits had left, and that are gone.
    pub removed_files: Vec<String>,
    /// Files that an interrupted swap had left, by the names they have now.
    pub finished_swaps: Vec<String>,
    /// Segments whose indexes were rebuilt from their batches.
    pub recovered_segments: Vec<RecoveredSegment>,
    /// Base offsets of segments that were deleted because one before them was cut, or because the log start is after them.
    pub deleted_segments: Vec<i64>,
    /// Base offsets of segments that were split because their offsets did not fit.
    pub split_segments: Vec<i64>,
    /// First offset.
    pub log_start_offset: i64,
    /// Offset after the last record.
    pub log_end_offset: i64,
    /// Offset up to which all is on disk.
    pub recovery_point: i64,
}

/// A segment whose indexes were rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecoveredSegment {
    /// Base offset.
    pub base_offset: i64,
    /// Why.
    pub reason: RecoveryReason,
    /// Bytes that were cut after the last good batch.
    pub truncated_bytes: u32,
}

/// Why the indexes of a segment were rebuilt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecoveryReason {
    /// The offset index was missing.
    NoOffsetIndex,
    /// The transaction index made no sense.
    CorruptTransactionIndex,
    /// The last stop was unclean, and the segment reaches beyond the recovery point.
    UncleanShutdown,
    /// As before; but its offsets are out of order, so it was emptied.
    OffsetsOutOfOrder,
}
