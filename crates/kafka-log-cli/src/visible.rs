//! Text for people, without the characters that a terminal would act on.
//!
//! Paths, file names and the contents of files may hold escape sequences, line ends and characters that change the direction
//! of text. Every printer of text wraps what it did not write itself in a [`Visible`].

use std::ffi::OsStr;
use std::fmt::{self, Display, Write};
use std::io;
use std::path::Path;

use kafka_log::format::escape::is_display_control;
use serde_json::Value;

/// Displays as its content does, with display controls as escapes: `\n`, `\x1b`, `\u{202e}`.
///
/// A second pass changes nothing: backslashes stay as they are.
#[derive(Clone, Copy, Debug)]
pub struct Visible<T>(pub T);

impl<T: Display> Display for Visible<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(Escaping(f), "{}", self.0)
    }
}

/// Displays a path, with display controls as [`Visible`] shows them and bytes that are not UTF-8 as `\xff`.
#[derive(Clone, Copy, Debug)]
pub struct VisiblePath<'p>(&'p OsStr);

/// The whole path.
pub fn path(path: &Path) -> VisiblePath<'_> {
    VisiblePath(path.as_os_str())
}

/// The last component of a path, nothing where there is none.
pub fn file_name(path: &Path) -> VisiblePath<'_> {
    VisiblePath(path.file_name().unwrap_or_default())
}

/// Several paths with spaces between them.
pub fn paths<P: AsRef<Path>>(paths: &[P]) -> String {
    let shown: Vec<String> = paths.iter().map(|each| path(each.as_ref()).to_string()).collect();
    shown.join(" ")
}

impl Display for VisiblePath<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for chunk in self.0.as_encoded_bytes().utf8_chunks() {
            Escaping(f).write_str(chunk.valid())?;
            chunk.invalid().iter().try_for_each(|byte| write!(f, "\\x{byte:02x}"))?;
        }
        Ok(())
    }
}

struct Escaping<'f, W: ?Sized>(&'f mut W);

impl<W: Write + ?Sized> Write for Escaping<'_, W> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let mut rest = text;
        while let Some(at) = rest.find(is_display_control) {
            let (plain, from) = rest.split_at(at);
            self.0.write_str(plain)?;
            let mut chars = from.chars();
            match chars.next() {
                Some(c @ ('\n' | '\r' | '\t')) => write!(self.0, "{}", c.escape_default())?,
                Some(c) if c.is_ascii() => write!(self.0, "\\x{:02x}", u32::from(c))?,
                Some(c) => write!(self.0, "{}", c.escape_unicode())?,
                None => {}
            }
            rest = chars.as_str();
        }
        self.0.write_str(rest)
    }
}

/// Escapes the display controls in the text that `out` holds from `start` on.
pub(crate) fn escape_from(out: &mut Vec<u8>, start: usize) {
    let is_plain = |byte: &u8| (b' '..=b'~').contains(byte);
    if !out[start..].iter().all(is_plain) {
        let text = out.split_off(start);
        out.extend_from_slice(Visible(String::from_utf8_lossy(&text)).to_string().as_bytes());
    }
}

/// Writes a JSON value on a line of its own, with display controls as `\uXXXX`.
///
/// # Errors
/// The errors of `out`.
pub(crate) fn write_json_line(out: &mut dyn io::Write, value: &Value) -> io::Result<()> {
    let mut line = value.to_string().into_bytes();
    kafka_log::format::escape::escape_display_controls_in_json(&mut line, 0);
    line.push(b'\n');
    out.write_all(&line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn display_controls_are_shown_as_escapes_and_other_text_as_it_is() {
        let text = "a\\ ž\x1b]52;c;eA==\x07\n\r\t\x7f\u{9b}31m\u{202e}\u{2067}\u{61c}漢";
        let shown = Visible(text).to_string();
        assert_eq!(shown, "a\\ ž\\x1b]52;c;eA==\\x07\\n\\r\\t\\x7f\\u{9b}31m\\u{202e}\\u{2067}\\u{61c}漢");
        assert_eq!(Visible(&shown).to_string(), shown);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_shows_each_byte_that_is_not_utf_8() {
        use std::os::unix::ffi::OsStrExt;
        let raw = Path::new(OsStr::from_bytes(b"/a\xff\x1b/\xc5\xbe-2\xc5"));
        assert_eq!(path(raw).to_string(), "/a\\xff\\x1b/ž-2\\xc5");
        assert_eq!(file_name(raw).to_string(), "ž-2\\xc5");
        assert_eq!(file_name(Path::new("/")).to_string(), "");
        assert_eq!(paths(&[Path::new("a\n"), Path::new("b")]), "a\\n b");
    }

    #[test]
    fn only_the_end_of_a_buffer_is_escaped() {
        let mut out = b"a\n".to_vec();
        out.extend_from_slice("b\u{9b}\n".as_bytes());
        escape_from(&mut out, 2);
        assert_eq!(out, b"a\nb\\u{9b}\\n");
    }
}
