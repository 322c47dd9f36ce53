//! Writing messages of magic 0 and 1, plain or wrapped (`LegacyRecord.write`, `MemoryRecordsBuilder`).

use std::ops::{Range, RangeInclusive};

use super::batch::{LOG_OVERHEAD, NO_TIMESTAMP, TimestampType};
use super::checksum::crc32;
use super::legacy::{MAGIC, attributes};
use super::{FormatError, FormatErrorKind};
use crate::compression::{Codec, Compressor};

/// A message to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyMessage<'a> {
    /// Offset as stored: absolute, or relative inside a wrapper of magic 1.
    pub offset: i64,
    /// Version, 0 or 1.
    pub magic: i8,
    /// Codec of the messages in the value; `None` for a record of its own.
    pub codec: Codec,
    /// Who set the timestamp; not stored with magic 0.
    pub timestamp_type: TimestampType,
    /// Timestamp in ms, -1 none; not stored with magic 0.
    pub timestamp: i64,
    /// Key, `None` for null.
    pub key: Option<&'a [u8]>,
    /// Value, `None` for null.
    pub value: Option<&'a [u8]>,
}

impl LegacyMessage<'_> {
    /// Appends the message to `out` and says where it lies there.
    ///
    /// # Errors
    /// `OutOfRange` for a magic other than 0 and 1, and where the message is larger than 2^31-1 bytes.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<Range<usize>, FormatError> {
        check_magic(self.magic)?;
        let fixed = if self.magic == 0 { 14 } else { 22 };
        let size = fixed + self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len);
        let Ok(size_field) = i32::try_from(size) else {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: i32::MAX.into(), found: size as i64 };
            return Err(FormatError::new(0, "message size", kind));
        };
        let start = out.len();
        out.reserve(LOG_OVERHEAD + size);
        out.extend_from_slice(&self.offset.to_be_bytes());
        out.extend_from_slice(&size_field.to_be_bytes());
        out.extend_from_slice(&[0; 4]);
        out.push(self.magic as u8);
        if self.magic == 0 {
            out.push(attributes(self.codec, TimestampType::NoTimestampType));
        } else {
            out.push(attributes(self.codec, self.timestamp_type));
            out.extend_from_slice(&self.timestamp.to_be_bytes());
        }
        for bytes in [self.key, self.value] {
            let length = bytes.map_or(-1, |b| b.len() as i32);
            out.extend_from_slice(&length.to_be_bytes());
            out.extend_from_slice(bytes.unwrap_or_default());
        }
        let content = start + LOG_OVERHEAD;
        let crc = crc32(&out[content + MAGIC..]);
        out[content..content + 4].copy_from_slice(&crc.to_be_bytes());
        Ok(start..out.len())
    }
}

/// Builds a compressed run of messages: inner messages, then the wrapper around them.
///
/// ```
/// use kafka_log::compression::{Codec, Compressor, Decompressor};
/// use kafka_log::format::legacy::LegacyRecord;
/// use kafka_log::format::legacy_builder::LegacyWrapperBuilder;
///
/// let mut run = LegacyWrapperBuilder::new(1, Codec::Gzip, None)?;
/// run.append(100, 1_700_000_000_000, None, Some(b"first"))?;
/// run.append(102, 1_700_000_000_001, None, Some(b"second"))?;
/// let mut segment = Vec::new();
/// run.finish(&mut Compressor::new(), &mut segment)?;
/// let wrapper = LegacyRecord::parse(&segment)?;
/// let mut decompressor = Decompressor::new(1024);
/// let offsets = wrapper.records(&mut decompressor)?.map(|record| record.map(|r| r.offset()));
/// assert_eq!(offsets.collect::<Result<Vec<_>, _>>()?, [100, 102]);
/// # Ok::<(), kafka_log::format::FormatError>(())
/// ```
#[derive(Debug)]
pub struct LegacyWrapperBuilder {
    magic: i8,
    codec: Codec,
    log_append_time: Option<i64>,
    inner: Vec<u8>,
    value: Vec<u8>,
    offsets: Option<RangeInclusive<i64>>,
    max_timestamp: i64,
}

impl LegacyWrapperBuilder {
    /// A run of messages of this version without any message yet. With a log append time, in ms, readers see that time
    /// for every message of magic 1.
    ///
    /// # Errors
    /// `OutOfRange` for a magic other than 0 and 1, `Invalid` for zstd, which these versions do not know, and for no codec:
    /// there is no wrapper then.
    pub fn new(magic: i8, codec: Codec, log_append_time: Option<i64>) -> Result<Self, FormatError> {
        check_magic(magic)?;
        if matches!(codec, Codec::None | Codec::Zstd) {
            let kind =
                FormatErrorKind::Invalid { expected: "gzip, snappy or lz4 for a wrapper", found: "another codec" };
            return Err(FormatError::new(0, "compression codec", kind));
        }
        let (inner, value) = (Vec::new(), Vec::new());
        Ok(Self { magic, codec, log_append_time, inner, value, offsets: None, max_timestamp: NO_TIMESTAMP })
    }

    /// Appends a record at an absolute offset, with a timestamp in ms. Magic 1 stores the offset relative to the first.
    ///
    /// # Errors
    /// `OutOfRange` where the offset is negative or not above the last one; else as [`LegacyMessage::write`].
    pub fn append(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), FormatError> {
        let last = self.offsets.as_ref().map_or(-1, |offsets| *offsets.end());
        if offset <= last {
            let min = last.saturating_add(1);
            let kind = FormatErrorKind::OutOfRange { min, max: i64::MAX, found: offset };
            return Err(FormatError::new(self.inner.len(), "record offset", kind));
        }
        let first = self.offsets.as_ref().map_or(offset, |offsets| *offsets.start());
        let message = LegacyMessage {
            offset: if self.magic == 0 { offset } else { offset - first },
            magic: self.magic,
            codec: Codec::None,
            timestamp_type: self.timestamp_type(),
            timestamp: self.log_append_time.unwrap_or(timestamp),
            key,
            value,
        };
        message.write(&mut self.inner)?;
        self.offsets = Some(first..=offset);
        self.max_timestamp = self.max_timestamp.max(timestamp);
        Ok(())
    }

    fn timestamp_type(&self) -> TimestampType {
        if self.log_append_time.is_some() { TimestampType::LogAppendTime } else { TimestampType::CreateTime }
    }

    /// Appends the wrapper to `out`, says where it lies there, and empties the run. Nothing is written around no message,
    /// because Kafka refuses such a wrapper.
    ///
    /// # Errors
    /// As [`LegacyMessage::write`]; `CannotCompress` where the codec cannot be written.
    pub fn finish(&mut self, compressor: &mut Compressor, out: &mut Vec<u8>) -> Result<Range<usize>, FormatError> {
        let Some(offsets) = self.offsets.clone() else { return Ok(out.len()..out.len()) };
        self.value.clear();
        compressor
            .compress(self.codec, self.magic, None, &self.inner, &mut self.value)
            .map_err(|e| FormatError::new(0, "wrapper value", FormatErrorKind::CannotCompress(e)))?;
        let written = LegacyMessage {
            offset: *offsets.end(),
            magic: self.magic,
            codec: self.codec,
            timestamp_type: self.timestamp_type(),
            timestamp: self.log_append_time.unwrap_or(self.max_timestamp),
            key: None,
            value: Some(&self.value),
        }
        .write(out)?;
        self.inner.clear();
        self.offsets = None;
        self.max_timestamp = NO_TIMESTAMP;
        Ok(written)
    }
}

fn check_magic(magic: i8) -> Result<(), FormatError> {
    if (0..=1).contains(&magic) {
        return Ok(());
    }
    let kind = FormatErrorKind::OutOfRange { min: 0, max: 1, found: magic.into() };
    Err(FormatError::new(0, "magic", kind))
}

#[cfg(test)]
mod tests;
