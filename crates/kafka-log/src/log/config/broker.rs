//! Defaults of all topics from the settings of a broker (`KafkaConfig.extractLogConfigMap`).

use super::properties::{SEGMENT_BYTES_MIN, find};
use super::value::Setting;
use super::{ConfigError, LogConfig};

const MINUTE_MS: i64 = 60 * 1000;
const HOUR_MS: i64 = 60 * MINUTE_MS;

/// Names of the broker's settings that [`LogConfig::from_broker_properties`] looks at. Where several stand for one setting of a
/// topic, the finer unit counts.
pub const BROKER_CONFIG_NAMES: [&str; 33] = [
    "log.segment.bytes",
    "log.roll.hours",
    "log.roll.ms",
    "log.roll.jitter.hours",
    "log.roll.jitter.ms",
    "log.index.size.max.bytes",
    "log.index.interval.bytes",
    "log.flush.interval.messages",
    "log.flush.scheduler.interval.ms",
    "log.flush.interval.ms",
    "log.retention.bytes",
    "log.retention.hours",
    "log.retention.minutes",
    "log.retention.ms",
    "message.max.bytes",
    "log.segment.delete.delay.ms",
    "log.cleanup.policy",
    "log.cleaner.delete.retention.ms",
    "log.cleaner.min.compaction.lag.ms",
    "log.cleaner.max.compaction.lag.ms",
    "log.cleaner.min.cleanable.ratio",
    "compression.type",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "log.preallocate",
    "log.message.timestamp.type",
    "log.message.timestamp.before.max.ms",
    "log.message.timestamp.after.max.ms",
    "unclean.leader.election.enable",
    "min.insync.replicas",
    "log.local.retention.ms",
    "log.local.retention.bytes",
];

impl LogConfig {
    /// The defaults of a broker with these settings (`KafkaConfig.extractLogConfigMap`); names of other settings are
    /// passed over.
    ///
    /// # Errors
    /// The first value that has another type or is out of its range; a time to roll or to retain that is 0 or less.
    pub fn from_broker_properties<'a>(
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<LogConfig, ConfigError> {
        let properties: Vec<_> = properties.into_iter().collect();
        let mut config = LogConfig::default();
        for name in BROKER_CONFIG_NAMES {
            if let Some(text) = find(&properties, name) {
                config.set_default(Setting { name, text })?;
            }
        }
        require(config.segment_ms >= 1, "log.roll.ms must be greater than or equal to 1")?;
        require(config.segment_jitter_ms >= 0, "log.roll.jitter.ms must be greater than or equal to 0")?;
        config.retention_ms = config.retention_ms.max(-1);
        require(config.retention_ms != 0, "log.retention.ms must be unlimited (-1) or, greater than or equal to 1")?;
        if config.flush_ms < 0 {
            let text = config.flush_ms.to_string();
            return Err(Setting { name: "flush.ms", text: &text }.invalid("0 or more"));
        }
        Ok(config)
    }

    /// Takes over one setting of a broker. Names come in the order of [`BROKER_CONFIG_NAMES`], the finer unit last.
    fn set_default(&mut self, s: Setting<'_>) -> Result<(), ConfigError> {
        match s.name {
            "log.segment.bytes" => self.segment_bytes = s.int_from(SEGMENT_BYTES_MIN)?,
            "log.roll.hours" => self.segment_ms = HOUR_MS * i64::from(s.int_from(1)?),
            "log.roll.ms" => self.segment_ms = s.long()?,
            "log.roll.jitter.hours" => self.segment_jitter_ms = HOUR_MS * i64::from(s.int_from(0)?),
            "log.roll.jitter.ms" => self.segment_jitter_ms = s.long()?,
            "log.index.size.max.bytes" => self.segment_index_bytes = s.int_from(4)?,
            "log.index.interval.bytes" => self.index_interval_bytes = s.int_from(0)?,
            "log.flush.interval.messages" => self.flush_messages = s.long_from(1)?,
            "log.flush.scheduler.interval.ms" | "log.flush.interval.ms" => self.flush_ms = s.long()?,
            "log.retention.bytes" => self.retention_bytes = s.long()?,
            "log.retention.hours" => self.retention_ms = HOUR_MS * i64::from(s.int()?),
            "log.retention.minutes" => self.retention_ms = MINUTE_MS * i64::from(s.int()?),
            "log.retention.ms" => self.retention_ms = s.long()?,
            "message.max.bytes" => self.max_message_bytes = s.int_from(0)?,
            "log.segment.delete.delay.ms" => self.file_delete_delay_ms = s.long_from(0)?,
            "log.cleanup.policy" => (self.delete, self.compact) = s.cleanup_policy()?,
            "log.cleaner.delete.retention.ms" => self.delete_retention_ms = s.long_from(0)?,
            "log.cleaner.min.compaction.lag.ms" => self.min_compaction_lag_ms = s.long_from(0)?,
            "log.cleaner.max.compaction.lag.ms" => self.max_compaction_lag_ms = s.long_from(1)?,
            "log.cleaner.min.cleanable.ratio" => self.min_cleanable_dirty_ratio = s.ratio()?,
            "compression.type" => self.compression_type = s.compression_type()?,
            "compression.gzip.level" => self.compression_gzip_level = s.gzip_level()?,
            "compression.lz4.level" => self.compression_lz4_level = s.int_between(1, 17)?,
            "compression.zstd.level" => self.compression_zstd_level = s.int_between(-131_072, 22)?,
            "log.preallocate" => self.preallocate = s.boolean()?,
            "log.message.timestamp.type" => self.message_timestamp_type = s.timestamp_type()?,
            "log.message.timestamp.before.max.ms" => self.message_timestamp_before_max_ms = s.long_from(0)?,
            "log.message.timestamp.after.max.ms" => self.message_timestamp_after_max_ms = s.long_from(0)?,
            "unclean.leader.election.enable" => self.unclean_leader_election_enable = s.boolean()?,
            "min.insync.replicas" => self.min_insync_replicas = s.int_from(1)?,
            "log.local.retention.ms" => self.local_retention_ms = s.long_from(-2)?,
            "log.local.retention.bytes" => self.local_retention_bytes = s.long_from(-2)?,
            _ => {}
        }
        Ok(())
    }
}

fn require(holds: bool, otherwise: &str) -> Result<(), ConfigError> {
    if holds { Ok(()) } else { Err(ConfigError::Requirement(otherwise.to_owned())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_finest_unit_counts_whatever_the_order() {
        let config = LogConfig::from_broker_properties([
            ("log.retention.ms", "7"),
            ("log.retention.hours", "1"),
            ("log.roll.hours", "2"),
            ("log.retention.minutes", "1"),
        ]);
        let config = config.unwrap();
        assert_eq!((config.retention_ms, config.segment_ms), (7, 2 * HOUR_MS));
    }

    #[test]
    fn any_negative_retention_is_unlimited_and_none_is_refused() {
        let with = |text| LogConfig::from_broker_properties([("log.retention.minutes", text)]);
        assert_eq!(with("-5").unwrap().retention_ms, -1);
        assert!(matches!(with("0"), Err(ConfigError::Requirement(_))));
    }
}
