//! What a log is opened with.

use std::fmt;
use std::sync::Arc;

use super::config::LogConfig;
use super::health::DirHealth;
use super::metrics::LogMetrics;
use super::producers::ProducerStateConfig;
use crate::format::uuid::Uuid;

/// What a log is opened with. `Default` is a new log: nothing recorded about it, clean.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// Settings of the topic.
    pub config: Arc<LogConfig>,
    /// Log start offset from the checkpoint, 0 without one.
    pub log_start_offset: i64,
    /// Offset up to which all is on disk, from the checkpoint; 0 without one.
    pub recovery_point: i64,
    /// Whether the directory was shut down cleanly, or the log is new: then nothing is recovered.
    pub had_clean_shutdown: bool,
    /// Id of the topic, where the caller knows it.
    pub topic_id: Option<Uuid>,
    /// Settings for the producers.
    pub producers: ProducerStateConfig,
    /// Whether the broker has tiered storage at all (`remote.log.storage.system.enable`).
    pub remote_storage_system_enable: bool,
    /// Whether the log directory works; shared by its logs.
    pub health: DirHealth,
    /// Whether to refuse what Kafka refuses to start with although recovery could do without it, and to take what Kafka takes:
    /// garbage in an index of a segment that is recovered anyway; batches of a torn write that lost their offset alone. For
    /// those who want to know what Kafka would do.
    pub refuse_like_kafka: bool,
    /// Threads that recover a large segment together; they end with the recovery.
    pub recovery_threads: usize,
    /// Bytes of space that the active segment gets in advance; 0, the default, for none, a mebibyte is enough. Appends of up to
    /// 4 KiB then go through memory that is a part of the file, cost no call to the system and are several times as fast; longer
    /// ones are somewhat faster. Linux alone has that.
    ///
    /// The file then ends in zeros while it is appended to, and after the end of the process. Recovery cuts them, Kafka's too,
    /// as with `preallocate`. And a medium that cannot give back a page that it took before may end the process (SIGBUS) instead
    /// of taking the log offline.
    pub append_ahead_bytes: u32,
    /// Size in bytes from which on segments are mapped to look up offsets in them; `None`, the default, for never, a mebibyte is a good
    /// value. The headers on the way then cost no call to the system, and a look-up that nobody made before is several times as fast.
    ///
    /// A segment with short batches in which something was looked up has a map until [`Log::release_idle`](super::Log::release_idle);
    /// Linux allows a process 65,530 as long as nobody changes that. A medium that cannot give back a page ends the process (SIGBUS)
    /// instead of taking the log offline, and so does another process that shortens the file.
    pub map_for_look_ups_from: Option<u32>,
    /// What is counted; logs may share it.
    pub metrics: Arc<LogMetrics>,
    /// Now, in ms since 1970.
    pub now_ms: i64,
    /// Draws `segment.jitter.ms` for new segments: a number from 0 to its argument, exclusive. `None`: no jitter.
    pub jitter: Option<fn(i64) -> i64>,
}

impl Default for LogOptions {
    fn default() -> Self {
        LogOptions {
            config: Arc::default(),
            log_start_offset: 0,
            recovery_point: 0,
            had_clean_shutdown: true,
            topic_id: None,
            producers: ProducerStateConfig::default(),
            remote_storage_system_enable: false,
            health: DirHealth::new(),
            refuse_like_kafka: false,
            recovery_threads: 1,
            append_ahead_bytes: 0,
            map_for_look_ups_from: None,
            metrics: Arc::default(),
            now_ms: 0,
            jitter: None,
        }
    }
}

/// A topic and the number of one of its partitions.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TopicPartition {
    /// Topic.
    pub topic: Arc<str>,
    /// Partition.
    pub partition: i32,
}

impl TopicPartition {
    /// A partition of a topic.
    pub fn new(topic: &str, partition: i32) -> Self {
        TopicPartition { topic: topic.into(), partition }
    }
}

impl fmt::Display for TopicPartition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.topic, self.partition)
    }
}
