//! Settings of topics while logs are in use (`updateTopicConfig`, `reconfigureDefaultLogConfig`).

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use super::{LogManager, ManagerError};
use crate::fs::Fs;
use crate::log::config::{ConfigError, LogConfig};
use crate::log::producers::ProducerStateConfig;

/// What a topic sets itself.
type Overrides = Vec<(String, String)>;

/// Settings of all topics. Topics that set nothing share one value.
pub(super) struct Settings {
    default: Arc<LogConfig>,
    topics: HashMap<Arc<str>, (Overrides, Arc<LogConfig>)>,
}

impl Settings {
    pub(super) fn new(default: LogConfig) -> Self {
        Settings { default: Arc::new(default), topics: HashMap::new() }
    }

    pub(super) fn default(&self) -> &Arc<LogConfig> {
        &self.default
    }

    pub(super) fn of(&self, topic: &str) -> Arc<LogConfig> {
        Arc::clone(self.topics.get(topic).map_or(&self.default, |(_, config)| config))
    }

    /// What a topic that is gone has set.
    pub(super) fn forget(&mut self, topic: &str) {
        self.topics.remove(topic);
    }

    /// Takes over what a topic sets; nothing makes it use the defaults again.
    pub(super) fn set(&mut self, topic: &str, overrides: Overrides) -> Result<Arc<LogConfig>, ConfigError> {
        if overrides.is_empty() {
            self.topics.remove(topic);
            return Ok(Arc::clone(&self.default));
        }
        let config = Arc::new(parse(&overrides, &self.default)?);
        self.topics.insert(topic.into(), (overrides, Arc::clone(&config)));
        Ok(config)
    }
}

fn parse(overrides: &Overrides, default: &LogConfig) -> Result<LogConfig, ConfigError> {
    LogConfig::from_properties(overrides.iter().map(|(name, value)| (name.as_str(), value.as_str())), default)
}

fn owned<'a>(properties: impl IntoIterator<Item = (&'a str, &'a str)>) -> Overrides {
    properties.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

impl<F: Fs> LogManager<F> {
    /// Puts what a topic sets itself in place of what it set before, for its logs and for those still to be made
    /// (`updateTopicConfig`). Logs that are no longer compacted have their cleaning aborted.
    ///
    /// # Errors
    /// Values out of range; settings of tiered storage that contradict each other or the broker. Nothing has changed then.
    pub fn update_topic_config<'a>(
        &self,
        topic: &str,
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), ManagerError> {
        let _turn = self.take_turn()?;
        self.set_topic_config(topic, properties)
    }

    /// [`LogManager::update_topic_config`] in a turn that was taken before.
    pub(super) fn set_topic_config<'a>(
        &self,
        topic: &str,
        properties: impl IntoIterator<Item = (&'a str, &'a str)>,
    ) -> Result<(), ManagerError> {
        let overrides = owned(properties);
        let (old, new) = {
            let settings = self.settings.read();
            (settings.of(topic), parse(&overrides, settings.default())?)
        };
        new.validate_update(old.remote_storage_enable, self.config.remote_storage_system)?;
        let new = self.settings.write().set(topic, overrides)?;
        self.apply(|of_topic| (of_topic == topic).then(|| Arc::clone(&new)));
        Ok(())
    }

    /// Puts other defaults in force for all topics, under what they set themselves (`reconfigureDefaultLogConfig`).
    ///
    /// # Errors
    /// Settings that contradict each other. Nothing has changed then.
    pub fn update_default_config(&self, default: LogConfig) -> Result<(), ManagerError> {
        default.validate_broker(self.config.remote_storage_system)?;
        let _turn = self.take_turn()?;
        let mut new = Settings::new(default);
        for (topic, (overrides, _)) in &self.settings.read().topics {
            new.set(topic, overrides.clone())?;
        }
        *self.settings.write() = new;
        self.apply(|topic| Some(self.settings.read().of(topic)));
        Ok(())
    }

    /// Puts other settings of producers in force, for all logs (`DynamicProducerStateManagerConfig`).
    pub fn update_producer_config(&self, config: ProducerStateConfig) {
        {
            let mut producers = self.producers.write();
            if *producers == config {
                return;
            }
            *producers = config;
        }
        self.all_logs().iter().for_each(|log| log.update_producer_config(config));
    }

    /// The settings of producers.
    pub fn producer_config(&self) -> ProducerStateConfig {
        *self.producers.read()
    }

    /// Keeps new partitions out of some directories (`updateCordonedLogDirs`); all others take them again.
    ///
    /// # Errors
    /// A path that is no log directory. Nothing has changed then.
    pub fn set_cordoned_log_dirs(&self, paths: &[impl AsRef<std::path::Path>]) -> Result<(), ManagerError> {
        self.check_running()?;
        let cordoned: Vec<usize> = paths.iter().map(|path| self.dir_index(path.as_ref())).collect::<Result<_, _>>()?;
        for (at, dir) in self.dirs.iter().enumerate() {
            dir.cordoned.store(cordoned.contains(&at), Ordering::Relaxed);
        }
        Ok(())
    }

    /// Gives each log the settings that `of` has for its topic.
    fn apply(&self, of: impl Fn(&str) -> Option<Arc<LogConfig>>) {
        for log in self.all_logs() {
            let tp = log.topic_partition();
            let Some(new) = of(tp.topic()) else { continue };
            let old = log.config();
            let no_longer_compacted = old.compact && !new.compact;
            log.update_config(new);
            if no_longer_compacted {
                drop(self.cleaning.states.pause(tp));
            }
        }
    }
}
