//! Why a repair cannot be planned, done or undone.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::segment::error::StorageError;

/// Why a repair cannot be planned, done or undone.
#[derive(Debug)]
#[non_exhaustive]
pub enum RepairError {
    /// The disk failed before anything was changed, or what had been changed was undone.
    Storage(StorageError),
    /// The disk failed half way, and again on the way back. Running the repair again finishes it; undo takes it back.
    HalfDone {
        /// The directory.
        path: PathBuf,
        /// What failed first.
        source: Box<RepairError>,
    },
    /// A lock file could not be made, or the first write of an undo failed. Nothing has changed.
    NothingChanged {
        /// What failed.
        source: StorageError,
    },
    /// An undo failed half way. Running it again finishes it.
    HalfUndone {
        /// The directory.
        path: PathBuf,
        /// What failed.
        source: Box<RepairError>,
    },
    /// A broker holds the lock of the log directory, or another repair.
    Locked {
        /// The lock file.
        path: PathBuf,
    },
    /// Another repair holds the lock of the directory.
    Busy {
        /// The directory.
        path: PathBuf,
    },
    /// A file is not what it was when the repair was planned.
    Differs {
        /// The file.
        path: PathBuf,
    },
    /// A directory to be written lies where it must not.
    Inside {
        /// The directory to be written.
        path: PathBuf,
        /// The directory that it lies in.
        around: PathBuf,
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
            RepairError::NothingChanged { source } => {
                write!(f, "{source}; nothing has changed: {} and run it again", remedy(source))
            }
            RepairError::HalfUndone { path, source } => {
                write!(f, "{source}; the undo in {} is half done: run it again to finish it", path.display())
            }
            RepairError::Busy { path } => write!(f, "another repair of {} is running", path.display()),
            RepairError::Differs { path } => {
                write!(f, "{} is not what it was when the repair was planned; nothing is changed", path.display())
            }
            RepairError::Inside { path, around } => {
                write!(f, "{} lies in {}: choose a directory outside", path.display(), around.display())
            }
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

/// What to do before another try.
fn remedy(error: &StorageError) -> &'static str {
    match error {
        StorageError::Io { source, .. } if is_full(source) => "free some space",
        _ => "remove the cause",
    }
}

fn is_full(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded)
}

impl std::error::Error for RepairError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            RepairError::Storage(source) | RepairError::NothingChanged { source } => Some(source),
            RepairError::HalfDone { source, .. } | RepairError::HalfUndone { source, .. } => Some(source),
            _ => None,
        }
    }
}

impl From<StorageError> for RepairError {
    fn from(error: StorageError) -> Self {
        RepairError::Storage(error)
    }
}
