//! Why a log cannot be opened.

use std::fmt;
use std::path::PathBuf;

use crate::format::uuid::Uuid;
use crate::log::error::{ErrorCode, KafkaError, LogError, StorageError};

/// Why a log cannot be opened: what Kafka does not start with either.
#[derive(Debug)]
#[non_exhaustive]
pub enum OpenError {
    /// The name of the directory names no partition (`KafkaException`).
    NotAPartition(PathBuf),
    /// Another log or a repair holds the lock on the folder of the partition (`KafkaException`).
    Locked(PathBuf),
    /// The directory belongs to another topic of that name (`InconsistentTopicIdException`).
    InconsistentTopicId {
        /// The file that says so.
        path: PathBuf,
        /// Id that the caller gave.
        given: Uuid,
        /// Id in the file.
        found: Uuid,
    },
    /// A file has a name that starts with no number (`NumberFormatException`).
    BadName(PathBuf),
    /// The leader epoch checkpoint cannot be read (`KafkaStorageException`).
    Checkpoint(StorageError),
    /// A line of the leader epoch checkpoint has something else in the place of a number (`NumberFormatException`).
    CheckpointNumber(StorageError),
    /// The files failed, or hold what cannot be.
    Log(LogError),
}

impl fmt::Display for OpenError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            OpenError::NotAPartition(path) => {
                write!(f, "{}: expected a name of the form topic-partition", path.display())
            }
            OpenError::Locked(path) => write!(f, "{} is in use: its lock is held", path.display()),
            OpenError::InconsistentTopicId { path, given, found } => {
                write!(f, "{}: expected topic id {given}, found {found}", path.display())
            }
            OpenError::BadName(path) => write!(f, "{}: expected a name that starts with an offset", path.display()),
            OpenError::Checkpoint(error) | OpenError::CheckpointNumber(error) => error.fmt(f),
            OpenError::Log(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for OpenError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            OpenError::Checkpoint(error) | OpenError::CheckpointNumber(error) => Some(error),
            OpenError::Log(error) => Some(error),
            _ => None,
        }
    }
}

impl KafkaError for OpenError {
    fn exception(&self) -> &'static str {
        match self {
            OpenError::NotAPartition(_) | OpenError::Locked(_) => "KafkaException",
            OpenError::InconsistentTopicId { .. } => "InconsistentTopicIdException",
            OpenError::BadName(_) | OpenError::CheckpointNumber(_) => "NumberFormatException",
            OpenError::Checkpoint(_) => "KafkaStorageException",
            OpenError::Log(error) => error.exception(),
        }
    }

    fn code(&self) -> ErrorCode {
        match self {
            OpenError::NotAPartition(_)
            | OpenError::Locked(_)
            | OpenError::BadName(_)
            | OpenError::CheckpointNumber(_) => ErrorCode::UnknownServerError,
            OpenError::Checkpoint(_) => ErrorCode::KafkaStorageError,
            OpenError::InconsistentTopicId { .. } => ErrorCode::InconsistentTopicId,
            OpenError::Log(error) => error.code(),
        }
    }
}

impl From<LogError> for OpenError {
    fn from(error: LogError) -> Self {
        OpenError::Log(error)
    }
}

impl From<StorageError> for OpenError {
    fn from(error: StorageError) -> Self {
        OpenError::Log(error.into())
    }
}
