//! How a client protects its connections and proves who it is: `security.protocol`, `sasl.*`.

mod login;

use std::collections::BTreeMap;

use kafka_security::{Secret, SecurityProtocol};

use crate::config::ConfigError;
pub(crate) use login::Login;

/// Keys that have an effect.
const KEYS: &[&str] = &["security.protocol", "sasl.mechanism", "sasl.jaas.config"];

/// Protection of connections. By default there is none. `Debug` shows no values.
#[derive(Clone, Debug, Default)]
pub struct Security {
    /// As they were given, by key.
    settings: BTreeMap<String, Secret>,
    protocol: SecurityProtocol,
    login: Option<Login>,
}

impl Security {
    /// Takes over a property, if it is one of these.
    pub(crate) fn set(&mut self, key: &str, value: &str) -> bool {
        let is_known = KEYS.contains(&key);
        if is_known {
            self.settings.insert(key.to_owned(), Secret::new(value));
        }
        is_known
    }

    /// Puts in force what was taken over.
    pub(crate) fn settle(&mut self) -> Result<(), ConfigError> {
        let name = self.get("security.protocol").unwrap_or(SecurityProtocol::Plaintext.name());
        let protocol = SecurityProtocol::from_name(&name.to_ascii_uppercase());
        let protocol = protocol.filter(|protocol| !protocol.has_tls()).ok_or_else(|| ConfigError::Value {
            key: "security.protocol",
            value: name.to_owned(),
            expected: "PLAINTEXT or SASL_PLAINTEXT",
        })?;
        self.login = if protocol.has_sasl() { Some(Login::read(self)?) } else { None };
        self.protocol = protocol;
        Ok(())
    }

    /// How the client logs in, where it does.
    pub(crate) fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.settings.get(key).map(Secret::expose)
    }
}
