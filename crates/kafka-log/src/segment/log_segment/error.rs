//! What can go wrong with a segment.

use std::fmt;
use std::path::PathBuf;

use crate::format::abstract_index::IndexAppendError;
use crate::segment::error::StorageError;

/// Why a segment does not do something.
#[derive(Debug)]
#[non_exhaustive]
pub enum SegmentError {
    /// The files failed.
    Storage(StorageError),
    /// An index does not take an entry.
    Index(IndexAppendError),
    /// An offset is too far from the base offset (`LogSegmentOffsetOverflowException`).
    OffsetOverflow {
        /// The offset.
        offset: i64,
        /// Base offset of the segment.
        base_offset: i64,
    },
    /// The log file is larger than Kafka can address (`KafkaException`).
    TooLarge {
        /// The log file.
        path: PathBuf,
        /// Its length in bytes.
        len: u64,
    },
    /// A batch cannot be read (`CorruptRecordException`).
    Corrupt(StorageError),
    /// The caller stopped the replay, for a reason that it knows.
    Replay,
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SegmentError::Storage(error) | SegmentError::Corrupt(error) => error.fmt(f),
            SegmentError::Index(error) => error.fmt(f),
            SegmentError::OffsetOverflow { offset, base_offset } => {
                write!(f, "expected an offset from {base_offset} up to 2147483647 above it, found {offset}")
            }
            SegmentError::TooLarge { path, len } => {
                write!(f, "{}: expected at most 2147483647 bytes, found {len}", path.display())
            }
            SegmentError::Replay => f.write_str("a batch could not be replayed"),
        }
    }
}

impl std::error::Error for SegmentError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            SegmentError::Storage(error) | SegmentError::Corrupt(error) => Some(error),
            SegmentError::Index(error) => Some(error),
            _ => None,
        }
    }
}

impl From<StorageError> for SegmentError {
    fn from(error: StorageError) -> Self {
        SegmentError::Storage(error)
    }
}

impl From<IndexAppendError> for SegmentError {
    fn from(error: IndexAppendError) -> Self {
        SegmentError::Index(error)
    }
}
