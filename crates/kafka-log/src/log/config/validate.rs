//! What Kafka refuses although each setting is well by itself (`LogConfig.validate` and its parts).

use super::{ConfigError, LogConfig, TOPIC_CONFIG_NAMES};

impl LogConfig {
    /// What a client may ask for: known names, values in range that go together (`LogConfig.validate`). The other
    /// settings are Kafka's defaults.
    ///
    /// # Errors
    /// The first thing that is wrong.
    pub fn validate<'a>(properties: impl IntoIterator<Item = (&'a str, &'a str)>) -> Result<(), ConfigError> {
        let properties: Vec<_> = properties.into_iter().collect();
        Self::validate_names(properties.iter().map(|(name, _)| *name))?;
        Self::from_properties(properties, &LogConfig::default())?.validate_values()
    }

    /// Whether all names are settings of a topic (`LogConfig.validateNames`).
    ///
    /// # Errors
    /// The first name that is none.
    pub fn validate_names<'a>(names: impl IntoIterator<Item = &'a str>) -> Result<(), ConfigError> {
        match names.into_iter().find(|name| !TOPIC_CONFIG_NAMES.contains(name)) {
            Some(name) => Err(ConfigError::UnknownName { name: name.to_owned() }),
            None => Ok(()),
        }
    }

    /// Whether the settings go together, tiered storage aside (`LogConfig.validateValues`).
    ///
    /// # Errors
    /// `min.compaction.lag.ms` above `max.compaction.lag.ms`.
    pub fn validate_values(&self) -> Result<(), ConfigError> {
        let (min, max) = (self.min_compaction_lag_ms, self.max_compaction_lag_ms);
        if min > max {
            let message =
                format!("conflict topic config setting min.compaction.lag.ms ({min}) > max.compaction.lag.ms ({max})");
            return Err(ConfigError::Conflict(message));
        }
        Ok(())
    }

    /// Whether a broker takes these as the new settings of a topic (`validateTopicLogConfigValues`).
    /// `was_remote_enabled`: the topic had `remote.storage.enable` up to now. `remote_system_enabled`: the broker has
    /// tiered storage at all.
    ///
    /// # Errors
    /// Those of [`LogConfig::validate_values`]; settings of tiered storage that contradict each other or the broker.
    pub fn validate_topic(&self, was_remote_enabled: bool, remote_system_enabled: bool) -> Result<(), ConfigError> {
        self.validate_values()?;
        if self.remote_storage_enable {
            self.validate_remote_system(remote_system_enabled)?;
            if self.compact {
                let message = "Remote log storage only supports topics with cleanup.policy=delete or cleanup.policy being an empty list.";
                return Err(ConfigError::RemoteStorage(message.to_owned()));
            }
            self.validate_local_retention()?;
            self.validate_copy_disabled()
        } else {
            self.validate_turning_off(was_remote_enabled)
        }
    }

    /// Whether a broker starts with these as the defaults of its topics (`validateBrokerLogConfigValues`).
    ///
    /// # Errors
    /// Those of [`LogConfig::validate_values`]; with tiered storage, local retention above retention.
    pub fn validate_broker(&self, remote_system_enabled: bool) -> Result<(), ConfigError> {
        self.validate_values()?;
        if remote_system_enabled { self.validate_local_retention() } else { Ok(()) }
    }

    /// What is checked when stored settings of a topic come into force (`LogManager.updateTopicConfig`).
    ///
    /// # Errors
    /// Settings of tiered storage that contradict each other or the broker.
    pub(crate) fn validate_update(
        &self,
        was_remote_enabled: bool,
        remote_system_enabled: bool,
    ) -> Result<(), ConfigError> {
        self.validate_remote_system(remote_system_enabled)?;
        self.validate_turning_off(was_remote_enabled)?;
        if self.remote_storage_enable { self.validate_copy_disabled() } else { Ok(()) }
    }

    fn validate_remote_system(&self, remote_system_enabled: bool) -> Result<(), ConfigError> {
        if self.remote_storage_enable && !remote_system_enabled {
            let message = "Tiered Storage functionality is disabled in the broker. Topic cannot be configured with remote log storage.";
            return Err(ConfigError::RemoteStorage(message.to_owned()));
        }
        Ok(())
    }

    fn validate_turning_off(&self, was_remote_enabled: bool) -> Result<(), ConfigError> {
        if was_remote_enabled && !self.remote_storage_enable && !self.remote_log_delete_on_disable {
            let message = "It is invalid to disable remote storage without deleting remote data. If you want to keep the \
                           remote data and turn to read only, please set `remote.storage.enable=true,\
                           remote.log.copy.disable=true`. If you want to disable remote storage and delete all remote data, \
                           please set `remote.storage.enable=false,remote.log.delete.on.disable=true`.";
            return Err(ConfigError::Conflict(message.to_owned()));
        }
        Ok(())
    }

    fn validate_local_retention(&self) -> Result<(), ConfigError> {
        let bytes = ("bytes", self.local_retention_bytes, self.retention_bytes, self.retention_bytes > -1);
        let ms = ("ms", self.local_retention_ms, self.retention_ms, self.retention_ms != -1);
        for (unit, local, total, limited) in [bytes, ms] {
            if limited && local != -2 && (local == -1 || local > total) {
                let name = format!("retention.{unit}");
                let why = match local {
                    -1 => format!("Value must not be -1 as {name} value is set as {total}."),
                    _ => format!("Value must not be more than {name} property value: {total}"),
                };
                let message = format!("Invalid value {local} for configuration local.{name}: {why}");
                return Err(ConfigError::RemoteStorage(message));
            }
        }
        Ok(())
    }

    fn validate_copy_disabled(&self) -> Result<(), ConfigError> {
        let bytes = ("bytes", self.local_retention_bytes, self.retention_bytes);
        let ms = ("ms", self.local_retention_ms, self.retention_ms);
        for (unit, local, total) in [bytes, ms] {
            if self.remote_log_copy_disable && local != -2 && local != total {
                let message = format!(
                    "When `remote.log.copy.disable` is set to true, the `local.retention.{unit}` and `retention.{unit}` must be \
                     set to the identical value because there will be no more logs copied to the remote storage."
                );
                return Err(ConfigError::Conflict(message));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::log::error::KafkaError as _;

    #[test]
    fn names_are_looked_at_before_values() {
        let error = LogConfig::validate([("flush.ms", "x"), ("flush.s", "1")]).unwrap_err();
        assert_eq!(error, ConfigError::UnknownName { name: "flush.s".to_owned() });
        assert_eq!(error.exception(), "InvalidConfigurationException");
    }

    #[test]
    fn the_smallest_lag_may_not_be_above_the_largest() {
        let with = |min, max| LogConfig::validate([("min.compaction.lag.ms", min), ("max.compaction.lag.ms", max)]);
        assert_eq!(with("5", "5"), Ok(()));
        assert_eq!(with("6", "5").unwrap_err().exception(), "InvalidConfigurationException");
    }

    #[test]
    fn tiered_storage_is_for_topics_that_are_not_compacted_on_brokers_that_have_it() {
        let tiered = LogConfig { remote_storage_enable: true, ..LogConfig::default() };
        assert_eq!(tiered.validate_topic(false, true), Ok(()));
        assert_eq!(tiered.validate_topic(false, false).unwrap_err().exception(), "ConfigException");
        let compacted = LogConfig { compact: true, ..tiered.clone() };
        assert_eq!(compacted.validate_topic(false, true).unwrap_err().exception(), "ConfigException");
        let off = LogConfig::default().validate_topic(true, true).unwrap_err();
        assert_eq!(off.exception(), "InvalidConfigurationException");
    }
}
