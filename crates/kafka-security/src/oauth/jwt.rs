//! The parts of a JSON Web Token in compact form (RFC 7515, RFC 7519).

use std::fmt;

use data_encoding::BASE64URL_NOPAD;
use serde::de::{Deserialize, Error as _, MapAccess, Visitor};
use serde_json::{Map, Value};

use super::TokenError;

/// Members of a JSON object. One name twice is an error, as in jose4j: two readers of one token must not see two tokens.
pub(super) struct Object(pub(super) Map<String, Value>);

impl<'de> Deserialize<'de> for Object {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Members;
        impl<'de> Visitor<'de> for Members {
            type Value = Object;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Object, A::Error> {
                let mut object = Map::new();
                while let Some((name, value)) = members.next_entry::<String, Value>()? {
                    if object.insert(name, value).is_some() {
                        return Err(A::Error::custom("a member twice"));
                    }
                }
                Ok(Object(object))
            }
        }
        deserializer.deserialize_map(Members)
    }
}

/// Reads one part of a token.
pub(super) fn object(text: &str, name: &'static str) -> Result<Map<String, Value>, TokenError> {
    let bytes = decode(text).ok_or(TokenError::Part(name))?;
    let mut reader = serde_json::Deserializer::from_slice(&bytes);
    let Object(members) = Object::deserialize(&mut reader).map_err(|_| TokenError::Part(name))?;
    reader.end().map_err(|_| TokenError::Part(name))?;
    Ok(members)
}

/// Bytes of base64 for URLs, padded or not.
pub(super) fn decode(text: &str) -> Option<Vec<u8>> {
    BASE64URL_NOPAD.decode(text.trim_end_matches('=').as_bytes()).ok()
}

/// A token, split.
pub(super) struct Jwt<'t> {
    pub(super) header: &'t str,
    pub(super) payload: &'t str,
    /// Empty if there is none.
    pub(super) signature: &'t str,
    /// Header and payload, which are signed.
    pub(super) signed: &'t str,
}

impl<'t> Jwt<'t> {
    pub(super) fn split(token: &'t str) -> Result<Self, TokenError> {
        let wrong = || TokenError::Parts(token.split('.').count());
        let (signed, signature) = token.rsplit_once('.').ok_or_else(wrong)?;
        let (header, payload) = signed.split_once('.').ok_or_else(wrong)?;
        if header.is_empty() || payload.is_empty() || payload.contains('.') {
            return Err(wrong());
        }
        Ok(Jwt { header, payload, signature, signed })
    }
}

/// A member that is a text.
pub(super) fn text<'m>(members: &'m Map<String, Value>, name: &str) -> Option<&'m str> {
    members.get(name).and_then(Value::as_str)
}
