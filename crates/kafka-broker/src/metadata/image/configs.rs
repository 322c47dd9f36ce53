//! Settings by resource (`ConfigurationsImage`).

use std::collections::BTreeMap;
use std::fmt;

/// What settings are for (`ConfigResource.Type`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(i8)]
pub enum ConfigResourceType {
    /// A topic.
    Topic = 2,
    /// A broker by its id, or all of them where the name is empty.
    Broker = 4,
    /// The loggers of a broker.
    BrokerLogger = 8,
    /// A subscription to metrics of clients.
    ClientMetrics = 16,
    /// A group.
    Group = 32,
}

impl ConfigResourceType {
    /// The type of a number in records and requests.
    pub fn from_id(id: i8) -> Option<Self> {
        use ConfigResourceType::*;
        [Topic, Broker, BrokerLogger, ClientMetrics, Group].into_iter().find(|kind| kind.id() == id)
    }

    /// The number in records and requests.
    pub fn id(self) -> i8 {
        self as i8
    }
}

/// A thing with settings (`ConfigResource`).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConfigResource {
    /// What it is.
    pub kind: ConfigResourceType,
    /// Its name; empty for the defaults of all brokers.
    pub name: String,
}

impl ConfigResource {
    /// A topic.
    pub fn topic(name: &str) -> Self {
        ConfigResource { kind: ConfigResourceType::Topic, name: name.to_owned() }
    }

    /// A broker.
    pub fn broker(id: i32) -> Self {
        ConfigResource { kind: ConfigResourceType::Broker, name: id.to_string() }
    }

    /// The defaults of all brokers.
    pub fn all_brokers() -> Self {
        ConfigResource { kind: ConfigResourceType::Broker, name: String::new() }
    }
}

impl fmt::Display for ConfigResource {
    /// As Kafka's messages show it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self.kind {
            ConfigResourceType::Topic => "TOPIC",
            ConfigResourceType::Broker => "BROKER",
            ConfigResourceType::BrokerLogger => "BROKER_LOGGER",
            ConfigResourceType::ClientMetrics => "CLIENT_METRICS",
            ConfigResourceType::Group => "GROUP",
        };
        write!(f, "ConfigResource(type={kind}, name='{}')", self.name)
    }
}

/// The settings of all resources.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Configs(BTreeMap<ConfigResource, BTreeMap<String, String>>);

impl Configs {
    pub(super) fn of(&self, resource: &ConfigResource) -> impl Iterator<Item = (&str, &str)> {
        self.0.get(resource).into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()))
    }

    pub(super) fn get(&self, resource: &ConfigResource, name: &str) -> Option<&str> {
        self.0.get(resource)?.get(name).map(String::as_str)
    }

    pub(super) fn resources(&self) -> impl Iterator<Item = &ConfigResource> {
        self.0.keys()
    }

    /// Sets a value, or removes it.
    pub(super) fn set(&mut self, resource: &ConfigResource, name: &str, value: Option<&str>) {
        match value {
            Some(value) => {
                self.0.entry(resource.clone()).or_default().insert(name.to_owned(), value.to_owned());
            }
            None => {
                let Some(settings) = self.0.get_mut(resource) else { return };
                settings.remove(name);
                if settings.is_empty() {
                    self.0.remove(resource);
                }
            }
        }
    }

    pub(super) fn remove(&mut self, resource: &ConfigResource) {
        self.0.remove(resource);
    }
}
