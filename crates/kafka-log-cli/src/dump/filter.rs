//! Which batches and records are dumped: the conditions of the command line, as they are checked.

use std::ops::{Bound, RangeBounds};

use kafka_log::format::batch::{BatchHeader, TimestampType};
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::segment::batch::RawBatch;

use super::options::{Control, Filter, OffsetRange};

/// The conditions that records must meet, resolved for one run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Selection<'f> {
    filter: &'f Filter,
    offsets: OffsetRange,
    timestamps: (Bound<i64>, Bound<i64>),
}

/// What a header says about the records behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// None of them can be meant.
    Skip,
    /// Some may be.
    Look,
    /// All offsets asked for lie before them.
    Past,
}

impl<'f> Selection<'f> {
    /// The conditions of `filter`, if it is `now_ms` now; `None` where it has none but a limit.
    pub(crate) fn new(filter: &'f Filter, now_ms: i64) -> Option<Self> {
        let is_open = *filter == Filter { limit: filter.limit, ..Filter::default() };
        let offsets = filter.offsets.unwrap_or(OffsetRange { first: i64::MIN, last: i64::MAX });
        (!is_open).then(|| Selection { filter, offsets, timestamps: filter.timestamps(now_ms) })
    }

    /// The offsets asked for.
    pub(crate) fn offsets(&self) -> OffsetRange {
        self.offsets
    }

    /// The first timestamp asked for, if there is one.
    pub(crate) fn since(&self) -> Option<i64> {
        match self.timestamps.0 {
            Bound::Included(ms) => Some(ms),
            _ => None,
        }
    }

    /// What the header of `batch` says. Without `deep` the batch itself is what is asked for, so `Look` means that its
    /// timestamps from base to maximum, too, overlap those asked for.
    pub(crate) fn batch(&self, batch: &RawBatch<'_>, deep: bool) -> Verdict {
        // What cannot be read is not left out.
        if batch.overhead.magic > 1 {
            batch.header().map_or(Verdict::Look, |header| self.default_batch(&header, deep))
        } else {
            batch.legacy().map_or(Verdict::Look, |message| self.legacy_batch(&message))
        }
    }

    fn default_batch(&self, header: &BatchHeader<'_>, deep: bool) -> Verdict {
        if header.base_offset() > self.offsets.last {
            return Verdict::Past;
        }
        let control = header.attributes().is_control();
        let is_out = header.last_offset() < self.offsets.first
            || self.is_other_producer(header.producer_id())
            || self.filter.control.is_some_and(|which| control != (which == Control::Only))
            || self.has_no_timestamp(header, deep);
        if is_out { Verdict::Skip } else { Verdict::Look }
    }

    fn has_no_timestamp(&self, header: &BatchHeader<'_>, deep: bool) -> bool {
        let max = header.max_timestamp();
        let is_append_time = header.attributes().timestamp_type() == TimestampType::LogAppendTime;
        if is_append_time {
            return !self.timestamps.contains(&max);
        }
        let begins_late = || {
            let first = if header.attributes().has_delete_horizon() { max } else { header.base_timestamp().min(max) };
            !(Bound::Unbounded, self.timestamps.1).contains(&first)
        };
        self.since().is_some_and(|since| max < since) || !deep && begins_late()
    }

    fn legacy_batch(&self, message: &LegacyRecord<'_>) -> Verdict {
        // The offset of a wrapper is that of its last message; where the first is, only its inside tells.
        let is_wrapper = message.codec().map_or(true, |codec| codec.id() != 0);
        if message.offset() > self.offsets.last && !is_wrapper {
            return Verdict::Past;
        }
        let is_out = message.offset() < self.offsets.first
            || self.is_other_producer(-1)
            || self.filter.control == Some(Control::Only)
            || self.since().is_some_and(|since| message.timestamp() < since)
            || !is_wrapper && !self.timestamps.contains(&message.timestamp());
        if is_out { Verdict::Skip } else { Verdict::Look }
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
