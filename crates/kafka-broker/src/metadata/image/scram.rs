//! SCRAM credentials (`ScramImage`).

use std::fmt;

/// A mechanism (`ScramMechanism`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScramMechanism {
    /// SCRAM-SHA-256
    Sha256,
    /// SCRAM-SHA-512
    Sha512,
}

impl ScramMechanism {
    /// The mechanism of a number in records and requests.
    pub fn from_id(id: i8) -> Option<Self> {
        match id {
            1 => Some(ScramMechanism::Sha256),
            2 => Some(ScramMechanism::Sha512),
            _ => None,
        }
    }

    /// The number in records and requests.
    pub fn id(self) -> i8 {
        match self {
            ScramMechanism::Sha256 => 1,
            ScramMechanism::Sha512 => 2,
        }
    }

    /// The fewest iterations that Kafka takes.
    pub fn min_iterations(self) -> i32 {
        4096
    }
}

impl fmt::Display for ScramMechanism {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            ScramMechanism::Sha256 => "SCRAM-SHA-256",
            ScramMechanism::Sha512 => "SCRAM-SHA-512",
        })
    }
}

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

impl fmt::Debug for ScramCredentialData {
    /// Without the keys: they are secret.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScramCredentialData").field("iterations", &self.iterations).finish_non_exhaustive()
    }
}
