//! Writing record batches of magic 2 (`MemoryRecordsBuilder`, `DefaultRecordBatch.writeHeader`).

use std::ops::Range;

use super::batch::{
    ATTRIBUTES, Attributes, CRC, LENGTH, LOG_OVERHEAD, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_EPOCH, NO_PRODUCER_ID,
    NO_SEQUENCE, NO_TIMESTAMP, RECORD_BATCH_OVERHEAD, TimestampType,
};
use super::checksum::crc32c;
use super::record::{Header, Record};
use super::varint::{varint_len, varlong_len, write_varint, write_varlong};
use super::{FormatError, FormatErrorKind};
use crate::compression::{Codec, Compressor};

/// The fixed fields of a batch to be written.
///
/// The fields that are `None` follow from the records, as in Kafka's builder; set, they are written as they are, which
/// is how a batch that compaction thinned out keeps its offsets and timestamps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchFields {
    /// Offset that the record deltas count from.
    pub base_offset: i64,
    /// Leader epoch, -1 unknown.
    pub partition_leader_epoch: i32,
    /// Version to write into the header, 2.
    pub magic: i8,
    /// Codec of the records.
    pub codec: Codec,
    /// Level of the codec, `None` for its default.
    pub level: Option<i32>,
    /// Who sets the timestamps; with log append time readers see the batch's largest for every record.
    pub timestamp_type: TimestampType,
    /// Part of a transaction?
    pub is_transactional: bool,
    /// Holds a control record?
    pub is_control: bool,
    /// Time in ms from which the cleaner may drop the batch's tombstones and markers; takes the place of the base
    /// timestamp.
    pub delete_horizon_ms: Option<i64>,
    /// Producer id, -1 none.
    pub producer_id: i64,
    /// Producer epoch, -1 none.
    pub producer_epoch: i16,
    /// Sequence number of the first record, -1 none.
    pub base_sequence: i32,
    /// Timestamp in ms that the record deltas count from; `None`: the delete horizon, that of the first record, or -1
    /// without either.
    pub base_timestamp: Option<i64>,
    /// Largest timestamp in ms; `None`: the largest of the records, -1 without one.
    pub max_timestamp: Option<i64>,
    /// Last offset; `None`: that of the last record, the base offset without one.
    pub last_offset: Option<i64>,
}

impl Default for BatchFields {
    fn default() -> Self {
        BatchFields {
            base_offset: 0,
            partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
            magic: 2,
            codec: Codec::None,
            level: None,
            timestamp_type: TimestampType::CreateTime,
            is_transactional: false,
            is_control: false,
            delete_horizon_ms: None,
            producer_id: NO_PRODUCER_ID,
            producer_epoch: NO_PRODUCER_EPOCH,
            base_sequence: NO_SEQUENCE,
            base_timestamp: None,
            max_timestamp: None,
            last_offset: None,
        }
    }
}

impl BatchFields {
    fn attributes(&self, codec: Codec) -> i16 {
        let flag = |on: bool, bit: i16| if on { bit } else { 0 };
        i16::from(codec.id())
            | flag(self.timestamp_type == TimestampType::LogAppendTime, Attributes::TIMESTAMP_TYPE)
            | flag(self.is_transactional, Attributes::TRANSACTIONAL)
            | flag(self.is_control, Attributes::CONTROL)
            | flag(self.delete_horizon_ms.is_some(), Attributes::DELETE_HORIZON)
    }
}

/// Builds batches of magic 2, one after another, with reused buffers.
///
/// ```
/// use kafka_log::compression::Compressor;
/// use kafka_log::format::batch::RecordBatch;
/// use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
///
/// let mut builder = RecordBatchBuilder::new(BatchFields { base_offset: 100, ..BatchFields::default() });
/// builder.append(100, 1_700_000_000_000, Some(b"key"), Some(b"value"), &[])?;
/// let mut segment = Vec::new();
/// builder.finish(&mut Compressor::new(), &mut segment)?;
/// assert!(RecordBatch::parse(&segment)?.is_valid());
/// # Ok::<(), kafka_log::format::FormatError>(())
/// ```
#[derive(Debug)]
pub struct RecordBatchBuilder {
    fields: BatchFields,
    records: Vec<u8>,
    count: i32,
    base_timestamp: Option<i64>,
    max_timestamp: i64,
    last_offset: Option<i64>,
}

impl RecordBatchBuilder {
    /// A batch without records yet.
    pub fn new(fields: BatchFields) -> Self {
        RecordBatchBuilder {
            fields,
            records: Vec::new(),
            count: 0,
            base_timestamp: fields.delete_horizon_ms.or(fields.base_timestamp),
            max_timestamp: NO_TIMESTAMP,
            last_offset: None,
        }
    }

    /// Starts the next batch, with the buffers of the last.
    pub fn reset(&mut self, fields: BatchFields) {
        let records = std::mem::take(&mut self.records);
        *self = RecordBatchBuilder { records, ..RecordBatchBuilder::new(fields) };
        self.records.clear();
    }

    /// Sets producer id, epoch and the sequence number of the first record, which a client knows only when it sends the batch.
    pub fn set_producer(&mut self, producer_id: i64, producer_epoch: i16, base_sequence: i32) {
        self.fields = BatchFields { producer_id, producer_epoch, base_sequence, ..self.fields };
    }

    /// Appends a record at an absolute offset, with a timestamp in ms. Kafka reads any timestamp, but itself writes no
    /// negative one other than -1.
    ///
    /// # Errors
    /// `OutOfRange` where the offset is not above the last one, or further from the base offset than 2^31-1, or where
    /// the record does not fit into a batch of 2^31-1 bytes.
    pub fn append(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: &[Header<'_>],
    ) -> Result<(), FormatError> {
        self.write(offset, timestamp, 0, key, value, headers.iter().copied())
    }

    /// Appends a record as it was read, with its headers and attributes.
    ///
    /// # Errors
    /// As [`RecordBatchBuilder::append`].
    pub fn append_record(&mut self, record: &Record<'_>) -> Result<(), FormatError> {
        self.write(record.offset, record.timestamp, record.attributes, record.key, record.value, record.headers)
    }

    fn write<'h>(
        &mut self,
        offset: i64,
        timestamp: i64,
        attributes: i8,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        headers: impl Iterator<Item = Header<'h>> + Clone,
    ) -> Result<(), FormatError> {
        let min = self.last_offset.map_or(self.fields.base_offset, |last| last.saturating_add(1));
        let max = self.fields.base_offset.saturating_add(i32::MAX.into());
        if !(min..=max).contains(&offset) || self.last_offset == Some(offset) {
            return Err(self.error("record offset", FormatErrorKind::OutOfRange { min, max, found: offset }));
        }
        let offset_delta = (offset - self.fields.base_offset) as i32;
        let base_timestamp = *self.base_timestamp.get_or_insert(timestamp);
        let timestamp_delta = timestamp.wrapping_sub(base_timestamp);

        let header_count = headers.clone().count();
        let headers_len: usize = headers.clone().map(|h| bytes_len(Some(h.key)) + bytes_len(h.value)).sum();
        let length = 1
            + varlong_len(timestamp_delta)
            + varint_len(offset_delta)
            + bytes_len(key)
            + bytes_len(value)
            + varint_len(header_count as i32)
            + headers_len;
        let room = (i32::MAX as usize - RECORD_BATCH_OVERHEAD).saturating_sub(self.records.len() + 5);
        if length > room {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: room as i64, found: length as i64 };
            return Err(self.error("record length", kind));
        }

        let out = &mut self.records;
        out.reserve(length + 5);
        write_varint(out, length as i32);
        out.push(attributes as u8);
        write_varlong(out, timestamp_delta);
        write_varint(out, offset_delta);
        write_bytes(out, key);
        write_bytes(out, value);
        write_varint(out, header_count as i32);
        for header in headers {
            write_bytes(out, Some(header.key));
            write_bytes(out, header.value);
        }
        self.count += 1;
        self.max_timestamp = self.max_timestamp.max(timestamp);
        self.last_offset = Some(offset);
        Ok(())
    }

    /// Appends the batch to `out` and says where it lies there. The builder is then ready for [`Self::reset`]. A batch
    /// without records has no codec, whatever its fields say.
    ///
    /// # Errors
    /// `OutOfRange` where the last offset is too far from the base offset, or the compressed batch is too large;
    /// `CannotCompress` where the codec cannot be written. `out` is then as it was.
    pub fn finish(&mut self, compressor: &mut Compressor, out: &mut Vec<u8>) -> Result<Range<usize>, FormatError> {
        let fields = self.fields;
        // Kafka's streaming readers open the stream of a batch even where the batch counts no records, and choke on
        // one without a byte.
        let codec = if self.count == 0 { Codec::None } else { fields.codec };
        let last_offset = fields.last_offset.or(self.last_offset).unwrap_or(fields.base_offset);
        let delta = last_offset.wrapping_sub(fields.base_offset);
        let last_offset_delta = i32::try_from(delta).map_err(|_| {
            let (min, max) = (i32::MIN.into(), i32::MAX.into());
            self.error("last offset delta", FormatErrorKind::OutOfRange { min, max, found: delta })
        })?;
        let start = out.len();
        out.extend_from_slice(&fields.base_offset.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&fields.partition_leader_epoch.to_be_bytes());
        out.push(fields.magic as u8);
        out.extend_from_slice(&[0; 4]);
        out.extend_from_slice(&fields.attributes(codec).to_be_bytes());
        out.extend_from_slice(&last_offset_delta.to_be_bytes());
        out.extend_from_slice(&self.base_timestamp.unwrap_or(NO_TIMESTAMP).to_be_bytes());
        out.extend_from_slice(&fields.max_timestamp.unwrap_or(self.max_timestamp).to_be_bytes());
        out.extend_from_slice(&fields.producer_id.to_be_bytes());
        out.extend_from_slice(&fields.producer_epoch.to_be_bytes());
        out.extend_from_slice(&fields.base_sequence.to_be_bytes());
        out.extend_from_slice(&self.count.to_be_bytes());
        debug_assert_eq!(out.len() - start, RECORD_BATCH_OVERHEAD);

        let written = match codec {
            Codec::None => {
                out.extend_from_slice(&self.records);
                Ok(())
            }
            codec => compressor
                .compress(codec, fields.magic, fields.level, &self.records, out)
                .map_err(|e| self.error("records", FormatErrorKind::CannotCompress(e))),
        };
        let length = written.and_then(|()| {
            let length = out.len() - start - LOG_OVERHEAD;
            i32::try_from(length).map_err(|_| {
                let kind = FormatErrorKind::OutOfRange { min: 0, max: i32::MAX.into(), found: length as i64 };
                self.error("batch length", kind)
            })
        });
        let length = length.inspect_err(|_| out.truncate(start))?;
        let batch = &mut out[start..];
        batch[LENGTH..LENGTH + 4].copy_from_slice(&length.to_be_bytes());
        let crc = crc32c(&batch[ATTRIBUTES..]);
        batch[CRC..CRC + 4].copy_from_slice(&crc.to_be_bytes());
        Ok(start..out.len())
    }

    fn error(&self, field: &'static str, kind: FormatErrorKind) -> FormatError {
        FormatError::new(self.records.len(), field, kind)
    }
}

fn bytes_len(bytes: Option<&[u8]>) -> usize {
    bytes.map_or(1, |b| varint_len(i32::try_from(b.len()).unwrap_or(i32::MAX)) + b.len())
}

fn write_bytes(out: &mut Vec<u8>, bytes: Option<&[u8]>) {
    match bytes {
        None => write_varint(out, -1),
        Some(bytes) => {
            // Longer ones were refused with the record's length.
            write_varint(out, bytes.len() as i32);
            out.extend_from_slice(bytes);
        }
    }
}

#[cfg(test)]
mod tests;
