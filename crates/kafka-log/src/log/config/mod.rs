//! Settings of a topic (`LogConfig`), with Kafka's names, defaults and checks.
//!
//! [`LogConfig::from_properties`] reads them as texts, [`LogConfig::validate`] says what Kafka's broker would refuse,
//! [`LogConfig::from_broker_properties`] takes the defaults of all topics from the settings of a broker.

mod broker;
mod error;
mod properties;
mod validate;
#[doc(hidden)]
pub mod value;

use crate::compression::Codec;
use crate::format::batch::TimestampType;

pub use broker::BROKER_CONFIG_NAMES;
pub use error::ConfigError;
pub use properties::TOPIC_CONFIG_NAMES;

/// `compression.type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompressionType {
    /// As the producer sent it.
    Producer,
    /// Always this codec; `Codec::None` is `uncompressed`.
    Always(Codec),
}

/// Settings of a topic. Sizes are in bytes, times in ms; where Kafka has -1 or the largest number for "off", so has this.
#[derive(Clone, Debug, PartialEq)]
pub struct LogConfig {
    /// `segment.bytes`; where `internal.segment.bytes` is set, that one
    pub segment_bytes: i32,
    /// `internal.segment.bytes`: stands in for `segment.bytes` without a lower bound, for tests
    pub internal_segment_bytes: Option<i32>,
    /// `segment.ms`
    pub segment_ms: i64,
    /// `segment.jitter.ms`
    pub segment_jitter_ms: i64,
    /// `segment.index.bytes`
    pub segment_index_bytes: i32,
    /// `index.interval.bytes`
    pub index_interval_bytes: i32,
    /// `flush.messages`
    pub flush_messages: i64,
    /// `flush.ms`
    pub flush_ms: i64,
    /// `retention.bytes`, -1 off
    pub retention_bytes: i64,
    /// `retention.ms`, -1 off
    pub retention_ms: i64,
    /// `max.message.bytes`
    pub max_message_bytes: i32,
    /// `file.delete.delay.ms`
    pub file_delete_delay_ms: i64,
    /// `cleanup.policy` has `delete`
    pub delete: bool,
    /// `cleanup.policy` has `compact`
    pub compact: bool,
    /// `delete.retention.ms`
    pub delete_retention_ms: i64,
    /// `min.compaction.lag.ms`
    pub min_compaction_lag_ms: i64,
    /// `max.compaction.lag.ms`
    pub max_compaction_lag_ms: i64,
    /// `min.cleanable.dirty.ratio`
    pub min_cleanable_dirty_ratio: f64,
    /// `compression.type`
    pub compression_type: CompressionType,
    /// `compression.gzip.level`
    pub compression_gzip_level: i32,
    /// `compression.lz4.level`
    pub compression_lz4_level: i32,
    /// `compression.zstd.level`
    pub compression_zstd_level: i32,
    /// `preallocate`
    pub preallocate: bool,
    /// `message.timestamp.type`
    pub message_timestamp_type: TimestampType,
    /// `message.timestamp.before.max.ms`
    pub message_timestamp_before_max_ms: i64,
    /// `message.timestamp.after.max.ms`
    pub message_timestamp_after_max_ms: i64,
    /// `unclean.leader.election.enable`
    pub unclean_leader_election_enable: bool,
    /// `min.insync.replicas`
    pub min_insync_replicas: i32,
    /// `leader.replication.throttled.replicas`: `partition:broker` each, or `*`
    pub leader_replication_throttled_replicas: Vec<String>,
    /// `follower.replication.throttled.replicas`, of the same form
    pub follower_replication_throttled_replicas: Vec<String>,
    /// `remote.storage.enable`
    pub remote_storage_enable: bool,
    /// `local.retention.ms`, -2 as `retention.ms`
    pub local_retention_ms: i64,
    /// `local.retention.bytes`, -2 as `retention.bytes`
    pub local_retention_bytes: i64,
    /// `remote.log.copy.disable`
    pub remote_log_copy_disable: bool,
    /// `remote.log.delete.on.disable`
    pub remote_log_delete_on_disable: bool,
}

impl Default for LogConfig {
    fn default() -> Self {
        LogConfig {
            segment_bytes: 1024 * 1024 * 1024,
            internal_segment_bytes: None,
            segment_ms: 7 * 24 * 60 * 60 * 1000,
            segment_jitter_ms: 0,
            segment_index_bytes: 10 * 1024 * 1024,
            index_interval_bytes: 4096,
            flush_messages: i64::MAX,
            flush_ms: i64::MAX,
            retention_bytes: -1,
            retention_ms: 7 * 24 * 60 * 60 * 1000,
            max_message_bytes: 1024 * 1024 + 12,
            file_delete_delay_ms: 60_000,
            delete: true,
            compact: false,
            delete_retention_ms: 24 * 60 * 60 * 1000,
            min_compaction_lag_ms: 0,
            max_compaction_lag_ms: i64::MAX,
            min_cleanable_dirty_ratio: 0.5,
            compression_type: CompressionType::Producer,
            compression_gzip_level: -1,
            compression_lz4_level: 9,
            compression_zstd_level: 3,
            preallocate: false,
            message_timestamp_type: TimestampType::CreateTime,
            message_timestamp_before_max_ms: i64::MAX,
            message_timestamp_after_max_ms: 60 * 60 * 1000,
            unclean_leader_election_enable: false,
            min_insync_replicas: 1,
            leader_replication_throttled_replicas: Vec::new(),
            follower_replication_throttled_replicas: Vec::new(),
            remote_storage_enable: false,
            local_retention_ms: -2,
            local_retention_bytes: -2,
            remote_log_copy_disable: false,
            remote_log_delete_on_disable: false,
        }
    }
}

impl LogConfig {
    /// Age in ms at which a segment is rolled: compacted topics roll early enough for `max.compaction.lag.ms`
    /// (`maxSegmentMs`).
    pub fn max_segment_ms(&self) -> i64 {
        if self.compact && self.max_compaction_lag_ms > 0 {
            self.segment_ms.min(self.max_compaction_lag_ms)
        } else {
            self.segment_ms
        }
    }

    /// Bytes that a new segment file takes at once (`initFileSize`).
    pub fn init_file_size(&self) -> i32 {
        if self.preallocate { self.segment_bytes } else { 0 }
    }

    /// `local.retention.ms`, or `retention.ms` where that stands for it.
    pub fn effective_local_retention_ms(&self) -> i64 {
        if self.local_retention_ms == -2 { self.retention_ms } else { self.local_retention_ms }
    }

    /// `local.retention.bytes`, or `retention.bytes` where that stands for it.
    pub fn effective_local_retention_bytes(&self) -> i64 {
        if self.local_retention_bytes == -2 { self.retention_bytes } else { self.local_retention_bytes }
    }
}
