//! The one error of the format modules.

use std::fmt;

use kafka_schema::{ELEMENTS_MAX, SchemaError, SchemaErrorKind, TAGS_MAX};

use crate::compression::{CompressError, DecompressError};

/// Bytes that are not what their format says they must be.
///
/// `Copy` and without allocation, so that scanning a broken file stays fast. Positions are relative to the slice
/// that was parsed; the caller knows the file and adds its own base with [`FormatError::shifted`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct FormatError {
    /// Byte position of the field, relative to the start of the parsed slice.
    pub at: u64,
    /// Name of the field, as in Kafka's sources.
    pub field: &'static str,
    /// What is wrong with it.
    pub kind: FormatErrorKind,
}

/// What is wrong with a field; see [`FormatError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FormatErrorKind {
    /// The bytes end before the field does.
    Truncated {
        /// Bytes the field needs.
        needed: u64,
        /// Bytes there are.
        available: u64,
    },
    /// A number outside of its permitted range, ends included.
    OutOfRange {
        /// Smallest permitted value.
        min: i64,
        /// Largest permitted value.
        max: i64,
        /// Value found.
        found: i64,
    },
    /// A number that must be one particular value.
    Mismatch {
        /// Value the rest of the bytes implies.
        expected: i64,
        /// Value found.
        found: i64,
    },
    /// A checksum that does not match the bytes it covers.
    Checksum {
        /// Checksum computed over the bytes.
        computed: u32,
        /// Checksum stored beside them.
        stored: u32,
    },
    /// A variable-length integer longer than its type allows.
    VarintTooLong,
    /// Text that is not UTF-8.
    NotUtf8,
    /// Bytes left after the last field.
    TrailingBytes {
        /// How many.
        count: u64,
    },
    /// A compressed stream that its codec does not accept.
    Compression(DecompressError),
    /// Records that their codec cannot be asked to write.
    CannotCompress(CompressError),
    /// Text in the place of a number, in a file whose reader in Kafka lets `NumberFormatException` escape.
    NotANumber {
        /// What there is instead.
        found: &'static str,
    },
    /// A value that contradicts the format in the way the texts say.
    Invalid {
        /// What there should be.
        expected: &'static str,
        /// What there is.
        found: &'static str,
    },
}

impl FormatError {
    /// An error about `field` at `at`.
    pub const fn new(at: usize, field: &'static str, kind: FormatErrorKind) -> Self {
        FormatError { at: at as u64, field, kind }
    }

    /// The same error for a slice that starts `base` bytes into a larger one.
    #[must_use]
    pub const fn shifted(self, base: u64) -> Self {
        FormatError { at: self.at + base, ..self }
    }

    /// What was expected in the place of the field, for a report that states both sides.
    pub fn expected(&self) -> String {
        let FormatError { at, field, .. } = self;
        match self.kind {
            FormatErrorKind::Truncated { needed, .. } => format!("{needed} more bytes for the {field} at byte {at}"),
            FormatErrorKind::OutOfRange { min, max: i64::MAX, .. } => format!("{field} of {min} or more at byte {at}"),
            FormatErrorKind::OutOfRange { min, max, .. } => format!("{field} of {min} to {max} at byte {at}"),
            FormatErrorKind::Mismatch { expected, .. } => format!("{field} of {expected} at byte {at}"),
            FormatErrorKind::Checksum { computed, .. } => format!("checksum {computed}, as computed"),
            FormatErrorKind::TrailingBytes { .. } => format!("the end of the {field} at byte {at}"),
            FormatErrorKind::NotUtf8 => format!("UTF-8 text in the {field} at byte {at}"),
            FormatErrorKind::Compression(_) => format!("{field} that can be decompressed"),
            FormatErrorKind::NotANumber { .. } => format!("numbers in the {field} at byte {at}"),
            FormatErrorKind::Invalid { expected, .. } => format!("{expected} ({field} at byte {at})"),
            FormatErrorKind::VarintTooLong | FormatErrorKind::CannotCompress(_) => {
                format!("a valid {field} at byte {at}")
            }
        }
    }

    /// What was found there.
    pub fn found(&self) -> String {
        match self.kind {
            FormatErrorKind::Truncated { available, .. } => available.to_string(),
            FormatErrorKind::OutOfRange { found, .. } | FormatErrorKind::Mismatch { found, .. } => found.to_string(),
            FormatErrorKind::Checksum { stored, .. } => stored.to_string(),
            FormatErrorKind::TrailingBytes { count } => format!("{count} more bytes"),
            FormatErrorKind::NotUtf8 => "other bytes".to_owned(),
            FormatErrorKind::VarintTooLong => "a variable-length integer without an end".to_owned(),
            FormatErrorKind::Compression(error) => error.to_string(),
            FormatErrorKind::CannotCompress(error) => error.to_string(),
            FormatErrorKind::NotANumber { found } | FormatErrorKind::Invalid { found, .. } => found.to_owned(),
        }
    }
}

impl From<SchemaError> for FormatError {
    fn from(error: SchemaError) -> Self {
        use SchemaErrorKind::*;
        let range = |max: i64, found: i64| FormatErrorKind::OutOfRange { min: 0, max, found };
        let truncated =
            |needed: u64, available: usize| FormatErrorKind::Truncated { needed, available: available as u64 };
        let kind = match error.kind {
            Underflow { needed, available } => truncated(needed as u64, available),
            VarintTooLong { .. } => FormatErrorKind::VarintTooLong,
            BytesTooLong { claimed, available } => truncated(u64::from(claimed.unsigned_abs()), available),
            NegativeSize { claimed } => range(i64::from(i32::MAX), i64::from(claimed)),
            TooManyElements { claimed, available } | TooFewBytesForTags { claimed, available } => {
                range(available as i64, i64::from(claimed))
            }
            ArrayTooLong { claimed } => range(ELEMENTS_MAX.into(), i64::from(claimed)),
            NegativeTags { claimed } | TooManyTags { claimed } => range(TAGS_MAX.into(), i64::from(claimed)),
            UnexpectedNull { .. } => FormatErrorKind::Invalid { expected: "a value", found: "null" },
            StringTooLong { claimed, .. } => range(0x7fff, claimed),
            TagNotInVersion { .. } => {
                FormatErrorKind::Invalid { expected: "no such tag in this version", found: "one" }
            }
            StructNotInVersion { .. } => {
                FormatErrorKind::Invalid { expected: "no such structure in this version", found: "one" }
            }
            NotInVersion { .. } => FormatErrorKind::Invalid { expected: "no value in this version", found: "one" },
            WrongType => {
                FormatErrorKind::Invalid { expected: "a value of the field's type", found: "one of another type" }
            }
            TooLong { len } => range(i64::from(i32::MAX), len as i64),
            RecordsInFile { .. } => {
                FormatErrorKind::Invalid { expected: "records in memory", found: "those of a file" }
            }
            TooMuchMemory { needed, allowed } => range(allowed as i64, needed as i64),
            TagTwice { .. } => FormatErrorKind::Invalid { expected: "each tag once", found: "one twice" },
        };
        FormatError::new(error.at, error.field, kind)
    }
}

impl fmt::Display for FormatError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.field, self.at, self.kind)
    }
}

impl fmt::Display for FormatErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            FormatErrorKind::Truncated { needed, available } => {
                write!(f, "expected {needed} more bytes, found {available}")
            }
            FormatErrorKind::OutOfRange { min, max: i64::MAX, found } => {
                write!(f, "expected at least {min}, found {found}")
            }
            FormatErrorKind::OutOfRange { min, max, found } => write!(f, "expected {min} to {max}, found {found}"),
            FormatErrorKind::Mismatch { expected, found } => write!(f, "expected {expected}, found {found}"),
            FormatErrorKind::Checksum { computed, stored } => {
                write!(f, "expected checksum {computed} (computed), found {stored}")
            }
            FormatErrorKind::VarintTooLong => {
                f.write_str("expected a variable-length integer, found one without an end")
            }
            FormatErrorKind::NotUtf8 => f.write_str("expected UTF-8 text, found other bytes"),
            FormatErrorKind::TrailingBytes { count } => write!(f, "expected the end, found {count} more bytes"),
            FormatErrorKind::Compression(error) => error.fmt(f),
            FormatErrorKind::CannotCompress(error) => error.fmt(f),
            FormatErrorKind::NotANumber { found } => write!(f, "expected numbers, found {found}"),
            FormatErrorKind::Invalid { expected, found } => write!(f, "expected {expected}, found {found}"),
        }
    }
}

impl std::error::Error for FormatError {}
