//! What a log is opened with.

use std::any::Any;
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
    /// Whether the log directory works; shared by its logs.
    pub health: DirHealth,
    /// The lock on the directory that the folder of the partition is in. The log holds it until it ends, so that a directory has
    /// one owner as long as something may be written in it. Without one the log locks the folder of the partition itself,
    /// where the file system can lock folders.
    pub dir_lock: Option<Arc<dyn Any + Send + Sync>>,
    /// Whether to refuse what Kafka refuses to start with although recovery could do without it, and to take what Kafka takes:
    /// garbage in an index of a segment that is recovered anyway; batches of a torn write that lost their offset alone. For
    /// those who want to know what Kafka would do.
    pub refuse_like_kafka: bool,
    /// Threads that recover a large segment together; they end with the recovery.
    pub recovery_threads: usize,
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
            health: DirHealth::new(),
            dir_lock: None,
            refuse_like_kafka: false,
            recovery_threads: 1,
            metrics: Arc::default(),
            now_ms: 0,
            jitter: None,
        }
    }
}
