//! Rows of `DescribeConfigs` (`ConfigHelper`).

use std::collections::BTreeMap;

use kafka_log::log::config::LogConfig;
use kafka_rpc::messages::describe_configs_response::{DescribeConfigsResourceResult, DescribeConfigsSynonym};

use super::synonyms::{broker_key, broker_synonyms};
use super::table::{ConfigKey, Kind, Table, Update};
use super::{BrokerConfig, ConfigError};
use crate::metadata::ConfigResourceType;

/// A setting, where its value comes from, and the other places where it has one.
pub(crate) type Row = DescribeConfigsResourceResult<'static>;
/// Settings by name.
pub(crate) type Configs = BTreeMap<String, String>;

/// Where a value comes from (`DescribeConfigsResponse.ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(i8)]
pub(crate) enum ConfigSource {
    Topic = 1,
    DynamicBroker = 2,
    DynamicDefaultBroker = 3,
    StaticBroker = 4,
    Default = 5,
    DynamicBrokerLogger = 6,
    ClientMetrics = 7,
    Group = 8,
}

/// What is known of the settings of a broker: its own, those that the metadata log has for it, and those for all brokers.
#[derive(Clone, Copy)]
pub(crate) struct BrokerSettings<'s> {
    pub(crate) config: &'s BrokerConfig,
    pub(crate) of_broker: &'s Configs,
    pub(crate) of_all_brokers: &'s Configs,
}

impl BrokerSettings<'_> {
    /// The settings of a topic that sets these itself.
    pub(crate) fn topic_rows(&self, topic: &Configs) -> Vec<Row> {
        let defaults = self.topic_defaults();
        let row = |key: &'static ConfigKey| {
            let own = topic.get(key.name);
            // Kafka shows a setting for tests where it is set.
            if key.is_internal && own.is_none() {
                return None;
            }
            let value = match own {
                Some(text) => Some(shown(key, text)),
                None => defaults.value(key),
            };
            let mut synonyms = self.broker_values(key.broker_name, key.is_sensitive());
            if own.is_some() {
                synonyms.insert(0, synonym(key.name, value.clone(), ConfigSource::Topic));
            }
            Some(made(key.name, Some(key), value, synonyms))
        };
        Table::Topic.keys().iter().filter_map(row).collect()
    }

    /// The settings of this broker.
    pub(crate) fn broker_rows(&self) -> Vec<Row> {
        let effective = self.effective();
        let unnamed = effective.keys().copied().filter(|name| Table::Broker.find(name).is_none());
        let named = Table::Broker.keys().iter().filter(|key| !key.is_internal || effective.contains_key(key.name));
        let names = named.map(|key| key.name).chain(unnamed);
        let row = |name| {
            let key = broker_key(name);
            let is_sensitive = key.is_none_or(ConfigKey::is_sensitive);
            let value = match (Table::Broker.find(name), effective.get(name)) {
                (Some(key), Some(text)) => Some(shown(key, text)),
                (Some(key), None) => key.default_value().map(|value| value.to_string()),
                (None, text) => text.map(|text| (*text).to_owned()),
            };
            let mut row =
                made(name, key, value.filter(|_| !is_sensitive), self.broker_values(Some(name), is_sensitive));
            row.read_only = !is_dynamic(name);
            row
        };
        names.map(row).collect()
    }

    /// The settings that the metadata log has for all brokers.
    pub(crate) fn all_brokers_rows(&self) -> Vec<Row> {
        let row = |(name, value): (&String, &String)| {
            let key = broker_key(name);
            let is_sensitive = key.is_none_or(ConfigKey::is_sensitive);
            let mut synonyms = self.broker_values(Some(name), is_sensitive);
            synonyms.retain(|synonym| synonym.source == ConfigSource::DynamicDefaultBroker as i8);
            let value = Some(value.clone()).filter(|_| !is_sensitive);
            let mut row = made(name, key, value, synonyms);
            row.read_only = !is_dynamic(name);
            row
        };
        self.of_all_brokers.iter().map(row).collect()
    }

    /// The settings of a group that sets these itself.
    pub(crate) fn group_rows(&self, group: &Configs) -> Vec<Row> {
        let effective = self.effective();
        let row = |key: &'static ConfigKey| {
            let own = group.get(key.name);
            let of_broker = key.broker_name.and_then(|name| Some((Table::Broker.find(name)?, effective.get(name)?)));
            let value = match (own, of_broker) {
                (Some(text), _) => Some(shown(key, text)),
                (None, Some((broker_key, text))) => Some(shown(broker_key, text)),
                (None, None) => key.default_value().map(|value| value.to_string()),
            };
            let mut synonyms = match key.broker_name {
                Some(name) => self.broker_values(Some(name), key.is_sensitive()),
                None => vec![synonym(key.name, key.default.map(str::to_owned), ConfigSource::Default)],
            };
            if own.is_some() {
                synonyms.insert(0, synonym(key.name, value.clone(), ConfigSource::Group));
            }
            made(key.name, Some(key), value, synonyms)
        };
        Table::Group.keys().iter().map(row).collect()
    }

    /// What topics have that set nothing themselves.
    fn topic_defaults(&self) -> TopicDefaults<'_> {
        TopicDefaults { effective: self.effective(), log: self.log_config() }
    }

    /// What the logs of topics have that set nothing themselves.
    pub(crate) fn log_config(&self) -> LogConfig {
        // What was set before the broker started has been checked, and so has what the metadata log has.
        LogConfig::from_broker_properties(self.effective()).unwrap_or_else(|_| self.config.log.clone())
    }

    /// The broker as these settings make it.
    pub(crate) fn config(&self) -> Result<BrokerConfig, ConfigError> {
        let effective = self.effective().into_iter().map(|(name, value)| (name.to_owned(), value.to_owned()));
        BrokerConfig::load(None, &effective.collect::<Vec<_>>()).map(|(config, _)| config)
    }

    /// What is set, by name: the settings of the broker over those of all brokers over those of its start. A value that
    /// the broker would not take is passed over, as Kafka does.
    pub(super) fn effective(&self) -> BTreeMap<&str, &str> {
        let dynamic = self.of_all_brokers.iter().chain(self.of_broker);
        let is_valid = |(name, value): &(&String, &String)| broker_key(name).is_none_or(|key| key.parse(value).is_ok());
        let all = self.config.static_configs().iter().chain(dynamic.filter(is_valid));
        all.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// Where a setting of a broker has a value, in the order in which they count.
    fn broker_values(&self, name: Option<&str>, is_sensitive: bool) -> Vec<DescribeConfigsSynonym<'static>> {
        let Some(name) = name else { return Vec::new() };
        let names = broker_synonyms(name);
        let mut found = Vec::new();
        let mut add = |configs: &Configs, source| {
            for name in &names {
                if let Some(value) = configs.get(*name) {
                    found.push(synonym(name, Some(value.clone()).filter(|_| !is_sensitive), source));
                }
            }
        };
        add(self.of_broker, ConfigSource::DynamicBroker);
        add(self.of_all_brokers, ConfigSource::DynamicDefaultBroker);
        add(self.config.static_configs(), ConfigSource::StaticBroker);
        for name in &names {
            if let Some(default) = Table::Broker.find(name).and_then(|key| key.default) {
                found.push(synonym(name, Some(default.to_owned()).filter(|_| !is_sensitive), ConfigSource::Default));
            }
        }
        // Kafka starts with the name that was asked for: of two units, the coarser alone is not shown as the source.
        let first = found.iter().position(|synonym| synonym.name == name).unwrap_or(found.len());
        found.split_off(first)
    }
}

/// Settings of a subscription to metrics of clients that sets these itself.
pub(crate) fn client_metrics_rows(subscription: &Configs) -> Vec<Row> {
    let row = |key: &'static ConfigKey| {
        let own = subscription.get(key.name).map(|text| shown(key, text));
        let synonyms = own.iter().map(|value| synonym(key.name, Some(value.clone()), ConfigSource::ClientMetrics));
        let synonyms = synonyms.collect();
        let value = own.or_else(|| key.default_value().map(|value| value.to_string()));
        made(key.name, Some(key), value, synonyms)
    };
    Table::ClientMetrics.keys().iter().map(row).collect()
}

/// The loggers of a broker: here all log with one level.
pub(crate) fn broker_logger_rows(level: &str) -> Vec<Row> {
    let source = ConfigSource::DynamicBrokerLogger as i8;
    vec![Row { name: "root".into(), value: Some(level.to_owned().into()), config_source: source, ..Row::default() }]
}

/// Adds Kafka's documentation to rows.
pub(crate) fn document(kind: ConfigResourceType, rows: &mut [Row]) {
    let table = match kind {
        ConfigResourceType::Topic => Table::Topic,
        ConfigResourceType::Broker => Table::Broker,
        ConfigResourceType::Group => Table::Group,
        ConfigResourceType::ClientMetrics => Table::ClientMetrics,
        ConfigResourceType::BrokerLogger => return,
    };
    rows.iter_mut().for_each(|row| row.documentation = table.documentation(&row.name).map(Into::into));
}

/// Defaults of topics.
struct TopicDefaults<'s> {
    effective: BTreeMap<&'s str, &'s str>,
    log: LogConfig,
}

impl TopicDefaults<'_> {
    fn value(&self, key: &'static ConfigKey) -> Option<String> {
        // Those that several settings of a broker give.
        Some(match key.name {
            "retention.ms" => self.log.retention_ms.to_string(),
            "segment.ms" => self.log.segment_ms.to_string(),
            "segment.jitter.ms" => self.log.segment_jitter_ms.to_string(),
            "flush.ms" => self.log.flush_ms.to_string(),
            _ => {
                let of_broker = key.broker_name.and_then(|name| {
                    let text = self.effective.get(name)?;
                    Some(shown(Table::Broker.find(name)?, text))
                });
                return of_broker.or_else(|| key.default_value().map(|value| value.to_string()));
            }
        })
    }
}

/// Whether a broker's setting can be changed while it runs.
pub(super) fn is_dynamic(name: &str) -> bool {
    let key = Table::Broker.find(name);
    key.is_some_and(|key| key.update != Update::ReadOnly) || Table::BrokerQuota.find(name).is_some()
}

/// A text as Kafka shows the value that it reads.
fn shown(key: &ConfigKey, text: &str) -> String {
    key.parse(text).map_or_else(|_| text.to_owned(), |value| value.to_string())
}

fn synonym(name: &str, value: Option<String>, source: ConfigSource) -> DescribeConfigsSynonym<'static> {
    DescribeConfigsSynonym {
        name: name.to_owned().into(),
        value: value.map(Into::into),
        source: source as i8,
        ..Default::default()
    }
}

fn made(
    name: &str,
    key: Option<&ConfigKey>,
    value: Option<String>,
    synonyms: Vec<DescribeConfigsSynonym<'static>>,
) -> Row {
    Row {
        name: name.to_owned().into(),
        value: value.map(Into::into),
        config_source: synonyms.first().map_or(ConfigSource::Default as i8, |synonym| synonym.source),
        is_sensitive: key.is_none_or(ConfigKey::is_sensitive),
        synonyms,
        config_type: key.map_or(0, |key| type_id(key.kind)),
        ..Row::default()
    }
}

/// `DescribeConfigsResponse.ConfigType`; 0 is unknown.
fn type_id(kind: Kind) -> i8 {
    match kind {
        Kind::Boolean => 1,
        Kind::String => 2,
        Kind::Int => 3,
        Kind::Short => 4,
        Kind::Long => 5,
        Kind::Double => 6,
        Kind::List => 7,
        Kind::Class => 8,
        Kind::Password => 9,
    }
}
