//! First pass: the last offset of each key in the dirty part of a log (`Cleaner.buildOffsetMap`).

use super::filter::{FilterError, as_default, control_type};
use super::hooks::CleanerHooks;
use super::io_buffer::IoBuffer;
use super::offset_map::{KEYS_AHEAD, KeyHash, OffsetMap};
use super::retention::BatchFacts;
use super::source::Source;
use super::stats::CleanerStats;
use super::transactions::CleanedTransactionMetadata;
use crate::compression::Decompressor;
use crate::format::FormatError;
use crate::format::record::Record;
use crate::fs::Fs;
use crate::log::error::LogError;
use crate::segment::batch::{Batch, RawBatch};

/// Fills a map. Keys gather until there are enough of them to make looking ahead worth it.
pub(crate) struct MapBuilder<'a> {
    pub(crate) map: &'a mut OffsetMap,
    /// Number of keys at which the map is full.
    pub(crate) keys_max: usize,
    /// First dirty offset.
    pub(crate) start_offset: i64,
    pub(crate) transactions: CleanedTransactionMetadata,
    pub(crate) decompressor: &'a mut Decompressor,
    pub(crate) pending: &'a mut Vec<Pending>,
    pub(crate) stats: &'a mut CleanerStats,
}

/// What is to happen to the map, in order.
#[derive(Clone, Copy)]
pub(crate) enum Pending {
    Key(KeyHash, i64),
    /// All keys up to this offset are in.
    UpTo(i64),
}

impl MapBuilder<'_> {
    /// Adds the keys of a segment and says whether the map is full. Offsets up to `next_segment_offset` belong to the
    /// segment, whether it has them or not.
    pub(crate) fn add_segment<F: Fs>(
        &mut self,
        source: &Source<'_, F>,
        next_segment_offset: i64,
        window: &mut Vec<u8>,
        io_buffer: &mut IoBuffer,
        hooks: &impl CleanerHooks,
    ) -> Result<bool, LogError> {
        let from = source.segment.index_lookup(source.home, self.start_offset)?;
        let position = from.position.max(0).cast_unsigned();
        let mut is_full = false;
        let walked = source.for_each_batch(position, window, io_buffer, hooks, |batch| {
            self.add_batch(batch).map_err(|e| source.refused(batch, &e))?;
            if self.pending.len() >= KEYS_AHEAD {
                is_full = self.flush();
            }
            Ok(!is_full)
        });
        // A batch that cannot be read is none of our business if the map was full before it.
        is_full = is_full || self.flush();
        if is_full && !matches!(walked, Err(LogError::CleaningAborted)) {
            return Ok(true);
        }
        self.stats.map_bytes_read += walked?;
        self.map.update_latest_offset(next_segment_offset - 1);
        io_buffer.restore();
        Ok(false)
    }

    fn add_batch(&mut self, batch: &RawBatch<'_>) -> Result<(), FilterError> {
        let last_offset = match batch.parse()? {
            Batch::Default(view) => {
                let facts = BatchFacts::of(&view);
                let (producer_id, last_offset) = (facts.producer_id, facts.last_offset);
                if facts.is_control {
                    let kind = control_type(&view, self.decompressor)?;
                    self.transactions.on_control_batch_read(producer_id, last_offset, kind);
                    self.stats.map_messages_read += 1;
                } else if self.transactions.on_batch_read(producer_id, last_offset, facts.is_transactional) {
                    self.stats.map_messages_read += u64::from(view.header().record_count().max(0).cast_unsigned());
                } else {
                    let records = view.records(self.decompressor)?;
                    add_records(records, self.start_offset, self.pending, self.map, self.stats)?;
                }
                last_offset
            }
            Batch::Legacy(message) => {
                let facts = BatchFacts::of_legacy(&message);
                self.transactions.on_batch_read(facts.producer_id, facts.last_offset, false);
                let records = message.records(self.decompressor)?;
                let records = records.map(|record| record.and_then(|record| as_default(&record)));
                add_records(records, self.start_offset, self.pending, self.map, self.stats)?;
                facts.last_offset
            }
        };
        if last_offset >= self.start_offset {
            self.pending.push(Pending::UpTo(last_offset));
        }
        Ok(())
    }

    /// Moves what has gathered into the map, up to the first key that comes when it is full.
    fn flush(&mut self) -> bool {
        for pending in self.pending.chunks(KEYS_AHEAD) {
            self.map.touch(pending.iter().filter_map(|pending| match pending {
                Pending::Key(hash, _) => Some(*hash),
                Pending::UpTo(_) => None,
            }));
            for pending in pending {
                match *pending {
                    Pending::UpTo(offset) => self.map.update_latest_offset(offset),
                    Pending::Key(hash, offset) => {
                        if self.map.len() >= self.keys_max || !self.map.put(hash, offset) {
                            self.pending.clear();
                            return true;
                        }
                    }
                }
            }
        }
        self.pending.clear();
        false
    }
}

fn add_records<'r>(
    records: impl Iterator<Item = Result<Record<'r>, FormatError>>,
    start_offset: i64,
    pending: &mut Vec<Pending>,
    map: &OffsetMap,
    stats: &mut CleanerStats,
) -> Result<(), FormatError> {
    for record in records {
        let record = record?;
        if let Some(key) = record.key
            && record.offset >= start_offset
        {
            pending.push(Pending::Key(map.hash(key), record.offset));
        }
        stats.map_messages_read += 1;
    }
    Ok(())
}
