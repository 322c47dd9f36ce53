//! What can go wrong with a log, each with its counterpart in Kafka: the exception and the protocol's error code.

use std::fmt;

use crate::format::abstract_index::IndexAppendError;
use crate::segment::log_segment::SegmentError;

use crate::format::{FormatErrorKind, transaction_index};
pub use crate::segment::error::StorageError;
pub use kafka_schema::ErrorCode;

/// What every error of a log can tell about its counterpart in Kafka.
pub trait KafkaError: std::error::Error {
    /// Simple name of the class that Kafka throws.
    fn exception(&self) -> &'static str;
    /// What a broker answers to its client.
    fn code(&self) -> ErrorCode;
}

/// Gives error types their number in the protocol without an import.
macro_rules! with_error_code {
    ($($error:ty),*) => {
        $(impl $error {
            /// The number that a broker answers to its client ([`ErrorCode`]).
            pub fn error_code(&self) -> i16 {
                KafkaError::code(self).code()
            }
        })*
    };
}

pub(crate) use with_error_code;

with_error_code!(
    StorageError,
    AppendError,
    LogError,
    super::OpenError,
    super::InvalidTopic,
    super::config::ConfigError
);

impl AppendError {
    /// The records that were refused, where it is about single ones.
    pub fn record_errors(&self) -> &[RecordError] {
        match self {
            AppendError::InvalidRecord { records, .. } | AppendError::InvalidTimestamp { records, .. } => records,
            _ => &[],
        }
    }
}

impl KafkaError for StorageError {
    fn exception(&self) -> &'static str {
        match self {
            StorageError::Corrupt { source, .. } => by_surprise(source.field).unwrap_or("CorruptRecordException"),
            StorageError::Deleted { .. } => "UnknownTopicOrPartitionException",
            _ => "KafkaStorageException",
        }
    }

    fn code(&self) -> ErrorCode {
        match self {
            StorageError::Corrupt { source, .. } if by_surprise(source.field).is_some() => {
                ErrorCode::UnknownServerError
            }
            StorageError::Corrupt { .. } => ErrorCode::CorruptMessage,
            StorageError::Deleted { .. } => ErrorCode::UnknownTopicOrPartition,
            _ => ErrorCode::KafkaStorageError,
        }
    }
}

/// Field of the error where a segment that is to be split ends with less than a batch: Kafka asks for the next one there is
/// not, and does not start.
pub(in crate::log) const TAIL_FIELD: &str = "end of a segment to be split";

/// Field of the error where the batches come back to an offset at which another part begins. Kafka lets the second part take the
/// files of the first, does not find those when it renames them, and does not start. Nothing may be renamed here: the next start
/// would take the parts that are left for all.
pub(in crate::log) const PART_FIELD: &str = "base offset of a part of a segment to be split";

/// What Kafka throws where it did not reckon with corruption, or has no name for it.
fn by_surprise(field: &str) -> Option<&'static str> {
    match field {
        transaction_index::VERSION_FIELD => Some("KafkaException"),
        TAIL_FIELD => Some("NoSuchElementException"),
        PART_FIELD => Some("NoSuchFileException"),
        _ => None,
    }
}

/// A record of a batch that was refused (`ProduceResponse.RecordError`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordError {
    /// Index of the record in its batch.
    pub batch_index: i32,
    /// What is wrong with it.
    pub message: String,
}

/// The sequence that the first record of a batch had to have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ExpectedSequence {
    /// 0: no batch of the producer is known.
    First,
    /// 0: the batch is the first of its epoch.
    FirstOfEpoch {
        /// The epoch before.
        previous: i16,
    },
    /// The one after the last record of the producer.
    After {
        /// Sequence of that record; -1 if there is none.
        last: i32,
    },
    /// A lower one, of a batch that came earlier and is not written yet.
    Pending {
        /// Sequence of that batch.
        lowest: i32,
    },
}

impl fmt::Display for ExpectedSequence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ExpectedSequence::First => f.write_str("expected 0, no batch of the producer is known"),
            ExpectedSequence::FirstOfEpoch { previous } => write!(f, "expected 0, the epoch before was {previous}"),
            ExpectedSequence::After { last } => write!(f, "the last one was {last}"),
            ExpectedSequence::Pending { lowest } => write!(f, "{lowest} came earlier and is not written yet"),
        }
    }
}

/// Why a log takes nothing of an append. Nothing was written, save what [`AppendError::Storage`] may have left.
#[derive(Debug)]
#[non_exhaustive]
pub enum AppendError {
    /// A checksum or a size is wrong, or the inside of a batch cannot be read (`CorruptRecordException`).
    CorruptRecord(String),
    /// There is no whole batch in the bytes; or, for a follower, none of the leader that it follows (`InvalidRecordException`).
    NothingToAppend,
    /// The leader that appends has been replaced by one that the log knows (`FencedLeaderEpochException`).
    FencedLeaderEpoch {
        /// Epoch of the append.
        epoch: i32,
        /// Latest epoch in the log.
        latest: i32,
    },
    /// A batch or some of its records break a rule (`InvalidRecordException`).
    InvalidRecord {
        /// What is wrong.
        message: String,
        /// The records, when it is about single ones.
        records: Vec<RecordError>,
    },
    /// Some timestamps are too far away (`InvalidTimestampException`).
    InvalidTimestamp {
        /// What is wrong.
        message: String,
        /// All refused records, other reasons among them.
        records: Vec<RecordError>,
    },
    /// A batch is larger than `max.message.bytes` (`RecordTooLargeException`).
    RecordTooLarge {
        /// Bytes of the batch.
        size: usize,
        /// `max.message.bytes`.
        max: usize,
    },
    /// The whole write is larger than a segment (`RecordBatchTooLargeException`).
    RecordBatchTooLarge {
        /// Bytes of the write.
        size: usize,
        /// `segment.bytes`.
        max: usize,
    },
    /// zstd in batches of magic 0 or 1 (`UnsupportedCompressionTypeException`).
    UnsupportedCompressionType(String),
    /// (`UnsupportedForMessageFormatException`).
    UnsupportedForMessageFormat(String),
    /// Offsets of a follower's append do not grow (`OffsetsOutOfOrderException`).
    OffsetsOutOfOrder {
        /// First offset of the append.
        first_offset: i64,
        /// Last offset of the append.
        last_offset: i64,
    },
    /// A follower's append starts below the log end (`UnexpectedAppendOffsetException`).
    UnexpectedAppendOffset {
        /// First offset of the append.
        first_offset: i64,
        /// Last offset of the append.
        last_offset: i64,
        /// Log end offset.
        log_end_offset: i64,
    },
    /// The producer has been replaced by one with a later epoch (`InvalidProducerEpochException`).
    InvalidProducerEpoch {
        /// The producer.
        producer_id: i64,
        /// Epoch of the batch.
        epoch: i16,
        /// Latest epoch of the producer in the log.
        latest: i16,
    },
    /// A batch of a producer does not follow the one before (`OutOfOrderSequenceException`).
    OutOfOrderSequence {
        /// The producer.
        producer_id: i64,
        /// Epoch of the batch.
        epoch: i16,
        /// Sequence of its first record.
        sequence: i32,
        /// First offset of the batch.
        offset: i64,
        /// What it had to be.
        expected: ExpectedSequence,
    },
    /// A batch does not go with the state of its producer's transaction (`InvalidTxnStateException`).
    InvalidTxnState {
        /// The producer.
        producer_id: i64,
        /// First offset of the batch.
        offset: i64,
        /// First offset of the transaction that is open and that the batch is not part of. `None`: the batch is part of a
        /// transaction that is not known to run.
        ongoing: Option<i64>,
    },
    /// A marker comes from a coordinator that has been replaced (`TransactionCoordinatorFencedException`).
    TransactionCoordinatorFenced {
        /// The producer.
        producer_id: i64,
        /// Offset of the marker.
        offset: i64,
        /// Epoch of the coordinator.
        epoch: i32,
        /// Latest epoch of a coordinator of this producer in the log.
        latest: i32,
    },
    /// An offset is too far from the base of its segment for the offset index (`IndexOffsetOverflowException`). The records
    /// are written.
    IndexOverflow(String),
    /// The call itself makes no sense (`IllegalArgumentException`).
    IllegalArgument(String),
    /// A state that must not be (`IllegalStateException`).
    IllegalState(String),
    /// The offset of an index entry does not follow the one before (`InvalidOffsetException`). The records are written.
    InvalidOffset(String),
    /// No new segment can be made, or there is no sense in it (`KafkaException`).
    Roll(String),
    /// The inside of a batch is broken in a way for which Kafka has no error of its own: it trips over the bytes, and its
    /// client is told of an unknown error.
    Unreadable {
        /// Simple name of the class that Kafka throws, as `KafkaException` for a stream that does not decompress.
        exception: &'static str,
        /// What is wrong.
        message: String,
    },
    /// The files failed; the log is offline.
    Storage(StorageError),
}

/// An error on its way up, in a box: results are copied at each step of the way, and nearly always there is no error in them.
#[doc(hidden)]
pub type Refused = Box<AppendError>;

impl fmt::Display for AppendError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AppendError::CorruptRecord(message)
            | AppendError::UnsupportedCompressionType(message)
            | AppendError::UnsupportedForMessageFormat(message)
            | AppendError::IndexOverflow(message)
            | AppendError::IllegalArgument(message)
            | AppendError::IllegalState(message)
            | AppendError::InvalidOffset(message)
            | AppendError::Unreadable { message, .. }
            | AppendError::Roll(message) => f.write_str(message),
            AppendError::InvalidRecord { message, records } | AppendError::InvalidTimestamp { message, records } => {
                f.write_str(message)?;
                for record in records {
                    write!(f, "; record {}: {}", record.batch_index, record.message)?;
                }
                Ok(())
            }
            AppendError::NothingToAppend => f.write_str("there is no whole batch to append"),
            AppendError::FencedLeaderEpoch { epoch, latest } => {
                write!(f, "leader epoch {epoch} is fenced: the log has records of epoch {latest}")
            }
            AppendError::RecordTooLarge { size, max } => {
                write!(f, "the batch has {size} bytes, more than max.message.bytes allows: {max}")
            }
            AppendError::RecordBatchTooLarge { size, max } => {
                write!(f, "the append has {size} bytes, more than a segment of segment.bytes: {max}")
            }
            AppendError::OffsetsOutOfOrder { first_offset, last_offset } => {
                write!(f, "offsets of the append do not grow: first {first_offset}, last {last_offset}")
            }
            AppendError::UnexpectedAppendOffset { first_offset, last_offset, log_end_offset } => write!(
                f,
                "the append has offsets {first_offset} to {last_offset}, but the log ends at {log_end_offset} already"
            ),
            AppendError::InvalidProducerEpoch { producer_id, epoch, latest } => {
                write!(f, "epoch {epoch} of producer {producer_id} is too old, the latest is {latest}")
            }
            AppendError::OutOfOrderSequence { producer_id, epoch, sequence, offset, expected } => {
                write!(
                    f,
                    "sequence {sequence} of producer {producer_id} with epoch {epoch} at offset {offset}: {expected}"
                )
            }
            AppendError::InvalidTxnState { producer_id, offset, ongoing: Some(first) } => write!(
                f,
                "producer {producer_id} has a transaction open since offset {first}, the batch at offset {offset} is not part of one"
            ),
            AppendError::InvalidTxnState { producer_id, offset, ongoing: None } => {
                write!(
                    f,
                    "the batch of producer {producer_id} at offset {offset} is part of no transaction that is known to run"
                )
            }
            AppendError::TransactionCoordinatorFenced { producer_id, offset, epoch, latest } => write!(
                f,
                "coordinator epoch {epoch} of the marker of producer {producer_id} at offset {offset} is below the latest one, {latest}"
            ),
            AppendError::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for AppendError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            AppendError::Storage(error) => Some(error),
            _ => None,
        }
    }
}

impl KafkaError for AppendError {
    fn exception(&self) -> &'static str {
        match self {
            AppendError::CorruptRecord(_) => "CorruptRecordException",
            AppendError::InvalidRecord { .. } | AppendError::NothingToAppend => "InvalidRecordException",
            AppendError::FencedLeaderEpoch { .. } => "FencedLeaderEpochException",
            AppendError::InvalidTimestamp { .. } => "InvalidTimestampException",
            AppendError::RecordTooLarge { .. } => "RecordTooLargeException",
            AppendError::RecordBatchTooLarge { .. } => "RecordBatchTooLargeException",
            AppendError::UnsupportedCompressionType(_) => "UnsupportedCompressionTypeException",
            AppendError::UnsupportedForMessageFormat(_) => "UnsupportedForMessageFormatException",
            AppendError::OffsetsOutOfOrder { .. } => "OffsetsOutOfOrderException",
            AppendError::UnexpectedAppendOffset { .. } => "UnexpectedAppendOffsetException",
            AppendError::InvalidProducerEpoch { .. } => "InvalidProducerEpochException",
            AppendError::OutOfOrderSequence { .. } => "OutOfOrderSequenceException",
            AppendError::InvalidTxnState { .. } => "InvalidTxnStateException",
            AppendError::TransactionCoordinatorFenced { .. } => "TransactionCoordinatorFencedException",
            AppendError::IndexOverflow(_) => "IndexOffsetOverflowException",
            AppendError::IllegalArgument(_) => "IllegalArgumentException",
            AppendError::IllegalState(_) => "IllegalStateException",
            AppendError::InvalidOffset(_) => "InvalidOffsetException",
            AppendError::Roll(_) => "KafkaException",
            AppendError::Unreadable { exception, .. } => exception,
            AppendError::Storage(error) => error.exception(),
        }
    }

    fn code(&self) -> ErrorCode {
        match self {
            AppendError::CorruptRecord(_) => ErrorCode::CorruptMessage,
            AppendError::InvalidRecord { .. } | AppendError::NothingToAppend => ErrorCode::InvalidRecord,
            AppendError::FencedLeaderEpoch { .. } => ErrorCode::FencedLeaderEpoch,
            AppendError::InvalidTimestamp { .. } => ErrorCode::InvalidTimestamp,
            AppendError::RecordTooLarge { .. } => ErrorCode::MessageTooLarge,
            AppendError::RecordBatchTooLarge { .. } => ErrorCode::RecordListTooLarge,
            AppendError::UnsupportedCompressionType(_) => ErrorCode::UnsupportedCompressionType,
            AppendError::UnsupportedForMessageFormat(_) => ErrorCode::UnsupportedForMessageFormat,
            AppendError::InvalidProducerEpoch { .. } => ErrorCode::InvalidProducerEpoch,
            AppendError::OutOfOrderSequence { .. } => ErrorCode::OutOfOrderSequenceNumber,
            AppendError::InvalidTxnState { .. } => ErrorCode::InvalidTxnState,
            AppendError::TransactionCoordinatorFenced { .. } => ErrorCode::TransactionCoordinatorFenced,
            AppendError::OffsetsOutOfOrder { .. }
            | AppendError::UnexpectedAppendOffset { .. }
            | AppendError::IndexOverflow(_)
            | AppendError::IllegalArgument(_)
            | AppendError::IllegalState(_)
            | AppendError::InvalidOffset(_)
            | AppendError::Unreadable { .. }
            | AppendError::Roll(_) => ErrorCode::UnknownServerError,
            AppendError::Storage(error) => error.code(),
        }
    }
}

impl From<Refused> for AppendError {
    fn from(error: Refused) -> Self {
        *error
    }
}

impl From<StorageError> for Refused {
    fn from(error: StorageError) -> Self {
        AppendError::from(error).into()
    }
}

impl From<StorageError> for AppendError {
    fn from(error: StorageError) -> Self {
        AppendError::Storage(error)
    }
}

/// Why a log does not do something other than an append: reads, look-ups, truncation, rolls, retention, cleaning.
#[derive(Debug)]
#[non_exhaustive]
pub enum LogError {
    /// The offset is below the log start or above what may be read (`OffsetOutOfRangeException`).
    OffsetOutOfRange {
        /// Offset asked for.
        offset: i64,
        /// Log start offset.
        log_start_offset: i64,
        /// Log end offset, or the high watermark where that is the limit.
        end_offset: i64,
    },
    /// An offset is too far from the base of its segment for the offset index (`IndexOffsetOverflowException`). The records
    /// are written.
    IndexOverflow(String),
    /// The call itself makes no sense (`IllegalArgumentException`).
    IllegalArgument(String),
    /// A state that must not be (`IllegalStateException`).
    IllegalState(String),
    /// No new segment can be made, or there is no sense in it (`KafkaException`).
    Roll(String),
    /// A batch in the log cannot be read (`CorruptRecordException`): in which file, where, and why.
    CorruptRecord(StorageError),
    /// The offset of an index entry does not follow the one before (`InvalidOffsetException`).
    InvalidOffset(String),
    /// An offset is too far from the base offset of its segment (`LogSegmentOffsetOverflowException`).
    SegmentOverflow {
        /// The offset.
        offset: i64,
        /// Base offset of the segment.
        base_offset: i64,
    },
    /// The records of a batch in the log are not what they must be (`InvalidRecordException`).
    InvalidRecord(String),
    /// The records of a batch in the log do not decompress, or their codec is not in this build (`KafkaException`).
    Codec(String),
    /// A batch in the log does not follow from those before it (as the append of such a batch).
    Replay(Box<AppendError>),
    /// The cleaner was told to stop (`LogCleaningAbortedException`).
    CleaningAborted,
    /// The files failed; the log is offline.
    Storage(StorageError),
}

impl fmt::Display for LogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogError::OffsetOutOfRange { offset, log_start_offset, end_offset } => {
                write!(f, "offset {offset} is outside of the log, which has offsets {log_start_offset} to {end_offset}")
            }
            LogError::IndexOverflow(message)
            | LogError::IllegalArgument(message)
            | LogError::IllegalState(message)
            | LogError::Roll(message)
            | LogError::InvalidRecord(message)
            | LogError::Codec(message)
            | LogError::InvalidOffset(message) => f.write_str(message),
            LogError::SegmentOverflow { offset, base_offset } => {
                write!(f, "expected an offset from {base_offset} up to 2147483647 above it, found {offset}")
            }
            LogError::Replay(error) => error.fmt(f),
            LogError::CleaningAborted => f.write_str("cleaning was aborted"),
            LogError::Storage(error) | LogError::CorruptRecord(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for LogError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            LogError::Storage(error) | LogError::CorruptRecord(error) => Some(error),
            LogError::Replay(error) => Some(error),
            _ => None,
        }
    }
}

impl KafkaError for LogError {
    fn exception(&self) -> &'static str {
        match self {
            LogError::OffsetOutOfRange { .. } => "OffsetOutOfRangeException",
            LogError::IndexOverflow(_) => "IndexOffsetOverflowException",
            LogError::IllegalArgument(_) => "IllegalArgumentException",
            LogError::IllegalState(_) => "IllegalStateException",
            LogError::Roll(_) | LogError::Codec(_) => "KafkaException",
            LogError::CorruptRecord(_) => "CorruptRecordException",
            LogError::InvalidOffset(_) => "InvalidOffsetException",
            LogError::SegmentOverflow { .. } => "LogSegmentOffsetOverflowException",
            LogError::InvalidRecord(_) => "InvalidRecordException",
            LogError::Replay(error) => error.exception(),
            LogError::CleaningAborted => "LogCleaningAbortedException",
            LogError::Storage(error) => error.exception(),
        }
    }

    fn code(&self) -> ErrorCode {
        match self {
            LogError::OffsetOutOfRange { .. } => ErrorCode::OffsetOutOfRange,
            LogError::Replay(error) => error.code(),
            LogError::CorruptRecord(_) => ErrorCode::CorruptMessage,
            LogError::InvalidRecord(_) => ErrorCode::InvalidRecord,
            LogError::IndexOverflow(_)
            | LogError::IllegalArgument(_)
            | LogError::IllegalState(_)
            | LogError::Roll(_)
            | LogError::InvalidOffset(_)
            | LogError::SegmentOverflow { .. }
            | LogError::Codec(_)
            | LogError::CleaningAborted => ErrorCode::UnknownServerError,
            LogError::Storage(error) => error.code(),
        }
    }
}

impl From<StorageError> for LogError {
    fn from(error: StorageError) -> Self {
        LogError::Storage(error)
    }
}

impl From<LogError> for Refused {
    fn from(error: LogError) -> Self {
        AppendError::from(error).into()
    }
}

impl From<LogError> for AppendError {
    fn from(error: LogError) -> Self {
        match error {
            LogError::Storage(error) => AppendError::Storage(error),
            LogError::Roll(message) => AppendError::Roll(message),
            LogError::IllegalArgument(message) => AppendError::IllegalArgument(message),
            LogError::IndexOverflow(message) => AppendError::IndexOverflow(message),
            LogError::CorruptRecord(error) => AppendError::CorruptRecord(error.to_string()),
            LogError::Replay(error) => *error,
            LogError::InvalidOffset(message) => AppendError::InvalidOffset(message),
            other => AppendError::IllegalState(other.to_string()),
        }
    }
}

impl From<SegmentError> for LogError {
    fn from(error: SegmentError) -> Self {
        match error {
            SegmentError::Storage(error) => LogError::Storage(error),
            SegmentError::Index(IndexAppendError::OffsetOutOfOrder { .. }) => {
                LogError::InvalidOffset(error.to_string())
            }
            SegmentError::Index(IndexAppendError::TimestampOutOfOrder { .. }) => {
                LogError::IllegalState(error.to_string())
            }
            SegmentError::Index(IndexAppendError::RelativeOffsetOverflow { .. }) => {
                LogError::IndexOverflow(error.to_string())
            }
            SegmentError::Index(_) => LogError::IllegalArgument(error.to_string()),
            SegmentError::OffsetOverflow { offset, base_offset } => LogError::SegmentOverflow { offset, base_offset },
            SegmentError::TooLarge { .. } => LogError::Roll(error.to_string()),
            SegmentError::Corrupt(StorageError::Corrupt { source, .. })
                if matches!(source.kind, FormatErrorKind::Compression(_)) =>
            {
                LogError::Codec(error.to_string())
            }
            SegmentError::Corrupt(error) => LogError::CorruptRecord(error),
            SegmentError::Replay => LogError::IllegalState(error.to_string()),
        }
    }
}
