//! Records, and what becomes of them.

use std::fmt;
use std::sync::Arc;

use crate::TopicPartition;
use crate::error::{ApiError, ClientError};

/// A record to be sent (`ProducerRecord`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProducerRecord<'a> {
    /// The topic.
    pub topic: &'a str,
    /// The partition; `None` for the one of the key, or any.
    pub partition: Option<i32>,
    /// Time in ms since 1970; `None` for now.
    pub timestamp: Option<i64>,
    /// Key, `None` for null.
    pub key: Option<&'a [u8]>,
    /// Value, `None` for null.
    pub value: Option<&'a [u8]>,
    /// Headers, in order.
    pub headers: Vec<(&'a str, Option<&'a [u8]>)>,
}

impl ProducerRecord<'_> {
    /// The most bytes that the record can take in a batch (`estimateSizeInBytesUpperBound`).
    pub(super) fn bytes_max(&self) -> usize {
        /// Length, attributes, timestamp, offset, key length, value length and number of headers.
        const OVERHEAD: usize = 5 + 1 + 10 + 5 + 5 + 5 + 5;
        let headers = self.headers.iter().map(|(key, value)| 10 + key.len() + value.map_or(0, <[u8]>::len));
        OVERHEAD + self.key.map_or(0, <[u8]>::len) + self.value.map_or(0, <[u8]>::len) + headers.sum::<usize>()
    }
}

/// Where a record was written (`RecordMetadata`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RecordMetadata {
    /// The partition.
    pub partition: TopicPartition,
    /// The offset; `None` where the broker does not tell.
    pub offset: Option<i64>,
}

/// Why a record was not written, or may not have been.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum ProduceError {
    /// The broker's answer.
    Api(ApiError),
    /// No request could be sent, or no usable response came.
    Client(Arc<ClientError>),
    /// The topic was not to be found within `max.block.ms` (`TimeoutException`).
    NotInMetadata {
        /// The topic.
        topic: String,
        /// How long the producer looked for it.
        waited_ms: u128,
    },
    /// The topic has no such partition (`TimeoutException`).
    NoSuchPartition {
        /// The partition.
        partition: TopicPartition,
        /// How many there are.
        count: i32,
    },
    /// No room came free within `max.block.ms` (`BufferExhaustedException`).
    BufferExhausted {
        /// Bytes of the record.
        bytes: usize,
        /// How long the producer waited.
        waited_ms: u128,
    },
    /// Longer than `max.request.size` or `buffer.memory` (`RecordTooLargeException`).
    RecordTooLarge {
        /// Bytes of the record.
        bytes: usize,
        /// The limit.
        max: usize,
    },
    /// `delivery.timeout.ms` is over (`TimeoutException`).
    Expired {
        /// The partition.
        partition: TopicPartition,
        /// Records in the batch.
        count: usize,
        /// Age of the batch.
        age_ms: u128,
    },
    /// The record cannot be put into a batch, or the batch cannot be compressed.
    Format(kafka_log::format::FormatError),
}

impl ProduceError {
    /// The exception of Kafka's client.
    pub fn exception(&self) -> &'static str {
        match self {
            ProduceError::Api(error) => error.code.exception(),
            ProduceError::Client(error) => match &**error {
                ClientError::Disconnected { .. } | ClientError::Io { .. } | ClientError::Connect { .. } => {
                    "NetworkException"
                }
                ClientError::UnsupportedApi { .. } | ClientError::UnsupportedVersion { .. } => {
                    "UnsupportedVersionException"
                }
                ClientError::RequestTimedOut { .. } | ClientError::TimedOut { .. } => "TimeoutException",
                _ => "KafkaException",
            },
            ProduceError::NotInMetadata { .. }
            | ProduceError::NoSuchPartition { .. }
            | ProduceError::Expired { .. } => "TimeoutException",
            ProduceError::BufferExhausted { .. } => "BufferExhaustedException",
            ProduceError::RecordTooLarge { .. } => "RecordTooLargeException",
            ProduceError::Format(_) => "KafkaException",
        }
    }
}

impl fmt::Display for ProduceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ProduceError::Api(error) => error.fmt(f),
            ProduceError::Client(error) => error.fmt(f),
            ProduceError::NotInMetadata { topic, waited_ms } => {
                write!(f, "Topic {topic} not present in metadata after {waited_ms} ms.")
            }
            ProduceError::NoSuchPartition { partition: TopicPartition { topic, partition }, count } => {
                write!(
                    f,
                    "Partition {partition} of topic {topic} with partition count {count} is not present in metadata."
                )
            }
            ProduceError::BufferExhausted { bytes, waited_ms } => {
                write!(f, "Failed to allocate {bytes} bytes within the configured max blocking time {waited_ms} ms.")
            }
            ProduceError::RecordTooLarge { bytes, max } => {
                write!(f, "The message is {bytes} bytes when serialized which is larger than {max}.")
            }
            ProduceError::Expired { partition: TopicPartition { topic, partition }, count, age_ms } => {
                write!(
                    f,
                    "Expiring {count} record(s) for {topic}-{partition}:{age_ms} ms has passed since batch creation"
                )
            }
            ProduceError::Format(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ProduceError {}

/// Called once for each record: where it was written, or why not.
pub type Callback = Box<dyn FnOnce(Result<RecordMetadata, ProduceError>) + Send>;
