//! Records of a batch of magic 2 (`DefaultRecord`, KIP-82 for headers): borrowed, read lazily, in order.
//!
//! varint length of the rest | int8 attributes | varlong timestamp delta | varint offset delta | varint key length,
//! -1 null | key | varint value length, -1 null | value | varint header count | headers: varint name length | name |
//! varint value length, -1 null | value.

use super::batch::{BatchHeader, NO_SEQUENCE, TimestampType, increment_sequence};
use super::varint::{read_varint, read_varlong};
use super::{FormatError, FormatErrorKind};

/// One record of a batch of magic 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Absolute offset.
    pub offset: i64,
    /// Timestamp in ms; with log append time that of the batch.
    pub timestamp: i64,
    /// Sequence number, -1 none.
    pub sequence: i32,
    /// Attributes, unused by Kafka.
    pub attributes: i8,
    /// Key, `None` for null.
    pub key: Option<&'a [u8]>,
    /// Value, `None` for null (a tombstone).
    pub value: Option<&'a [u8]>,
    /// Headers in order, duplicates kept.
    pub headers: Headers<'a>,
}

/// One record header (KIP-82).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header<'a> {
    /// Name; UTF-8 if the producer kept to the rules.
    pub key: &'a [u8],
    /// Value, `None` for null.
    pub value: Option<&'a [u8]>,
}

/// Headers of a record in the order they were written, duplicates and nulls kept. Their shape is already checked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    count: usize,
}

impl<'a> Headers<'a> {
    /// Number of headers left.
    pub fn len(&self) -> usize {
        self.count
    }

    /// No header left?
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = Header<'a>;

    fn next(&mut self) -> Option<Header<'a>> {
        self.count = self.count.checked_sub(1)?;
        let mut at = 0;
        // `read_headers` walked these bytes before, so the reads cannot fail.
        let header = read_header(self.bytes, &mut at).ok()?;
        self.bytes = self.bytes.get(at..).unwrap_or_default();
        Some(header)
    }
}

/// Iterator over the records of one batch, in order.
///
/// Yields as many records as the header counts, then checks that nothing is left after the last. The first damaged
/// record ends it: one `Err`, then `None`. Positions in errors are relative to the batch if it is uncompressed, else to
/// the decompressed records.
#[derive(Clone, Debug)]
pub struct Records<'a> {
    bytes: &'a [u8],
    at: usize,
    left: i32,
    shift: u64,
    base_offset: i64,
    base_timestamp: i64,
    log_append_time: Option<i64>,
    base_sequence: i32,
}

impl<'a> Records<'a> {
    /// Records in `bytes` of the batch with this header; errors are `shift` bytes off.
    pub(crate) fn new(header: &BatchHeader<'_>, bytes: &'a [u8], shift: usize) -> Result<Self, FormatError> {
        let count = header.record_count();
        if count < 0 {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: i32::MAX.into(), found: count.into() };
            return Err(FormatError::new(super::batch::RECORD_COUNT, "record count", kind));
        }
        let log_append_time = header.attributes().timestamp_type() == TimestampType::LogAppendTime;
        Ok(Records {
            bytes,
            at: 0,
            left: count,
            shift: shift as u64,
            base_offset: header.base_offset(),
            base_timestamp: header.base_timestamp(),
            log_append_time: log_append_time.then(|| header.max_timestamp()),
            base_sequence: header.base_sequence(),
        })
    }

    /// The records with the timestamps stored in them, which log append time otherwise hides.
    #[must_use]
    pub fn with_stored_timestamps(self) -> Self {
        Records { log_append_time: None, ..self }
    }

    /// Byte position after the last record read, counted as positions in errors are.
    pub fn position(&self) -> u64 {
        self.at as u64 + self.shift
    }

    #[inline(always)]
    fn read_next(&mut self) -> Result<Record<'a>, FormatError> {
        let mut at = self.at;
        let bytes = self.bytes;
        let length = read_varint(bytes, &mut at, "record length")?;
        let available = bytes.len() - at;
        if length < 1 || length as usize > available {
            return Err(bad_length(self.at, "record length", 1, length, available));
        }
        let end = at + length as usize;
        // Fields may not reach past the record, so they are cut out of it once.
        let body = &bytes[..end];
        let attributes = body[at] as i8;
        at += 1;
        let timestamp_delta = read_varlong(body, &mut at, "timestamp delta")?;
        let offset_delta = read_varint(body, &mut at, "offset delta")?;
        let key = read_nullable(body, &mut at, "key length")?;
        let value = read_nullable(body, &mut at, "value length")?;
        let headers = read_headers(body, &mut at)?;
        if at != end {
            return Err(FormatError::new(at, "record", FormatErrorKind::TrailingBytes { count: (end - at) as u64 }));
        }
        self.left -= 1;
        if self.left == 0 && end != bytes.len() {
            let count = (bytes.len() - end) as u64;
            return Err(FormatError::new(end, "records", FormatErrorKind::TrailingBytes { count }));
        }
        self.at = end;
        Ok(Record {
            offset: self.base_offset.wrapping_add(offset_delta.into()),
            timestamp: self.log_append_time.unwrap_or(self.base_timestamp.wrapping_add(timestamp_delta)),
            sequence: if self.base_sequence >= 0 {
                increment_sequence(self.base_sequence, offset_delta)
            } else {
                NO_SEQUENCE
            },
            attributes,
            key,
            value,
            headers,
        })
    }
}

impl<'a> Iterator for Records<'a> {
    type Item = Result<Record<'a>, FormatError>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        if self.left <= 0 {
            return None;
        }
        let record = self.read_next();
        Some(record.map_err(|e| {
            self.left = 0;
            e.shifted(self.shift)
        }))
    }
}

#[inline(always)]
fn read_nullable<'a>(bytes: &'a [u8], at: &mut usize, field: &'static str) -> Result<Option<&'a [u8]>, FormatError> {
    let start = *at;
    let length = read_varint(bytes, at, field)?;
    if length < 0 {
        return Ok(None);
    }
    let rest = &bytes[*at..];
    match rest.get(..length as usize) {
        Some(found) => {
            *at += length as usize;
            Ok(Some(found))
        }
        None => Err(bad_length(start, field, -1, length, rest.len())),
    }
}

#[inline(always)]
fn read_headers<'a>(bytes: &'a [u8], at: &mut usize) -> Result<Headers<'a>, FormatError> {
    // The usual count, zero, is one byte.
    if bytes.get(*at) == Some(&0) {
        *at += 1;
        return Ok(Headers::default());
    }
    read_some_headers(bytes, at)
}

#[inline(never)]
fn read_some_headers<'a>(bytes: &'a [u8], at: &mut usize) -> Result<Headers<'a>, FormatError> {
    let start = *at;
    let count = read_varint(bytes, at, "header count")?;
    let available = bytes.len() - *at;
    if count < 0 || count as usize > available {
        return Err(bad_length(start, "header count", 0, count, available));
    }
    let first = *at;
    for _ in 0..count {
        read_header(bytes, at)?;
    }
    Ok(Headers { bytes: &bytes[first..*at], count: count as usize })
}

fn read_header<'a>(bytes: &'a [u8], at: &mut usize) -> Result<Header<'a>, FormatError> {
    let start = *at;
    let key = read_nullable(bytes, at, "header key length")?.ok_or(bad_length(
        start,
        "header key length",
        0,
        -1,
        bytes.len() - *at,
    ))?;
    let value = read_nullable(bytes, at, "header value length")?;
    Ok(Header { key, value })
}

#[cold]
fn bad_length(at: usize, field: &'static str, min: i64, found: i32, available: usize) -> FormatError {
    FormatError::new(at, field, FormatErrorKind::OutOfRange { min, max: available as i64, found: found.into() })
}

#[cfg(test)]
mod tests;
