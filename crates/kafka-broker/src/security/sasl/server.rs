//! The mechanisms: from tokens to the name of a user.

use std::time::Instant;

use kafka_security::SaslMechanism;
use kafka_security::oauth::{InitialResponse, Token, TokenError};
use kafka_security::plain::PlainMessage;
use kafka_security::scram::{ScramMechanism, ScramServer, nonce};

use super::{AuthenticationError, ListenerSasl};
use crate::config::{OauthConfig, SaslConfig};
use crate::metadata;
use crate::random_bytes;

/// One exchange of tokens.
pub(super) enum Server {
    Plain,
    ScramFirst(ScramMechanism, ScramServer),
    ScramLast(ScramServer),
    OauthBearer,
    /// The client was told why its token is not believed, and has to acknowledge that.
    OauthRefused(OauthRefusal),
}

/// A token that is not believed.
#[derive(Debug)]
pub(crate) struct OauthRefusal {
    /// What the client is told.
    pub(crate) told: String,
    /// Why.
    pub(crate) error: TokenError,
}

/// What a token is evaluated with.
pub(super) struct With<'w> {
    pub(super) listener: &'w ListenerSasl,
    pub(super) image: &'w metadata::Shared,
    pub(super) now: Instant,
    pub(super) now_ms: i64,
}

/// What became of a token.
pub(super) enum Answer {
    /// The client has to send another token.
    Challenge(Server, Vec<u8>),
    /// The client has proven who it is.
    Proven(Proven),
}

/// Who a client has proven to be, with the last token for it.
pub(super) struct Proven {
    pub(super) name: String,
    pub(super) token: Vec<u8>,
    /// For how long that is proven, where the client has said so.
    pub(super) lifetime_ms: Option<u64>,
}

impl Server {
    pub(super) fn new(mechanism: SaslMechanism) -> Self {
        match mechanism {
            SaslMechanism::Plain => Server::Plain,
            SaslMechanism::OauthBearer => Server::OauthBearer,
            SaslMechanism::Scram(mechanism) => {
                Server::ScramFirst(mechanism, ScramServer::new(mechanism, nonce(&random_bytes::<24>())))
            }
        }
    }

    /// Takes the next token of the client.
    pub(super) fn evaluate(self, token: &[u8], with: &With<'_>) -> Result<Answer, AuthenticationError> {
        let proven = |name, token| Answer::Proven(Proven { name, token, lifetime_ms: None });
        match self {
            Server::Plain => plain(token, &with.listener.config).map(|name| proven(name, Vec::new())),
            Server::ScramFirst(mechanism, mut server) => {
                let reply = server.first(token, |user| with.image.read().scram_credential(mechanism, user).cloned())?;
                Ok(Answer::Challenge(Server::ScramLast(server), reply))
            }
            Server::ScramLast(mut server) => {
                let token = server.last(token)?;
                Ok(proven(server.user().to_owned(), token))
            }
            Server::OauthRefused(refusal) if token == InitialResponse::AFTER_REFUSAL => {
                Err(AuthenticationError::Token(refusal))
            }
            Server::OauthBearer | Server::OauthRefused(_) => oauth(token, with),
        }
    }
}

/// (`PlainSaslServer`)
fn plain(token: &[u8], config: &SaslConfig) -> Result<String, AuthenticationError> {
    let message = PlainMessage::parse(token).map_err(AuthenticationError::Plain)?;
    if message.username.is_empty() {
        return Err(AuthenticationError::NoUsername);
    }
    if message.password.expose().is_empty() {
        return Err(AuthenticationError::NoPassword);
    }
    let known = config.plain_users.get(&message.username);
    if !known.is_some_and(|password| password == &message.password) {
        return Err(AuthenticationError::Credentials);
    }
    if !message.authorization_id.is_empty() && message.authorization_id != message.username {
        return Err(AuthenticationError::AuthorizationId);
    }
    Ok(message.username)
}

/// (`OAuthBearerSaslServer`)
fn oauth(token: &[u8], with: &With<'_>) -> Result<Answer, AuthenticationError> {
    let message = InitialResponse::parse(token).map_err(AuthenticationError::Oauth)?;
    let Token { principal, expires_ms } = match believed(message.token.expose(), with) {
        Ok(token) => token,
        Err(error) => {
            let told = match &error {
                TokenError::Scope { required } => {
                    format!("{{\"status\":\"insufficient_scope\", \"scope\":\"[{}]\"}}", required.join(", "))
                }
                _ => "{\"status\":\"invalid_token\"}".to_owned(),
            };
            let answer = told.clone().into_bytes();
            return Ok(Answer::Challenge(Server::OauthRefused(OauthRefusal { told, error }), answer));
        }
    };
    if !message.authorization_id.is_empty() && message.authorization_id != principal {
        return Err(AuthenticationError::OtherAuthorizationId { asked: message.authorization_id, principal });
    }
    let lifetime_ms = u64::try_from(expires_ms.saturating_sub(with.now_ms)).unwrap_or(0);
    Ok(Answer::Proven(Proven { name: principal, token: Vec::new(), lifetime_ms: Some(lifetime_ms) }))
}

fn believed(token: &str, with: &With<'_>) -> Result<Token, TokenError> {
    match (&with.listener.config.oauth, &with.listener.jwks) {
        (Some(OauthConfig::Unsecured(validator)), _) => validator.validate(token, with.now_ms),
        (Some(OauthConfig::Signed(validator, _)), Some(jwks)) => {
            let outcome = validator.validate(token, &jwks.current(), with.now_ms);
            if let Err(TokenError::NoKey { id: Some(id) }) = &outcome {
                jwks.lacks(id, with.now);
            }
            outcome
        }
        // The settings of the listener do not allow the mechanism.
        _ => Err(TokenError::NoKey { id: None }),
    }
}
