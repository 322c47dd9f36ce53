//! Why a metadata log cannot be read or written.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use kafka_log::format::FormatError;
use kafka_log::log::OpenError;
use kafka_log::log::error::{AppendError, LogError};
use kafka_rpc::SchemaError;
use kafka_rpc::stored::RecordError;

use crate::metadata::ReplayError;

/// A metadata log that cannot be read or written.
#[derive(Debug)]
#[non_exhaustive]
pub enum MetadataLogError {
    /// A file or folder beside the log.
    Io {
        /// What was done.
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// The error.
        source: io::Error,
    },
    /// The log cannot be opened.
    Open(OpenError),
    /// The log cannot be read or kept.
    Log(LogError),
    /// The log takes no records.
    Append(AppendError),
    /// A file is damaged.
    Format {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong.
        source: FormatError,
    },
    /// A control record is damaged.
    Control {
        /// The file or folder.
        path: PathBuf,
        /// Offset of the record.
        offset: i64,
        /// What is wrong.
        source: SchemaError,
    },
    /// A batch does not have its checksum, or is not of magic 2.
    CorruptBatch {
        /// The file or folder.
        path: PathBuf,
        /// Base offset of the batch.
        offset: i64,
    },
    /// A snapshot does not begin with its header and end with its footer.
    IncompleteSnapshot {
        /// The file.
        path: PathBuf,
    },
    /// Records are missing: the log begins after the newest snapshot.
    MissingSnapshot {
        /// First offset of the log.
        log_start_offset: i64,
    },
    /// A record that does not go with those before it.
    Replay {
        /// Offset of the record.
        offset: i64,
        /// What is wrong.
        source: ReplayError,
    },
    /// A record that cannot be written.
    Encode(RecordError),
    /// Records that must hold as a whole do not fit into a batch.
    BatchTooLarge {
        /// Bytes of the records.
        len: usize,
    },
    /// Other nodes vote in the quorum, or this one does not.
    NotTheOnlyVoter {
        /// The voters.
        voters: Vec<i32>,
    },
    /// The leader epoch has reached its end.
    EpochExhausted,
    /// The leader lacks records that are committed.
    TruncationOfCommitted {
        /// Where the leader's records end.
        to: i64,
        /// The offset up to which all is committed.
        committed: i64,
    },
    /// A part of a snapshot that does not go with those before it.
    SnapshotPart {
        /// The file.
        path: PathBuf,
        /// Where the part should begin.
        expected: u64,
        /// Where it begins, `None` for a negative number.
        position: Option<u64>,
        /// How long the snapshot is said to be.
        size: Option<u64>,
        /// Bytes of the part.
        len: usize,
    },
}

impl MetadataLogError {
    pub(super) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        move |source| MetadataLogError::Io { action, path: path.to_owned(), source }
    }

    pub(super) fn control(path: &Path, offset: i64) -> impl FnOnce(SchemaError) -> Self {
        move |source| MetadataLogError::Control { path: path.to_owned(), offset, source }
    }

    pub(super) fn format(path: &Path) -> impl FnOnce(FormatError) -> Self {
        move |source| MetadataLogError::Format { path: path.to_owned(), source }
    }
}

impl fmt::Display for MetadataLogError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use MetadataLogError::*;
        match self {
            Io { action, path, source } => write!(f, "cannot {action} {}: {source}", path.display()),
            Open(error) => error.fmt(f),
            Log(error) => error.fmt(f),
            Append(error) => error.fmt(f),
            Format { path, source } => write!(f, "{}: {source}", path.display()),
            Control { path, offset, source } => {
                write!(f, "{}: control record at offset {offset}: {source}", path.display())
            }
            CorruptBatch { path, offset } => write!(f, "{}: the batch at offset {offset} is corrupt", path.display()),
            IncompleteSnapshot { path } => write!(f, "{}: the snapshot is not complete", path.display()),
            MissingSnapshot { log_start_offset } => {
                write!(f, "the metadata log begins at offset {log_start_offset}, and no snapshot has what was before")
            }
            Replay { offset, source } => write!(f, "metadata record at offset {offset}: {source}"),
            Encode(error) => write!(f, "cannot write a metadata record: {error}"),
            BatchTooLarge { len } => write!(f, "{len} bytes of metadata records do not fit into a batch"),
            NotTheOnlyVoter { voters } => {
                write!(f, "this node has to be the only voter of the metadata quorum, the voters are {voters:?}")
            }
            TruncationOfCommitted { to, committed } => {
                write!(
                    f,
                    "the leader's metadata log ends at offset {to}, below the offset {committed} that was committed"
                )
            }
            SnapshotPart { path, expected, position, size, len } => write!(
                f,
                "{}: expected the part of the snapshot from byte {expected} on, found {len} bytes from {position:?} on of {size:?}",
                path.display()
            ),
            EpochExhausted => f.write_str("no leader epoch is left"),
        }
    }
}

impl std::error::Error for MetadataLogError {}

impl From<OpenError> for MetadataLogError {
    fn from(error: OpenError) -> Self {
        MetadataLogError::Open(error)
    }
}

impl From<LogError> for MetadataLogError {
    fn from(error: LogError) -> Self {
        MetadataLogError::Log(error)
    }
}

impl From<AppendError> for MetadataLogError {
    fn from(error: AppendError) -> Self {
        MetadataLogError::Append(error)
    }
}
