//! Ids in command lines.

use std::fmt;

use kafka_rpc::Uuid;

/// The longest text that Kafka looks at.
const TEXT_LEN_MAX: usize = 24;

/// A text that is no id; what is shown is the message of `Uuid.fromString`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum UuidError {
    TooLong(String),
    NoBase64(char),
    /// With the number of bytes.
    WrongLength(String, usize),
}

impl fmt::Display for UuidError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            UuidError::TooLong(prefix) => {
                write!(f, "Input string with prefix `{prefix}` is too long to be decoded as a base64 UUID")
            }
            UuidError::NoBase64(found) => write!(f, "Illegal base64 character {:x}", u32::from(*found)),
            UuidError::WrongLength(text, bytes) => write!(
                f,
                "Input string `{text}` decoded as {bytes} bytes, which is not equal to the expected 16 bytes of a \
                 base64-encoded UUID"
            ),
        }
    }
}

/// Reads an id (`Uuid.fromString`).
pub(crate) fn parse(text: &str) -> Result<Uuid, UuidError> {
    if let Some(uuid) = Uuid::parse(text) {
        return Ok(uuid);
    }
    if text.chars().count() > TEXT_LEN_MAX {
        return Err(UuidError::TooLong(text.chars().take(TEXT_LEN_MAX).collect()));
    }
    let symbols = text.trim_end_matches('=');
    match symbols.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-' && *c != '_') {
        Some(found) => Err(UuidError::NoBase64(found)),
        None => Err(UuidError::WrongLength(text.to_owned(), symbols.len() * 3 / 4)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_id_is_refused_with_kafkas_words() {
        let message = |text: &str| parse(text).map_or_else(|error| error.to_string(), |uuid| uuid.to_string());
        assert_eq!(message("AAAAAAAAQACAAAAAAAAAAQ"), "AAAAAAAAQACAAAAAAAAAAQ");
        assert!(message("abc").starts_with("Input string `abc` decoded as 2 bytes, which is not equal"));
        assert_eq!(message("a!c"), "Illegal base64 character 21");
        assert!(message(&"a".repeat(25)).contains("`aaaaaaaaaaaaaaaaaaaaaaaa` is too long"));
    }
}
