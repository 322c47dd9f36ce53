//! How much a fetch would get, without a look at any file.

use std::sync::Arc;

use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::LogError;
use crate::log::segments::Segments;
use crate::log::types::{FetchIsolation, LogOffsetMetadata, SegmentPlace};

impl<F: Fs> Log<F> {
    /// Bytes from `from` up to what `isolation` allows to read, of all segments; for the `min_bytes` of a fetch that waits
    /// (`DelayedFetch`). Nothing is read from disk.
    ///
    /// `from` is best the [`offset_metadata`](super::FetchDataInfo::offset_metadata) of a read: with its place the answer is exact.
    /// If the place of either end is unknown, for example of a high watermark that no read has reached, the answer is a lower
    /// bound. It is at least 1 if there is anything to read.
    ///
    /// # Errors
    /// `OffsetOutOfRange` below the log start or above the log end; `Storage` if the log has ended or is offline.
    pub fn readable_bytes(
        &self,
        from: impl Into<LogOffsetMetadata>,
        isolation: FetchIsolation,
    ) -> Result<u64, LogError> {
        self.check_usable()?;
        let from = from.into();
        let offsets = *self.offsets.read();
        let offset = from.message_offset;
        if offset < offsets.log_start || offset > offsets.log_end_offset() {
            return Err(LogError::OffsetOutOfRange {
                offset,
                log_start_offset: offsets.log_start,
                end_offset: offsets.log_end_offset(),
            });
        }
        let limit = match isolation {
            FetchIsolation::LogEnd => offsets.log_end,
            FetchIsolation::HighWatermark => offsets.high_watermark,
            FetchIsolation::TxnCommitted => offsets.last_stable(),
        };
        if offset >= limit.message_offset {
            return Ok(0);
        }
        let segments = Arc::clone(&self.segments.read());
        let start = from.place.filter(|place| segments.contains(place.segment_base_offset));
        Ok(bytes_between(&segments, from.message_offset, start, limit).max(1))
    }
}

fn bytes_between<F: Fs>(
    segments: &Segments<F>,
    offset: i64,
    start: Option<SegmentPlace>,
    limit: LogOffsetMetadata,
) -> u64 {
    let Some(first) = segments.floor(start.map_or(offset, |place| place.segment_base_offset)) else { return 0 };
    let Some(last) = segments.floor(limit.message_offset.saturating_sub(1)) else { return 0 };
    let end_in = |base_offset| limit.place.filter(|place| place.segment_base_offset == base_offset);
    let last_base = limit.place.map_or(last.base_offset(), |place| place.segment_base_offset);
    if first.base_offset() == last_base {
        return match (start, end_in(last_base)) {
            (Some(start), Some(end)) => u64::from(end.position.saturating_sub(start.position)),
            _ => 0,
        };
    }
    let of_first = start.map_or(0, |start| u64::from(first.size().saturating_sub(start.position)));
    let between = segments.higher(first.base_offset()).iter().take_while(|segment| segment.base_offset() < last_base);
    let of_last = end_in(last_base).map_or(0, |end| u64::from(end.position));
    of_first + between.map(|segment| u64::from(segment.size())).sum::<u64>() + of_last
}
