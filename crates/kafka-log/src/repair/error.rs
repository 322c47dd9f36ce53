//! Why a repair cannot be planned, done or undone.

use std::fmt;
use std::path::PathBuf;

use crate::segment::error::StorageError;

/// Why a repair cannot be planned, done or undone.
#[derive(Debug)]
#[non_exhaustive]
pub enum RepairError {
    /// The medium failed before anything was changed, or what had been changed was taken back.
    Storage(StorageError),
    /// The medium failed half way, and again on the way back. Running the repair again finishes it; undo takes it back.
    HalfDone {
        /// The directory.
        path: PathBuf,
        /// What failed first.
        source: StorageError,
    },
    /// Somebody else holds the lock of the log directory.
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// A journal that is none.
    Journal {
        /// The journal.
        path: PathBuf,
        /// What is wrong with it.
        what: String,
    },
    /// Files have changed since the repair, so that undoing it would lose something.
    Changed {
        /// The file.
        path: PathBuf,
        /// What was expected and found.
        what: String,
    },
    /// The path is not what it should be.
    NotFound {
        /// The path.
        path: PathBuf,
        /// What was expected there.
        expected: &'static str,
    },
    /// Kafka would refuse to open it, for this reason.
    Refused {
        /// The directory.
        path: PathBuf,
        /// The reason.
        what: String,
    },
}

impl fmt::Display for RepairError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RepairError::Storage(error) => error.fmt(f),
            RepairError::HalfDone { path, source } => write!(
                f,
                "{source}; the repair of {} is half done: run it again to finish it, or with --undo to take it back",
                path.display()
            ),
            RepairError::Locked { path } => {
                write!(f, "{} is locked: stop the broker first, or use --into", path.display())
            }
            RepairError::Journal { path, what } => write!(f, "{} is no journal of a repair: {what}", path.display()),
            RepairError::Changed { path, what } => {
                write!(f, "{} has changed since the repair: {what}", path.display())
            }
            RepairError::NotFound { path, expected } => {
                write!(f, "{}: expected {expected}, found something else or nothing", path.display())
            }
            RepairError::Refused { path, what } => write!(f, "{}: Kafka would refuse it: {what}", path.display()),
        }
    }
}

impl std::error::Error for RepairError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RepairError::Storage(source) | RepairError::HalfDone { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<StorageError> for RepairError {
    fn from(error: StorageError) -> Self {
        RepairError::Storage(error)
    }
}
