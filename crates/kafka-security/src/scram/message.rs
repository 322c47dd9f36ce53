//! Texts of the messages (`ScramFormatter`, `ScramMessages`).

use super::ScramError;

/// The attribute with this letter at the start of a text, and what follows its comma.
pub(super) fn attribute(text: &str, letter: char) -> Result<(&str, &str), ScramError> {
    let value = text.strip_prefix(letter).and_then(|rest| rest.strip_prefix('=')).ok_or(ScramError::Format)?;
    Ok(value.split_once(',').unwrap_or((value, "")))
}

/// A user as messages have it: commas and equals signs are escaped.
pub(super) fn sasl_name(user: &str) -> String {
    user.replace('=', "=3D").replace(',', "=2C")
}

/// The user that a message names.
pub(super) fn user_of(sasl_name: &str) -> Result<String, ScramError> {
    let user = sasl_name.replace("=2C", ",").replace("=3D", "=");
    if user.is_empty() || self::sasl_name(&user) != sasl_name { Err(ScramError::Format) } else { Ok(user) }
}

pub(super) fn decode(base64: &str) -> Result<Vec<u8>, ScramError> {
    data_encoding::BASE64.decode(base64.as_bytes()).map_err(|_| ScramError::Format)
}

pub(super) fn encode(bytes: &[u8]) -> String {
    data_encoding::BASE64.encode(bytes)
}

/// Both, bit by bit, one or the other; `None` if they differ in length.
pub(super) fn xor(one: &[u8], other: &[u8]) -> Option<Vec<u8>> {
    (one.len() == other.len()).then(|| one.iter().zip(other).map(|(a, b)| a ^ b).collect())
}

/// A nonce: random bytes as a text without commas.
pub fn nonce(random: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(random)
}
