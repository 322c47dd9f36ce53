//! Settings of a topic from names and texts (`LogConfig.fromProps`).

use super::value::Setting;
use super::{ConfigError, LogConfig};

/// Names of all settings of a topic, in the order in which Kafka looks at them (`LogConfig.configNames`). The last one is
/// internal: brokers do not show it.
pub const TOPIC_CONFIG_NAMES: [&str; 34] = [
    "segment.bytes",
    "segment.ms",
    "segment.jitter.ms",
    "segment.index.bytes",
    "flush.messages",
    "flush.ms",
    "retention.bytes",
    "retention.ms",
    "max.message.bytes",
    "index.interval.bytes",
    "delete.retention.ms",
    "min.compaction.lag.ms",
    "max.compaction.lag.ms",
    "file.delete.delay.ms",
    "min.cleanable.dirty.ratio",
    "cleanup.policy",
    "unclean.leader.election.enable",
    "min.insync.replicas",
    "compression.type",
    "compression.gzip.level",
    "compression.lz4.level",
    "compression.zstd.level",
    "preallocate",
    "message.timestamp.type",
    "message.timestamp.before.max.ms",
    "message.timestamp.after.max.ms",
    "leader.replication.throttled.replicas",
    "follower.replication.throttled.replicas",
    "remote.storage.enable",
    "local.retention.ms",
    "local.retention.bytes",
    "remote.log.copy.disable",
    "remote.log.delete.on.disable",
    "internal.segment.bytes",
];

/// Smallest `segment.bytes`.
pub(super) const SEGMENT_BYTES_MIN: i32 = 1024 * 1024;

/// The text that stands last for `name`.
pub(super) fn find<'a>(properties: &[(&'a str, &'a str)], name: &str) -> Option<&'a str> {
    properties.iter().rev().find(|(given, _)| *given == name).map(|(_, text)| *text)
}

impl LogConfig {
    /// The settings in `properties` over those in `defaults` (`LogConfig.fromProps`). Of two for one name the later
    /// counts; names that are no settings of a topic are passed over, as Kafka does when it reads what was stored:
    /// [`LogConfig::validate_names`] refuses them.
    ///
    /// # Errors
    /// The first value, in the order of [`TOPIC_CONFIG_NAMES`], that has another type or is out of its range. How
    /// settings go together is left to [`LogConfig::validate_values`].
    pub fn from_properties<'a>(
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
        defaults: &LogConfig,
    ) -> Result<LogConfig, ConfigError> {
        let properties: Vec<_> = properties.into_iter().collect();
        let mut config = defaults.clone();
        for name in TOPIC_CONFIG_NAMES {
            if let Some(text) = find(&properties, name) {
                config.set(Setting { name, text })?;
            }
        }
        config.segment_bytes = config.internal_segment_bytes.unwrap_or(config.segment_bytes);
        Ok(config)
    }

    /// Takes over one setting, whose name is one of [`TOPIC_CONFIG_NAMES`].
    fn set(&mut self, s: Setting<'_>) -> Result<(), ConfigError> {
        match s.name {
            "segment.bytes" => self.segment_bytes = s.int_from(SEGMENT_BYTES_MIN)?,
            "segment.ms" => self.segment_ms = s.long_from(1)?,
            "segment.jitter.ms" => self.segment_jitter_ms = s.long_from(0)?,
            "segment.index.bytes" => self.segment_index_bytes = s.int_from(4)?,
            "flush.messages" => self.flush_messages = s.long_from(1)?,
            "flush.ms" => self.flush_ms = s.long_from(0)?,
            "retention.bytes" => self.retention_bytes = s.long()?,
            "retention.ms" => self.retention_ms = s.long_from(-1)?,
            "max.message.bytes" => self.max_message_bytes = s.int_from(0)?,
            "index.interval.bytes" => self.index_interval_bytes = s.int_from(0)?,
            "delete.retention.ms" => self.delete_retention_ms = s.long_from(0)?,
            "min.compaction.lag.ms" => self.min_compaction_lag_ms = s.long_from(0)?,
            "max.compaction.lag.ms" => self.max_compaction_lag_ms = s.long_from(1)?,
            "file.delete.delay.ms" => self.file_delete_delay_ms = s.long_from(0)?,
            "min.cleanable.dirty.ratio" => self.min_cleanable_dirty_ratio = s.ratio()?,
            "cleanup.policy" => (self.delete, self.compact) = s.cleanup_policy()?,
            "unclean.leader.election.enable" => self.unclean_leader_election_enable = s.boolean()?,
            "min.insync.replicas" => self.min_insync_replicas = s.int_from(1)?,
            "compression.type" => self.compression_type = s.compression_type()?,
            "compression.gzip.level" => self.compression_gzip_level = s.gzip_level()?,
            "compression.lz4.level" => self.compression_lz4_level = s.int_between(1, 17)?,
            "compression.zstd.level" => self.compression_zstd_level = s.int_between(-131_072, 22)?,
            "preallocate" => self.preallocate = s.boolean()?,
            "message.timestamp.type" => self.message_timestamp_type = s.timestamp_type()?,
            "message.timestamp.before.max.ms" => self.message_timestamp_before_max_ms = s.long_from(0)?,
            "message.timestamp.after.max.ms" => self.message_timestamp_after_max_ms = s.long_from(0)?,
            "leader.replication.throttled.replicas" => {
                self.leader_replication_throttled_replicas = s.throttled_replicas()?;
            }
            "follower.replication.throttled.replicas" => {
                self.follower_replication_throttled_replicas = s.throttled_replicas()?;
            }
            "remote.storage.enable" => self.remote_storage_enable = s.boolean()?,
            "local.retention.ms" => self.local_retention_ms = s.long_from(-2)?,
            "local.retention.bytes" => self.local_retention_bytes = s.long_from(-2)?,
            "remote.log.copy.disable" => self.remote_log_copy_disable = s.boolean()?,
            "remote.log.delete.on.disable" => self.remote_log_delete_on_disable = s.boolean()?,
            "internal.segment.bytes" => self.internal_segment_bytes = Some(s.int()?),
            _ => {}
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::error::{ErrorCode, KafkaError as _};

    fn of(properties: &[(&str, &str)]) -> Result<LogConfig, ConfigError> {
        LogConfig::from_properties(properties.iter().copied(), &LogConfig::default())
    }

    #[test]
    fn every_name_sets_something_and_its_default_is_in_range() {
        for name in TOPIC_CONFIG_NAMES {
            let refused = of(&[(name, "no such value")]);
            assert!(matches!(refused, Err(ConfigError::InvalidValue { name: found, .. }) if found == name), "{name}");
        }
    }

    #[test]
    fn a_topic_takes_what_it_does_not_set_from_the_defaults() {
        let defaults = LogConfig { retention_ms: 5, compact: true, ..LogConfig::default() };
        let config = LogConfig::from_properties([("cleanup.policy", " delete "), ("x", "y")], &defaults).unwrap();
        assert_eq!(config, LogConfig { compact: false, ..defaults });
    }

    #[test]
    fn tests_may_have_segments_smaller_than_a_topic_may() {
        let error = of(&[("segment.bytes", "1048575")]).unwrap_err();
        assert_eq!((error.exception(), error.code()), ("ConfigException", ErrorCode::InvalidConfig));
        assert_eq!(error.to_string(), "segment.bytes is \"1048575\", expected 1048576 or more");
        let small = of(&[("internal.segment.bytes", "100"), ("segment.bytes", "2000000")]).unwrap();
        assert_eq!(small.segment_bytes, 100);
        let still_small = LogConfig::from_properties([("segment.bytes", "2000000")], &small).unwrap();
        assert_eq!(still_small.segment_bytes, 100);
    }

    #[test]
    fn the_later_of_two_settings_counts() {
        assert_eq!(of(&[("flush.ms", "x"), ("flush.ms", "7")]).unwrap().flush_ms, 7);
    }
}
