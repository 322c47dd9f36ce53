//! What a broker knows of a password.

use std::fmt;

use super::ScramMechanism;

/// What a broker knows of a password (`ScramCredentialData`).
#[derive(Clone, PartialEq, Eq)]
pub struct ScramCredentialData {
    /// Salt of the password.
    pub salt: Vec<u8>,
    /// Hash of the key of the client.
    pub stored_key: Vec<u8>,
    /// Key of the server.
    pub server_key: Vec<u8>,
    /// How often the password is hashed.
    pub iterations: i32,
}

impl ScramCredentialData {
    /// The credential of a password.
    pub fn new(mechanism: ScramMechanism, password: &str, salt: Vec<u8>, iterations: i32) -> Self {
        let salted = mechanism.salted_password(password, &salt, iterations);
        Self::from_salted(mechanism, &salted, salt, iterations)
    }

    /// The credential of a password that is salted and hashed already.
    pub fn from_salted(mechanism: ScramMechanism, salted_password: &[u8], salt: Vec<u8>, iterations: i32) -> Self {
        ScramCredentialData {
            salt,
            stored_key: mechanism.hash(&mechanism.client_key(salted_password)),
            server_key: mechanism.server_key(salted_password),
            iterations,
        }
    }
}

impl fmt::Debug for ScramCredentialData {
    /// Without the keys: they are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredentialData").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}
