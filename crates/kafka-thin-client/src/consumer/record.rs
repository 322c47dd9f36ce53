//! What a consumer returns.

use std::fmt;
use std::sync::Arc;

use kafka_log::format::FormatError;
use kafka_log::format::batch::TimestampType;

use crate::TopicPartition;
use crate::config::ConfigError;
use crate::error::{ApiError, ClientError};

/// A record of a partition (`ConsumerRecord`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumerRecord {
    /// The topic.
    pub topic: Arc<str>,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Epoch of the leader that wrote it; `None` in old formats.
    pub leader_epoch: Option<i32>,
    /// Time in ms since 1970, -1 for none.
    pub timestamp: i64,
    /// Who set the time.
    pub timestamp_type: TimestampType,
    /// Key, `None` for null.
    pub key: Option<Vec<u8>>,
    /// Value, `None` for null.
    pub value: Option<Vec<u8>>,
    /// Headers, in order.
    pub headers: Vec<(String, Option<Vec<u8>>)>,
}

/// Why a consumer cannot go on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConsumeError {
    /// The configuration lacks something that the call needs.
    NoGroup,
    /// The configuration is wrong.
    Config(ConfigError),
    /// A call to the cluster failed for good.
    Client(ClientError),
    /// Topics whose names no topic can have (`InvalidTopicException`).
    InvalidTopics(Vec<String>),
    /// Topics that the consumer may not read (`TopicAuthorizationException`).
    UnauthorizedTopics(Vec<String>),
    /// There is no committed offset and no reset (`NoOffsetForPartitionException`).
    NoOffset(Vec<TopicPartition>),
    /// The offset is not in the log, and there is no reset (`OffsetOutOfRangeException`).
    OffsetOutOfRange {
        /// The partition.
        partition: TopicPartition,
        /// The offset.
        offset: i64,
    },
    /// A batch with a wrong checksum, or one that cannot be read.
    Corrupt {
        /// The partition.
        partition: TopicPartition,
        /// From where on.
        offset: i64,
        /// What is wrong with its shape; `None` for the checksum.
        source: Option<FormatError>,
    },
}

impl ConsumeError {
    /// The exception of Kafka's client.
    pub fn exception(&self) -> &'static str {
        match self {
            ConsumeError::NoGroup => "InvalidGroupIdException",
            ConsumeError::Config(_) => "ConfigException",
            ConsumeError::Client(ClientError::Api(error)) => error.code.exception(),
            ConsumeError::Client(ClientError::TimedOut { .. } | ClientError::RequestTimedOut { .. }) => {
                "TimeoutException"
            }
            ConsumeError::Client(ClientError::UnsupportedApi { .. } | ClientError::UnsupportedVersion { .. }) => {
                "UnsupportedVersionException"
            }
            ConsumeError::InvalidTopics(_) => "InvalidTopicException",
            ConsumeError::UnauthorizedTopics(_) => "TopicAuthorizationException",
            ConsumeError::NoOffset(_) => "NoOffsetForPartitionException",
            ConsumeError::OffsetOutOfRange { .. } => "OffsetOutOfRangeException",
            ConsumeError::Client(_) | ConsumeError::Corrupt { .. } => "KafkaException",
        }
    }
}

impl fmt::Display for ConsumeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConsumeError::NoGroup => f.write_str(
                "To use the group management or offset commit APIs, you must provide a valid group.id in the consumer configuration.",
            ),
            ConsumeError::Config(error) => error.fmt(f),
            ConsumeError::Client(error) => error.fmt(f),
            ConsumeError::InvalidTopics(topics) => write!(f, "Invalid topics: [{}]", topics.join(", ")),
            ConsumeError::UnauthorizedTopics(topics) => {
                write!(f, "Not authorized to access topics: [{}]", topics.join(", "))
            }
            ConsumeError::NoOffset(partitions) => {
                let names: Vec<String> = partitions.iter().map(ToString::to_string).collect();
                write!(f, "Undefined offset with no reset policy for partitions: [{}]", names.join(", "))
            }
            ConsumeError::OffsetOutOfRange { partition, offset } => {
                write!(f, "Fetch position {offset} is out of range for partition {partition}, and no reset policy is configured")
            }
            ConsumeError::Corrupt { partition, offset, source: None } => {
                write!(f, "Record batch for partition {partition} at offset {offset} is invalid: the checksum is wrong")
            }
            ConsumeError::Corrupt { partition, offset, source: Some(source) } => {
                write!(f, "Received exception when fetching the next record from {partition} at offset {offset}: {source}")
            }
        }
    }
}

impl std::error::Error for ConsumeError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ConsumeError::Client(error) => Some(error),
            ConsumeError::Config(error) => Some(error),
            ConsumeError::Corrupt { source: Some(source), .. } => Some(source),
            _ => None,
        }
    }
}

impl From<ClientError> for ConsumeError {
    fn from(error: ClientError) -> Self {
        ConsumeError::Client(error)
    }
}

impl From<ApiError> for ConsumeError {
    fn from(error: ApiError) -> Self {
        ConsumeError::Client(error.into())
    }
}

impl From<ConfigError> for ConsumeError {
    fn from(error: ConfigError) -> Self {
        ConsumeError::Config(error)
    }
}
