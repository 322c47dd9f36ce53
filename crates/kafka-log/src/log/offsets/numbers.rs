//! The numbers of a log that readers need together.

use crate::log::types::{LogOffsetMetadata, Watermarks};

/// Offsets of a log at one moment: log start <= last stable offset <= high watermark <= log end.
#[derive(Clone, Copy, Debug)]
pub(in crate::log) struct Offsets {
    pub(in crate::log) log_start: i64,
    pub(in crate::log) log_end: LogOffsetMetadata,
    pub(in crate::log) high_watermark: LogOffsetMetadata,
    pub(in crate::log) first_unstable: Option<LogOffsetMetadata>,
    pub(in crate::log) recovery_point: i64,
    /// How often the log was cut: offsets below the log end may then stand for other records.
    pub(in crate::log) truncations: u32,
}

impl Offsets {
    pub(in crate::log) fn log_end_offset(&self) -> i64 {
        self.log_end.message_offset
    }

    pub(in crate::log) fn watermarks(&self) -> Watermarks {
        Watermarks {
            log_start: self.log_start,
            last_stable: self.last_stable_offset(),
            high_watermark: self.high_watermark.message_offset,
            log_end: self.log_end_offset(),
        }
    }

    /// First offset that a reader of committed records must not see (`lastStableOffset`).
    pub(in crate::log) fn last_stable_offset(&self) -> i64 {
        self.last_stable().message_offset
    }

    /// [`Self::last_stable_offset`] with its place, if that is known.
    pub(in crate::log) fn last_stable(&self) -> LogOffsetMetadata {
        let is_below = |unstable: &LogOffsetMetadata| unstable.message_offset < self.high_watermark.message_offset;
        self.first_unstable.filter(is_below).unwrap_or(self.high_watermark)
    }
}
