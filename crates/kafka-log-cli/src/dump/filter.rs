//! Which batches and records are dumped: the conditions of the command line, as they are checked.

use std::ops::{Bound, RangeBounds};

use kafka_log::compression::Decompressor;
use kafka_log::format::batch::{BatchHeader, NO_TIMESTAMP, TimestampType};
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::segment::batch::{Batch, RawBatch};

use super::options::{Control, Filter};
use crate::shared::OffsetRange;

/// The conditions that records must meet, resolved for one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection<'f> {
    filter: &'f Filter,
    offsets: OffsetRange,
    timestamps: (Bound<i64>, Bound<i64>),
}

/// What a header says about the records of its batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// None of them can be meant.
    Skip,
    /// Nothing speaks against them: where only batches are dumped, this one is.
    Fits,
    /// It cannot tell: the records decide, also where only batches are dumped.
    Look,
    /// All requested offsets lie before them.
    Past,
}

impl<'f> Selection<'f> {
    /// The conditions of `filter`, if it is `now_ms` now; `None` where it has none but a limit.
    pub(crate) fn new(filter: &'f Filter, now_ms: i64) -> Option<Self> {
        let is_open = *filter == Filter { limit: filter.limit, ..Filter::default() };
        let offsets = filter.offsets.unwrap_or(OffsetRange { first: i64::MIN, last: i64::MAX });
        (!is_open).then(|| Selection { filter, offsets, timestamps: filter.timestamps(now_ms) })
    }

    /// The requested offsets.
    pub(crate) fn offsets(&self) -> OffsetRange {
        self.offsets
    }

    /// The first requested timestamp, if there is one.
    pub(crate) fn since(&self) -> Option<i64> {
        match self.timestamps.0 {
            Bound::Included(ms) => Some(ms),
            _ => None,
        }
    }

    /// What the header of `batch` says.
    pub(crate) fn batch(&self, batch: &RawBatch<'_>) -> Verdict {
        // What cannot be read is not left out.
        if batch.overhead.magic > 1 {
            batch.header().map_or(Verdict::Look, |header| self.header(&header))
        } else {
            batch.legacy().map_or(Verdict::Look, |message| self.legacy_batch(&message))
        }
    }

    /// What a header of magic 2 says.
    pub(crate) fn header(&self, header: &BatchHeader<'_>) -> Verdict {
        if header.base_offset() > self.offsets.last {
            return Verdict::Past;
        }
        let attributes = header.attributes();
        let is_out = header.last_offset() < self.offsets.first
            || self.is_other_producer(header.producer_id())
            || self.filter.control.is_some_and(|which| attributes.is_control() != (which == Control::Only));
        if is_out {
            return Verdict::Skip;
        }
        let max = header.max_timestamp();
        if attributes.timestamp_type() == TimestampType::LogAppendTime {
            return self.only_timestamp(max);
        }
        // Kafka's cleaner stores the delete horizon, mostly a later time, as the base timestamp.
        let is_bound = attributes.has_delete_horizon() || header.base_timestamp() <= max;
        if is_bound { self.max_timestamp(max) } else { self.max_timestamp(NO_TIMESTAMP) }
    }

    fn legacy_batch(&self, message: &LegacyRecord<'_>) -> Verdict {
        // The offset of a wrapper is that of its last message; where the first is, only its inside tells.
        let is_wrapper = message.codec().map_or(true, |codec| codec.id() != 0);
        if message.offset() > self.offsets.last && !is_wrapper {
            return Verdict::Past;
        }
        let is_out = message.offset() < self.offsets.first
            || self.is_other_producer(-1)
            || self.filter.control == Some(Control::Only);
        match message.timestamp() {
            _ if is_out => Verdict::Skip,
            max if is_wrapper => self.max_timestamp(max),
            only => self.only_timestamp(only),
        }
    }

    /// The verdict on a batch whose records all have this timestamp.
    fn only_timestamp(&self, timestamp: i64) -> Verdict {
        if self.timestamps.contains(&timestamp) { Verdict::Fits } else { Verdict::Skip }
    }

    /// The verdict on a batch whose records have at most this timestamp, or any if it is unset.
    ///
    /// No header says how old they are at least: the base timestamp is that of the first record, and a producer may
    /// be handed an older one after it.
    fn max_timestamp(&self, max: i64) -> Verdict {
        match self.timestamps {
            (Bound::Unbounded, Bound::Unbounded) => Verdict::Fits,
            _ if max < 0 => Verdict::Look,
            _ if self.timestamps.contains(&max) => Verdict::Fits,
            _ if self.since().is_some_and(|since| max < since) => Verdict::Skip,
            _ => Verdict::Look,
        }
    }

    /// Is a record of `batch` meant? What is damaged or cannot be read may be.
    pub(crate) fn may_mean_record_of(&self, batch: &RawBatch<'_>, decompressor: &mut Decompressor) -> bool {
        let is_meant = match batch.parse() {
            Ok(Batch::Default(batch)) => batch.records(decompressor).map_or(true, |mut records| {
                records.any(|record| record.map_or(true, |record| self.default_record(&record)))
            }),
            Ok(Batch::Legacy(message)) => message.records(decompressor).map_or(true, |mut records| {
                records.any(|record| record.map_or(true, |record| self.legacy_record(&record)))
            }),
            Err(_) => true,
        };
        is_meant || !batch.is_valid()
    }

    fn is_other_producer(&self, id: i64) -> bool {
        self.filter.producer_id.is_some_and(|wanted| wanted != id)
    }

    /// Is a record of a batch that [`Selection::batch`] let through meant?
    pub(crate) fn default_record(&self, record: &Record<'_>) -> bool {
        self.record(record.offset, record.timestamp, record.key)
            && self.filter.headers.iter().all(|wanted| {
                let is_it = |value: Option<&[u8]>| wanted.value.as_deref().is_none_or(|v| value == Some(v));
                record.headers.into_iter().any(|header| header.key == wanted.name && is_it(header.value))
            })
    }

    /// Is a record of magic 0 or 1 meant? They have no headers.
    pub(crate) fn legacy_record(&self, record: &LegacyRecord<'_>) -> bool {
        let key = || record.key().ok().flatten();
        let key = if self.filter.key.is_some() { key() } else { None };
        self.filter.headers.is_empty() && self.record(record.offset(), record.timestamp(), key)
    }

    fn record(&self, offset: i64, timestamp: i64, key: Option<&[u8]>) -> bool {
        self.offsets.contains(offset)
            && self.timestamps.contains(&timestamp)
            && self.filter.key.as_ref().is_none_or(|wanted| key == Some(&wanted.0))
    }
}
