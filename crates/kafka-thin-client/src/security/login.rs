//! Who the client says it is, and how it proves that.

use std::time::{SystemTime, UNIX_EPOCH};

use kafka_security::jaas::JaasConfig;
use kafka_security::oauth::{InitialResponse, LoginError, TokenLogin};
use kafka_security::plain::PlainMessage;
use kafka_security::scram::{ScramClient, ScramError, nonce};
use kafka_security::{SaslMechanism, Secret};

use super::Security;
use crate::config::ConfigError;

/// A mechanism, and what it needs.
#[derive(Clone, Debug)]
pub(crate) struct Login {
    pub(crate) mechanism: SaslMechanism,
    credentials: Credentials,
}

#[derive(Clone, Debug)]
enum Credentials {
    Password { username: String, password: Secret },
    Token(TokenLogin),
}

/// The client's side of an exchange of tokens.
pub(crate) enum Exchange {
    Plain,
    Scram(ScramClient, Step),
    OauthBearer(OauthStep),
}

/// Where an exchange of OAUTHBEARER is.
pub(crate) enum OauthStep {
    First,
    /// The node has refused the token, with these words.
    Refused(String),
}

/// Why an exchange cannot go on.
#[derive(Debug)]
pub(crate) enum ExchangeError {
    Scram(ScramError),
    /// The node refuses the token, and says why.
    Refused(String),
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
            expected: "PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER",
        })?;
        let text = security.get("sasl.jaas.config").ok_or(ConfigError::NoJaasConfig)?;
        let jaas = JaasConfig::parse(text).map_err(ConfigError::Jaas)?;
        let module = match mechanism {
            SaslMechanism::Plain => "PlainLoginModule",
            SaslMechanism::Scram(_) => "ScramLoginModule",
            SaslMechanism::OauthBearer => "OAuthBearerLoginModule",
        };
        if !jaas.is_module(module) {
            return Err(ConfigError::LoginModule { expected: module, found: jaas.module });
        }
        if mechanism == SaslMechanism::OauthBearer {
            let login = TokenLogin::read(|name| security.get(name), &jaas);
            let login = login.map_err(|error| ConfigError::Oauth(error.to_string()))?;
            return Ok(Login { mechanism, credentials: Credentials::Token(login) });
        }
        let option = |name: &'static str| jaas.option(name).cloned().ok_or(ConfigError::JaasOption { name });
        let (username, password) = (option("username")?, option("password")?);
        let username = username.expose().to_owned();
        Ok(Login { mechanism, credentials: Credentials::Password { username, password } })
    }

    /// Begins an exchange: the first token.
    ///
    /// # Errors
    /// If there is no token of OAUTHBEARER.
    pub(crate) fn begin(&self) -> Result<(Exchange, Vec<u8>), LoginError> {
        Ok(match (&self.credentials, self.mechanism) {
            (Credentials::Token(login), _) => {
                let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
                let message = login.message(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))?;
                (Exchange::OauthBearer(OauthStep::First), message.to_bytes())
            }
            (Credentials::Password { username, password }, SaslMechanism::Scram(mechanism)) => {
                let mut random = [0; 24];
                getrandom::fill(&mut random).expect("the operating system provides random bytes");
                let client = ScramClient::new(mechanism, username, password.clone(), nonce(&random));
                let first = client.first();
                (Exchange::Scram(client, Step::First), first)
            }
            (Credentials::Password { username, password }, _) => {
                let message = PlainMessage {
                    authorization_id: String::new(),
                    username: username.clone(),
                    password: password.clone(),
                };
                (Exchange::Plain, message.to_bytes())
            }
        })
    }
}

impl Exchange {
    /// Takes the answer of the node; gives the next token, if there is one.
    pub(crate) fn next(&mut self, token: &[u8]) -> Result<Option<Vec<u8>>, ExchangeError> {
        match self {
            Exchange::Plain => Ok(None),
            Exchange::Scram(client, step @ Step::First) => {
                *step = Step::Last;
                client.respond(token).map(Some).map_err(ExchangeError::Scram)
            }
            Exchange::Scram(client, Step::Last) => client.verify(token).map(|()| None).map_err(ExchangeError::Scram),
            Exchange::OauthBearer(OauthStep::First) if token.is_empty() => Ok(None),
            Exchange::OauthBearer(step @ OauthStep::First) => {
                *step = OauthStep::Refused(String::from_utf8_lossy(token).into_owned());
                Ok(Some(InitialResponse::AFTER_REFUSAL.to_vec()))
            }
            // A node that has refused the token must not take it now.
            Exchange::OauthBearer(OauthStep::Refused(why)) => Err(ExchangeError::Refused(std::mem::take(why))),
        }
    }
}
