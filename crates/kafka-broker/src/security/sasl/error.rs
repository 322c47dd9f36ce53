//! Why a client is not believed.

use std::fmt;

use kafka_rpc::{ApiKey, FrameError};
use kafka_security::SaslMechanism;
use kafka_security::oauth::MessageError;
use kafka_security::plain::PlainError;
use kafka_security::scram::ScramError;

use super::super::Principal;
use super::server::OauthRefusal;
use crate::api::Refusal;

/// Why an authentication fails. Nothing of it is secret.
#[derive(Debug)]
pub(crate) enum AuthenticationError {
    /// A request that is none.
    Frame(FrameError),
    /// A request that cannot be answered.
    Refused(Refusal),
    /// A request that has no place before the mechanism is known.
    BeforeHandshake(ApiKey),
    /// A request that has no place while tokens are exchanged.
    BeforeTokens(ApiKey),
    /// A mechanism that the listener does not have.
    Mechanism(String),
    /// Another mechanism than at the first time.
    OtherMechanism {
        first: SaslMechanism,
        asked: String,
    },
    /// Another principal than at the first time.
    OtherPrincipal {
        first: String,
        now: String,
    },
    Plain(PlainError),
    /// PLAIN without a user.
    NoUsername,
    /// PLAIN without a password.
    NoPassword,
    /// PLAIN for somebody else.
    AuthorizationId,
    /// A user that there is not, or that has another password.
    Credentials,
    Scram(ScramError),
    /// A message of OAUTHBEARER that is none.
    Oauth(MessageError),
    /// A token that is not believed.
    Token(OauthRefusal),
    /// OAUTHBEARER for somebody else.
    OtherAuthorizationId {
        asked: String,
        principal: String,
    },
}

impl AuthenticationError {
    /// What the client is told: no more than Kafka tells.
    pub(super) fn told(&self, mechanism: SaslMechanism, is_again: bool) -> String {
        match self {
            AuthenticationError::NoUsername
            | AuthenticationError::NoPassword
            | AuthenticationError::AuthorizationId
            | AuthenticationError::Credentials
            | AuthenticationError::OtherPrincipal { .. }
            | AuthenticationError::OtherMechanism { .. }
            | AuthenticationError::OtherAuthorizationId { .. }
            | AuthenticationError::Scram(ScramError::AuthorizationId) => self.to_string(),
            AuthenticationError::Token(refusal) => refusal.told.clone(),
            _ => {
                let what = if is_again { "re-authentication" } else { "authentication" };
                format!(
                    "Authentication failed during {what} due to invalid credentials with SASL mechanism {mechanism}"
                )
            }
        }
    }
}

impl fmt::Display for AuthenticationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            AuthenticationError::Frame(error) => error.fmt(f),
            AuthenticationError::Refused(refusal) => refusal.fmt(f),
            AuthenticationError::BeforeHandshake(api) => {
                write!(f, "Unexpected Kafka request of type {} during SASL handshake.", api.name())
            }
            AuthenticationError::BeforeTokens(api) => {
                write!(f, "Unexpected Kafka request of type {} during SASL authentication.", api.name())
            }
            AuthenticationError::Mechanism(asked) => write!(f, "Unsupported SASL mechanism {}", asked.escape_debug()),
            AuthenticationError::OtherMechanism { first, asked } => write!(
                f,
                "SASL mechanism '{}' requested by client is not supported for re-authentication of mechanism '{first}'",
                asked.escape_debug()
            ),
            AuthenticationError::OtherPrincipal { first, now } => {
                write!(f, "Cannot change principals during re-authentication from {first}: {now}")
            }
            AuthenticationError::Plain(error) => error.fmt(f),
            AuthenticationError::NoUsername => f.write_str("Authentication failed: username not specified"),
            AuthenticationError::NoPassword => f.write_str("Authentication failed: password not specified"),
            AuthenticationError::AuthorizationId => f.write_str(
                "Authentication failed: Client requested an authorization id that is different from username",
            ),
            AuthenticationError::Credentials => f.write_str("Authentication failed: Invalid username or password"),
            AuthenticationError::Scram(error) => error.fmt(f),
            AuthenticationError::Oauth(error) => error.fmt(f),
            AuthenticationError::Token(refusal) => refusal.error.fmt(f),
            AuthenticationError::OtherAuthorizationId { asked, principal } => write!(
                f,
                "Authentication failed: Client requested an authorization id ({}) that is different from the token's \
                 principal name ({principal})",
                asked.escape_debug()
            ),
        }
    }
}

impl From<FrameError> for AuthenticationError {
    fn from(error: FrameError) -> Self {
        AuthenticationError::Frame(error)
    }
}

impl From<Refusal> for AuthenticationError {
    fn from(refusal: Refusal) -> Self {
        AuthenticationError::Refused(refusal)
    }
}

impl From<ScramError> for AuthenticationError {
    fn from(error: ScramError) -> Self {
        AuthenticationError::Scram(error)
    }
}

impl AuthenticationError {
    pub(super) fn other_principal(first: &Principal, now: &Principal) -> Self {
        AuthenticationError::OtherPrincipal { first: first.to_string(), now: now.to_string() }
    }
}
