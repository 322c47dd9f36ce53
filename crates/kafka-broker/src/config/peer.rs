//! How a broker connects to other brokers: as a client of `inter.broker.listener.name` (`ChannelBuilders.clientChannelBuilder`).

use std::collections::BTreeMap;

use kafka_security::SecurityProtocol;
use kafka_thin_client::{ClientConfig, ConfigError, ConnectionConfig, Properties};

use super::BrokerConfig;

/// Names the SASL mechanism with which this broker logs in at other brokers, and at controllers.
const INTER_BROKER_MECHANISM: &str = "sasl.mechanism.inter.broker.protocol";
const CONTROLLER_MECHANISM: &str = "sasl.mechanism.controller.protocol";

impl BrokerConfig {
    /// What connections to other brokers need.
    ///
    /// # Errors
    /// Settings of security that do not go together, and keys that cannot be read.
    pub(crate) fn inter_broker_connection(&self) -> Result<ConnectionConfig, ConfigError> {
        let name = &self.inter_broker_listener_name;
        let listener = self.advertised_listeners.iter().find(|listener| listener.name == *name);
        let protocol = listener.map_or(SecurityProtocol::Plaintext, |listener| listener.protocol);
        let mut client = ClientConfig::new([""; 0]);
        client.apply(&properties(self.static_configs(), name, protocol, INTER_BROKER_MECHANISM))?;
        Ok(client.connection)
    }

    /// How this broker connects to controllers, at the first of `controller.listener.names`.
    ///
    /// # Errors
    /// Settings of security that do not go together.
    pub(crate) fn controller_connection(&self) -> Result<ConnectionConfig, ConfigError> {
        let plain = ("", SecurityProtocol::Plaintext);
        let (name, protocol) = self.controller_listener.as_ref().map_or(plain, |(name, protocol)| (name, *protocol));
        let mut client = ClientConfig::new([""; 0]);
        client.apply(&properties(self.static_configs(), name, protocol, CONTROLLER_MECHANISM))?;
        Ok(client.connection)
    }
}

/// The settings of a client. Settings of the listener override those without a prefix.
fn properties(
    settings: &BTreeMap<String, String>,
    listener: &str,
    protocol: SecurityProtocol,
    mechanism: &str,
) -> Properties {
    let prefix = format!("listener.name.{}.", listener.to_ascii_lowercase());
    let is_shared = |name: &&String| !name.starts_with("listener.name.");
    let mut of_client: BTreeMap<&str, &str> = settings
        .iter()
        .filter(|(name, _)| is_shared(name))
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    let own = settings.iter().filter_map(|(name, value)| Some((name.strip_prefix(&prefix)?, value.as_str())));
    of_client.extend(own);
    if protocol.has_sasl() {
        let mechanism = of_client.get(mechanism).copied().unwrap_or("GSSAPI");
        of_client.insert("sasl.mechanism", mechanism);
        let jaas = format!("{}.sasl.jaas.config", mechanism.to_ascii_lowercase());
        if let Some(jaas) = of_client.get(jaas.as_str()).copied() {
            of_client.insert("sasl.jaas.config", jaas);
        }
    }
    of_client.insert("security.protocol", protocol.name());
    of_client.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listener_of_brokers_has_its_own_settings() {
        let set = [
            ("sasl.mechanism.inter.broker.protocol", "SCRAM-SHA-256"),
            ("ssl.truststore.location", "/all"),
            ("listener.name.internal.ssl.truststore.location", "/own"),
            ("listener.name.internal.scram-sha-256.sasl.jaas.config", "of the brokers"),
            ("listener.name.external.scram-sha-256.sasl.jaas.config", "of clients"),
        ];
        let settings = set.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        let found: BTreeMap<_, _> =
            properties(&settings, "INTERNAL", SecurityProtocol::SaslSsl, INTER_BROKER_MECHANISM).into_iter().collect();
        let of = |name: &str| found.get(name).map(String::as_str);
        assert_eq!(of("security.protocol"), Some("SASL_SSL"));
        assert_eq!(of("sasl.mechanism"), Some("SCRAM-SHA-256"));
        assert_eq!(of("sasl.jaas.config"), Some("of the brokers"));
        assert_eq!(of("ssl.truststore.location"), Some("/own"));
    }
}
