//! Why batches and records are refused.

use crate::compression::{Codec, DecompressError, Problem};
use crate::format::FormatError;
use crate::log::error::{AppendError, RecordError, Refused};

#[cold]
pub(crate) fn invalid(message: impl Into<String>) -> Refused {
    AppendError::InvalidRecord { message: message.into(), records: Vec::new() }.into()
}

#[cold]
pub(crate) fn corrupt(message: impl Into<String>) -> Refused {
    AppendError::CorruptRecord(message.into()).into()
}

/// Kafka throws this class of Java's, or of its own without a protocol error.
#[cold]
pub(crate) fn trips(exception: &'static str, message: impl Into<String>) -> Refused {
    AppendError::Unreadable { exception, message: message.into() }.into()
}

/// A record whose bytes make no sense.
#[cold]
pub(crate) fn broken_record(index: usize, error: FormatError) -> Refused {
    invalid(format!("record {index}: {error}"))
}

/// A stream that does not decompress, when Kafka comes to the place.
#[cold]
pub(crate) fn broken_stream(error: DecompressError) -> Refused {
    trips(error.exception(), error.to_string())
}

/// A stream that is not Kafka's business: we do not read it, whatever is in it.
#[cold]
pub(crate) fn not_for_us(error: DecompressError, stored: usize) -> Option<Refused> {
    match error.problem {
        Problem::TooLarge { limit } => {
            Some(AppendError::RecordTooLarge { size: stored.max(limit) + 1, max: limit }.into())
        }
        Problem::Unsupported => Some(AppendError::UnsupportedCompressionType(error.to_string()).into()),
        _ => None,
    }
}

/// Why a single record is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The record has a magic of its own.
    Magic { batch: i8, record: i8 },
    /// No key, on a compacted topic.
    NoKey,
    /// The timestamp is too far from now.
    OutOfRange { timestamp: i64, min: i64, max: i64 },
    /// The batch claims timestamps that only a broker may set.
    LogAppendTime,
}

/// The records of a batch that are refused; nothing is allocated before the first.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    records: Vec<RecordError>,
    any_timestamp: bool,
}

impl Refusals {
    pub(crate) fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    #[cold]
    pub(crate) fn push(&mut self, index: usize, refusal: Refusal) {
        let message = match refusal {
            Refusal::Magic { batch, record } => format!("magic of the record: expected {batch}, found {record}"),
            Refusal::NoKey => "a compacted topic takes no record without a key".to_owned(),
            Refusal::OutOfRange { timestamp, min, max } => {
                format!("timestamp: expected {min} to {max}, found {timestamp}")
            }
            Refusal::LogAppendTime => "timestamp type: expected CreateTime, found LogAppendTime".to_owned(),
        };
        self.any_timestamp |= matches!(refusal, Refusal::OutOfRange { .. } | Refusal::LogAppendTime);
        self.records.push(RecordError { batch_index: i32::try_from(index).unwrap_or(i32::MAX), message });
    }

    /// The error for all of them, if there are any (`LogValidator.processRecordErrors`).
    #[inline]
    pub(crate) fn finish(self) -> Result<(), Refused> {
        if self.records.is_empty() { Ok(()) } else { Err(self.error()) }
    }

    #[cold]
    fn error(self) -> Refused {
        let records = self.records;
        if self.any_timestamp {
            let message = "records were refused for their timestamps".to_owned();
            AppendError::InvalidTimestamp { message, records }.into()
        } else {
            AppendError::InvalidRecord { message: format!("{} records were refused", records.len()), records }.into()
        }
    }
}

#[cold]
pub(crate) fn zstd_in_old_magic(magic: i8) -> Refused {
    invalid(format!("codec of a wrapper of magic {magic}: expected one that this version has, found {}", Codec::Zstd))
}
