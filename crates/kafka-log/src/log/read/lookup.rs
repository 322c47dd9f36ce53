//! From a timestamp to an offset.

use std::sync::Arc;

use crate::compression::{DECOMPRESSED_MAX, Decompressor};
use crate::format::FormatError;
use crate::format::batch::NO_TIMESTAMP;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::LogError;
use crate::log::types::FetchIsolation;
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::error::StorageError;
use crate::segment::log_segment::{Home, LogSegment, SegmentError};

/// What to look for (`ListOffsetsRequest`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimestampSpec {
    /// The first record at or after a time in ms.
    At(i64),
    /// The log start, `EARLIEST_TIMESTAMP` (-2).
    Earliest,
    /// The end of what may be read, `LATEST_TIMESTAMP` (-1).
    Latest,
    /// The record with the largest timestamp, `MAX_TIMESTAMP` (-3).
    Max,
    /// The start of what is in local files, `EARLIEST_LOCAL_TIMESTAMP` (-4).
    EarliestLocal,
    /// The end of what is in remote storage, `LATEST_TIERED_TIMESTAMP` (-5).
    LatestTiered,
    /// The start of what is not in remote storage, `EARLIEST_PENDING_UPLOAD_TIMESTAMP` (-6).
    EarliestPendingUpload,
}

impl TimestampSpec {
    /// The timestamp of a request. `None` below -6, which Kafka answers with `UNSUPPORTED_VERSION`.
    pub const fn from_wire(timestamp: i64) -> Option<Self> {
        match timestamp {
            0.. => Some(TimestampSpec::At(timestamp)),
            -1 => Some(TimestampSpec::Latest),
            -2 => Some(TimestampSpec::Earliest),
            -3 => Some(TimestampSpec::Max),
            -4 => Some(TimestampSpec::EarliestLocal),
            -5 => Some(TimestampSpec::LatestTiered),
            -6 => Some(TimestampSpec::EarliestPendingUpload),
            _ => None,
        }
    }
}

/// What was found (`FileRecords.TimestampAndOffset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimestampAndOffset {
    /// Timestamp of the record in ms; -1 where only an offset was asked for.
    pub timestamp: i64,
    /// Its offset, -1 for none.
    pub offset: i64,
    /// Leader epoch of its batch, if known.
    pub leader_epoch: Option<i32>,
}

impl TimestampAndOffset {
    const fn offset_only(offset: i64, leader_epoch: Option<i32>) -> Self {
        TimestampAndOffset { timestamp: NO_TIMESTAMP, offset, leader_epoch }
    }
}

impl<F: Fs> Log<F> {
    /// Looks an offset up, in local files alone (`Partition.fetchOffsetForTimestamp`). `None` where no record is that new, and where
    /// the record that was found is not below what `isolation` allows to read.
    ///
    /// # Errors
    /// I/O errors; `CorruptRecord` for a batch on the way that cannot be read.
    pub fn offset_for_timestamp(
        &self,
        spec: TimestampSpec,
        isolation: FetchIsolation,
    ) -> Result<Option<TimestampAndOffset>, LogError> {
        self.check_usable()?;
        let limit = self.watermarks().limit(isolation);
        let found = self.guard(self.look_up(spec))?;
        Ok(match spec {
            TimestampSpec::Latest => found.map(|found| TimestampAndOffset { offset: limit, ..found }),
            TimestampSpec::Earliest | TimestampSpec::EarliestLocal => found,
            _ => found.filter(|found| found.offset < limit),
        })
    }

    fn look_up(&self, spec: TimestampSpec) -> Result<Option<TimestampAndOffset>, LogError> {
        let offsets = *self.offsets.read();
        let none = TimestampAndOffset::offset_only(-1, Some(-1));
        Ok(Some(match spec {
            TimestampSpec::At(timestamp) => return self.search(timestamp, offsets.log_start),
            TimestampSpec::Max => return self.search_max(),
            TimestampSpec::Latest => TimestampAndOffset::offset_only(offsets.log_end_offset(), self.latest_epoch()),
            TimestampSpec::Earliest | TimestampSpec::EarliestLocal => self.earliest(offsets.log_start),
            // As for a topic without tiered storage, which there is none of here.
            TimestampSpec::LatestTiered | TimestampSpec::EarliestPendingUpload => none,
        }))
    }

    fn earliest(&self, log_start: i64) -> TimestampAndOffset {
        let first = self.writer.lock_beside_segments().epochs.earliest();
        let epoch = first.filter(|first| first.start_offset <= log_start).map(|first| first.epoch);
        TimestampAndOffset::offset_only(log_start, epoch)
    }

    /// The first record at or after a time, in the first segment that reaches up to it (`searchOffsetInLocalLog`).
    fn search(&self, timestamp: i64, start_offset: i64) -> Result<Option<TimestampAndOffset>, LogError> {
        let segments = Arc::clone(&self.segments.read());
        for segment in segments.all() {
            if segment.largest_timestamp(&self.home)? >= timestamp {
                let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
                let found = segment.undisturbed(|| {
                    let from = segment.time_search_start(&self.home, timestamp, start_offset)?;
                    let is_wanted = |time, offset| time >= timestamp && offset >= start_offset;
                    segment.search_by_time(
                        &self.home,
                        from,
                        |max| max >= timestamp,
                        |batch| {
                            first_record(batch, &mut decompressor, is_wanted)
                                .map_err(|e| corrupt(segment, &self.home, e))
                        },
                    )
                });
                return Ok(found?);
            }
        }
        Ok(None)
    }

    /// The first record with the largest timestamp of all (`MAX_TIMESTAMP`).
    fn search_max(&self) -> Result<Option<TimestampAndOffset>, LogError> {
        let segments = Arc::clone(&self.segments.read());
        let mut newest: Option<(&LogSegment<F>, i64, i64)> = None;
        for segment in segments.all() {
            let max = segment.max_timestamp_so_far(&self.home)?;
            if newest.is_none_or(|(_, timestamp, _)| max.timestamp > timestamp) {
                newest = Some((segment, max.timestamp, max.offset));
            }
        }
        let Some((segment, timestamp, offset)) = newest else { return Ok(None) };
        let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
        let found = segment.undisturbed(|| {
            let from = segment.index_lookup(&self.home, offset)?.position;
            segment.search_by_time(
                &self.home,
                from,
                |max| max == timestamp,
                // Kafka looks into this batch and no other, also where no record in it has the timestamp.
                |batch| {
                    first_of_max(batch, timestamp, &mut decompressor)
                        .map(Some)
                        .map_err(|e| corrupt(segment, &self.home, e))
                },
            )
        });
        Ok(found?.flatten())
    }
}

fn corrupt<F: Fs>(segment: &LogSegment<F>, home: &Home<F>, source: FormatError) -> SegmentError {
    SegmentError::Corrupt(StorageError::Corrupt { path: segment.log_path(home), source })
}

/// The first record that has the largest timestamp of its batch (`RecordBatch.offsetOfMaxTimestamp`).
fn first_of_max(
    batch: &RawBatch<'_>,
    max: i64,
    decompressor: &mut Decompressor,
) -> Result<Option<TimestampAndOffset>, FormatError> {
    if batch.overhead.magic == 0 {
        return Ok(None);
    }
    let found = first_record(batch, decompressor, |timestamp, _| timestamp == max)?;
    let epoch = |epoch: &i32| *epoch >= 0;
    Ok(found.map(|found| TimestampAndOffset { leader_epoch: found.leader_epoch.filter(epoch), ..found }))
}

/// The first record of a batch that is `wanted` by its timestamp and offset.
fn first_record(
    batch: &RawBatch<'_>,
    decompressor: &mut Decompressor,
    wanted: impl Fn(i64, i64) -> bool,
) -> Result<Option<TimestampAndOffset>, FormatError> {
    let answer = |timestamp, offset, epoch: i32| {
        Some(TimestampAndOffset { timestamp, offset, leader_epoch: (epoch != -1).then_some(epoch) })
    };
    match batch.parse()? {
        Batch::Default(batch) => {
            let epoch = batch.header().partition_leader_epoch();
            for record in batch.records(decompressor)? {
                let record = record?;
                if wanted(record.timestamp, record.offset) {
                    return Ok(answer(record.timestamp, record.offset, epoch));
                }
            }
        }
        Batch::Legacy(message) => {
            for record in message.records(decompressor)? {
                let record = record?;
                if wanted(record.timestamp(), record.offset()) {
                    return Ok(answer(record.timestamp(), record.offset(), -1));
                }
            }
        }
    }
    Ok(None)
}
