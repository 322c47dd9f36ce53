//! Text checkpoints (`CheckpointFile`): a line with the version, one with the number of entries, one for each entry.

use std::io::Write as _;

use super::java_number::parse_java_int;
use super::text::{Line, invalid, lines, other, utf8};
use super::{FormatError, FormatErrorKind};

/// The version of every checkpoint there is.
const VERSION: i32 = 0;

/// What is wrong with a line that is no entry.
pub(super) enum Malformed {
    /// It has too few or too many fields; the text says which there should be.
    Fields(&'static str),
    /// It has no number where there should be one: `NumberFormatException`, which Kafka does not wrap.
    NotANumber,
}

/// What Kafka's `CheckpointFile` throws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckpointException {
    /// `IOException`, which becomes a `KafkaStorageException` and takes the log directory offline.
    Io,
    /// `NumberFormatException`.
    NumberFormat,
    /// `IllegalArgumentException`.
    IllegalArgument,
}

/// What Kafka throws over a checkpoint that cannot be read.
pub(crate) fn exception_of(error: &FormatError) -> CheckpointException {
    match error.kind {
        FormatErrorKind::NotANumber { .. } => CheckpointException::NumberFormat,
        // Only the number of entries has a range.
        FormatErrorKind::OutOfRange { .. } => CheckpointException::IllegalArgument,
        _ => CheckpointException::Io,
    }
}

/// Reads all entries. A file that is empty or ends after the version has none.
pub(super) fn read<'a, T>(
    bytes: &'a [u8],
    entry: &'static str,
    parse: impl Fn(&'a str) -> Result<T, Malformed>,
) -> Result<Vec<T>, FormatError> {
    let mut lines = lines(utf8(bytes, "checkpoint")?);
    let Some(version) = lines.next() else { return Ok(Vec::new()) };
    let found = number(version, "checkpoint version")?;
    if found != VERSION {
        let kind = FormatErrorKind::Mismatch { expected: i64::from(VERSION), found: i64::from(found) };
        return Err(FormatError::new(version.at, "checkpoint version", kind));
    }
    let Some(count) = lines.next() else { return Ok(Vec::new()) };
    let expected = number(count, "number of checkpoint entries")?;
    if expected < 0 {
        let kind = FormatErrorKind::OutOfRange { min: 0, max: i64::from(i32::MAX), found: i64::from(expected) };
        return Err(FormatError::new(count.at, "number of checkpoint entries", kind));
    }
    let parsed = |line: Line<'a>| {
        parse(line.text).map_err(|malformed| match malformed {
            Malformed::Fields(expected) => invalid(line.at, entry, expected, other(line.text)),
            Malformed::NotANumber => {
                FormatError::new(line.at, entry, FormatErrorKind::NotANumber { found: other(line.text) })
            }
        })
    };
    let entries = lines.map(parsed).collect::<Result<Vec<_>, _>>()?;
    if usize::try_from(expected) != Ok(entries.len()) {
        let kind = FormatErrorKind::Mismatch { expected: entries.len() as i64, found: i64::from(expected) };
        return Err(FormatError::new(count.at, "number of checkpoint entries", kind));
    }
    Ok(entries)
}

fn number(line: Line<'_>, field: &'static str) -> Result<i32, FormatError> {
    parse_java_int(line.text).ok_or_else(|| invalid(line.at, field, "a number alone on its line", other(line.text)))
}

/// Appends a checkpoint of `entries` to `out`, each as it displays itself.
pub(super) fn write<T: std::fmt::Display>(entries: impl ExactSizeIterator<Item = T>, out: &mut Vec<u8>) {
    let written = writeln!(out, "{VERSION}\n{}", entries.len())
        .and_then(|()| entries.into_iter().try_for_each(|entry| writeln!(out, "{entry}")));
    written.expect("a Vec takes all bytes");
}
