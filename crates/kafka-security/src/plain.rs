//! The message of SASL PLAIN (RFC 4616): `[authorization id] NUL username NUL password`.

use std::fmt;

use crate::Secret;

/// A message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlainMessage {
    /// Who the client wants to act for; empty for the user.
    pub authorization_id: String,
    /// The user.
    pub username: String,
    /// Its password.
    pub password: Secret,
}

/// Why bytes are no message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PlainError {
    /// They are not UTF-8.
    Utf8,
    /// There are more or fewer than three parts.
    Parts(usize),
}

impl fmt::Display for PlainError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PlainError::Utf8 => f.write_str("Invalid SASL/PLAIN response: not UTF-8"),
            PlainError::Parts(count) => write!(f, "Invalid SASL/PLAIN response: expected 3 tokens, got {count}"),
        }
    }
}

impl std::error::Error for PlainError {}

impl PlainMessage {
    /// Reads a message.
    ///
    /// # Errors
    /// For bytes that are none.
    pub fn parse(bytes: &[u8]) -> Result<Self, PlainError> {
        let text = std::str::from_utf8(bytes).map_err(|_| PlainError::Utf8)?;
        let mut parts = text.split('\0');
        match (parts.next(), parts.next(), parts.next(), parts.count()) {
            (Some(authorization_id), Some(username), Some(password), 0) => Ok(PlainMessage {
                authorization_id: authorization_id.to_owned(),
                username: username.to_owned(),
                password: Secret::new(password),
            }),
            _ => Err(PlainError::Parts(text.split('\0').count())),
        }
    }

    /// The bytes of a message.
    pub fn to_bytes(&self) -> Vec<u8> {
        format!("{}\0{}\0{}", self.authorization_id, self.username, self.password.expose()).into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_have_three_parts() {
        let message =
            PlainMessage { authorization_id: String::new(), username: "u".into(), password: Secret::new("p") };
        assert_eq!(message.to_bytes(), b"\0u\0p");
        assert_eq!(PlainMessage::parse(b"\0u\0p"), Ok(message));
        assert_eq!(PlainMessage::parse(b"\0u"), Err(PlainError::Parts(2)));
        assert_eq!(PlainMessage::parse(b"\0u\0p\0"), Err(PlainError::Parts(4)));
        assert_eq!(PlainMessage::parse(b"\0\xff\0p"), Err(PlainError::Utf8));
    }
}
