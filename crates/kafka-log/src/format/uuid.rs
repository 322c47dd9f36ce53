//! `Uuid`: 128 bits, in text as URL-safe base64 without padding.

use std::fmt;

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
/// Characters of a UUID in text.
const TEXT_LEN: usize = 22;

/// A topic id, directory id or the like (`Uuid`): 16 bytes, shown as 22 characters of URL-safe base64.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uuid(pub [u8; 16]);

impl Uuid {
    /// All bits zero; stands for none.
    pub const ZERO: Uuid = Uuid([0; 16]);

    /// Reads what `Uuid.fromString` reads: 22 characters, with or without `==` behind them; of the last character only
    /// the top two bits count.
    pub fn parse(text: &str) -> Option<Self> {
        let symbols = text.strip_suffix("==").unwrap_or(text).as_bytes();
        if symbols.len() != TEXT_LEN {
            return None;
        }
        let bits = |symbol: u8| ALPHABET.iter().position(|&s| s == symbol).map(|i| i as u128);
        let high = symbols[..TEXT_LEN - 1].iter().try_fold(0u128, |sum, &s| Some(sum << 6 | bits(s)?))?;
        Some(Uuid((high << 2 | bits(symbols[TEXT_LEN - 1])? >> 4).to_be_bytes()))
    }
}

impl fmt::Display for Uuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let value = u128::from_be_bytes(self.0);
        // The last character holds two bits and four zeros.
        let text: String = (0..TEXT_LEN)
            .map(|i| if i < TEXT_LEN - 1 { value >> (122 - 6 * i) } else { value << 4 })
            .map(|bits| ALPHABET[bits as usize & 63] as char)
            .collect();
        f.pad(&text)
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
