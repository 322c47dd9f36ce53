//! Messages of magic 0 and 1 in an append: alone or in a wrapper (`AbstractLegacyRecordBatch.DeepRecordsIterator`), with
//! Kafka's answer to each way in which they can be broken.

use super::ValidationParams;
use super::checks::check_timestamp;
use super::refuse::{Refusal, broken_stream, corrupt, invalid, not_for_us, trips, zstd_in_old_magic};
use crate::compression::{Codec, DecompressError, Decompressor};
use crate::format::batch::{BATCH_LENGTH_MIN, LENGTH, LOG_OVERHEAD, TimestampType};
use crate::format::bytes::{i32_in, i64_in};
use crate::format::legacy::LegacyRecord;
use crate::format::{FormatError, FormatErrorKind};
use crate::log::error::{AppendError, Refused};

/// A record of magic 0 or 1, its key and value not looked at yet.
#[derive(Clone, Copy)]
pub(super) struct OldRecord<'d> {
    message: LegacyRecord<'d>,
    /// Timestamp in ms, that of the wrapper where it decides.
    pub(super) timestamp: i64,
}

impl<'d> OldRecord<'d> {
    pub(super) fn key(&self) -> Result<Option<&'d [u8]>, Refused> {
        self.message.key().map_err(outside)
    }

    pub(super) fn value(&self) -> Result<Option<&'d [u8]>, Refused> {
        self.message.value().map_err(outside)
    }

    /// Checks the record as one of its batch (`LogValidator.validateRecord`).
    pub(super) fn check(
        &self,
        params: &ValidationParams,
        batch: &LegacyRecord<'_>,
        wrapped: bool,
    ) -> Result<Option<Refusal>, Refused> {
        let magic = self.message.magic();
        if magic != batch.magic() {
            self.describe()?;
            return Ok(Some(Refusal::Magic { batch: batch.magic(), record: magic }));
        }
        if wrapped && !self.message.is_valid() {
            let (stored, computed) = (self.message.crc(), self.message.computed_crc());
            return Err(corrupt(format!(
                "checksum of a wrapped message: expected {computed} (computed), found {stored}"
            )));
        }
        if params.compact && self.message.key_size().map_err(outside)? < 0 {
            return Ok(Some(Refusal::NoKey));
        }
        let refusal = check_timestamp(params, batch.timestamp_type(), self.timestamp);
        if refusal == Some(Refusal::LogAppendTime) {
            self.describe()?;
        }
        Ok(refusal)
    }

    /// Kafka's message shows the record, and so reads its key and value.
    fn describe(&self) -> Result<(), Refused> {
        self.key()?;
        self.value()?;
        Ok(())
    }
}

/// The records of one message: itself, or what it wraps.
pub(super) struct OldRecords<'d> {
    own: Option<OldRecord<'d>>,
    inner: &'d [u8],
    log_append_time: Option<i64>,
}

impl<'d> OldRecords<'d> {
    /// Opens a message. A wrapper is decompressed and walked through to its end.
    pub(super) fn open<'b: 'd>(message: LegacyRecord<'b>, decompressor: &'d mut Decompressor) -> Result<Self, Refused> {
        match message.codec().map_err(|error| AppendError::IllegalArgument(error.to_string()))? {
            Codec::None => {
                let own = OldRecord { message, timestamp: message.timestamp() };
                Ok(OldRecords { own: Some(own), inner: &[], log_append_time: None })
            }
            codec => open_wrapper(message, codec, decompressor),
        }
    }

    pub(super) fn next(&mut self) -> Result<Option<OldRecord<'d>>, Refused> {
        if let Some(own) = self.own.take() {
            return Ok(Some(own));
        }
        let Some((message, rest)) = split_message(self.inner)? else { return Ok(None) };
        self.inner = rest;
        match message.codec().map_err(|error| AppendError::IllegalArgument(error.to_string()))? {
            Codec::None => {}
            codec => return Err(invalid(format!("codec of a wrapped message: expected none, found {codec}"))),
        }
        let timestamp = match self.log_append_time {
            Some(timestamp) if message.magic() == 1 => timestamp,
            _ => message.timestamp(),
        };
        Ok(Some(OldRecord { message, timestamp }))
    }
}

fn open_wrapper<'d>(
    wrapper: LegacyRecord<'_>,
    codec: Codec,
    decompressor: &'d mut Decompressor,
) -> Result<OldRecords<'d>, Refused> {
    let magic = wrapper.magic();
    if codec == Codec::Zstd {
        return Err(zstd_in_old_magic(magic));
    }
    let value = wrapper.value().map_err(outside)?;
    let value = value.ok_or_else(|| invalid("value of a wrapper: expected compressed messages, found null"))?;
    let fault = decompressor.decompress(codec, magic, value).err();
    if let Some(error) = fault.and_then(|fault| not_for_us(fault, value.len())) {
        return Err(error);
    }
    let inner = decompressor.delivered();
    let last =
        last_offset(inner, fault)?.ok_or_else(|| invalid("value of a wrapper: expected messages, found none"))?;
    if magic == 1 && wrapper.offset() != 0 && wrapper.offset() < last {
        let found = wrapper.offset();
        return Err(invalid(format!(
            "offset of a wrapper: expected 0, or that of its last message, {last}; found {found}"
        )));
    }
    let log_append_time =
        (magic == 1 && wrapper.timestamp_type() == TimestampType::LogAppendTime).then(|| wrapper.timestamp());
    Ok(OldRecords { own: None, inner, log_append_time })
}

fn last_offset(inner: &[u8], fault: Option<DecompressError>) -> Result<Option<i64>, Refused> {
    let (mut last, mut rest) = (None, inner);
    while let Some((message, behind)) = split_message(rest)? {
        last = Some(message.offset());
        rest = behind;
    }
    // Kafka reads on until the stream ends, and meets what is wrong with it.
    fault.map_or(Ok(last), |fault| Err(broken_stream(fault)))
}

/// The first message of a run; less than one at its end is dropped without a complaint.
fn split_message(bytes: &[u8]) -> Result<Option<(LegacyRecord<'_>, &[u8])>, Refused> {
    let (Some(_), Some(size)) = (i64_in(bytes, 0), i32_in(bytes, LENGTH)) else { return Ok(None) };
    if size < BATCH_LENGTH_MIN {
        return Err(corrupt(format!("size of a wrapped message: expected at least {BATCH_LENGTH_MIN}, found {size}")));
    }
    let Some((message, rest)) = bytes.split_at_checked(LOG_OVERHEAD + size as usize) else { return Ok(None) };
    match LegacyRecord::parse(message) {
        Ok(message) => Ok(Some((message, rest))),
        Err(error) => Err(corrupt(error.to_string())),
    }
}

/// What Java throws for a length that lies, or a length field that lies outside: the one kind is refused by the buffer's
/// `limit`, the other by its `getInt`.
#[cold]
fn outside(error: FormatError) -> Refused {
    match error.kind {
        FormatErrorKind::Truncated { .. } => trips("IndexOutOfBoundsException", error.to_string()),
        _ => AppendError::IllegalArgument(error.to_string()).into(),
    }
}
