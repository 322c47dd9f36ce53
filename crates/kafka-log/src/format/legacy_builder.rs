//! Writing messages of magic 0 and 1, plain or wrapped (`LegacyRecord.write`, `MemoryRecordsBuilder`).

use std::ops::Range;

use super::batch::{LOG_OVERHEAD, NO_TIMESTAMP, TimestampType};
use super::checksum::crc32;
use super::legacy::{MAGIC, attributes};
use super::{FormatError, FormatErrorKind};
use crate::compression::{Codec, Compressor};

/// A message to be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LegacyMessage<'a> {
    /// Offset as stored: absolute, or relative inside of a wrapper of magic 1.
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
        let range_error = |field, max: i64, found: i64| {
            Err(FormatError::new(0, field, FormatErrorKind::OutOfRange { min: 0, max, found }))
        };
        if !(0..=1).contains(&self.magic) {
            return range_error("magic", 1, self.magic.into());
        }
        let fixed = if self.magic == 0 { 14 } else { 22 };
        let size = fixed + self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len);
        let Ok(size_field) = i32::try_from(size) else {
            return range_error("message size", i32::MAX.into(), size as i64);
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
#[derive(Debug)]
pub struct LegacyWrapperBuilder {
    magic: i8,
    codec: Codec,
    timestamp_type: TimestampType,
    inner: Vec<u8>,
    value: Vec<u8>,
    base_offset: Option<i64>,
    last_offset: i64,
    max_timestamp: i64,
}

impl LegacyWrapperBuilder {
    /// A run of messages of this version without any message yet.
    pub fn new(magic: i8, codec: Codec, timestamp_type: TimestampType) -> Self {
        LegacyWrapperBuilder {
            magic,
            codec,
            timestamp_type,
            inner: Vec::new(),
            value: Vec::new(),
            base_offset: None,
            last_offset: 0,
            max_timestamp: NO_TIMESTAMP,
        }
    }

    /// Appends a record at an absolute offset, with a timestamp in ms. Magic 1 stores the offset relative to the first.
    ///
    /// # Errors
    /// As [`LegacyMessage::write`].
    pub fn append(
        &mut self,
        offset: i64,
        timestamp: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), FormatError> {
        let base = *self.base_offset.get_or_insert(offset);
        let stored = if self.magic == 0 { offset } else { offset.wrapping_sub(base) };
        let (magic, timestamp_type) = (self.magic, self.timestamp_type);
        let message =
            LegacyMessage { offset: stored, magic, codec: Codec::None, timestamp_type, timestamp, key, value };
        message.write(&mut self.inner)?;
        self.last_offset = offset;
        self.max_timestamp = self.max_timestamp.max(timestamp);
        Ok(())
    }

    /// Appends the wrapper to `out`, says where it lies there, and empties the run.
    ///
    /// # Errors
    /// As [`LegacyMessage::write`]; `CannotCompress` where the codec cannot be written.
    pub fn finish(&mut self, compressor: &mut Compressor, out: &mut Vec<u8>) -> Result<Range<usize>, FormatError> {
        self.value.clear();
        compressor
            .compress(self.codec, self.magic, None, &self.inner, &mut self.value)
            .map_err(|e| FormatError::new(0, "wrapper value", FormatErrorKind::CannotCompress(e)))?;
        let written = LegacyMessage {
            offset: self.last_offset,
            magic: self.magic,
            codec: self.codec,
            timestamp_type: self.timestamp_type,
            timestamp: self.max_timestamp,
            key: None,
            value: Some(&self.value),
        }
        .write(out)?;
        self.inner.clear();
        self.base_offset = None;
        self.max_timestamp = NO_TIMESTAMP;
        Ok(written)
    }
}
