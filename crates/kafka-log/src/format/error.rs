//! The one error of the format modules.

use std::fmt;

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
    /// Bytes left behind the last field.
    TrailingBytes {
        /// How many.
        count: u64,
    },
    /// A compressed stream that its codec does not accept.
    Compression(DecompressError),
    /// Records that their codec cannot be asked to write.
    CannotCompress(CompressError),
    /// A value that contradicts the format in the way the text says.
    Invalid(&'static str),
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
            FormatErrorKind::Invalid(what) => f.write_str(what),
        }
    }
}

impl std::error::Error for FormatError {}
