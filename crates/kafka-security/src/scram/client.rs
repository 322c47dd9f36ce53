//! The side of the client (`ScramSaslClient`).

use subtle::ConstantTimeEq as _;

use super::message::{attribute, decode, encode, sasl_name, xor};
use super::{ScramError, ScramMechanism};
use crate::Secret;

/// The most iterations that a server may ask for: each costs the client time.
const ITERATIONS_MAX: i32 = 10_000_000;

/// One exchange.
pub struct ScramClient {
    mechanism: ScramMechanism,
    user: String,
    password: Secret,
    nonce: String,
    /// What the server has to prove in its last message.
    server_signature: Option<Vec<u8>>,
}

impl ScramClient {
    /// An exchange with a nonce, which no other exchange may have.
    pub fn new(mechanism: ScramMechanism, user: &str, password: Secret, nonce: impl Into<String>) -> Self {
        ScramClient { mechanism, user: user.to_owned(), password, nonce: nonce.into(), server_signature: None }
    }

    fn bare(&self) -> String {
        format!("n={},r={}", sasl_name(&self.user), self.nonce)
    }

    /// The first message.
    pub fn first(&self) -> Vec<u8> {
        format!("n,,{}", self.bare()).into_bytes()
    }

    /// The last message, after the server's first.
    ///
    /// # Errors
    /// For a message that cannot be read, or asks for too few or too many iterations.
    pub fn respond(&mut self, message: &[u8]) -> Result<Vec<u8>, ScramError> {
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Format)?;
        let (nonce, rest) = attribute(text, 'r')?;
        let (salt, rest) = attribute(rest, 's')?;
        let (iterations, _) = attribute(rest, 'i')?;
        let iterations: i32 = iterations.parse().map_err(|_| ScramError::Format)?;
        if !(self.mechanism.min_iterations()..=ITERATIONS_MAX).contains(&iterations) {
            return Err(ScramError::Iterations);
        }
        if nonce.strip_prefix(&self.nonce).is_none_or(str::is_empty) {
            return Err(ScramError::Nonce);
        }
        let salted = self.mechanism.salted_password(self.password.expose(), &decode(salt)?, iterations);
        let client_key = self.mechanism.client_key(&salted);
        let without_proof = format!("c=biws,r={nonce}");
        let messages = format!("{},{text},{without_proof}", self.bare());
        let signature = self.mechanism.hmac(&self.mechanism.hash(&client_key), messages.as_bytes());
        let proof = xor(&client_key, &signature).ok_or(ScramError::Format)?;
        let server_key = self.mechanism.server_key(&salted);
        self.server_signature = Some(self.mechanism.hmac(&server_key, messages.as_bytes()));
        Ok(format!("{without_proof},p={}", encode(&proof)).into_bytes())
    }

    /// Checks that the server knows the credential.
    ///
    /// # Errors
    /// If it does not, or has refused.
    pub fn verify(&mut self, message: &[u8]) -> Result<(), ScramError> {
        let expected = self.server_signature.take().ok_or(ScramError::State)?;
        let text = std::str::from_utf8(message).map_err(|_| ScramError::Format)?;
        if text.starts_with("e=") {
            return Err(ScramError::Refused);
        }
        let (signature, _) = attribute(text, 'v')?;
        match bool::from(decode(signature)?.ct_eq(&expected)) {
            true => Ok(()),
            false => Err(ScramError::ServerSignature),
        }
    }
}
