//! What a path leads to.

use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use crate::format::file_name::{FileKind, FileName};
use crate::format::partition_dir::PartitionDirName;
use crate::fs::Fs;

/// What kept a verification from running.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// A path cannot be looked at.
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file or directory that is none of a log.
    NotALog {
        /// The path.
        path: PathBuf,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::Io { path, source } => write!(f, "{}: {source}", path.display()),
            VerifyError::NotALog { path } => write!(
                f,
                "{}: expected a segment, a partition directory or a log directory, found something else",
                path.display()
            ),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VerifyError::Io { source, .. } => Some(source),
            VerifyError::NotALog { .. } => None,
        }
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[doc(hidden)]
pub enum PathKind {
    /// A file of batches: a log, in use or not, or a KRaft snapshot.
    Batches,
    /// A file beside a log: the log is what has to be verified.
    Index,
    /// The directory of a partition.
    Partition,
    /// A log directory: one with partitions in it.
    LogDirectory,
}

/// Tells what a path leads to.
///
/// # Errors
/// The path cannot be looked at, or is none of a log.
#[doc(hidden)]
pub fn path_kind<F: Fs>(fs: &F, path: &Path) -> Result<PathKind, VerifyError> {
    let io = |source| VerifyError::Io { path: path.to_owned(), source };
    let name = name_of(path);
    if !fs.metadata(path).map_err(io)?.is_dir {
        return match FileName::parse(&name).map(|name| name.kind) {
            Some(FileKind::Log | FileKind::KRaftSnapshot | FileKind::BootstrapCheckpoint) => Ok(PathKind::Batches),
            Some(FileKind::OffsetIndex | FileKind::TimeIndex | FileKind::TransactionIndex) => Ok(PathKind::Index),
            _ => Err(VerifyError::NotALog { path: path.to_owned() }),
        };
    }
    let entries = fs.read_dir(path).map_err(io)?;
    let has_segments = entries
        .iter()
        .any(|entry| !entry.is_dir && FileName::parse(&entry.name).is_some_and(|name| name.offset.is_some()));
    let has_partitions = entries.iter().any(|entry| entry.is_dir && PartitionDirName::parse(&entry.name).is_some());
    let has_directory_files = entries.iter().any(|entry| {
        FileName::parse(&entry.name).is_some_and(|name| {
            !matches!(name.kind, FileKind::LeaderEpochCheckpoint | FileKind::PartitionMetadata | FileKind::QuorumState)
                && name.offset.is_none()
        })
    });
    let has_partition_files = entries.iter().any(|entry| {
        FileName::parse(&entry.name)
            .is_some_and(|name| matches!(name.kind, FileKind::LeaderEpochCheckpoint | FileKind::PartitionMetadata))
    });
    if has_segments || has_partition_files && !has_partitions {
        Ok(PathKind::Partition)
    } else if has_partitions || has_directory_files {
        Ok(PathKind::LogDirectory)
    } else if PartitionDirName::parse(&name).is_some() && entries.is_empty() {
        Ok(PathKind::Partition)
    } else {
        Err(VerifyError::NotALog { path: path.to_owned() })
    }
}

/// The directory around a directory.
pub(super) fn parent_of(dir: &Path) -> &Path {
    match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

/// The name of a file or directory, as text.
pub(super) fn name_of(path: &Path) -> String {
    // `.` and the like have a name only once they are resolved; that is not needed for what is asked here.
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
