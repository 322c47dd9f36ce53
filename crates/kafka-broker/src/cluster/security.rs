//! How this broker connects to other nodes: as a client of a listener of theirs.

use std::fmt;

use kafka_security::SecurityProtocol;
use kafka_thin_client::{ClientConfig, ConfigError, ConnectionConfig, Properties};

use crate::config::BrokerConfig;

/// Settings with which no node can be reached.
#[derive(Debug)]
pub struct SecurityError {
    listener: String,
    source: ConfigError,
}

impl fmt::Display for SecurityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "connections to listener {} of other nodes: {}", self.listener, self.source)
    }
}

impl std::error::Error for SecurityError {}

/// Settings of connections to a listener of other nodes. Those with `listener.name.NAME.` in front count over the others, and
/// those of the mechanism over both. `mechanism`: `sasl.mechanism.controller.protocol` or `sasl.mechanism.inter.broker.protocol`.
///
/// # Errors
/// Settings of security that do not go together.
pub(crate) fn connection_config(
    config: &BrokerConfig,
    listener: &str,
    protocol: SecurityProtocol,
    mechanism: &str,
) -> Result<ConnectionConfig, SecurityError> {
    let of_listener = format!("listener.name.{}.", listener.to_ascii_lowercase());
    let of_mechanism = format!("{}.", mechanism.to_ascii_lowercase());
    let settings = config.static_configs();
    let mut properties: Properties = Vec::new();
    let of_all = settings.iter().filter(|(name, _)| name.starts_with("ssl.") || *name == "sasl.jaas.config");
    properties.extend(of_all.map(|(name, value)| (name.clone(), value.clone())));
    for (name, value) in settings {
        let Some(own) = name.strip_prefix(&of_listener) else { continue };
        let own = own.strip_prefix(&of_mechanism).unwrap_or(own);
        if own.starts_with("ssl.") || own == "sasl.jaas.config" {
            properties.push((own.to_owned(), value.clone()));
        }
    }
    properties.push(("security.protocol".to_owned(), protocol.name().to_owned()));
    if protocol.has_sasl() {
        properties.push(("sasl.mechanism".to_owned(), mechanism.to_owned()));
    }
    // Nobody is asked for: the nodes come from elsewhere.
    let mut client = ClientConfig::new(Vec::<String>::new());
    let applied = client.apply(&properties);
    applied.map_err(|source| SecurityError { listener: listener.to_owned(), source })?;
    client.connection.client_id = config.node_id.to_string();
    Ok(client.connection)
}
