//! Leaves of the text formats: lines and fields as Java's readers split them.

use nom::branch::alt;
use nom::bytes::complete::{tag, take_till, take_till1, take_while, take_while1};
use nom::combinator::{eof, opt};
use nom::multi::fill;
use nom::sequence::{preceded, terminated};
use nom::{IResult, Parser};

use super::{FormatError, FormatErrorKind};

/// The bytes as text.
///
/// Kafka reads the files in pieces of 8 KiB and notices bytes that are no UTF-8 only in the pieces it reads; here the
/// whole file has to be text.
pub(super) fn utf8<'a>(bytes: &'a [u8], field: &'static str) -> Result<&'a str, FormatError> {
    std::str::from_utf8(bytes).map_err(|error| FormatError::new(error.valid_up_to(), field, FormatErrorKind::NotUtf8))
}

/// The bytes as text, for a reader that stops after the first `line_count` lines: a character cut off at the end of the
/// bytes matters only if those lines reach it.
pub(super) fn utf8_head<'a>(bytes: &'a [u8], line_count: usize, field: &'static str) -> Result<&'a str, FormatError> {
    utf8(bytes, field).or_else(|error| {
        let is_cut = std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_none());
        let head = utf8(&bytes[..error.at as usize], field)?;
        let ended_lines = lines(head).filter(|line| line.at + line.text.len() < head.len()).count();
        if is_cut && ended_lines >= line_count { Ok(head) } else { Err(error) }
    })
}

/// An error at `at` that is told in words.
pub(super) fn invalid(at: usize, field: &'static str, expected: &'static str, found: &'static str) -> FormatError {
    FormatError::new(at, field, FormatErrorKind::Invalid { expected, found })
}

/// What a text is that is not what it should be.
pub(super) fn other(text: &str) -> &'static str {
    if text.is_empty() {
        "nothing"
    } else if text.bytes().all(|byte| byte == 0) {
        "zeros, as after a power failure"
    } else {
        "other text"
    }
}

/// A line without its end, and its place in the text.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub(super) at: usize,
    pub(super) text: &'a str,
}

/// The lines of a text (`BufferedReader.readLine`): they end in LF, CR or CRLF, the last one may lack it.
pub(super) fn lines(text: &str) -> impl Iterator<Item = Line<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let at = text.len() - rest.len();
        let (behind, line) = line(rest).ok()?;
        rest = behind;
        Some(Line { at, text: line })
    })
}

fn line(input: &str) -> IResult<&str, &str> {
    let end = opt(alt((tag("\r\n"), tag("\n"), tag("\r"))));
    let content = take_till(|c| c == '\n' || c == '\r');
    (content, end).map(|(content, _)| content).parse(input)
}

/// The fields of a line if there are exactly `N`, two at least.
///
/// As Java splits at `\s+`: a line that starts with white space has an empty first field, white space at the end does
/// nothing.
pub(super) fn fields<const N: usize>(line: &str) -> Option<[&str; N]> {
    let mut found = [""; N];
    let (first, others) = found.split_first_mut()?;
    let next = preceded(take_while1(is_space), take_till1(is_space));
    let line_end = (take_while(is_space), eof);
    let parsed: IResult<_, _, ()> = terminated((take_till(is_space), fill(next, others)), line_end).parse(line);
    *first = parsed.ok()?.1.0;
    Some(found)
}

/// White space as `\s` in a pattern of Java means it: ASCII alone.
pub(super) fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t' | '\n' | '\x0b' | '\x0c' | '\r')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_end_as_java_ends_them() {
        let all = |text| lines(text).map(|line| (line.at, line.text)).collect::<Vec<_>>();
        assert_eq!(all("a\nb\r\nc\rd"), [(0, "a"), (2, "b"), (5, "c"), (7, "d")]);
        assert_eq!(all("\n\r\r\n"), [(0, ""), (1, ""), (2, "")]);
        assert_eq!(all(""), []);
    }

    #[test]
    fn fields_are_split_as_java_splits_them() {
        assert_eq!(fields("a  \t b "), Some(["a", "b"]));
        assert_eq!(fields(" a"), Some(["", "a"]));
        assert_eq!(fields("a  "), None::<[_; 2]>);
        assert_eq!(fields("  "), None::<[_; 2]>);
        assert_eq!(fields(""), None::<[_; 2]>);
        assert_eq!(fields::<2>("a b c"), None);
        assert_eq!(fields("a\u{a0}b"), Some(["a\u{a0}b"]));
    }
}
