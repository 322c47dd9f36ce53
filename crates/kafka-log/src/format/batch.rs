//! Record batches: the overhead that all versions share, and the view of a batch of magic 2.
//!
//! A segment file is a run of batches without header or padding. Layout of a batch of magic 2, big-endian:
//!
//! | at | size | field | |
//! | --- | --- | --- | --- |
//! | 0 | 8 | base offset | |
//! | 8 | 4 | batch length | bytes after this field |
//! | 12 | 4 | partition leader epoch | -1 unknown; outside of the CRC |
//! | 16 | 1 | magic | outside of the CRC |
//! | 17 | 4 | CRC-32C | over everything from the attributes on |
//! | 21 | 2 | attributes | [`Attributes`] |
//! | 23 | 4 | last offset delta | |
//! | 27 | 8 | base timestamp | the delete horizon where the attributes say so |
//! | 35 | 8 | max timestamp | -1 none |
//! | 43 | 8 | producer id | -1 none |
//! | 51 | 2 | producer epoch | -1 none |
//! | 53 | 4 | base sequence | -1 none |
//! | 57 | 4 | record count | |
//! | 61 | | records | one compressed stream unless the codec is none |

use super::bytes::{i8_at, i16_at, i32_at, i64_at, u32_at};
use super::checksum::crc32c;
use super::record::Records;
use super::{FormatError, FormatErrorKind};
use crate::compression::{Codec, Decompressor};

pub(crate) const BASE_OFFSET: usize = 0;
pub(crate) const LENGTH: usize = BASE_OFFSET + 8;
/// Bytes before those that the length field counts (`Records.LOG_OVERHEAD`).
pub(crate) const LOG_OVERHEAD: usize = LENGTH + 4;
pub(crate) const PARTITION_LEADER_EPOCH: usize = LOG_OVERHEAD;
pub(crate) const MAGIC: usize = PARTITION_LEADER_EPOCH + 4;
/// Bytes up to and with the magic, at the same place in all versions (`Records.HEADER_SIZE_UP_TO_MAGIC`).
pub const HEADER_SIZE_UP_TO_MAGIC: usize = MAGIC + 1;
pub(crate) const CRC: usize = HEADER_SIZE_UP_TO_MAGIC;
pub(crate) const ATTRIBUTES: usize = CRC + 4;
pub(crate) const LAST_OFFSET_DELTA: usize = ATTRIBUTES + 2;
pub(crate) const BASE_TIMESTAMP: usize = LAST_OFFSET_DELTA + 4;
pub(crate) const MAX_TIMESTAMP: usize = BASE_TIMESTAMP + 8;
pub(crate) const PRODUCER_ID: usize = MAX_TIMESTAMP + 8;
pub(crate) const PRODUCER_EPOCH: usize = PRODUCER_ID + 8;
pub(crate) const BASE_SEQUENCE: usize = PRODUCER_EPOCH + 2;
pub(crate) const RECORD_COUNT: usize = BASE_SEQUENCE + 4;
/// Size of a magic 2 batch without records, in bytes (`DefaultRecordBatch.RECORD_BATCH_OVERHEAD`).
pub const RECORD_BATCH_OVERHEAD: usize = RECORD_COUNT + 4;

const _: () = assert!(LOG_OVERHEAD == 12 && HEADER_SIZE_UP_TO_MAGIC == 17 && RECORD_BATCH_OVERHEAD == 61);

/// Smallest value of the length field in any version (`LegacyRecord.RECORD_OVERHEAD_V0`).
pub const BATCH_LENGTH_MIN: i32 = 14;

/// The timestamp that stands for none.
pub const NO_TIMESTAMP: i64 = -1;
/// The producer id that stands for none.
pub const NO_PRODUCER_ID: i64 = -1;
/// The producer epoch that stands for none.
pub const NO_PRODUCER_EPOCH: i16 = -1;
/// The sequence number that stands for none.
pub const NO_SEQUENCE: i32 = -1;
/// The leader epoch that stands for an unknown one.
pub const NO_PARTITION_LEADER_EPOCH: i32 = -1;

/// The first 17 bytes of a batch, the same in all versions (`FileLogInputStream.nextBatch`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchOverhead {
    /// Magic 2: base offset. Magic 0 and 1: offset of the message, for a wrapper that of its last inner message.
    pub offset: i64,
    /// Bytes after the length field, at least [`BATCH_LENGTH_MIN`].
    pub length: i32,
    /// Version of the batch. Kafka's file reader takes every value above 1 for magic 2.
    pub magic: i8,
}

impl BatchOverhead {
    /// Reads the overhead.
    ///
    /// # Errors
    /// `OutOfRange` where the length is below [`BATCH_LENGTH_MIN`], as Kafka's readers (`CorruptRecordException`).
    #[inline]
    pub fn parse(bytes: &[u8; HEADER_SIZE_UP_TO_MAGIC]) -> Result<Self, FormatError> {
        let length = i32_at(bytes, LENGTH);
        if length < BATCH_LENGTH_MIN {
            let kind = FormatErrorKind::OutOfRange {
                min: BATCH_LENGTH_MIN.into(),
                max: i32::MAX.into(),
                found: length.into(),
            };
            return Err(FormatError::new(LENGTH, "batch length", kind));
        }
        Ok(BatchOverhead { offset: i64_at(bytes, BASE_OFFSET), length, magic: i8_at(bytes, MAGIC) })
    }

    /// Size of the whole batch in bytes.
    #[inline]
    pub fn size(&self) -> usize {
        // The length is positive and below 2^31: checked by `parse`.
        LOG_OVERHEAD + self.length.unsigned_abs() as usize
    }
}

/// What a timestamp means (`TimestampType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimestampType {
    /// Messages of magic 0 have none.
    NoTimestampType,
    /// Set by the producer.
    CreateTime,
    /// Set by the broker when it appended the batch.
    LogAppendTime,
}

impl TimestampType {
    /// Kafka's name of the type, as its tools print it.
    pub const fn name(self) -> &'static str {
        match self {
            TimestampType::NoTimestampType => "NoTimestampType",
            TimestampType::CreateTime => "CreateTime",
            TimestampType::LogAppendTime => "LogAppendTime",
        }
    }
}

/// Attributes of a batch of magic 2. Only the low byte is ever used: bits 0 to 2 codec, 3 timestamp type,
/// 4 transactional, 5 control, 6 base timestamp is a delete horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Attributes(pub i16);

impl Attributes {
    pub(crate) const CODEC_MASK: u8 = 0x07;
    pub(crate) const TIMESTAMP_TYPE: i16 = 0x08;
    pub(crate) const TRANSACTIONAL: i16 = 0x10;
    pub(crate) const CONTROL: i16 = 0x20;
    pub(crate) const DELETE_HORIZON: i16 = 0x40;

    /// Codec id, 0 to 7; 5 to 7 name no codec.
    #[inline]
    pub const fn codec_id(self) -> u8 {
        self.0 as u8 & Self::CODEC_MASK
    }

    /// Codec of the records.
    ///
    /// # Errors
    /// `OutOfRange` for the ids 5 to 7, which name no codec (Kafka: `IllegalArgumentException`).
    #[inline]
    pub fn codec(self) -> Result<Codec, FormatError> {
        codec_of(self.codec_id(), ATTRIBUTES)
    }

    /// Who set the timestamps.
    #[inline]
    pub const fn timestamp_type(self) -> TimestampType {
        if self.0 & Self::TIMESTAMP_TYPE == 0 { TimestampType::CreateTime } else { TimestampType::LogAppendTime }
    }

    /// Part of a transaction?
    #[inline]
    pub const fn is_transactional(self) -> bool {
        self.0 & Self::TRANSACTIONAL != 0
    }

    /// Holds a control record instead of data?
    #[inline]
    pub const fn is_control(self) -> bool {
        self.0 & Self::CONTROL != 0
    }

    /// Is the base timestamp a delete horizon?
    #[inline]
    pub const fn has_delete_horizon(self) -> bool {
        self.0 & Self::DELETE_HORIZON != 0
    }
}

pub(crate) fn codec_of(id: u8, at: usize) -> Result<Codec, FormatError> {
    let kind = FormatErrorKind::OutOfRange { min: 0, max: 4, found: id.into() };
    Codec::from_id(id).ok_or(FormatError::new(at, "compression codec", kind))
}

/// Header of a batch of magic 2, 61 bytes (`DefaultRecordBatch`, KIP-98).
///
/// Getters cannot fail; they say what the bytes say. Whether the batch is intact is [`RecordBatch::is_valid`].
#[derive(Clone, Copy, Debug)]
pub struct BatchHeader<'a>(&'a [u8; RECORD_BATCH_OVERHEAD]);

impl<'a> BatchHeader<'a> {
    pub(crate) const fn of(bytes: &'a [u8; RECORD_BATCH_OVERHEAD]) -> Self {
        BatchHeader(bytes)
    }

    /// View of the header at the start of `bytes`.
    ///
    /// # Errors
    /// `Truncated` where fewer than 61 bytes are there.
    #[inline]
    pub fn split_first(bytes: &'a [u8]) -> Result<(Self, &'a [u8]), FormatError> {
        Self::split_bytes(bytes).map(|(header, rest)| (BatchHeader(header), rest))
    }

    /// As [`Self::split_first`], with the bytes of the header.
    #[inline]
    pub(crate) fn split_bytes(bytes: &'a [u8]) -> Result<(&'a [u8; RECORD_BATCH_OVERHEAD], &'a [u8]), FormatError> {
        bytes.split_first_chunk().ok_or_else(|| {
            let kind =
                FormatErrorKind::Truncated { needed: RECORD_BATCH_OVERHEAD as u64, available: bytes.len() as u64 };
            FormatError::new(0, "record batch header", kind)
        })
    }

    /// Offset of the first record the batch was written with; records before it may be gone by compaction.
    #[inline]
    pub fn base_offset(&self) -> i64 {
        i64_at(self.0, BASE_OFFSET)
    }

    /// Bytes after the length field.
    #[inline]
    pub fn length(&self) -> i32 {
        i32_at(self.0, LENGTH)
    }

    /// Leader epoch in which the batch was appended, -1 unknown. Not covered by the CRC.
    #[inline]
    pub fn partition_leader_epoch(&self) -> i32 {
        i32_at(self.0, PARTITION_LEADER_EPOCH)
    }

    /// Version of the batch. Not covered by the CRC.
    #[inline]
    pub fn magic(&self) -> i8 {
        i8_at(self.0, MAGIC)
    }

    /// Stored CRC-32C.
    #[inline]
    pub fn crc(&self) -> u32 {
        u32_at(self.0, CRC)
    }

    /// Codec, timestamp type and flags.
    #[inline]
    pub fn attributes(&self) -> Attributes {
        Attributes(i16_at(self.0, ATTRIBUTES))
    }

    /// Distance of the last offset from the base offset.
    #[inline]
    pub fn last_offset_delta(&self) -> i32 {
        i32_at(self.0, LAST_OFFSET_DELTA)
    }

    /// Last offset of the batch; stays what it was when compaction drops records.
    #[inline]
    pub fn last_offset(&self) -> i64 {
        self.base_offset().wrapping_add(self.last_offset_delta().into())
    }

    /// Timestamp in ms that the record deltas count from, or the delete horizon.
    #[inline]
    pub fn base_timestamp(&self) -> i64 {
        i64_at(self.0, BASE_TIMESTAMP)
    }

    /// Largest timestamp in ms, -1 none; with log append time the timestamp of every record.
    #[inline]
    pub fn max_timestamp(&self) -> i64 {
        i64_at(self.0, MAX_TIMESTAMP)
    }

    /// Time in ms from which the cleaner may drop the batch's tombstones and markers.
    #[inline]
    pub fn delete_horizon_ms(&self) -> Option<i64> {
        self.attributes().has_delete_horizon().then(|| self.base_timestamp())
    }

    /// Producer id, -1 none.
    #[inline]
    pub fn producer_id(&self) -> i64 {
        i64_at(self.0, PRODUCER_ID)
    }

    /// Producer epoch, -1 none.
    #[inline]
    pub fn producer_epoch(&self) -> i16 {
        i16_at(self.0, PRODUCER_EPOCH)
    }

    /// Sequence number of the first record, -1 none.
    #[inline]
    pub fn base_sequence(&self) -> i32 {
        i32_at(self.0, BASE_SEQUENCE)
    }

    /// Sequence number of the last record, -1 none.
    #[inline]
    pub fn last_sequence(&self) -> i32 {
        match self.base_sequence() {
            NO_SEQUENCE => NO_SEQUENCE,
            base => increment_sequence(base, self.last_offset_delta()),
        }
    }

    /// Number of records; 0 in a batch that compaction kept for its sequence numbers.
    #[inline]
    pub fn record_count(&self) -> i32 {
        i32_at(self.0, RECORD_COUNT)
    }
}

/// `sequence + increment`, where 0 follows 2147483647 (`DefaultRecordBatch.incrementSequence`).
#[inline]
pub(crate) const fn increment_sequence(sequence: i32, increment: i32) -> i32 {
    if sequence > i32::MAX.wrapping_sub(increment) {
        increment.wrapping_sub(i32::MAX.wrapping_sub(sequence)).wrapping_sub(1)
    } else {
        sequence.wrapping_add(increment)
    }
}

/// View of a whole batch of magic 2: shape checked, checksum not.
#[derive(Clone, Copy, Debug)]
pub struct RecordBatch<'a> {
    bytes: &'a [u8],
    header: BatchHeader<'a>,
}

impl<'a> RecordBatch<'a> {
    /// View of the batch that `bytes` is, first byte to last.
    ///
    /// # Errors
    /// `Truncated` where fewer than 61 bytes are there; `Mismatch` where the length field says another size than
    /// `bytes` has.
    #[inline]
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        let (header, _) = BatchHeader::split_first(bytes)?;
        let expected = bytes.len() as i64 - LOG_OVERHEAD as i64;
        if i64::from(header.length()) != expected {
            let kind = FormatErrorKind::Mismatch { expected, found: header.length().into() };
            return Err(FormatError::new(LENGTH, "batch length", kind));
        }
        Ok(RecordBatch { bytes, header })
    }

    /// The fixed fields.
    #[inline]
    pub fn header(&self) -> BatchHeader<'a> {
        self.header
    }

    /// The whole batch as stored.
    #[inline]
    pub fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The records as stored, compressed where the batch has a codec.
    #[inline]
    pub fn stored_records(&self) -> &'a [u8] {
        &self.bytes[RECORD_BATCH_OVERHEAD..]
    }

    /// CRC-32C of the bytes it covers.
    #[inline]
    pub fn computed_crc(&self) -> u32 {
        crc32c(&self.bytes[ATTRIBUTES..])
    }

    /// Does the stored CRC-32C match the bytes?
    #[inline]
    pub fn is_valid(&self) -> bool {
        self.computed_crc() == self.header.crc()
    }

    /// The records, decompressed into `decompressor`'s buffer where the batch has a codec.
    ///
    /// They are read lazily: a damaged record ends the iteration with an error, the ones before it have been yielded.
    ///
    /// # Errors
    /// Names no codec, a negative record count, or a stream that does not decompress.
    pub fn records<'d>(&self, decompressor: &'d mut Decompressor) -> Result<Records<'d>, FormatError>
    where
        'a: 'd,
    {
        match self.header.attributes().codec()? {
            // Kafka does not look at the stream of a batch without records.
            _ if self.header.record_count() == 0 => Records::new(&self.header, &[], 0),
            Codec::None => Records::new(&self.header, self.stored_records(), RECORD_BATCH_OVERHEAD),
            codec => {
                let bytes =
                    decompressor.decompress(codec, self.header.magic(), self.stored_records()).map_err(|e| {
                        let kind = FormatErrorKind::Compression(e);
                        FormatError::new(RECORD_BATCH_OVERHEAD, "compressed records", kind)
                    })?;
                Records::new(&self.header, bytes, 0)
            }
        }
    }
}

#[cfg(test)]
mod tests;
