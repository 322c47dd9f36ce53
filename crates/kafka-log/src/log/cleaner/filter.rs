//! Thins out batches: bytes in, bytes out (`MemoryRecords.filterTo`).

use super::copy_records::copy_records;
use super::error::FilterError;
use super::offset_map::{KEYS_AHEAD, KeyHash, OffsetMap};
use super::retention::{BatchFacts, BatchRetention, BatchVerdict, Retention};
use super::stats::CleanerStats;
use super::transactions::CleanedTransactionMetadata;
use crate::compression::{Codec, Compressor, Decompressor};
use crate::format::FormatError;
use crate::format::batch::{NO_PRODUCER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE, NO_TIMESTAMP, RecordBatch, TimestampType};
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::format::control::ControlRecordType;
use crate::format::legacy::LegacyRecord;
use crate::format::record::{Headers, Record};
use crate::segment::batch::{Batch, RawBatch};

/// What became of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum BatchOutcome {
    /// Gone.
    Removed,
    /// Copied byte for byte.
    Copied,
    /// Rebuilt from the records that stay.
    Rebuilt,
    /// Only a header is left, for its offsets and its producer.
    Emptied,
}

/// Thins out one batch after the other, with reused buffers.
pub(super) struct BatchFilter {
    work: Work,
    decompressor: Decompressor,
}

struct Work {
    builder: RecordBatchBuilder,
    compressor: Compressor,
    entries: Vec<Entry>,
}

/// A record of the batch at hand.
#[derive(Clone, Copy)]
struct Entry {
    hash: KeyHash,
    offset: i64,
    has_value: bool,
    verdict: RecordVerdict,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum RecordVerdict {
    Keep,
    Drop,
    LookUp,
}

/// What the records of a batch come to.
struct Kept {
    read: u64,
    kept: u64,
    has_tombstones: bool,
}

impl Default for BatchFilter {
    fn default() -> Self {
        Self::new()
    }
}

impl BatchFilter {
    /// A filter without buffers yet.
    pub(super) fn new() -> Self {
        let work = Work {
            builder: RecordBatchBuilder::new(BatchFields::default()),
            compressor: Compressor::new(),
            entries: Vec::new(),
        };
        BatchFilter { work, decompressor: new_decompressor() }
    }

    /// Lets go of what batches were decompressed into: it may be many times their size.
    pub(crate) fn restore(&mut self) {
        self.decompressor = new_decompressor();
    }

    /// What becomes of a batch as far as its header says. Batches come in the order of the log.
    pub(crate) fn check(
        &mut self,
        batch: &RawBatch<'_>,
        rules: &Retention<'_>,
        transactions: &mut CleanedTransactionMetadata,
    ) -> Result<BatchVerdict, FilterError> {
        Ok(match batch.parse()? {
            Batch::Default(view) => {
                let control_type = || control_type(&view, &mut self.decompressor);
                rules.check_batch(&BatchFacts::of(&view), transactions, control_type)?
            }
            Batch::Legacy(message) => rules.check_batch(&BatchFacts::of_legacy(&message), transactions, || Ok(None))?,
        })
    }

    /// Appends what stays of a batch to `out`. `verdict` is what [`BatchFilter::check`] said of it.
    ///
    /// The checksum of a batch is not looked at, as in Kafka: a batch that loses nothing keeps a wrong one, one that is
    /// rebuilt gets a new one.
    ///
    /// # Errors
    /// Records that cannot be read, and what Kafka's builder refuses: negative timestamps other than -1, offsets that do
    /// not grow, a producer without epoch or sequence. A batch of magic 0 or 1 at the upper bound of the round that loses
    /// all its records is an `IllegalState`.
    pub(crate) fn thin_out(
        &mut self,
        batch: &RawBatch<'_>,
        verdict: &BatchVerdict,
        rules: &Retention<'_>,
        out: &mut Vec<u8>,
        stats: &mut CleanerStats,
    ) -> Result<BatchOutcome, FilterError> {
        let BatchFilter { work, decompressor } = self;
        let start = out.len();
        stats.bytes_read += batch.overhead.size() as u64;
        let outcome = match batch.parse()? {
            Batch::Default(view) => {
                let facts = BatchFacts::of(&view);
                if verdict.retention == BatchRetention::Delete {
                    return Ok(BatchOutcome::Removed);
                }
                let records = view.records(decompressor)?;
                let kept = work.judge(records.clone(), &facts, verdict, rules, stats)?;
                if kept.kept > 0 {
                    let is_unmarked = facts.delete_horizon_ms.is_none();
                    let horizon = if (kept.has_tombstones || verdict.marker_of_empty_txn) && is_unmarked {
                        Some(rules.now_ms.wrapping_add(rules.delete_retention_ms))
                    } else if kept.kept == kept.read {
                        out.extend_from_slice(view.as_bytes());
                        stats.bytes_written += batch.overhead.size() as u64;
                        return Ok(BatchOutcome::Copied);
                    } else {
                        facts.delete_horizon_ms
                    };
                    let fields = rebuilt_fields(&view, horizon)?;
                    let copied = if fields.codec == Codec::None {
                        let keeps = work.entries.iter().map(|entry| entry.verdict == RecordVerdict::Keep);
                        copy_records(
                            &view,
                            records.clone(),
                            keeps,
                            &fields,
                            (&mut work.builder, &mut work.compressor),
                            out,
                        )?
                    } else {
                        None
                    };
                    if copied.is_none() {
                        work.rebuild(records, fields, out)?;
                    }
                    BatchOutcome::Rebuilt
                } else if verdict.retention == BatchRetention::RetainEmpty {
                    work.write_header(&view, out)?;
                    BatchOutcome::Emptied
                } else {
                    BatchOutcome::Removed
                }
            }
            Batch::Legacy(message) => {
                let facts = BatchFacts::of_legacy(&message);
                let records = message.records(decompressor)?.map(|record| record.and_then(|r| as_default(&r)));
                let kept = work.judge(records.clone(), &facts, verdict, rules, stats)?;
                if kept.kept > 0 {
                    let horizon = kept.has_tombstones.then(|| rules.now_ms.wrapping_add(rules.delete_retention_ms));
                    let base_offset = work.first_kept_offset().unwrap_or(facts.last_offset);
                    work.rebuild(records, converted_fields(&message, base_offset, horizon)?, out)?;
                    BatchOutcome::Rebuilt
                } else if verdict.retention == BatchRetention::RetainEmpty {
                    return Err(FilterError::IllegalState(
                        "expected magic 2 of a batch that stays without records, found an older one",
                    ));
                } else {
                    BatchOutcome::Removed
                }
            }
        };
        stats.bytes_written += (out.len() - start) as u64;
        Ok(outcome)
    }
}

impl Work {
    /// Decides about every record and leaves the answers in `entries` (`filterBatch`, `Cleaner.shouldRetainRecord`).
    fn judge<'r>(
        &mut self,
        records: impl Iterator<Item = Result<Record<'r>, FormatError>>,
        batch: &BatchFacts,
        verdict: &BatchVerdict,
        rules: &Retention<'_>,
        stats: &mut CleanerStats,
    ) -> Result<Kept, FormatError> {
        let map = rules.map;
        self.entries.clear();
        let no_hash = KeyHash::NONE;
        let all = if verdict.discard_records {
            Some(RecordVerdict::Drop)
        } else if batch.is_control {
            Some(RecordVerdict::Keep)
        } else {
            None
        };
        for record in records {
            let record = record?;
            let (hash, verdict) = match (all, record.key) {
                (Some(verdict), _) => (no_hash, verdict),
                // The map does not know what comes after its end.
                _ if record.offset > map.latest_offset() => (no_hash, RecordVerdict::Keep),
                (None, Some(key)) => (map.hash(key), RecordVerdict::LookUp),
                (None, None) => {
                    stats.invalid_messages_read += 1;
                    (no_hash, RecordVerdict::Drop)
                }
            };
            self.entries.push(Entry { hash, offset: record.offset, has_value: record.value.is_some(), verdict });
        }
        let mut kept = Kept { read: self.entries.len() as u64, kept: 0, has_tombstones: false };
        stats.messages_read += kept.read;
        let retain_deletes = rules.retain_deletes(batch);
        for entries in self.entries.chunks_mut(KEYS_AHEAD) {
            look_up(entries, map, retain_deletes);
            for entry in entries {
                let keeps = entry.verdict == RecordVerdict::Keep;
                kept.kept += u64::from(keeps);
                kept.has_tombstones |= keeps && !entry.has_value;
            }
        }
        stats.messages_written += kept.kept;
        Ok(kept)
    }

    fn first_kept_offset(&self) -> Option<i64> {
        self.entries.iter().find(|entry| entry.verdict == RecordVerdict::Keep).map(|entry| entry.offset)
    }

    /// Writes the records that stay as a new batch (`buildRetainedRecordsInto`).
    fn rebuild<'r>(
        &mut self,
        records: impl Iterator<Item = Result<Record<'r>, FormatError>>,
        fields: BatchFields,
        out: &mut Vec<u8>,
    ) -> Result<(), FilterError> {
        self.builder.reset(fields);
        for (record, entry) in records.zip(&self.entries) {
            if entry.verdict != RecordVerdict::Keep {
                continue;
            }
            let record = record?;
            if record.timestamp < NO_TIMESTAMP {
                return Err(FilterError::IllegalArgument("expected a timestamp of -1 or above, found a lower one"));
            }
            // Kafka writes no attributes of records.
            self.builder.append_record(&Record { attributes: 0, ..record }).map_err(|_| {
                FilterError::IllegalArgument("expected offsets that grow and fit into a batch, found others")
            })?;
        }
        self.builder.finish(&mut self.compressor, out)?;
        Ok(())
    }

    /// Writes a batch without records (`DefaultRecordBatch.writeEmptyHeader`).
    fn write_header(&mut self, batch: &RecordBatch<'_>, out: &mut Vec<u8>) -> Result<(), FilterError> {
        let header = batch.header();
        self.builder.reset(BatchFields {
            base_timestamp: Some(NO_TIMESTAMP),
            max_timestamp: Some(header.max_timestamp()),
            ..kept_fields(batch)
        });
        self.builder.finish(&mut self.compressor, out)?;
        Ok(())
    }
}

/// A decompressor for batches that hold up to what an array of Java holds.
pub(crate) fn new_decompressor() -> Decompressor {
    Decompressor::new(i32::MAX as usize)
}

/// Answers the entries that the map has to answer.
fn look_up(entries: &mut [Entry], map: &OffsetMap, retain_deletes: bool) {
    map.touch(entries.iter().filter(|entry| entry.verdict == RecordVerdict::LookUp).map(|entry| entry.hash));
    for entry in entries.iter_mut().filter(|entry| entry.verdict == RecordVerdict::LookUp) {
        let keeps = (entry.has_value || retain_deletes) && entry.offset >= map.get(entry.hash);
        entry.verdict = if keeps { RecordVerdict::Keep } else { RecordVerdict::Drop };
    }
}

/// Type of the record of a control batch, `None` where an earlier round took the record.
pub(crate) fn control_type(
    batch: &RecordBatch<'_>,
    decompressor: &mut Decompressor,
) -> Result<Option<ControlRecordType>, FormatError> {
    let Some(record) = batch.records(decompressor)?.next() else { return Ok(None) };
    ControlRecordType::parse(record?.key).map(Some)
}

/// The fields that a batch keeps whatever happens to its records.
fn kept_fields(batch: &RecordBatch<'_>) -> BatchFields {
    let header = batch.header();
    let attributes = header.attributes();
    BatchFields {
        base_offset: header.base_offset(),
        // The sequence number of the last record follows from it.
        last_offset: Some(header.last_offset()),
        partition_leader_epoch: header.partition_leader_epoch(),
        timestamp_type: attributes.timestamp_type(),
        is_transactional: attributes.is_transactional(),
        is_control: attributes.is_control(),
        producer_id: header.producer_id(),
        producer_epoch: header.producer_epoch(),
        base_sequence: header.base_sequence(),
        ..BatchFields::default()
    }
}

/// Fields of a batch of magic 2 that is rebuilt; a negative horizon is none.
fn rebuilt_fields(batch: &RecordBatch<'_>, horizon: Option<i64>) -> Result<BatchFields, FilterError> {
    let fields = BatchFields {
        codec: batch.header().attributes().codec()?,
        delete_horizon_ms: horizon.filter(|ms| *ms >= 0),
        max_timestamp: log_append_time(batch.header().attributes().timestamp_type(), batch.header().max_timestamp()),
        ..kept_fields(batch)
    };
    let problem = if fields.producer_id == NO_PRODUCER_ID {
        fields.is_transactional.then_some("expected a producer of a transactional batch, found none")
    } else if fields.producer_epoch == NO_PRODUCER_EPOCH {
        Some("expected an epoch of the producer, found none")
    } else if fields.base_sequence < 0 && !fields.is_control {
        Some("expected a sequence number of the producer, found none")
    } else {
        None
    };
    problem.map_or(Ok(fields), |problem| Err(FilterError::IllegalArgument(problem)))
}

/// Fields of the batch of magic 2 that an older one becomes. Magic 0 has no timestamps, and there is no time of append to
/// make up for it: the records get create time and -1.
fn converted_fields(
    message: &LegacyRecord<'_>,
    base_offset: i64,
    horizon: Option<i64>,
) -> Result<BatchFields, FormatError> {
    let timestamp_type = match message.timestamp_type() {
        TimestampType::NoTimestampType => TimestampType::CreateTime,
        known => known,
    };
    Ok(BatchFields {
        base_offset,
        codec: message.codec()?,
        timestamp_type,
        delete_horizon_ms: horizon.filter(|ms| *ms >= 0),
        max_timestamp: log_append_time(timestamp_type, message.timestamp()),
        ..BatchFields::default()
    })
}

/// With log append time all records have the time of the batch, kept or not; otherwise the kept ones decide.
fn log_append_time(kind: TimestampType, max_timestamp: i64) -> Option<i64> {
    (kind == TimestampType::LogAppendTime).then_some(max_timestamp)
}

/// A message of magic 0 or 1 as a record of magic 2.
pub(crate) fn as_default<'r>(message: &LegacyRecord<'r>) -> Result<Record<'r>, FormatError> {
    Ok(Record {
        offset: message.offset(),
        timestamp: message.timestamp(),
        sequence: NO_SEQUENCE,
        attributes: 0,
        key: message.key()?,
        value: message.value()?,
        headers: Headers::default(),
    })
}

#[cfg(test)]
mod tests;
