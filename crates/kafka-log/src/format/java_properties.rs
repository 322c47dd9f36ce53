//! Java properties (`java.util.Properties`): `key=value` lines with comments, continued lines and escapes.
//!
//! Kafka loads them from bytes, so each byte is one ISO-8859-1 character, but stores them through a UTF-8 writer: text
//! outside of ASCII does not survive a round trip in Kafka, and reads here as it reads there.

use super::FormatError;
use super::text::invalid;

/// A pair, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Property {
    /// What stands before `=`.
    pub key: String,
    /// What follows it.
    pub value: String,
    /// Byte position of the start of its line.
    pub position: usize,
}

/// Reads all pairs in file order (`Properties.load`). Of two with one key, the later counts.
///
/// A lone surrogate, which only an escape can give, becomes U+FFFD.
///
/// # Errors
/// `Invalid`, at the start of the line, for a `\u` without four hexadecimal digits.
pub fn read(bytes: &[u8]) -> Result<Vec<Property>, FormatError> {
    let mut pairs = Vec::new();
    let (mut at, mut line) = (0, Vec::new());
    while let Some(start) = next_logical_line(bytes, &mut at, &mut line) {
        let (key, value) = split(&line);
        let malformed = || invalid(start, "property", "four hexadecimal digits after \\u", "other text");
        let (key, value) = (unescape(key).ok_or_else(malformed)?, unescape(value).ok_or_else(malformed)?);
        pairs.push(Property { key, value, position: start });
    }
    Ok(pairs)
}

/// Puts the next line that is neither blank nor a comment into `line`, joined with those that continue it, and gives
/// its start.
fn next_logical_line(bytes: &[u8], at: &mut usize, line: &mut Vec<u8>) -> Option<usize> {
    line.clear();
    let mut start = *at;
    let mut skips_space = true;
    let mut is_continued = false;
    let mut ends_in_backslash = false;
    while let Some(&byte) = bytes.get(*at) {
        let is_line_end = matches!(byte, b'\r' | b'\n');
        if skips_space {
            if matches!(byte, b' ' | b'\t' | 0x0c) || is_line_end && !is_continued {
                *at += 1;
                continue;
            }
            (skips_space, is_continued) = (false, false);
        }
        if line.is_empty() {
            start = *at;
            if matches!(byte, b'#' | b'!') {
                *at += bytes[*at..].iter().position(|b| matches!(b, b'\r' | b'\n'))?;
                skips_space = true;
                continue;
            }
        }
        *at += 1;
        if !is_line_end {
            line.push(byte);
            ends_in_backslash = byte == b'\\' && !ends_in_backslash;
        } else if line.is_empty() {
            skips_space = true;
        } else if !ends_in_backslash {
            return Some(start);
        } else if *at < bytes.len() {
            line.pop();
            if byte == b'\r' && bytes[*at] == b'\n' {
                *at += 1;
            }
            (skips_space, is_continued, ends_in_backslash) = (true, true, false);
        }
    }
    if line.is_empty() {
        return None;
    }
    if ends_in_backslash {
        line.pop();
    }
    Some(start)
}

/// Key and value, escapes untouched: the key ends at the first bare `=`, `:` or white space.
fn split(line: &[u8]) -> (&[u8], &[u8]) {
    let is_space = |b: u8| matches!(b, b' ' | b'\t' | 0x0c);
    let mut is_escaped = false;
    let key_end = line.iter().position(|&byte| {
        let ends = !is_escaped && (matches!(byte, b'=' | b':') || is_space(byte));
        is_escaped = byte == b'\\' && !is_escaped;
        ends
    });
    let (key, rest) = line.split_at(key_end.unwrap_or(line.len()));
    let skip_space = |bytes: &mut &[u8]| {
        let len = bytes.iter().take_while(|&&b| is_space(b)).count();
        *bytes = &bytes[len..];
    };
    let mut value = rest;
    skip_space(&mut value);
    if let [b'=' | b':', behind @ ..] = value {
        value = behind;
        skip_space(&mut value);
    }
    (key, value)
}

fn unescape(bytes: &[u8]) -> Option<String> {
    let mut units = Vec::with_capacity(bytes.len());
    let mut rest = bytes.iter().copied();
    while let Some(byte) = rest.next() {
        if byte != b'\\' {
            units.push(u16::from(byte));
            continue;
        }
        units.push(match rest.next() {
            Some(b'u') => (0..4).try_fold(0u16, |unit, _| {
                let digit = char::from(rest.next()?).to_digit(16)?;
                Some(unit << 4 | digit as u16)
            })?,
            Some(b't') => u16::from(b'\t'),
            Some(b'n') => u16::from(b'\n'),
            Some(b'r') => u16::from(b'\r'),
            Some(b'f') => 0x0c,
            Some(other) => u16::from(other),
            None => break,
        });
    }
    Some(String::from_utf16_lossy(&units))
}

/// Appends the line of a pair to `out` (`Properties.store` to a UTF-8 writer). The key must need no escapes.
pub fn write(key: &str, value: &str, out: &mut Vec<u8>) {
    out.extend_from_slice(key.as_bytes());
    out.push(b'=');
    for (i, &byte) in value.as_bytes().iter().enumerate() {
        let escaped = match byte {
            b'\t' => b't',
            b'\n' => b'n',
            b'\r' => b'r',
            0x0c => b'f',
            b'\\' | b'=' | b':' | b'#' | b'!' => byte,
            b' ' if i == 0 => byte,
            _ => {
                out.push(byte);
                continue;
            }
        };
        out.extend_from_slice(&[b'\\', escaped]);
    }
    out.push(b'\n');
}
