//! Messages of magic 0 and 1 (`LegacyRecord`, `AbstractLegacyRecordBatch`, KIP-32 for timestamps).
//!
//! After the 12 bytes that all batches share (offset, size):
//!
//! | v0 at | v1 at | size | field |
//! | --- | --- | --- | --- |
//! | 0 | 0 | 4 | CRC-32 over everything from the magic on |
//! | 4 | 4 | 1 | magic |
//! | 5 | 5 | 1 | attributes: bits 0 to 2 codec, bit 3 timestamp type (v1) |
//! | | 6 | 8 | timestamp in ms (v1), -1 none |
//! | 6 | 14 | 4 | key length, -1 null, then the key |
//! | | | 4 | value length, -1 null, then the value |
//!
//! A message is a batch of one record, unless it has a codec: then it is a wrapper, whose value is a compressed run of
//! messages. Kafka reads every magic but 0 with the layout of version 1, and so does this module.

use super::batch::{BATCH_LENGTH_MIN, LENGTH, LOG_OVERHEAD, NO_TIMESTAMP, TimestampType, codec_of};
use super::bytes::{i32_in, i64_in};
use super::checksum::crc32;
use super::{FormatError, FormatErrorKind};
use crate::compression::{Codec, Decompressor};

pub(crate) const MAGIC: usize = 4;
pub(crate) const ATTRIBUTES: usize = MAGIC + 1;
pub(crate) const TIMESTAMP: usize = ATTRIBUTES + 1;
const KEY_LENGTH_V0: usize = TIMESTAMP;
const KEY_LENGTH_V1: usize = TIMESTAMP + 8;

const TIMESTAMP_TYPE: u8 = 0x08;
const CODEC_MASK: u8 = 0x07;

/// Attributes of a message (`LegacyRecord.computeAttributes`).
pub(crate) const fn attributes(codec: Codec, kind: TimestampType) -> u8 {
    codec.id() | if matches!(kind, TimestampType::LogAppendTime) { TIMESTAMP_TYPE } else { 0 }
}

/// A message of magic 0 or 1: a record of its own, or the wrapper of a compressed run.
#[derive(Clone, Copy, Debug)]
pub struct LegacyRecord<'a> {
    offset: i64,
    /// What the size field counts: from the CRC on, at least 14 bytes.
    content: &'a [u8],
    /// Where `content` starts, for positions in errors.
    base: usize,
    /// Timestamp and type of the wrapper around a message of magic 1.
    wrapper: Option<(i64, TimestampType)>,
}

impl<'a> LegacyRecord<'a> {
    /// View of the message that `bytes` is, first byte to last.
    ///
    /// # Errors
    /// `OutOfRange` where the size is below 14, `Truncated` where bytes are missing, `TrailingBytes` where bytes are left.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FormatError> {
        match split_first(bytes, 0)? {
            Some((record, [])) => Ok(record),
            Some((record, rest)) => {
                let kind = FormatErrorKind::TrailingBytes { count: rest.len() as u64 };
                Err(FormatError::new(LOG_OVERHEAD + record.content.len(), "message", kind))
            }
            None => {
                let needed = i32_in(bytes, LENGTH).map_or(LOG_OVERHEAD as u64, |n| LOG_OVERHEAD as u64 + n as u64);
                let kind = FormatErrorKind::Truncated { needed, available: bytes.len() as u64 };
                Err(FormatError::new(0, "message", kind))
            }
        }
    }

    /// Offset of the record; of a wrapper, that of its last inner message.
    pub fn offset(&self) -> i64 {
        self.offset
    }

    /// Bytes from the CRC to the end of the value, as stored.
    pub fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Size in the log with the 12 bytes of overhead.
    pub fn size(&self) -> usize {
        LOG_OVERHEAD + self.content.len()
    }

    /// Stored CRC-32.
    pub fn crc(&self) -> u32 {
        i32_in(self.content, 0).unwrap_or_default() as u32
    }

    /// CRC-32 of the bytes it covers.
    pub fn computed_crc(&self) -> u32 {
        crc32(&self.content[MAGIC..])
    }

    /// Does the stored CRC-32 match the bytes?
    pub fn is_valid(&self) -> bool {
        self.crc() == self.computed_crc()
    }

    /// Version of the message.
    pub fn magic(&self) -> i8 {
        self.content[MAGIC] as i8
    }

    /// Attributes as stored.
    pub fn attributes(&self) -> u8 {
        self.content[ATTRIBUTES]
    }

    /// Codec of the wrapped messages, `None` for a record of its own.
    ///
    /// # Errors
    /// `OutOfRange` for the ids 5 to 7, which name no codec.
    pub fn codec(&self) -> Result<Codec, FormatError> {
        codec_of(self.attributes() & CODEC_MASK, self.base + ATTRIBUTES)
    }

    /// Who set the timestamp; inside a wrapper of magic 1, the wrapper decides.
    pub fn timestamp_type(&self) -> TimestampType {
        match (self.magic(), self.wrapper) {
            (0, _) => TimestampType::NoTimestampType,
            (_, Some((_, kind))) => kind,
            _ if self.attributes() & TIMESTAMP_TYPE == 0 => TimestampType::CreateTime,
            _ => TimestampType::LogAppendTime,
        }
    }

    /// Timestamp in ms, -1 none.
    pub fn timestamp(&self) -> i64 {
        match (self.magic(), self.wrapper) {
            (0, _) => NO_TIMESTAMP,
            (_, Some((timestamp, TimestampType::LogAppendTime))) => timestamp,
            _ => i64_in(self.content, TIMESTAMP).unwrap_or(NO_TIMESTAMP),
        }
    }

    fn key_length_at(&self) -> usize {
        if self.magic() == 0 { KEY_LENGTH_V0 } else { KEY_LENGTH_V1 }
    }

    fn value_length_at(&self) -> Result<usize, FormatError> {
        let at = self.key_length_at();
        let key_size = self.length_at(at, "key length")?;
        Ok(at + 4 + usize::try_from(key_size).unwrap_or(0))
    }

    fn length_at(&self, at: usize, field: &'static str) -> Result<i32, FormatError> {
        i32_in(self.content, at).ok_or_else(|| {
            let available = self.content.len().saturating_sub(at) as u64;
            FormatError::new(self.base + at, field, FormatErrorKind::Truncated { needed: 4, available })
        })
    }

    /// Length of the key in bytes as stored, negative for null; the key itself may be cut.
    ///
    /// # Errors
    /// `Truncated` where the message ends before.
    pub fn key_size(&self) -> Result<i32, FormatError> {
        self.length_at(self.key_length_at(), "key length")
    }

    /// Length of the value in bytes as stored, negative for null; the value itself may be cut.
    ///
    /// # Errors
    /// `Truncated` where the message ends before.
    pub fn value_size(&self) -> Result<i32, FormatError> {
        self.length_at(self.value_length_at()?, "value length")
    }

    /// Key, `None` for null.
    ///
    /// # Errors
    /// `Truncated` or `OutOfRange` where the message ends before the key does.
    pub fn key(&self) -> Result<Option<&'a [u8]>, FormatError> {
        self.delimited(self.key_length_at(), "key length")
    }

    /// Value, `None` for null (a tombstone).
    ///
    /// # Errors
    /// `Truncated` or `OutOfRange` where the message ends before the value does.
    pub fn value(&self) -> Result<Option<&'a [u8]>, FormatError> {
        self.delimited(self.value_length_at()?, "value length")
    }

    fn delimited(&self, at: usize, field: &'static str) -> Result<Option<&'a [u8]>, FormatError> {
        let length = self.length_at(at, field)?;
        let Ok(size) = usize::try_from(length) else { return Ok(None) };
        let rest = &self.content[at + 4..];
        rest.get(..size).map(Some).ok_or_else(|| {
            let kind = FormatErrorKind::OutOfRange { min: -1, max: rest.len() as i64, found: length.into() };
            FormatError::new(self.base + at, field, kind)
        })
    }

    /// The records: this message itself, or the messages it wraps, decompressed into `decompressor`'s buffer.
    ///
    /// # Errors
    /// What Kafka's `DeepRecordsIterator` refuses before its first record: a wrapper of another magic than 0 and 1, with
    /// a null value, with zstd, with a stream that does not decompress, with an inner size below 14, with nothing inside, or with an offset below that
    /// of its last inner message.
    pub fn records<'d>(&self, decompressor: &'d mut Decompressor) -> Result<LegacyRecords<'d>, FormatError>
    where
        'a: 'd,
    {
        let codec = self.codec()?;
        if codec == Codec::None {
            return Ok(LegacyRecords { next: Some(*self), rest: &[], at: 0, base_offset: 0, wrapper: None });
        }
        if !(0..=1).contains(&self.magic()) {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: 1, found: self.magic().into() };
            return Err(FormatError::new(self.base + MAGIC, "wrapper magic", kind));
        }
        let attributes_at = self.base + ATTRIBUTES;
        if codec == Codec::Zstd {
            let kind = FormatErrorKind::Invalid { expected: "a codec of magic 0 and 1", found: "zstd" };
            return Err(FormatError::new(attributes_at, "compression codec", kind));
        }
        let value_at = self.base + self.value_length_at()?;
        let value = self.value()?.ok_or_else(|| {
            let kind = FormatErrorKind::Invalid { expected: "compressed messages", found: "null" };
            FormatError::new(value_at, "wrapper value", kind)
        })?;
        if let Err(e) = decompressor.decompress(codec, self.magic(), value) {
            // Kafka reads message by message, and so stumbles over one that makes no sense before it sees why.
            last_inner_offset(decompressor.delivered())?;
            return Err(FormatError::new(value_at + 4, "wrapper value", FormatErrorKind::Compression(e)));
        }
        let bytes = decompressor.output();
        let last = last_inner_offset(bytes)?.ok_or_else(|| {
            let kind = FormatErrorKind::Invalid { expected: "inner messages", found: "none" };
            FormatError::new(value_at + 4, "wrapper value", kind)
        })?;
        let base_offset = match (self.magic(), self.offset) {
            // Messages of magic 0 hold absolute offsets; a wrapper fresh from a producer has offset 0.
            (0, _) | (_, 0) => 0,
            (_, offset) if offset < last => {
                let kind = FormatErrorKind::OutOfRange { min: last, max: i64::MAX, found: offset };
                return Err(FormatError::new(0, "wrapper offset", kind));
            }
            (_, offset) => offset.wrapping_sub(last),
        };
        let wrapper = Some((self.timestamp(), self.timestamp_type()));
        Ok(LegacyRecords { next: None, rest: bytes, at: 0, base_offset, wrapper })
    }
}

/// Iterator over the records of a [`LegacyRecord`], in order; see [`LegacyRecord::records`].
///
/// Positions in errors are relative to the decompressed messages. The first error ends it.
#[derive(Clone, Debug)]
pub struct LegacyRecords<'d> {
    next: Option<LegacyRecord<'d>>,
    rest: &'d [u8],
    at: usize,
    base_offset: i64,
    wrapper: Option<(i64, TimestampType)>,
}

impl<'d> Iterator for LegacyRecords<'d> {
    type Item = Result<LegacyRecord<'d>, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(own) = self.next.take() {
            return Some(Ok(own));
        }
        let (mut record, rest) = split_first(self.rest, self.at).ok().flatten()?;
        self.at += record.size();
        self.rest = rest;
        record.offset = record.offset.wrapping_add(self.base_offset);
        if record.magic() == 1 {
            record.wrapper = self.wrapper;
        }
        let checked = record.codec().and_then(|codec| match codec {
            Codec::None => Ok(record),
            _ => {
                let kind =
                    FormatErrorKind::Invalid { expected: "an uncompressed inner message", found: "a compressed one" };
                Err(FormatError::new(record.base + ATTRIBUTES, "compression codec", kind))
            }
        });
        if checked.is_err() {
            self.rest = &[];
        }
        Some(checked)
    }
}

/// The first message of a run; `None` where less than one is left, which ends a run without a complaint.
fn split_first(bytes: &[u8], at: usize) -> Result<Option<(LegacyRecord<'_>, &[u8])>, FormatError> {
    let Some((overhead, rest)) = bytes.split_at_checked(LOG_OVERHEAD) else { return Ok(None) };
    let (offset, size) = (i64_in(overhead, 0).unwrap_or_default(), i32_in(overhead, LENGTH).unwrap_or_default());
    if size < BATCH_LENGTH_MIN {
        let kind =
            FormatErrorKind::OutOfRange { min: BATCH_LENGTH_MIN.into(), max: i32::MAX.into(), found: size.into() };
        return Err(FormatError::new(at + LENGTH, "message size", kind));
    }
    Ok(rest
        .split_at_checked(size as usize)
        .map(|(content, rest)| (LegacyRecord { offset, content, base: at + LOG_OVERHEAD, wrapper: None }, rest)))
}

fn last_inner_offset(bytes: &[u8]) -> Result<Option<i64>, FormatError> {
    let (mut last, mut rest, mut at) = (None, bytes, 0);
    while let Some((record, behind)) = split_first(rest, at)? {
        last = Some(record.offset);
        at += record.size();
        rest = behind;
    }
    Ok(last)
}

#[cfg(test)]
mod tests;
