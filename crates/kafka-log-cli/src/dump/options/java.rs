//! What Java makes of the values: `String.split(",")` and `java.io.File`.

use std::borrow::Cow;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::path::Path;

use kafka_log::format::java_text::push_java_utf8;

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

/// `new String(bytes, UTF_8)`.
fn java_text(bytes: &[u8]) -> Cow<'_, str> {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.into();
    }
    let mut text = Vec::new();
    push_java_utf8(&mut text, bytes);
    String::from_utf8_lossy(&text).into_owned().into()
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

    /// `File.getName`: what stands after the last slash, everything if there is none.
    pub fn name(&self) -> Cow<'_, str> {
        let bytes = self.0.as_encoded_bytes();
        let start = bytes.iter().rposition(|byte| *byte == b'/').map_or(0, |slash| slash + 1);
        java_text(&bytes[start..])
    }
}

impl fmt::Display for JavaFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&java_text(self.0.as_encoded_bytes()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_surrogate_is_replaced_as_a_whole() {
        for (bytes, text) in [
            (&b"plain"[..], "plain"),
            (b"\xED\xA0\x80x\xED\xBF", "\u{FFFD}x\u{FFFD}"),
            (b"\xE3\xED\xB5\x85\xCAb\xED\xA0b", "\u{FFFD}\u{FFFD}\u{FFFD}b\u{FFFD}b"),
            (b"\xED\x9F\xBF\xED", "\u{D7FF}\u{FFFD}"),
        ] {
            assert_eq!(java_text(bytes), text);
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
