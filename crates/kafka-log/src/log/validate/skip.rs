//! Records of a compressed batch of which only the presence matters
//! (`DefaultRecord.readPartiallyFrom`). Kafka follows the lengths of the fields alone and never looks at that of the record:
//! a wrong one passes.

use super::refuse::{broken_record, broken_stream, invalid};
use crate::compression::DecompressError;
use crate::format::batch::{BatchHeader, TimestampType};
use crate::format::varint::{read_varint, read_varlong};
use crate::format::{FormatError, FormatErrorKind};
use crate::log::error::Refused;

/// What is kept of a record.
#[derive(Clone, Copy, Debug)]
pub(super) struct SkippedRecord {
    /// Offset, relative to the base offset.
    pub(super) offset_delta: i32,
    pub(super) timestamp: i64,
    pub(super) has_key: bool,
}

/// Reads a decompressed stream record by record.
pub(super) struct SkippingReader<'d> {
    bytes: &'d [u8],
    at: usize,
    /// Why the stream ends where it does, if it should not.
    fault: Option<DecompressError>,
    base_timestamp: i64,
    log_append_time: Option<i64>,
}

impl<'d> SkippingReader<'d> {
    pub(super) fn new(header: &BatchHeader<'_>, bytes: &'d [u8], fault: Option<DecompressError>) -> Self {
        let log_append_time = header.attributes().timestamp_type() == TimestampType::LogAppendTime;
        SkippingReader {
            bytes,
            at: 0,
            fault,
            base_timestamp: header.base_timestamp(),
            log_append_time: log_append_time.then(|| header.max_timestamp()),
        }
    }

    /// The next record, `index` of the batch.
    #[inline]
    pub(super) fn read(&mut self, index: usize) -> Result<SkippedRecord, Refused> {
        self.read_fields().map_err(|error| match (error.kind, self.fault) {
            (FormatErrorKind::Truncated { .. }, Some(fault)) => broken_stream(fault),
            _ => broken_record(index, error),
        })
    }

    /// Checks that nothing is left.
    pub(super) fn finish(self) -> Result<(), Refused> {
        if self.at < self.bytes.len() {
            let left = self.bytes.len() - self.at;
            return Err(invalid(format!("{left} bytes left after the last record of a batch")));
        }
        self.fault.map_or(Ok(()), |fault| Err(broken_stream(fault)))
    }

    #[inline(always)]
    fn read_fields(&mut self) -> Result<SkippedRecord, FormatError> {
        let bytes = self.bytes;
        let mut at = self.at;
        read_varint(bytes, &mut at, "record length")?;
        // The attributes; where they are missing, so is what follows.
        at += 1;
        let timestamp_delta = read_varlong(bytes, &mut at, "timestamp delta")?;
        let offset_delta = read_varint(bytes, &mut at, "offset delta")?;
        let has_key = skip(bytes, &mut at, "key length")?;
        skip(bytes, &mut at, "value length")?;
        let headers = read_varint(bytes, &mut at, "header count")?;
        if headers != 0 {
            skip_headers(bytes, &mut at, headers)?;
        }
        self.at = at;
        let timestamp = self.log_append_time.unwrap_or(self.base_timestamp.wrapping_add(timestamp_delta));
        Ok(SkippedRecord { offset_delta, timestamp, has_key })
    }
}

/// Skips bytes with their length before them, and says whether they are not null.
#[inline(always)]
fn skip(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<bool, FormatError> {
    let length = read_varint(bytes, at, field)?;
    let Ok(size) = usize::try_from(length) else { return Ok(false) };
    let available = bytes.len() - *at;
    if size > available {
        let kind = FormatErrorKind::Truncated { needed: size as u64, available: available as u64 };
        return Err(FormatError::new(*at, field, kind));
    }
    *at += size;
    Ok(true)
}

#[inline(never)]
fn skip_headers(bytes: &[u8], at: &mut usize, count: i32) -> Result<(), FormatError> {
    let negative = |at, field, found: i32| {
        let kind = FormatErrorKind::OutOfRange { min: 0, max: i32::MAX.into(), found: found.into() };
        FormatError::new(at, field, kind)
    };
    if count < 0 {
        return Err(negative(*at, "header count", count));
    }
    for _ in 0..count {
        let start = *at;
        if !skip(bytes, at, "header key length")? {
            return Err(negative(start, "header key length", -1));
        }
        skip(bytes, at, "header value length")?;
    }
    Ok(())
}
