//! What Java makes of the values: `Integer.valueOf`, `String.split(",")`, `java.io.File`, and text that is not UTF-8.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

/// Zeros of the decimal digits in the Basic Multilingual Plane, as `Character.digit` of Java 17 knows them.
const ZEROS: [u16; 37] = [
    0x0030, 0x0660, 0x06F0, 0x07C0, 0x0966, 0x09E6, 0x0A66, 0x0AE6, 0x0B66, 0x0BE6, 0x0C66, 0x0CE6, 0x0D66, 0x0DE6,
    0x0E50, 0x0ED0, 0x0F20, 0x1040, 0x1090, 0x17E0, 0x1810, 0x1946, 0x19D0, 0x1A80, 0x1A90, 0x1B50, 0x1BB0, 0x1C40,
    0x1C50, 0xA620, 0xA8D0, 0xA900, 0xA9D0, 0xA9F0, 0xAA50, 0xABF0, 0xFF10,
];

/// `Integer.valueOf`: one sign at most, digits of any script, no spaces; `None` where Java throws.
pub(super) fn integer(text: &str) -> Option<i32> {
    let (negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    if digits.is_empty() {
        return None;
    }
    let magnitude = digits.chars().try_fold(0_i64, |sum, c| {
        let sum = sum * 10 + i64::from(digit(c)?);
        (sum <= i64::from(i32::MAX) + 1).then_some(sum)
    })?;
    i32::try_from(if negative { -magnitude } else { magnitude }).ok()
}

fn digit(c: char) -> Option<u16> {
    let unit = u16::try_from(u32::from(c)).ok()?;
    ZEROS.iter().map(|zero| unit.wrapping_sub(*zero)).find(|digit| *digit < 10)
}

/// `String.split(",")`: empty parts stay, except at the end; of nothing but commas nothing remains.
pub(super) fn split_at_commas(list: &OsStr) -> Vec<OsString> {
    let bytes = list.as_encoded_bytes();
    let mut parts: Vec<_> = bytes.split(|byte| *byte == b',').map(super::os_string).collect();
    if !bytes.is_empty() {
        let kept = parts.iter().rposition(|part| !part.is_empty()).map_or(0, |last| last + 1);
        parts.truncate(kept);
    }
    parts
}

/// `new String(bytes, UTF_8)`: like `String::from_utf8_lossy`, but an encoded surrogate, whole or cut, gives one U+FFFD,
/// not one per byte.
pub(super) fn utf8_lossy(mut bytes: &[u8]) -> Cow<'_, str> {
    let surrogate = |pair: &[u8]| matches!(pair, [0xED, 0xA0..=0xBF]);
    let mut text = Cow::Borrowed("");
    while let Some(at) = bytes.windows(2).position(surrogate) {
        text += String::from_utf8_lossy(&bytes[..at]);
        text += "\u{FFFD}";
        let tail = &bytes[at + 2..];
        bytes = if matches!(tail, [0x80..=0xBF, ..]) { &tail[1..] } else { tail };
    }
    text + String::from_utf8_lossy(bytes)
}

/// A file name as `java.io.File` keeps it: without doubled and trailing slashes; `.` and `..` stay.
///
/// The bytes are those of the command line, so that a name that is not UTF-8 can be opened, which Java cannot.
/// Displayed as Java prints it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JavaFile(OsString);

impl JavaFile {
    /// The normalised form of `name`.
    pub fn new(name: &OsStr) -> Self {
        let mut path = Vec::with_capacity(name.len());
        for byte in name.as_encoded_bytes() {
            if *byte != b'/' || path.last() != Some(&b'/') {
                path.push(*byte);
            }
        }
        if path.len() > 1 && path.last() == Some(&b'/') {
            path.pop();
        }
        JavaFile(super::os_string(&path))
    }

    /// The path to open.
    pub fn path(&self) -> &Path {
        Path::new(&self.0)
    }

    /// `File.getName`: what stands behind the last slash, everything if there is none.
    pub fn name(&self) -> Cow<'_, str> {
        let bytes = self.0.as_encoded_bytes();
        let start = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        utf8_lossy(&bytes[start..])
    }
}

impl fmt::Display for JavaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&utf8_lossy(self.0.as_encoded_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integers_are_those_of_java() {
        for (text, value) in [
            ("0", 0),
            ("+5", 5),
            ("-0", 0),
            ("007", 7),
            ("2147483647", i32::MAX),
            ("-2147483648", i32::MIN),
            ("٤٢", 42),
            ("４2", 42),
        ] {
            assert_eq!(integer(text), Some(value), "{text}");
        }
        for text in
            ["", "+", "-", "+-5", "--5", " 7", "7 ", "1.5", "0x10", "2147483648", "-2147483649", "1_0", "²", "𝟜"]
        {
            assert_eq!(integer(text), None, "{text}");
        }
        assert_eq!(integer(&"9".repeat(1000)), None);
    }

    #[test]
    fn a_surrogate_is_replaced_as_a_whole() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            (b"\xED\xA0\x80x\xED\xBF", "\u{FFFD}x\u{FFFD}"),
            (b"\xE3\xED\xB5\x85\xCAb\xED\xA0b", "\u{FFFD}\u{FFFD}\u{FFFD}b\u{FFFD}b"),
            (b"\xED\x9F\xBF\xED", "\u{D7FF}\u{FFFD}"),
        ] {
            assert_eq!(utf8_lossy(bytes), text);
        }
    }

    #[test]
    fn empty_parts_vanish_at_the_end_of_a_list_only() {
        let parts = |list: &str| split_at_commas(OsStr::new(list)).join(OsStr::new("|")).into_string().unwrap();
        assert_eq!(parts("a,b"), "a|b");
        assert_eq!(parts(",a,,b,,"), "|a||b");
        assert_eq!(parts(" a , b "), " a | b ");
        assert_eq!(split_at_commas(OsStr::new("")), [""]);
        assert!(split_at_commas(OsStr::new(",,")).is_empty());
    }

    #[test]
    fn paths_lose_doubled_and_trailing_slashes_only() {
        for (given, path, name) in [
            ("a//b///c.log", "a/b/c.log", "c.log"),
            ("a/b.log//", "a/b.log", "b.log"),
            ("./a/../b", "./a/../b", "b"),
            ("//", "/", ""),
            ("//a", "/a", "a"),
            ("..", "..", ".."),
            ("", "", ""),
        ] {
            let file = JavaFile::new(OsStr::new(given));
            assert_eq!(file.to_string(), path);
            assert_eq!(file.name(), name);
        }
    }
}
