//! Configurations of topics, brokers, groups and clients.

use std::collections::BTreeMap;

use kafka_rpc::messages::describe_configs_request::DescribeConfigsResource;
use kafka_rpc::messages::describe_configs_response::DescribeConfigsResourceResult;
use kafka_rpc::messages::incremental_alter_configs_request::{AlterConfigsResource, AlterableConfig};
use kafka_rpc::messages::{DescribeConfigsRequest, IncrementalAlterConfigsRequest, ListConfigResourcesRequest};

use super::{Results, result};
use crate::cluster::Client;
use crate::error::{ApiError, ClientError};
use crate::group::assignors::java_order::hash_order;

/// What a configuration is of (`ConfigResource.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ConfigResourceType {
    /// A topic.
    Topic,
    /// A broker; no name: the default of all brokers.
    Broker,
    /// The log levels of a broker.
    BrokerLogger,
    /// What brokers tell clients to measure (KIP-714).
    ClientMetrics,
    /// A group.
    Group,
}

impl ConfigResourceType {
    /// Its number in the protocol.
    pub const fn number(self) -> i8 {
        match self {
            ConfigResourceType::Topic => 2,
            ConfigResourceType::Broker => 4,
            ConfigResourceType::BrokerLogger => 8,
            ConfigResourceType::ClientMetrics => 16,
            ConfigResourceType::Group => 32,
        }
    }
}

/// A configuration: of what, and of which.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// Of what.
    pub kind: ConfigResourceType,
    /// Its name; a broker's is its id.
    pub name: String,
}

impl ConfigResource {
    /// The broker that alone can answer; `None` if any can.
    fn broker(&self) -> Option<i32> {
        match self.kind {
            ConfigResourceType::Broker | ConfigResourceType::BrokerLogger => self.name.parse().ok(),
            _ => None,
        }
    }
}

/// Where a value comes from (`ConfigSource`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigSource {
    /// Set for the topic.
    DynamicTopicConfig,
    /// Set for this broker while it runs.
    DynamicBrokerConfig,
    /// Set for all brokers while they run.
    DynamicDefaultBrokerConfig,
    /// In `server.properties`.
    StaticBrokerConfig,
    /// Kafka's default.
    DefaultConfig,
    /// A log level of a broker.
    DynamicBrokerLoggerConfig,
    /// Set for what clients measure.
    ClientMetricsConfig,
    /// Set for the group.
    GroupConfig,
    /// Something else.
    Unknown,
}

impl ConfigSource {
    const fn from_number(number: i8) -> Self {
        match number {
            1 => ConfigSource::DynamicTopicConfig,
            2 => ConfigSource::DynamicBrokerConfig,
            3 => ConfigSource::DynamicDefaultBrokerConfig,
            4 => ConfigSource::StaticBrokerConfig,
            5 => ConfigSource::DefaultConfig,
            6 => ConfigSource::DynamicBrokerLoggerConfig,
            7 => ConfigSource::ClientMetricsConfig,
            8 => ConfigSource::GroupConfig,
            _ => ConfigSource::Unknown,
        }
    }

    /// Kafka's name.
    pub const fn name(self) -> &'static str {
        match self {
            ConfigSource::DynamicTopicConfig => "DYNAMIC_TOPIC_CONFIG",
            ConfigSource::DynamicBrokerConfig => "DYNAMIC_BROKER_CONFIG",
            ConfigSource::DynamicDefaultBrokerConfig => "DYNAMIC_DEFAULT_BROKER_CONFIG",
            ConfigSource::StaticBrokerConfig => "STATIC_BROKER_CONFIG",
            ConfigSource::DefaultConfig => "DEFAULT_CONFIG",
            ConfigSource::DynamicBrokerLoggerConfig => "DYNAMIC_BROKER_LOGGER_CONFIG",
            ConfigSource::ClientMetricsConfig => "DYNAMIC_CLIENT_METRICS_CONFIG",
            ConfigSource::GroupConfig => "DYNAMIC_GROUP_CONFIG",
            ConfigSource::Unknown => "UNKNOWN",
        }
    }
}

/// A configuration's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigEntry {
    /// Its key.
    pub name: String,
    /// The value; `None` for null, which a sensitive value is too.
    pub value: Option<String>,
    /// Where it comes from.
    pub source: ConfigSource,
    /// Whether it is a secret.
    pub is_sensitive: bool,
    /// Whether it cannot be changed.
    pub is_read_only: bool,
    /// All values under all keys that could count, the one that does first: key, value, source.
    pub synonyms: Vec<(String, Option<String>, ConfigSource)>,
}

/// Reads configurations (`describeConfigs`).
///
/// # Errors
/// If a broker that has to be asked does not answer.
pub fn describe_configs(
    client: &mut Client,
    resources: &[ConfigResource],
    include_synonyms: bool,
) -> Result<Results<Vec<ConfigEntry>, ConfigResource>, ClientError> {
    let mut results = Vec::new();
    for (broker, resources) in by_broker(resources) {
        let of = resources.iter().map(|resource| DescribeConfigsResource {
            resource_type: resource.kind.number(),
            resource_name: resource.name.as_str().into(),
            configuration_keys: None,
            ..Default::default()
        });
        let request = DescribeConfigsRequest { resources: of.collect(), include_synonyms, ..Default::default() };
        let described = client.retry(|client| {
            let reply = match broker {
                Some(broker) => client.send_to(broker, &request)?,
                None => client.send_to_any(&request)?,
            };
            let response = reply.message()?;
            let of = response.results.iter().map(|item| {
                // A `Config` keeps its entries in a hash map, whatever the order of the broker.
                let order = hash_order(item.configs.iter().map(|config| config.name.as_ref()));
                let found = order.into_iter().filter_map(|name| item.configs.iter().find(|config| config.name == name));
                let entries = found.map(entry).collect();
                let outcome = result(item.error_code, item.error_message.as_deref(), entries);
                ((item.resource_type, item.resource_name.to_string()), outcome)
            });
            Ok(of.collect::<Vec<_>>())
        })?;
        for ((number, name), outcome) in described {
            let found = resources.iter().find(|resource| resource.kind.number() == number && resource.name == name);
            results.extend(found.map(|resource| ((*resource).clone(), outcome)));
        }
    }
    Ok(results)
}

fn entry(config: &DescribeConfigsResourceResult<'_>) -> ConfigEntry {
    let owned = |text: &Option<std::borrow::Cow<'_, str>>| text.as_deref().map(str::to_owned);
    let synonyms = config.synonyms.iter();
    ConfigEntry {
        name: config.name.to_string(),
        value: owned(&config.value),
        source: ConfigSource::from_number(config.config_source),
        is_sensitive: config.is_sensitive,
        is_read_only: config.read_only,
        synonyms: synonyms
            .map(|other| (other.name.to_string(), owned(&other.value), ConfigSource::from_number(other.source)))
            .collect(),
    }
}

/// How a value changes (`AlterConfigOp.OpType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigOperation {
    /// It is set.
    Set,
    /// It is as if it had not been set.
    Delete,
    /// It is added to a list.
    Append,
    /// It is taken out of a list.
    Subtract,
}

/// A change of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AlterConfigOp {
    /// The key.
    pub name: String,
    /// How it changes.
    pub operation: ConfigOperation,
    /// The value; `None` for [`ConfigOperation::Delete`].
    pub value: Option<String>,
}

/// Changes a configuration (`incrementalAlterConfigs`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn incremental_alter_configs(
    client: &mut Client,
    resource: &ConfigResource,
    ops: &[AlterConfigOp],
) -> Result<(), ClientError> {
    let configs = ops.iter().map(|op| AlterableConfig {
        name: op.name.as_str().into(),
        config_operation: match op.operation {
            ConfigOperation::Set => 0,
            ConfigOperation::Delete => 1,
            ConfigOperation::Append => 2,
            ConfigOperation::Subtract => 3,
        },
        value: op.value.as_deref().map(Into::into),
        ..Default::default()
    });
    let altered = AlterConfigsResource {
        resource_type: resource.kind.number(),
        resource_name: resource.name.as_str().into(),
        configs: configs.collect(),
        ..Default::default()
    };
    let request = IncrementalAlterConfigsRequest { resources: vec![altered], ..Default::default() };
    // The error of a resource is final, as in Kafka, even one that is retriable elsewhere.
    let altered = client.retry(|client| {
        let reply = match resource.broker() {
            Some(broker) if !client.config().bootstrap_controllers => client.send_to(broker, &request)?,
            _ => client.send_to_any_or_controller(&request)?,
        };
        let response = reply.message()?;
        let mut items = response.responses.iter();
        Ok(items.try_for_each(|item| ApiError::check(item.error_code, item.error_message.as_deref())))
    })?;
    Ok(altered?)
}

/// Names of all resources of a type that have a configuration (`listConfigResources`).
///
/// # Errors
/// If the cluster does not answer, or with an error.
pub fn list_config_resources(client: &mut Client, kind: ConfigResourceType) -> Result<Vec<String>, ClientError> {
    let request = ListConfigResourcesRequest { resource_types: vec![kind.number()], ..Default::default() };
    client.retry(|client| {
        let reply = client.send_to_any(&request)?;
        let response = reply.message()?;
        ApiError::check(response.error_code, None)?;
        let of = response.config_resources.iter().filter(|resource| resource.resource_type == kind.number());
        Ok(of.map(|resource| resource.resource_name.to_string()).collect())
    })
}

fn by_broker(resources: &[ConfigResource]) -> BTreeMap<Option<i32>, Vec<&ConfigResource>> {
    let mut brokers: BTreeMap<Option<i32>, Vec<&ConfigResource>> = BTreeMap::new();
    for resource in resources {
        brokers.entry(resource.broker()).or_default().push(resource);
    }
    brokers
}
