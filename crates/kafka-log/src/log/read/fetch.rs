//! Reading: from an offset to a part of a file.

use std::sync::Arc;

use super::slice::FileSlice;
use crate::format::transaction_index::AbortedTxn;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::LogError;
use crate::log::offsets::Offsets;
use crate::log::segments::Segments;
use crate::log::types::{FetchIsolation, LogOffsetMetadata, Watermarks};
use crate::segment::log_segment::LogSegment;

/// What a read gives (`FetchDataInfo`).
#[derive(Debug)]
pub struct FetchDataInfo<F: Fs> {
    /// Base offset of the first batch and where it is; the offset asked for where nothing is given.
    pub offset_metadata: LogOffsetMetadata,
    /// Whole batches from the one with the offset on; the last one may be cut off.
    pub records: FileSlice<F>,
    /// Whether not even the first batch is whole.
    pub first_entry_incomplete: bool,
    /// The offsets of the log at the moment that decided what may be read.
    pub watermarks: Watermarks,
    /// With [`FetchIsolation::TxnCommitted`], the aborted transactions that the records touch.
    pub aborted_transactions: Option<Vec<AbortedTxn>>,
}

impl<F: Fs> Log<F> {
    /// Reads up to `max_bytes` from the batch on that has `start_offset`, or from the first one after it where it lies in
    /// a gap. Nothing is decoded, and nothing read but headers on the way.
    ///
    /// The records may begin below `start_offset`, as a batch is given as a whole. With `min_one_batch` the first batch is
    /// given even if it is larger than `max_bytes`. At or above what `isolation` allows nothing is given. A read ends
    /// with its segment.
    ///
    /// # Errors
    /// `OffsetOutOfRange` below the log start or above the log end; I/O errors; `CorruptRecord` where the way to
    /// the offset is damaged.
    pub fn read(
        &self,
        start_offset: i64,
        max_bytes: usize,
        isolation: FetchIsolation,
        min_one_batch: bool,
    ) -> Result<FetchDataInfo<F>, LogError> {
        self.check_usable()?;
        let with_aborted = isolation == FetchIsolation::TxnCommitted;
        loop {
            let offsets = *self.offsets.read();
            let limit = self.limit_of(&offsets, start_offset, isolation)?;
            let segments = Arc::clone(&self.segments.read());
            let read = self.read_local(&segments, start_offset, max_bytes, min_one_batch, limit, with_aborted);
            let mut read = self.guard(read)?;
            read.watermarks = offsets.watermarks();
            // What was not in its segment may have been cut away, and what was found after it may be about to be deleted.
            if read.offset_metadata.message_offset > start_offset && !Arc::ptr_eq(&segments, &self.segments.read()) {
                continue;
            }
            if !read.records.is_empty() {
                self.metrics.read_bytes.record(read.records.len() as u64);
                if isolation != FetchIsolation::LogEnd {
                    self.traffic.bytes_out.add(read.records.len() as u64);
                }
            }
            return Ok(read);
        }
    }

    /// Where a read ends.
    fn limit_of(
        &self,
        offsets: &Offsets,
        start_offset: i64,
        isolation: FetchIsolation,
    ) -> Result<LogOffsetMetadata, LogError> {
        if start_offset < offsets.log_start {
            return Err(LogError::OffsetOutOfRange {
                offset: start_offset,
                log_start_offset: offsets.log_start,
                end_offset: offsets.log_end_offset(),
            });
        }
        match isolation {
            FetchIsolation::LogEnd => Ok(offsets.log_end),
            FetchIsolation::HighWatermark => self.guard(self.high_watermark_metadata(offsets)),
            FetchIsolation::TxnCommitted => self.guard(self.last_stable_metadata(offsets)),
        }
    }

    /// (`LocalLog.read`)
    pub(in crate::log) fn read_local(
        &self,
        segments: &Segments<F>,
        start_offset: i64,
        max_bytes: usize,
        min_one_batch: bool,
        limit: LogOffsetMetadata,
        with_aborted: bool,
    ) -> Result<FetchDataInfo<F>, LogError> {
        let (watermarks, end) = {
            let offsets = self.offsets.read();
            (offsets.watermarks(), offsets.log_end)
        };
        let floor = segments.floor(start_offset).filter(|_| start_offset <= end.message_offset);
        let Some(floor) = floor else {
            let end_offset = end.message_offset;
            let log_start_offset = watermarks.log_start;
            return Err(LogError::OffsetOutOfRange { offset: start_offset, log_start_offset, end_offset });
        };
        let nothing = |offset_metadata| FetchDataInfo {
            offset_metadata,
            records: FileSlice::empty(),
            first_entry_incomplete: false,
            watermarks,
            aborted_transactions: with_aborted.then(Vec::new),
        };
        if start_offset == limit.message_offset {
            return Ok(nothing(limit));
        }
        if start_offset > limit.message_offset {
            let found = self.read_local(segments, start_offset, 1, false, end, false)?;
            return Ok(nothing(found.offset_metadata));
        }
        let candidates = std::iter::once(floor).chain(segments.higher(floor.base_offset()));
        for segment in candidates {
            let Some(found) = segment.translate_offset(&self.home, start_offset)? else { continue };
            let position = found.batch.position;
            let offset_metadata = LogOffsetMetadata::at(found.batch.base_offset, segment.base_offset(), position);
            let max_position = match limit.place {
                Some(place) if segment.base_offset() == place.segment_base_offset => Some(place.position),
                Some(place) if segment.base_offset() < place.segment_base_offset => Some(found.segment_size),
                // Nothing is known of the limit's place except that it lies after it: as Kafka, which compares with -1 then.
                _ => None,
            };
            let max_bytes = u32::try_from(max_bytes).unwrap_or(u32::MAX).min(i32::MAX as u32);
            let adjusted = if min_one_batch { max_bytes.max(found.batch.size) } else { max_bytes };
            let mut info = FetchDataInfo {
                offset_metadata,
                records: FileSlice::empty(),
                first_entry_incomplete: false,
                watermarks,
                aborted_transactions: None,
            };
            if let Some(max_position) = max_position.filter(|_| adjusted > 0) {
                let len = max_position.saturating_sub(position).min(adjusted);
                info.records = FileSlice::new(segment.file(&self.home)?, position, len);
                info.first_entry_incomplete = adjusted < found.batch.size;
            }
            if with_aborted {
                info.aborted_transactions = Some(self.aborted_of(segments, segment, start_offset, &info)?);
            }
            return Ok(info);
        }
        // Everything up to the end is after the last batch: the log was cut in the middle of one.
        Ok(FetchDataInfo { aborted_transactions: None, ..nothing(end) })
    }

    /// Aborted transactions of a read (`addAbortedTransactions`). The range is a coarse one: it ends at the next index
    /// entry after the read, as in Kafka.
    fn aborted_of(
        &self,
        segments: &Segments<F>,
        segment: &LogSegment<F>,
        start_offset: i64,
        info: &FetchDataInfo<F>,
    ) -> Result<Vec<AbortedTxn>, LogError> {
        let position = info.offset_metadata.place.map_or(0, |place| place.position);
        let len = u32::try_from(info.records.len()).unwrap_or(u32::MAX);
        let upper_bound = match segment.fetch_upper_bound_offset(&self.home, position, len)? {
            Some(offset) => offset,
            None => segments
                .higher(segment.base_offset())
                .first()
                .map_or_else(|| self.log_end_offset(), |next| next.base_offset()),
        };
        self.collect_aborted(segments, segment.base_offset(), start_offset, upper_bound)
    }

    fn collect_aborted(
        &self,
        segments: &Segments<F>,
        first_segment: i64,
        start_offset: i64,
        upper_bound: i64,
    ) -> Result<Vec<AbortedTxn>, LogError> {
        let mut all = Vec::new();
        for segment in segments.floor(first_segment).into_iter().chain(segments.higher(first_segment)) {
            let found = segment.collect_aborted_txns(&self.home, start_offset, upper_bound)?;
            all.extend(found.aborted_transactions);
            if found.is_complete {
                break;
            }
        }
        Ok(all)
    }

    /// Aborted transactions that overlap the offsets from the log start up to `upper_bound_offset`, as the segment of
    /// `start_offset` and those after it list them (`collectAbortedTransactions`).
    ///
    /// # Errors
    /// I/O errors; an index that cannot be read.
    pub fn collect_aborted_transactions(
        &self,
        start_offset: i64,
        upper_bound_offset: i64,
    ) -> Result<Vec<AbortedTxn>, LogError> {
        self.check_usable()?;
        let segments = Arc::clone(&self.segments.read());
        let Some(first) = segments.floor(start_offset) else { return Ok(Vec::new()) };
        let found = self.collect_aborted(&segments, first.base_offset(), self.log_start_offset(), upper_bound_offset);
        self.guard(found)
    }
}
