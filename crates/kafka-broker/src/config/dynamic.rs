//! Which settings a broker takes while it runs (`DynamicBrokerConfig`).

use super::BrokerConfig;
use super::describe::{BrokerSettings, Configs, is_dynamic};
use super::rules::invalid_request;
use super::synonyms::{broker_key, of_listener};
use super::table::{Table, Update};
use crate::controller::ApiError;
use crate::metadata::{ConfigResource, Image};

/// The settings that the metadata log has for a broker, and those for all brokers.
#[derive(Clone, Debug, Default)]
pub(crate) struct DynamicConfigs {
    of_broker: Configs,
    of_all_brokers: Configs,
}

impl DynamicConfigs {
    pub(crate) fn of(image: &Image, node_id: i32) -> Self {
        DynamicConfigs {
            of_broker: configs_of(image, &ConfigResource::broker(node_id)),
            of_all_brokers: configs_of(image, &ConfigResource::all_brokers()),
        }
    }

    /// With other settings of the broker itself, or of all brokers.
    pub(super) fn with(mut self, configs: Configs, is_own: bool) -> Self {
        *(if is_own { &mut self.of_broker } else { &mut self.of_all_brokers }) = configs;
        self
    }

    /// Together with the settings that the broker was started with.
    pub(crate) fn over<'s>(&'s self, config: &'s BrokerConfig) -> BrokerSettings<'s> {
        BrokerSettings { config, of_broker: &self.of_broker, of_all_brokers: &self.of_all_brokers }
    }
}

/// The settings that the metadata log has for a resource.
pub(crate) fn configs_of(image: &Image, resource: &ConfigResource) -> Configs {
    image.configs(resource).map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// Whether a broker can take these settings while it runs: as its own, or as those of all brokers.
pub(super) fn check(config: &BrokerConfig, configs: &Configs, is_own: bool) -> Result<(), ApiError> {
    check_names_and_values(configs, is_own)?;
    // The broker as it would be with them.
    let none = Configs::new();
    let (of_broker, of_all_brokers) = if is_own { (configs, &none) } else { (&none, configs) };
    let settings = BrokerSettings { config, of_broker, of_all_brokers };
    let config = settings.config().map_err(|error| invalid_request(error.kafka_message()))?;
    // Keys that cannot be used are refused here, where somebody learns of it.
    let is_of_listener = |(name, _): (&String, &String)| of_listener(name).is_some();
    if configs.iter().any(is_of_listener) { config.check_keys().map_err(invalid_request) } else { Ok(()) }
}

/// `DynamicBrokerConfig.validateConfigs`.
fn check_names_and_values(configs: &Configs, is_own: bool) -> Result<(), ApiError> {
    let refuse = |is_refused: &dyn Fn(&str) -> bool, why: &str| {
        let names: Vec<&str> = configs.keys().map(String::as_str).filter(|name| is_refused(name)).collect();
        if names.is_empty() { Ok(()) } else { Err(invalid_request(format!("{why}: [{}]", names.join(", ")))) }
    };
    let is_fixed = |name: &str| Table::Broker.find(name).is_some() && !is_dynamic(name);
    refuse(&is_fixed, "Cannot update these configs dynamically")?;
    refuse(
        &is_security,
        "These security configs can be dynamically updated only per-listener using the listener prefix",
    )?;
    for (name, value) in configs {
        if let Some(key) = broker_key(name) {
            key.parse(value).map_err(|error| invalid_request(error.to_string()))?;
        }
    }
    if !is_own {
        let why = "Cannot update these configs at default cluster level, broker id must be specified";
        refuse(&is_per_broker, why)?;
    }
    Ok(())
}

/// Settings of TLS that a broker takes with the name of a listener in front alone.
fn is_security(name: &str) -> bool {
    name.starts_with("ssl.") && Table::Broker.find(name).is_some_and(|key| key.update == Update::PerBroker)
}

fn is_per_broker(name: &str) -> bool {
    match of_listener(name) {
        Some(base) => Table::Broker.find(base).is_none_or(|key| key.update != Update::ClusterWide),
        None => Table::Broker.find(name).is_some_and(|key| key.update == Update::PerBroker),
    }
}
