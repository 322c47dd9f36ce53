//! Which settings a resource may have, in Kafka's words (`ControllerConfigurationValidator`, `KafkaConfigSchema`).

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_log::log::config::{ConfigError as LogConfigError, LogConfig};
use kafka_rpc::ErrorCode;
use kafka_rpc::messages::create_topics_response::CreatableTopicConfigs;

use super::BrokerConfig;
use super::created;
use super::describe::Configs;
use super::dynamic::{self, DynamicConfigs};
use super::groups::{BOUNDED, KINDS, Order};
use super::table::{ConfigKey, Kind, Table};
use super::threads;
use super::value::Value;
use crate::controller::{ApiError, ConfigRules, check_topic_name};
use crate::metadata::{ConfigResource, ConfigResourceType, Image};

/// Bounds of `interval.ms` of a subscription to metrics of clients.
const METRICS_INTERVAL_MS: std::ops::RangeInclusive<i64> = 100..=3_600_000;
/// What a subscription can select clients by.
const METRICS_MATCHES: [&str; 6] = [
    "client_instance_id",
    "client_id",
    "client_software_name",
    "client_software_version",
    "client_source_address",
    "client_source_port",
];
/// Rules for the settings of all resources, with the settings of this broker.
#[derive(Clone, Debug)]
pub struct Rules {
    config: Arc<BrokerConfig>,
}

impl Rules {
    /// The rules of a broker with these settings.
    pub fn new(config: Arc<BrokerConfig>) -> Self {
        Rules { config }
    }

    fn topic(&self, name: &str, settings: &Configs, existing: &Configs) -> Result<(), ApiError> {
        if name.is_empty() {
            return Err(invalid_request("Default topic resources are not allowed."));
        }
        check_topic_name(name)?;
        LogConfig::validate_names(settings.keys().map(String::as_str)).map_err(of_log)?;
        values(Table::Topic, settings)?;
        // The values that the topic does not set itself decide, too, whether settings go together.
        let pairs = settings.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let config = LogConfig::from_properties(pairs, &self.config.log).map_err(of_log)?;
        let was_remote = existing.get("remote.storage.enable").is_some_and(|value| value.trim() == "true");
        config.validate_topic(was_remote, self.config.log_manager.remote_storage_system).map_err(of_log)
    }

    fn broker(&self, name: &str, settings: &Configs) -> Result<(), ApiError> {
        match name.parse::<i32>() {
            Ok(..0) => return Err(invalid_request("Invalid negative broker ID.")),
            Err(_) if !name.is_empty() => {
                return Err(invalid_request("Unable to parse broker name as a base 10 number."));
            }
            _ => {}
        }
        dynamic::check(&self.config, settings, !name.is_empty())
    }

    fn group(&self, name: &str, settings: &Configs) -> Result<(), ApiError> {
        if name.is_empty() {
            return Err(invalid_request("Default group resources are not allowed."));
        }
        if let Some(unknown) = settings.keys().find(|name| Table::Group.find(name).is_none()) {
            return Err(invalid_config(format!("Unknown group config name: {unknown}")));
        }
        let values = values(Table::Group, settings)?;
        let number = |name: &str| match values.get(name).cloned().or_else(|| Table::Group.find(name)?.default_value()) {
            Some(Value::Integer(number)) => number,
            _ => 0,
        };
        for bounded in &BOUNDED {
            if bounded.only_where_set && !settings.contains_key(bounded.name) {
                continue;
            }
            let (min, max) = bounded.bounds();
            for (order, bound) in [(Order::AtLeast, min), (Order::AtMost, max)] {
                if self.broker_number(&bound).is_some_and(|limit| !order.holds(number(bounded.name), limit)) {
                    return Err(invalid_config(format!("{} must be {order} {bound}", bounded.name)));
                }
            }
        }
        for kind in KINDS {
            let (session, heartbeat) = (format!("{kind}.session.timeout.ms"), format!("{kind}.heartbeat.interval.ms"));
            if !Order::Above.holds(number(&session), number(&heartbeat)) {
                return Err(invalid_config(format!("{session} must be {} {heartbeat}", Order::Above)));
            }
        }
        Ok(())
    }

    /// The value of a setting of this broker that is a number; `None` if there is no such setting.
    fn broker_number(&self, name: &str) -> Option<i64> {
        let key = Table::Broker.find(name)?;
        let set = self.config.static_configs().get(name).and_then(|text| key.parse(text).ok());
        match set.or_else(|| key.default_value()) {
            Some(Value::Integer(number)) => Some(number),
            _ => None,
        }
    }
}

fn client_metrics(name: &str, settings: &Configs) -> Result<(), ApiError> {
    if name.is_empty() {
        return Err(invalid_request("Subscription name can't be empty"));
    }
    if let Some(unknown) = settings.keys().find(|name| Table::ClientMetrics.find(name).is_none()) {
        return Err(invalid_request(format!("Unknown client metrics configuration: {unknown}")));
    }
    let values = values(Table::ClientMetrics, settings)?;
    if let Some(Value::Integer(interval)) = values.get("interval.ms")
        && !METRICS_INTERVAL_MS.contains(interval)
    {
        let (min, max) = (METRICS_INTERVAL_MS.start(), METRICS_INTERVAL_MS.end());
        let text =
            format!("Invalid value {interval} for interval.ms, interval must be between {min} and {max} (1 hour)");
        return Err(invalid_request(text));
    }
    if let Some(Value::List(patterns)) = values.get("match") {
        // The patterns themselves are not looked at: no client is ever asked for metrics.
        let is_match = |pattern: &String| {
            let parts: Vec<&str> = pattern.split('=').collect();
            matches!(parts[..], [name, _] if METRICS_MATCHES.contains(&name.trim()))
        };
        if let Some(pattern) = patterns.iter().find(|pattern| !is_match(pattern)) {
            return Err(invalid_config(format!("Illegal client matching pattern: {pattern}")));
        }
    }
    Ok(())
}

/// The values that are set, in the order in which Kafka checks them.
fn values(table: Table, settings: &Configs) -> Result<BTreeMap<&'static str, Value>, ApiError> {
    let parse = |key: &'static ConfigKey| {
        let text = settings.get(key.name)?;
        Some(key.parse(text).map(|value| (key.name, value)).map_err(|error| invalid_config(error.to_string())))
    };
    table.keys().iter().filter_map(parse).collect()
}

pub(super) fn invalid_config(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidConfig, message.into())
}

pub(super) fn invalid_request(message: impl Into<String>) -> ApiError {
    ApiError::new(ErrorCode::InvalidRequest, message.into())
}

fn of_log(error: LogConfigError) -> ApiError {
    invalid_config(error.to_string())
}

impl ConfigRules for Rules {
    fn validate(&self, resource: &ConfigResource, settings: &Configs, existing: &Configs) -> Result<(), ApiError> {
        match resource.kind {
            ConfigResourceType::Topic => self.topic(&resource.name, settings, existing),
            ConfigResourceType::Broker => self.broker(&resource.name, settings),
            ConfigResourceType::Group => self.group(&resource.name, settings),
            ConfigResourceType::ClientMetrics => client_metrics(&resource.name, settings),
            ConfigResourceType::BrokerLogger => Err(invalid_request("Unknown resource type BROKER_LOGGER")),
        }
    }

    fn check_step(&self, image: &Image, resource: &ConfigResource, settings: &Configs) -> Result<(), ApiError> {
        let now = DynamicConfigs::of(image, self.config.node_id);
        let then = now.clone().with(settings.clone(), !resource.name.is_empty());
        threads::check(&now.over(&self.config).effective(), &then.over(&self.config).effective())
    }

    fn list_default(&self, kind: ConfigResourceType, name: &str) -> Option<String> {
        let table = match kind {
            ConfigResourceType::Topic => Table::Topic,
            ConfigResourceType::Broker => Table::Broker,
            _ => return None,
        };
        let key = table.find(name).filter(|key| key.kind == Kind::List)?;
        Some(key.default.unwrap_or_default().to_owned())
    }

    fn not_a_list(&self, kind: ConfigResourceType, name: &str, operation: &str) -> ApiError {
        // Of its own settings a broker says it before it asks the controller, in other words.
        invalid_config(match (kind, Table::Broker.find(name)) {
            (ConfigResourceType::Broker, None) => format!("Unknown config name: {name}"),
            (ConfigResourceType::Broker, Some(_)) => {
                let verb = operation.to_ascii_lowercase();
                format!("Config value {verb} is not allowed for config key: {name}")
            }
            _ => format!("Can't {operation} to key {name} because its type is not LIST."),
        })
    }

    fn topic_entries(&self, image: &Image, settings: &Configs) -> Vec<CreatableTopicConfigs<'static>> {
        let dynamic = DynamicConfigs::of(image, self.config.node_id);
        created::entries(dynamic.over(&self.config), settings)
    }
}
