//! How a client protects its connections and proves who it is: `security.protocol`, `ssl.*`, `sasl.*`.

mod login;

use std::collections::BTreeMap;
use std::sync::Arc;

use kafka_security::oauth::TokenLogin;
use kafka_security::tls::{self, TlsSettings};
use kafka_security::{Secret, SecurityProtocol};

use crate::config::ConfigError;
pub(crate) use login::{ExchangeError, Login};

/// Keys that have an effect, besides those of stores.
const KEYS: &[&str] =
    &["security.protocol", "sasl.mechanism", "sasl.jaas.config", "ssl.endpoint.identification.algorithm"];

/// Protection of connections. By default there is none. `Debug` shows no values.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// As they were given, by key.
    settings: BTreeMap<String, Secret>,
    login: Option<Login>,
    tls: Option<Arc<rustls::ClientConfig>>,
}

impl Security {
    /// Takes over a property, if it is one of these.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> bool {
        let is_known = KEYS.contains(&key) || tls::KEYS.contains(&key) || TokenLogin::KEYS.contains(&key);
        if is_known {
            self.settings.insert(key.to_owned(), Secret::new(value));
        }
        is_known
    }

    /// Puts in force what was taken over.
    pub(crate) fn settle(&mut self) -> Result<(), ConfigError> {
        let name = self.get("security.protocol").unwrap_or(SecurityProtocol::Plaintext.name());
        let protocol = SecurityProtocol::from_name(&name.to_ascii_uppercase());
        let protocol = protocol.ok_or_else(|| ConfigError::Value {
            key: "security.protocol",
            value: name.to_owned(),
            expected: "PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL",
        })?;
        self.login = if protocol.has_sasl() { Some(Login::read(self)?) } else { None };
        self.tls = if protocol.has_tls() { Some(self.read_tls()?) } else { None };
        Ok(())
    }

    /// How the client logs in, where it does.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    /// TLS, where the client speaks it.
    pub(crate) fn tls(&self) -> Option<&Arc<rustls::ClientConfig>> {
        self.tls.as_ref()
    }

    fn read_tls(&self) -> Result<Arc<rustls::ClientConfig>, ConfigError> {
        let settings = TlsSettings::read(|name| self.get(name).map(str::to_owned));
        let checks_name = self.get("ssl.endpoint.identification.algorithm").is_none_or(|name| !name.is_empty());
        let tls = settings.and_then(|settings| settings.client(checks_name));
        tls.map_err(|error| ConfigError::Tls(error.to_string()))
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(Secret::expose)
    }
}
