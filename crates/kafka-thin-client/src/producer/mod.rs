//! Sends records to partitions (`KafkaProducer`).
//!
//! A producer runs on its caller's thread: [`Producer::send`] puts a record into a batch, and batches go out and their responses come
//! in during [`Producer::poll`], [`Producer::flush`], and `send` itself. A caller that waits for something else in between polls
//! at [`Producer::next_event`]. One batch of a partition is on its way at a time, so retries keep the order of records.

mod accumulator;
mod batch;
mod config;
mod partitioner;
mod record;
mod sender;

use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use kafka_log::format::builder::BatchFields;
use kafka_rpc::ErrorCode;

use crate::config::{ClientConfig, ConfigError};
use crate::error::{ApiError, ClientError};
use crate::{Client, TopicPartition};
use accumulator::{Accumulator, Limits};
pub use config::{Acks, ProducerConfig};
use partitioner::StickyPartitions;
pub use partitioner::partition_for_key;
pub use record::{Callback, ProduceError, ProducerRecord, RecordMetadata};
use sender::Sender;

/// A producer.
#[derive(Debug)]
pub struct Producer {
    client: Client,
    config: ProducerConfig,
    sticky: StickyPartitions,
    accumulator: Accumulator,
    sender: Sender,
}

impl Producer {
    /// A producer without connections yet.
    ///
    /// # Errors
    /// If `bootstrap.servers` is empty or wrong.
    pub fn new(client: ClientConfig, config: ProducerConfig) -> Result<Self, ConfigError> {
        // A call for metadata blocks as long as sending may.
        let client = ClientConfig { default_api_timeout: config.max_block, ..client };
        let fields =
            BatchFields { codec: config.compression, level: config.compression_level, ..BatchFields::default() };
        let accumulator = Accumulator::new(Limits {
            batch_size: config.batch_size,
            linger: config.linger,
            buffer_memory: config.buffer_memory,
            delivery_timeout: config.delivery_timeout,
            fields,
        });
        let sender = Sender::new(fields);
        Ok(Producer { client: Client::new(client)?, config, sticky: StickyPartitions::default(), accumulator, sender })
    }

    /// Puts a record into a batch of its partition. Blocks up to `max.block.ms` for metadata, and for room.
    ///
    /// The callback is called by this method, or by a later call of the producer.
    pub fn send(&mut self, record: &ProducerRecord<'_>, callback: Callback) {
        let started = Instant::now();
        // The time of the call, not the one at which metadata and room were there.
        let timestamp = record.timestamp.unwrap_or_else(now_ms);
        let ready = self.check_size(record).and_then(|()| self.partition(record)).and_then(|partition| {
            self.make_room(record.bytes_max(), started)?;
            Ok(partition)
        });
        match ready {
            Ok(partition) => {
                let appended = self.accumulator.append(partition, record, timestamp, callback, Instant::now());
                match appended {
                    Ok(false) => {}
                    Ok(true) => self.drive(false, Duration::ZERO),
                    Err((error, callback)) => callback(Err(ProduceError::Format(error))),
                }
            }
            Err(error) => callback(Err(error)),
        }
    }

    /// Sends what is due and takes in responses. Returns when something has happened, at the latest after this time.
    pub fn poll(&mut self, wait: Duration) {
        self.drive(false, wait);
    }

    /// Sends everything and waits until all records are written or have failed, which takes `delivery.timeout.ms` at most.
    pub fn flush(&mut self) {
        while !self.accumulator.is_empty() {
            self.drive(true, Duration::from_millis(100));
        }
    }

    /// When the producer should be polled, at the latest; `None` while it has nothing to do.
    pub fn next_event(&self) -> Option<Instant> {
        if self.sender.in_flight() > 0 { Some(Instant::now()) } else { self.accumulator.next_event() }
    }

    fn check_size(&self, record: &ProducerRecord<'_>) -> Result<(), ProduceError> {
        let (bytes, max) = (record.bytes_max(), self.config.max_request_size.min(self.config.buffer_memory));
        if bytes > max { Err(ProduceError::RecordTooLarge { bytes, max }) } else { Ok(()) }
    }

    /// The partition of a record.
    fn partition(&mut self, record: &ProducerRecord<'_>) -> Result<TopicPartition, ProduceError> {
        let count = self.partition_count(record.topic)?;
        let partition = match (record.partition, record.key) {
            (Some(partition), _) => partition,
            (None, Some(key)) => partition_for_key(key, count),
            (None, None) => self.sticky.next(record.topic, count, record.bytes_max(), self.config.batch_size),
        };
        let partition = TopicPartition::new(record.topic, partition);
        if (0..count).contains(&partition.partition) {
            Ok(partition)
        } else {
            Err(ProduceError::NoSuchPartition { partition, count })
        }
    }

    /// How many partitions a topic has. A topic that does not exist is made if the brokers allow that.
    fn partition_count(&mut self, topic: &str) -> Result<i32, ProduceError> {
        let count = |topic: &crate::Topic| i32::try_from(topic.partitions.len()).unwrap_or(i32::MAX);
        if let Some(known) = self.client.cluster().topics.get(topic).filter(|topic| !topic.partitions.is_empty()) {
            return Ok(count(known));
        }
        let found = self.client.retry(|client| {
            let topics = client.fetch_topics(Some(&[topic]), true)?;
            let found = topics.iter().find(|found| found.name == topic);
            let code = match found {
                Some(found) if found.error.is_none() && !found.partitions.is_empty() => return Ok(count(found)),
                Some(found) => found.error.unwrap_or(ErrorCode::LeaderNotAvailable),
                None => ErrorCode::UnknownTopicOrPartition,
            };
            Err(ApiError { code, message: None }.into())
        });
        found.map_err(|error| match error {
            ClientError::Api(ApiError { code: code @ ErrorCode::InvalidTopicException, .. }) => {
                ProduceError::Api(ApiError { code, message: Some(format!("Invalid topics: [{topic}]")) })
            }
            ClientError::Api(error) => ProduceError::Api(error),
            ClientError::TimedOut { .. } => {
                ProduceError::NotInMetadata { topic: topic.to_owned(), waited_ms: self.config.max_block.as_millis() }
            }
            error => ProduceError::Client(Arc::new(error)),
        })
    }

    fn make_room(&mut self, bytes: usize, started: Instant) -> Result<(), ProduceError> {
        while self.accumulator.is_full_for(bytes) {
            let waited = started.elapsed();
            let Some(left) = self.config.max_block.checked_sub(waited) else {
                return Err(ProduceError::BufferExhausted { bytes, waited_ms: self.config.max_block.as_millis() });
            };
            self.drive(false, left.min(Duration::from_millis(100)));
        }
        Ok(())
    }
}

fn now_ms() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}
