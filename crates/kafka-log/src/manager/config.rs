//! Settings of the manager itself: those of a broker that are about all of its logs.

use crate::log::cleaner::CleanerConfig;
use crate::log::config::ConfigError;
use crate::log::config::value::Setting;
use crate::log::producers::ProducerStateConfig;

/// Settings of a manager, with Kafka's names and defaults. Times are in ms.
#[derive(Clone, Debug, PartialEq)]
pub struct LogManagerConfig {
    /// `num.recovery.threads.per.data.dir`: threads for each directory when logs are loaded and closed.
    pub recovery_threads_per_data_dir: usize,
    /// Threads that recover a large segment together, on top of these. They are threads of the operating system, gone when
    /// the segment is recovered; with 1 there are none. Kafka has no such setting.
    pub recovery_threads_per_log: usize,
    /// `log.retention.check.interval.ms`
    pub retention_check_ms: i64,
    /// `log.flush.scheduler.interval.ms`: how often to look for logs whose `flush.ms` is over.
    pub flush_check_ms: i64,
    /// `log.flush.offset.checkpoint.interval.ms`
    pub recovery_point_checkpoint_ms: i64,
    /// `log.flush.start.offset.checkpoint.interval.ms`
    pub log_start_offset_checkpoint_ms: i64,
    /// `replica.high.watermark.checkpoint.interval.ms`
    pub high_watermark_checkpoint_ms: i64,
    /// `log.initial.task.delay.ms`: how long after the start the first of these come.
    pub initial_task_delay_ms: i64,
    /// `producer.id.expiration.ms`
    pub producer_id_expiration_ms: i32,
    /// `producer.id.expiration.check.interval.ms`
    pub producer_id_expiration_check_ms: i64,
    /// `transaction.max.timeout.ms`
    pub transaction_max_timeout_ms: i32,
    /// `transaction.partition.verification.enable`
    pub transaction_partition_verification: bool,
    /// `remote.log.storage.system.enable`: decides which settings of topics are refused. Nothing is copied to remote storage, and topics
    /// with `remote.storage.enable` are kept like others.
    pub remote_storage_system: bool,
    /// The cleaner.
    pub cleaner: LogCleanerConfig,
    /// For tests: makes the unique parts of folder names the same in each run, and switches `segment.jitter.ms` off.
    pub unique_id_seed: Option<u64>,
}

/// Settings of all cleaners together (`CleanerConfig`).
#[derive(Clone, Debug, PartialEq)]
pub struct LogCleanerConfig {
    /// `log.cleaner.enable`
    pub enabled: bool,
    /// `log.cleaner.threads`
    pub threads: usize,
    /// Threads that clean a large segment together, for each of these: it is one of them. Kafka has no such setting.
    pub threads_per_log: usize,
    /// `log.cleaner.dedupe.buffer.size`: bytes for the offset maps of all threads.
    pub dedupe_buffer_bytes: i64,
    /// `log.cleaner.io.buffer.load.factor`: how full an offset map may become.
    pub dedupe_buffer_load_factor: f64,
    /// `log.cleaner.io.buffer.size`: bytes for reading and writing, of all threads.
    pub io_buffer_bytes: i32,
    /// `log.cleaner.io.max.bytes.per.second`
    pub io_max_bytes_per_second: f64,
    /// `log.cleaner.backoff.ms`: how long to wait when there is nothing to clean.
    pub backoff_ms: i64,
    /// `message.max.bytes`: how far the buffers may grow for one batch.
    pub max_message_bytes: i32,
}

impl Default for LogManagerConfig {
    fn default() -> Self {
        LogManagerConfig {
            recovery_threads_per_data_dir: 2,
            recovery_threads_per_log: 1,
            retention_check_ms: 5 * 60 * 1000,
            flush_check_ms: i64::MAX,
            recovery_point_checkpoint_ms: 60_000,
            log_start_offset_checkpoint_ms: 60_000,
            high_watermark_checkpoint_ms: 5000,
            initial_task_delay_ms: 30_000,
            producer_id_expiration_ms: 24 * 60 * 60 * 1000,
            producer_id_expiration_check_ms: 10 * 60 * 1000,
            transaction_max_timeout_ms: 15 * 60 * 1000,
            transaction_partition_verification: true,
            remote_storage_system: false,
            cleaner: LogCleanerConfig::default(),
            unique_id_seed: None,
        }
    }
}

impl Default for LogCleanerConfig {
    fn default() -> Self {
        LogCleanerConfig {
            enabled: true,
            threads: 1,
            threads_per_log: 1,
            dedupe_buffer_bytes: 128 * 1024 * 1024,
            dedupe_buffer_load_factor: 0.9,
            io_buffer_bytes: 512 * 1024,
            io_max_bytes_per_second: f64::MAX,
            backoff_ms: 15_000,
            max_message_bytes: 1024 * 1024 + 12,
        }
    }
}

impl LogCleanerConfig {
    /// The share of one cleaner (`LogCleaner.CleanerThread`). For this workspace's tests.
    #[doc(hidden)]
    pub fn of_one_thread(&self) -> CleanerConfig {
        let threads = self.threads.max(1);
        let dedupe_buffer_bytes = usize::try_from(self.dedupe_buffer_bytes).unwrap_or_default() / threads;
        CleanerConfig {
            dedupe_buffer_bytes: dedupe_buffer_bytes.min(i32::MAX as usize),
            dedupe_buffer_load_factor: self.dedupe_buffer_load_factor,
            io_buffer_bytes: count(self.io_buffer_bytes) / threads / 2,
            io_buffer_bytes_max: count(self.max_message_bytes),
        }
    }
}

/// Names of the settings that [`LogManagerConfig::from_properties`] looks at.
pub const MANAGER_CONFIG_NAMES: [&str; 20] = [
    "num.recovery.threads.per.data.dir",
    "log.retention.check.interval.ms",
    "log.flush.scheduler.interval.ms",
    "log.flush.offset.checkpoint.interval.ms",
    "log.flush.start.offset.checkpoint.interval.ms",
    "replica.high.watermark.checkpoint.interval.ms",
    "log.initial.task.delay.ms",
    "producer.id.expiration.ms",
    "producer.id.expiration.check.interval.ms",
    "transaction.max.timeout.ms",
    "transaction.partition.verification.enable",
    "remote.log.storage.system.enable",
    "log.cleaner.enable",
    "log.cleaner.threads",
    "log.cleaner.dedupe.buffer.size",
    "log.cleaner.io.buffer.load.factor",
    "log.cleaner.io.buffer.size",
    "log.cleaner.io.max.bytes.per.second",
    "log.cleaner.backoff.ms",
    "message.max.bytes",
];

impl LogManagerConfig {
    /// What of it is for producers.
    #[must_use]
    pub fn producers(&self) -> ProducerStateConfig {
        ProducerStateConfig {
            expiration_ms: i64::from(self.producer_id_expiration_ms),
            max_transaction_timeout_ms: i64::from(self.transaction_max_timeout_ms),
            verification_enabled: self.transaction_partition_verification,
        }
    }

    /// The manager of a broker with these settings; names of other settings are passed over, and of two for one name the
    /// later counts.
    ///
    /// # Errors
    /// The first value that has another type or is out of its range; less than 1 MiB of dedupe buffer for each cleaner.
    pub fn from_properties<'a>(
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<LogManagerConfig, ConfigError> {
        let properties: Vec<_> = properties.into_iter().collect();
        let mut config = LogManagerConfig::default();
        for name in MANAGER_CONFIG_NAMES {
            if let Some((_, text)) = properties.iter().rev().find(|(given, _)| *given == name) {
                config.set(Setting { name, text })?;
            }
        }
        let cleaner = &config.cleaner;
        if cleaner.threads == 0 || cleaner.dedupe_buffer_bytes / cleaner.threads as i64 <= 1024 * 1024 {
            let message = "log.cleaner.dedupe.buffer.size must be at least 1MB per cleaner thread.";
            return Err(ConfigError::Requirement(message.to_owned()));
        }
        Ok(config)
    }

    fn set(&mut self, s: Setting<'_>) -> Result<(), ConfigError> {
        let int = |min| s.int_from(min).map(i64::from);
        match s.name {
            "num.recovery.threads.per.data.dir" => self.recovery_threads_per_data_dir = count(s.int_from(1)?),
            "log.retention.check.interval.ms" => self.retention_check_ms = s.long_from(1)?,
            "log.flush.scheduler.interval.ms" => self.flush_check_ms = s.long()?,
            "log.flush.offset.checkpoint.interval.ms" => self.recovery_point_checkpoint_ms = int(0)?,
            "log.flush.start.offset.checkpoint.interval.ms" => self.log_start_offset_checkpoint_ms = int(0)?,
            "replica.high.watermark.checkpoint.interval.ms" => self.high_watermark_checkpoint_ms = s.long()?,
            "log.initial.task.delay.ms" => self.initial_task_delay_ms = s.long_from(0)?,
            "producer.id.expiration.ms" => self.producer_id_expiration_ms = s.int_from(1)?,
            "producer.id.expiration.check.interval.ms" => self.producer_id_expiration_check_ms = int(1)?,
            "transaction.max.timeout.ms" => self.transaction_max_timeout_ms = s.int_from(1)?,
            "transaction.partition.verification.enable" => self.transaction_partition_verification = s.boolean()?,
            "remote.log.storage.system.enable" => self.remote_storage_system = s.boolean()?,
            "log.cleaner.enable" => self.cleaner.enabled = s.boolean()?,
            "log.cleaner.threads" => self.cleaner.threads = count(s.int_from(0)?),
            "log.cleaner.dedupe.buffer.size" => self.cleaner.dedupe_buffer_bytes = s.long()?,
            "log.cleaner.io.buffer.load.factor" => self.cleaner.dedupe_buffer_load_factor = s.double()?,
            "log.cleaner.io.buffer.size" => self.cleaner.io_buffer_bytes = s.int_from(0)?,
            "log.cleaner.io.max.bytes.per.second" => self.cleaner.io_max_bytes_per_second = s.double()?,
            "log.cleaner.backoff.ms" => self.cleaner.backoff_ms = s.long_from(0)?,
            "message.max.bytes" => self.cleaner.max_message_bytes = s.int_from(0)?,
            _ => {}
        }
        Ok(())
    }
}

fn count(value: i32) -> usize {
    usize::try_from(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_setting_is_read_and_checked() {
        for name in MANAGER_CONFIG_NAMES {
            let refused = LogManagerConfig::from_properties([(name, "no such value")]);
            assert!(matches!(refused, Err(ConfigError::InvalidValue { name: found, .. }) if found == name), "{name}");
        }
        let config = LogManagerConfig::from_properties([("log.cleaner.threads", " 3 ")]).unwrap();
        assert_eq!(config.cleaner.threads, 3);
    }

    #[test]
    fn cleaners_need_room_for_their_maps() {
        let with = |threads| {
            LogManagerConfig::from_properties([
                ("log.cleaner.threads", threads),
                ("log.cleaner.dedupe.buffer.size", "4194304"),
            ])
        };
        assert!(with("3").is_ok());
        assert!(matches!(with("4"), Err(ConfigError::Requirement(_))));
        assert!(matches!(with("0"), Err(ConfigError::Requirement(_))));
    }
}
