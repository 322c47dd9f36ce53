//! Who the client says it is, and how it proves that.

use kafka_security::jaas::JaasConfig;
use kafka_security::plain::PlainMessage;
use kafka_security::scram::{ScramClient, ScramError, nonce};
use kafka_security::{SaslMechanism, Secret};

use super::Security;
use crate::config::ConfigError;

/// A mechanism, and what it needs.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) mechanism: SaslMechanism,
    username: String,
    password: Secret,
}

/// The client's side of an exchange of tokens.
pub(crate) enum Exchange {
    Plain,
    Scram(ScramClient, Step),
}

/// What a SCRAM client expects next.
#[derive(Clone, Copy)]
pub(crate) enum Step {
    First,
    Last,
}

impl Login {
    /// What the settings say (`sasl.mechanism`, `sasl.jaas.config`).
    pub(super) fn read(security: &Security) -> Result<Self, ConfigError> {
        let name = security.get("sasl.mechanism").unwrap_or("GSSAPI");
        let mechanism = SaslMechanism::from_name(name).ok_or_else(|| ConfigError::Value {
            key: "sasl.mechanism",
            value: name.to_owned(),
            expected: "PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512",
        })?;
        let text = security.get("sasl.jaas.config").ok_or(ConfigError::NoJaasConfig)?;
        let jaas = JaasConfig::parse(text).map_err(ConfigError::Jaas)?;
        let module = match mechanism {
            SaslMechanism::Plain => "PlainLoginModule",
            SaslMechanism::Scram(_) => "ScramLoginModule",
        };
        if !jaas.is_module(module) {
            return Err(ConfigError::LoginModule { expected: module, found: jaas.module });
        }
        let option = |name: &'static str| jaas.option(name).cloned().ok_or(ConfigError::JaasOption { name });
        let (username, password) = (option("username")?, option("password")?);
        Ok(Login { mechanism, username: username.expose().to_owned(), password })
    }

    /// Begins an exchange: the first token.
    pub(crate) fn begin(&self) -> (Exchange, Vec<u8>) {
        match self.mechanism {
            SaslMechanism::Plain => {
                let message = PlainMessage {
                    authorization_id: String::new(),
                    username: self.username.clone(),
                    password: self.password.clone(),
                };
                (Exchange::Plain, message.to_bytes())
            }
            SaslMechanism::Scram(mechanism) => {
                let mut random = [0; 24];
                getrandom::fill(&mut random).expect("the operating system provides random bytes");
                let client = ScramClient::new(mechanism, &self.username, self.password.clone(), nonce(&random));
                let first = client.first();
                (Exchange::Scram(client, Step::First), first)
            }
        }
    }
}

impl Exchange {
    /// Takes the answer of the node; gives the next token, if there is one.
    pub(crate) fn next(&mut self, token: &[u8]) -> Result<Option<Vec<u8>>, ScramError> {
        match self {
            Exchange::Plain => Ok(None),
            Exchange::Scram(client, step @ Step::First) => {
                *step = Step::Last;
                client.respond(token).map(Some)
            }
            Exchange::Scram(client, Step::Last) => client.verify(token).map(|()| None),
        }
    }
}
