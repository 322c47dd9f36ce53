//! Bytes on the command line: the key or header to look for.

use std::ffi::OsString;

use data_encoding::{BASE64, BASE64_NOPAD, HEXLOWER_PERMISSIVE};

/// `--key`: the key a record must have, byte for byte.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyMatch(pub Vec<u8>);

/// `--header`: a header that a record must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMatch {
    /// Its name.
    pub name: Vec<u8>,
    /// Its value; `None` for any, a null one included.
    pub value: Option<Vec<u8>>,
}

/// Text as it is, `base64:` or `hex:` with the bytes in that notation; `text:` for text that starts like one of these.
pub(super) fn key(given: OsString) -> Result<KeyMatch, &'static str> {
    decode(given.as_encoded_bytes()).map(KeyMatch)
}

/// `NAME`, or `NAME=VALUE` with a value in the notation of [`key`].
pub(super) fn header(given: OsString) -> Result<HeaderMatch, &'static str> {
    let mut parts = given.as_encoded_bytes().splitn(2, |byte| *byte == b'=');
    let name = parts.next().unwrap_or_default().to_vec();
    Ok(HeaderMatch { name, value: parts.next().map(decode).transpose()? })
}

fn decode(given: &[u8]) -> Result<Vec<u8>, &'static str> {
    if let Some(text) = given.strip_prefix(b"text:") {
        Ok(text.to_vec())
    } else if let Some(digits) = given.strip_prefix(b"hex:") {
        HEXLOWER_PERMISSIVE.decode(digits).map_err(|_| "an even number of hexadecimal digits after hex:")
    } else if let Some(text) = given.strip_prefix(b"base64:") {
        let decoded = BASE64.decode(text).or_else(|_| BASE64_NOPAD.decode(text));
        decoded.map_err(|_| "base64 (RFC 4648, padded or not) after base64:")
    } else {
        Ok(given.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_text_unless_a_prefix_says_otherwise() {
        let of = |text: &str| key(text.into()).map(|key| key.0);
        assert_eq!(of("order-1"), Ok(b"order-1".to_vec()));
        assert_eq!(of(""), Ok(vec![]));
        assert_eq!(of("text:hex:00"), Ok(b"hex:00".to_vec()));
        assert_eq!(of("hex:00fFab"), Ok(vec![0, 255, 171]));
        assert_eq!(of("base64:AP8="), Ok(vec![0, 255]));
        assert_eq!(of("base64:AP8"), Ok(vec![0, 255]));
        assert!(of("hex:0").is_err());
        assert!(of("base64:A").is_err());
    }

    #[test]
    fn a_header_is_looked_for_by_name_or_by_name_and_value() {
        let of = |text: &str| header(text.into()).map(|header| (header.name, header.value));
        assert_eq!(of("trace"), Ok((b"trace".to_vec(), None)));
        assert_eq!(of("trace="), Ok((b"trace".to_vec(), Some(vec![]))));
        assert_eq!(of("a=b=c"), Ok((b"a".to_vec(), Some(b"b=c".to_vec()))));
        assert_eq!(of("a=hex:01"), Ok((b"a".to_vec(), Some(vec![1]))));
        assert!(of("a=hex:0").is_err());
    }
}
