//! `Uuid`: 128 bits, in text as URL-safe base64 without padding.

use std::fmt;
use std::sync::LazyLock;

use data_encoding::{BASE64URL_NOPAD, Encoding};

/// Characters of a UUID in text.
const TEXT_LEN: usize = 22;

/// What Kafka reads: of the last character only the top two bits count.
static READ: LazyLock<Encoding> = LazyLock::new(|| {
    let mut specification = BASE64URL_NOPAD.specification();
    specification.check_trailing_bits = false;
    specification.encoding().expect("a base64 alphabet")
});

/// A topic id, directory id or the like (`Uuid`): 16 bytes, shown as 22 characters of URL-safe base64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// All bits zero; stands for none.
    pub const ZERO: Uuid = Uuid([0; 16]);

    /// Reads what `Uuid.fromString` reads: 22 characters, with or without `==` after them; of the last character only
    /// the top two bits count.
    pub fn parse(text: &str) -> Option<Self> {
        let symbols = text.strip_suffix("==").unwrap_or(text).as_bytes();
        if symbols.len() != TEXT_LEN {
            return None;
        }
        let mut bytes = [0; 16];
        READ.decode_mut(symbols, &mut bytes).ok()?;
        Some(Uuid(bytes))
    }

    /// Appends the text to `out`.
    pub fn push(&self, out: &mut Vec<u8>) {
        let mut text = [0; TEXT_LEN];
        BASE64URL_NOPAD.encode_mut(&self.0, &mut text);
        out.extend_from_slice(&text);
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(BASE64URL_NOPAD.encode_mut_str(&self.0, &mut [0; TEXT_LEN]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_survives_its_text() {
        for text in
            ["OZtxT32eRkyxJHVL8N_HsQ", "AAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAQACAAAAAAAAAAQ", "_____________________w"]
        {
            assert_eq!(Uuid::parse(text).map(|uuid| uuid.to_string()).as_deref(), Some(text));
            assert_eq!(Uuid::parse(&format!("{text}==")), Uuid::parse(text));
        }
        assert_eq!(Uuid::parse("AAAAAAAAAAAAAAAAAAAAAP"), Some(Uuid::ZERO));
    }

    #[test]
    fn other_lengths_alphabets_and_paddings_are_no_uuid() {
        for text in [
            "",
            "AAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAAA",
            "AAAAAAAAAAAAAAAAAAAAAA=",
            "AAAAAAAAAAAAAAAAAAAAA+",
        ] {
            assert_eq!(Uuid::parse(text), None, "{text}");
        }
    }
}
