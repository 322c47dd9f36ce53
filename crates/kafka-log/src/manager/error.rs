//! What can go wrong with many logs, each with its counterpart in Kafka.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::format::FormatError;
use crate::format::checkpoint_file::{CheckpointException, exception_of};
use crate::format::uuid::Uuid;
use crate::log::config::ConfigError;
use crate::log::error::{ErrorCode, KafkaError, LogError, StorageError, with_error_code};
use crate::log::{InvalidTopic, OpenError, TopicPartition};

/// Why the manager does not do something.
#[derive(Debug)]
#[non_exhaustive]
pub enum ManagerError {
    /// No directory is usable: none was given, or all have failed. Kafka's broker stops then.
    NoLogDirs,
    /// The manager was shut down (`KafkaStorageException`).
    Closed,
    /// A directory was given twice (`KafkaException`).
    DuplicateLogDir {
        /// The directory.
        path: PathBuf,
    },
    /// Somebody else has the directory (`KafkaException`).
    Locked {
        /// The directory.
        path: PathBuf,
    },
    /// `meta.properties` of a directory cannot be read, or does not go with those of the others (`RuntimeException`).
    MetaProperties {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        message: String,
    },
    /// A folder in a log directory is not called as that of a partition (`KafkaException`).
    NotAPartition {
        /// The folder.
        path: PathBuf,
    },
    /// A partition was found twice (`IllegalStateException`).
    DuplicatePartition {
        /// The partition.
        partition: TopicPartition,
        /// Its folders.
        paths: [PathBuf; 2],
    },
    /// No directory of this name was configured (`LogDirNotFoundException`).
    LogDirNotFound {
        /// The directory.
        path: PathBuf,
    },
    /// The partition may be in a directory that is offline, or the directory it should be in is (`KafkaStorageException`).
    LogDirsOffline {
        /// What cannot be done.
        message: String,
        /// Directories that are offline.
        paths: Vec<PathBuf>,
    },
    /// There is no such partition here (`KafkaStorageException`).
    NoSuchPartition {
        /// The partition.
        partition: TopicPartition,
        /// Whether the copy on its way between two directories was meant.
        future: bool,
    },
    /// The name of a topic is not one that Kafka takes.
    InvalidTopic(InvalidTopic),
    /// The topic that is to be created is here (`TopicExistsException`).
    TopicExists {
        /// Its name.
        topic: String,
    },
    /// No partition of the topic is here (`UnknownTopicOrPartitionException`).
    UnknownTopic {
        /// Its name.
        topic: String,
    },
    /// The directory belongs to a cluster already: it has a `meta.properties` (`TerseFailure`).
    AlreadyFormatted {
        /// The directory.
        path: PathBuf,
    },
    /// The file system does not take the name of a folder, most often because it is too long (`InvalidTopicException`).
    FolderName {
        /// The folder.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The partition belongs to another incarnation of its topic (`InconsistentTopicIdException`).
    InconsistentTopicId {
        /// The partition.
        partition: TopicPartition,
        /// Id of the topic as asked for.
        expected: Uuid,
        /// Id on disk.
        found: Uuid,
    },
    /// A state that does not allow it (`IllegalStateException`).
    IllegalState(String),
    /// Settings that Kafka refuses.
    Config(ConfigError),
    /// A log cannot be opened.
    Open {
        /// Folder of the partition.
        path: PathBuf,
        /// Why.
        source: Box<OpenError>,
    },
    /// A log does not do something.
    Log(LogError),
    /// A file at the top of a directory failed, or the directory itself.
    Storage(StorageError),
}

impl ManagerError {
    pub(super) fn meta_properties(path: PathBuf) -> impl FnOnce(FormatError) -> ManagerError {
        move |error| ManagerError::MetaProperties { path, message: error.to_string() }
    }
}

impl fmt::Display for ManagerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ManagerError::NoLogDirs => f.write_str("no log directory is usable"),
            ManagerError::Closed => f.write_str("the log manager was shut down"),
            ManagerError::DuplicateLogDir { path } => write!(f, "log directory {} was given twice", path.display()),
            ManagerError::Locked { path } => {
                write!(f, "log directory {} is in use: somebody else holds the lock on .lock", path.display())
            }
            ManagerError::MetaProperties { path, message } => write!(f, "{}: {message}", path.display()),
            ManagerError::NotAPartition { path } => {
                write!(f, "{}: expected a folder of the form topic-partition, perhaps moved elsewhere", path.display())
            }
            ManagerError::DuplicatePartition { partition, paths: [one, other] } => write!(
                f,
                "partition {partition} is in {} and in {}; one of them has to go, likely that on the disk that failed last",
                one.display(),
                other.display()
            ),
            ManagerError::LogDirNotFound { path } => write!(f, "{} is no log directory", path.display()),
            ManagerError::LogDirsOffline { message, paths } => {
                f.write_str(message)?;
                paths.iter().try_for_each(|path| write!(f, "; {} is offline", path.display()))
            }
            ManagerError::NoSuchPartition { partition, future } => {
                write!(f, "there is no {}log of {partition}", if *future { "future " } else { "" })
            }
            ManagerError::InvalidTopic(error) => error.fmt(f),
            ManagerError::TopicExists { topic } => write!(f, "topic {topic} exists"),
            ManagerError::UnknownTopic { topic } => write!(f, "there is no topic {topic}"),
            ManagerError::AlreadyFormatted { path } => {
                write!(f, "log directory {} is already formatted", path.display())
            }
            ManagerError::FolderName { path, source } => {
                write!(f, "the file system does not take {} as a name: {source}", path.display())
            }
            ManagerError::InconsistentTopicId { partition, expected, found } => {
                write!(f, "expected topic id {expected} for {partition}, found {found}")
            }
            ManagerError::IllegalState(message) => f.write_str(message),
            ManagerError::Config(error) => error.fmt(f),
            ManagerError::Open { path, source } => write!(f, "{}: {source}", path.display()),
            ManagerError::Log(error) => error.fmt(f),
            ManagerError::Storage(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ManagerError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ManagerError::Config(error) => Some(error),
            ManagerError::InvalidTopic(error) => Some(error),
            ManagerError::FolderName { source, .. } => Some(source),
            ManagerError::Open { source, .. } => Some(&**source),
            ManagerError::Log(error) => Some(error),
            ManagerError::Storage(error) => Some(error),
            _ => None,
        }
    }
}

with_error_code!(ManagerError);

impl KafkaError for ManagerError {
    fn exception(&self) -> &'static str {
        match self {
            ManagerError::DuplicateLogDir { .. } | ManagerError::Locked { .. } | ManagerError::NotAPartition { .. } => {
                "KafkaException"
            }
            ManagerError::MetaProperties { .. } => "RuntimeException",
            ManagerError::DuplicatePartition { .. } | ManagerError::IllegalState(_) => "IllegalStateException",
            ManagerError::LogDirNotFound { .. } => "LogDirNotFoundException",
            ManagerError::NoLogDirs
            | ManagerError::Closed
            | ManagerError::LogDirsOffline { .. }
            | ManagerError::NoSuchPartition { .. } => "KafkaStorageException",
            ManagerError::InvalidTopic(error) => error.exception(),
            ManagerError::TopicExists { .. } => "TopicExistsException",
            ManagerError::UnknownTopic { .. } => "UnknownTopicOrPartitionException",
            ManagerError::AlreadyFormatted { .. } => "TerseFailure",
            ManagerError::FolderName { .. } => "InvalidTopicException",
            ManagerError::InconsistentTopicId { .. } => "InconsistentTopicIdException",
            ManagerError::Config(error) => error.exception(),
            ManagerError::Open { source, .. } => source.exception(),
            ManagerError::Log(error) => error.exception(),
            ManagerError::Storage(error) => error.exception(),
        }
    }

    fn code(&self) -> ErrorCode {
        match self {
            ManagerError::NoLogDirs
            | ManagerError::Closed
            | ManagerError::LogDirsOffline { .. }
            | ManagerError::NoSuchPartition { .. } => ErrorCode::KafkaStorageError,
            ManagerError::LogDirNotFound { .. } => ErrorCode::LogDirNotFound,
            ManagerError::InvalidTopic(error) => error.code(),
            ManagerError::TopicExists { .. } => ErrorCode::TopicAlreadyExists,
            ManagerError::UnknownTopic { .. } => ErrorCode::UnknownTopicOrPartition,
            ManagerError::AlreadyFormatted { .. } => ErrorCode::UnknownServerError,
            ManagerError::FolderName { .. } => ErrorCode::InvalidTopicException,
            ManagerError::InconsistentTopicId { .. } => ErrorCode::InconsistentTopicId,
            ManagerError::DuplicateLogDir { .. }
            | ManagerError::Locked { .. }
            | ManagerError::NotAPartition { .. }
            | ManagerError::MetaProperties { .. }
            | ManagerError::DuplicatePartition { .. }
            | ManagerError::IllegalState(_) => ErrorCode::UnknownServerError,
            ManagerError::Config(error) => error.code(),
            ManagerError::Open { source, .. } => source.code(),
            ManagerError::Log(error) => error.code(),
            ManagerError::Storage(error) => error.code(),
        }
    }
}

impl From<StorageError> for ManagerError {
    fn from(error: StorageError) -> Self {
        ManagerError::Storage(error)
    }
}

impl From<LogError> for ManagerError {
    fn from(error: LogError) -> Self {
        ManagerError::Log(error)
    }
}

impl From<InvalidTopic> for ManagerError {
    fn from(error: InvalidTopic) -> Self {
        ManagerError::InvalidTopic(error)
    }
}

impl From<ConfigError> for ManagerError {
    fn from(error: ConfigError) -> Self {
        ManagerError::Config(error)
    }
}

/// A checkpoint that could not be read, and what is wrong with it.
#[derive(Debug)]
pub struct UnreadableCheckpoint(pub StorageError);

impl UnreadableCheckpoint {
    /// Whether Kafka would take the directory offline over it, once it has loaded the logs as if it was empty. Otherwise it
    /// is content with a warning.
    pub fn takes_kafka_offline(&self) -> bool {
        match &self.0 {
            StorageError::Corrupt { source, .. } => exception_of(source) == CheckpointException::Io,
            _ => true,
        }
    }
}

impl fmt::Display for UnreadableCheckpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for UnreadableCheckpoint {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.0)
    }
}

impl KafkaError for UnreadableCheckpoint {
    fn exception(&self) -> &'static str {
        match &self.0 {
            StorageError::Corrupt { source, .. } => match exception_of(source) {
                CheckpointException::Io => "KafkaStorageException",
                CheckpointException::NumberFormat => "NumberFormatException",
                CheckpointException::IllegalArgument => "IllegalArgumentException",
            },
            error => error.exception(),
        }
    }

    fn code(&self) -> ErrorCode {
        if self.takes_kafka_offline() { ErrorCode::KafkaStorageError } else { ErrorCode::UnknownServerError }
    }
}
