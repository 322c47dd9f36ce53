//! Trouble with files.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::FormatError;

/// Trouble with the files of a log.
///
/// After `Io` in an operation that writes the log is offline: every later call answers `Offline` until it is opened again,
/// because what the disk kept of the write is not known (`KafkaStorageException`).
#[derive(Debug)]
#[non_exhaustive]
pub enum StorageError {
    /// The disk failed.
    Io {
        /// What was being done, as "read" or "sync".
        op: &'static str,
        /// The file or directory.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file does not hold what it must hold.
    Corrupt {
        /// The file.
        path: PathBuf,
        /// Where, in bytes, what was expected and what was found.
        source: FormatError,
    },
    /// The log, or its whole directory, failed before.
    Offline {
        /// Directory of the partition.
        path: PathBuf,
    },
    /// The log was closed.
    Closed {
        /// Directory of the partition.
        path: PathBuf,
    },
    /// The log was deleted, or put aside because it does not belong on this broker. A client is told
    /// `UNKNOWN_TOPIC_OR_PARTITION`.
    Deleted {
        /// Directory of the partition, as it is called now.
        path: PathBuf,
    },
}

impl StorageError {
    /// For `map_err`: what was being done with which file.
    pub(crate) fn io(op: &'static str, path: &Path) -> impl FnOnce(io::Error) -> StorageError {
        move |source| StorageError::Io { op, path: path.to_owned(), source }
    }

    /// For `map_err`: which file is corrupt.
    pub(crate) fn corrupt(path: &Path) -> impl FnOnce(FormatError) -> StorageError {
        move |source| StorageError::Corrupt { path: path.to_owned(), source }
    }
}

impl fmt::Display for StorageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StorageError::Io { op, path, source } => write!(f, "cannot {op} {}: {source}", path.display()),
            StorageError::Corrupt { path, source } => write!(f, "{}: {source}", path.display()),
            StorageError::Offline { path } => write!(f, "{} is offline after an earlier failure", path.display()),
            StorageError::Closed { path } => write!(f, "{} is closed", path.display()),
            StorageError::Deleted { path } => write!(f, "{} was deleted", path.display()),
        }
    }
}

impl std::error::Error for StorageError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            StorageError::Io { source, .. } => Some(source),
            StorageError::Corrupt { source, .. } => Some(source),
            StorageError::Offline { .. } | StorageError::Closed { .. } | StorageError::Deleted { .. } => None,
        }
    }
}
