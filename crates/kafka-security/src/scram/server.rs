//! The side of the broker (`ScramSaslServer`).

use subtle::ConstantTimeEq as _;

use super::message::{attribute, decode, encode, sasl_name, user_of, xor};
use super::{ScramCredentialData, ScramError, ScramMechanism};

/// `n,,` in base64: without channel binding.
const NO_CHANNEL_BINDING: &[u8] = b"n,";

/// One exchange.
pub struct ScramServer {
    mechanism: ScramMechanism,
    server_nonce: String,
    user: String,
    expected: Option<Expected>,
}

/// What the first message has made known.
struct Expected {
    nonce: String,
    /// The header of the client's first message, which its last one repeats.
    gs2_header: String,
    /// The client's first message without its header, and the answer to it.
    messages: String,
    credential: ScramCredentialData,
}

impl ScramServer {
    /// An exchange with a nonce, which no other exchange may have.
    pub fn new(mechanism: ScramMechanism, server_nonce: impl Into<String>) -> Self {
        ScramServer { mechanism, server_nonce: server_nonce.into(), user: String::new(), expected: None }
    }

    /// Who the client says it is.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Answers the first message. `credential_of` finds the credential of a user.
    ///
    /// # Errors
    /// For a message that cannot be read, and for a user without a credential.
    pub fn first(
        &mut self,
        message: &[u8],
        credential_of: impl FnOnce(&str) -> Option<ScramCredentialData>,
    ) -> Result<Vec<u8>, ScramError> {
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Format)?;
        let rest = text.strip_prefix("n,").ok_or(ScramError::Format)?;
        let (authorization_id, bare) = rest.split_once(',').ok_or(ScramError::Format)?;
        let (name, rest) = attribute(bare, 'n')?;
        let (client_nonce, extensions) = attribute(rest, 'r')?;
        let user = user_of(name)?;
        if client_nonce.is_empty() {
            return Err(ScramError::Format);
        }
        if !authorization_id.is_empty() && authorization_id != format!("a={}", sasl_name(&user)) {
            return Err(ScramError::AuthorizationId);
        }
        // A delegation token, which there is none of.
        if extensions.split(',').any(|extension| extension == "tokenauth=true") {
            return Err(ScramError::UnknownUser);
        }
        let credential = credential_of(&user).ok_or(ScramError::UnknownUser)?;
        if credential.iterations < self.mechanism.min_iterations() {
            return Err(ScramError::Iterations);
        }
        let nonce = format!("{client_nonce}{}", self.server_nonce);
        let reply = format!("r={nonce},s={},i={}", encode(&credential.salt), credential.iterations);
        self.user = user;
        let gs2_header = text.strip_suffix(bare).unwrap_or_default().to_owned();
        self.expected = Some(Expected { nonce, gs2_header, messages: format!("{bare},{reply}"), credential });
        Ok(reply.into_bytes())
    }

    /// Checks the proof in the last message, and proves that this side knows the credential.
    ///
    /// # Errors
    /// For a message that cannot be read, and for a wrong proof.
    pub fn last(&mut self, message: &[u8]) -> Result<Vec<u8>, ScramError> {
        let expected = self.expected.take().ok_or(ScramError::State)?;
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Format)?;
        let (binding, rest) = attribute(text, 'c')?;
        let (nonce, _) = attribute(rest, 'r')?;
        let (without_proof, proof) = text.rsplit_once(",p=").ok_or(ScramError::Format)?;
        let binding = decode(binding)?;
        if !binding.starts_with(NO_CHANNEL_BINDING) || binding != expected.gs2_header.as_bytes() {
            return Err(ScramError::Format);
        }
        if nonce != expected.nonce {
            return Err(ScramError::Nonce);
        }
        let messages = format!("{},{without_proof}", expected.messages);
        let credential = &expected.credential;
        let signature = self.mechanism.hmac(&credential.stored_key, messages.as_bytes());
        let client_key = xor(&decode(proof)?, &signature).ok_or(ScramError::Proof)?;
        if !bool::from(self.mechanism.hash(&client_key).ct_eq(&credential.stored_key)) {
            return Err(ScramError::Proof);
        }
        let signature = self.mechanism.hmac(&credential.server_key, messages.as_bytes());
        Ok(format!("v={}", encode(&signature)).into_bytes())
    }
}
