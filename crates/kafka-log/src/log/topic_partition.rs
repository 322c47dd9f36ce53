//! Names of partitions.

use std::fmt;
use std::sync::Arc;

use super::error::{ErrorCode, KafkaError};

/// Most bytes in the name of a topic (`Topic.MAX_NAME_LENGTH`).
pub const TOPIC_NAME_LEN_MAX: usize = 249;

/// A topic and the number of one of its partitions (`TopicPartition`). It names a folder, so the name is one that Kafka takes.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    topic: Arc<str>,
    partition: i32,
}

impl TopicPartition {
    /// A partition of a topic.
    ///
    /// # Errors
    /// A name that [`validate_topic_name`] refuses; a negative partition.
    pub fn new(topic: impl Into<Arc<str>>, partition: i32) -> Result<Self, InvalidTopic> {
        let topic = topic.into();
        validate_topic_name(&topic)?;
        if partition < 0 {
            return Err(InvalidTopic::NegativePartition { partition });
        }
        Ok(TopicPartition { topic, partition })
    }

    /// A partition whose name is on disk already. Kafka takes folders with other names, too.
    pub(crate) fn on_disk(topic: impl Into<Arc<str>>, partition: i32) -> Self {
        TopicPartition { topic: topic.into(), partition }
    }

    /// Name of the topic.
    pub fn topic(&self) -> &str {
        &self.topic
    }

    /// Number of the partition.
    pub fn partition(&self) -> i32 {
        self.partition
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}

/// Whether a topic may have this name (`org.apache.kafka.common.internals.Topic.validate`): 1 to 249 ASCII letters, digits, `.`, `_`
/// and `-`, but not `.` or `..`.
///
/// # Errors
/// What is wrong with the name.
pub fn validate_topic_name(name: &str) -> Result<(), InvalidTopic> {
    let utf16_len = name.encode_utf16().count();
    match name {
        "" => Err(InvalidTopic::Empty),
        "." | ".." => Err(InvalidTopic::Dots),
        _ if utf16_len > TOPIC_NAME_LEN_MAX => Err(InvalidTopic::TooLong { len: utf16_len }),
        _ if !name.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_".contains(&b)) => {
            Err(InvalidTopic::Characters { name: name.to_owned() })
        }
        _ => Ok(()),
    }
}

/// Why a name is not that of a partition (`InvalidTopicException`).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum InvalidTopic {
    /// The name is empty.
    Empty,
    /// The name is `.` or `..`.
    Dots,
    /// The name has more than 249 characters.
    TooLong {
        /// Number of UTF-16 units.
        len: usize,
    },
    /// The name has a character other than ASCII letters, digits, `.`, `_` and `-`.
    Characters {
        /// The name.
        name: String,
    },
    /// The number of the partition is negative (`InvalidPartitionsException`).
    NegativePartition {
        /// The number.
        partition: i32,
    },
    /// A topic is to have less than one partition (`InvalidPartitionsException`).
    NoPartitions {
        /// The number of partitions.
        partitions: i32,
    },
}

impl fmt::Display for InvalidTopic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            InvalidTopic::Empty => f.write_str("the name of a topic must not be empty"),
            InvalidTopic::Dots => f.write_str("the name of a topic must not be '.' or '..'"),
            InvalidTopic::TooLong { len } => {
                write!(f, "the name of a topic has at most {TOPIC_NAME_LEN_MAX} characters, found {len}")
            }
            InvalidTopic::Characters { name } => {
                write!(f, "the name of a topic has ASCII letters, digits, '.', '_' and '-' only, found {name:?}")
            }
            InvalidTopic::NegativePartition { partition } => {
                write!(f, "the number of a partition is 0 or more, found {partition}")
            }
            InvalidTopic::NoPartitions { partitions } => {
                write!(f, "a topic has 1 or more partitions, found {partitions}")
            }
        }
    }
}

impl std::error::Error for InvalidTopic {}

impl KafkaError for InvalidTopic {
    fn exception(&self) -> &'static str {
        self.code().exception()
    }

    fn code(&self) -> ErrorCode {
        match self {
            InvalidTopic::NegativePartition { .. } | InvalidTopic::NoPartitions { .. } => ErrorCode::InvalidPartitions,
            _ => ErrorCode::InvalidTopicException,
        }
    }
}
