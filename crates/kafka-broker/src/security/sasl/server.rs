//! The mechanisms: from tokens to the name of a user.

use kafka_security::SaslMechanism;
use kafka_security::plain::PlainMessage;
use kafka_security::scram::{ScramMechanism, ScramServer, nonce};

use super::AuthenticationError;
use crate::config::SaslConfig;
use crate::metadata;
use crate::random_bytes;

/// One exchange of tokens.
pub(super) enum Server {
    Plain,
    ScramFirst(ScramMechanism, ScramServer),
    ScramLast(ScramServer),
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
}

impl Server {
    pub(super) fn new(mechanism: SaslMechanism) -> Self {
        match mechanism {
            SaslMechanism::Plain => Server::Plain,
            SaslMechanism::Scram(mechanism) => {
                Server::ScramFirst(mechanism, ScramServer::new(mechanism, nonce(&random_bytes::<24>())))
            }
        }
    }

    /// Takes the next token of the client.
    pub(super) fn evaluate(
        self,
        token: &[u8],
        config: &SaslConfig,
        image: &metadata::Shared,
    ) -> Result<Answer, AuthenticationError> {
        match self {
            Server::Plain => plain(token, config).map(|name| Answer::Proven(Proven { name, token: Vec::new() })),
            Server::ScramFirst(mechanism, mut server) => {
                let reply = server.first(token, |user| image.read().scram_credential(mechanism, user).cloned())?;
                Ok(Answer::Challenge(Server::ScramLast(server), reply))
            }
            Server::ScramLast(mut server) => {
                let token = server.last(token)?;
                Ok(Answer::Proven(Proven { name: server.user().to_owned(), token }))
            }
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
