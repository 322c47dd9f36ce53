//! Why a message cannot be read or written, in our words and in those of Kafka's classes.

use crate::format::{FormatError, FormatErrorKind};
use std::fmt;

/// Bytes that are not the message they should be.
///
/// `Display` is for people; [`SchemaError::java_message`] is what the exception of Kafka's class says, which its dump
/// tool prints.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaError {
    /// Byte position in the key or value.
    pub at: usize,
    /// Name of the field.
    pub field: &'static str,
    /// What is wrong.
    pub kind: SchemaErrorKind,
}

/// What is wrong with a field; see [`SchemaError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the fields say what the variant's text says")]
pub enum SchemaErrorKind {
    /// The bytes end within a number (`BufferUnderflowException`).
    Underflow { needed: usize, available: usize },
    /// An unsigned varint of more than five bytes; the value so far.
    VarintTooLong { converted: u32 },
    /// Text or bytes longer than what is left.
    BytesTooLong { claimed: i32, available: usize },
    /// A tagged field of negative size.
    NegativeSize { claimed: i32 },
    /// An array of more elements than there are bytes left.
    TooManyElements { claimed: i32, available: usize },
    /// Null where the schema has none; `element`: in an array.
    UnexpectedNull { element: bool },
    /// A string of more than 32767 bytes; `element`: in an array.
    StringTooLong { claimed: i64, element: bool },
    /// A known tag in a version that does not have it.
    TagNotInVersion { tag: u32, version: i16 },
    /// A structure in a version that does not have it; `field` is its name.
    StructNotInVersion { version: i16 },
    /// A field to write, other than its default, in a version that does not have it.
    NotInVersion { version: i16 },
    /// A value to write that is not of the field's type.
    WrongType,
}

impl SchemaError {
    /// What `Throwable.getMessage()` returns in Java; `None` is Java's null, which prints as `null`.
    pub fn java_message(&self) -> Option<String> {
        use SchemaErrorKind::*;
        let field = self.field;
        let element = |is: bool| if is { " element" } else { "" };
        Some(match self.kind {
            Underflow { .. } => return None,
            VarintTooLong { converted } => format!(
                "Varint is too long, the most significant bit in the 5th byte is set, converted value: {converted:x}"
            ),
            BytesTooLong { claimed, available } => {
                format!("Error reading byte array of {claimed} byte(s): only {available} byte(s) available")
            }
            NegativeSize { claimed } => claimed.to_string(),
            TooManyElements { claimed, available } => format!(
                "Tried to allocate a collection of size {claimed}, but there are only {available} bytes remaining."
            ),
            UnexpectedNull { element: e } => format!("non-nullable field {field}{} was serialized as null", element(e)),
            StringTooLong { claimed, element: e } => {
                format!("string field {field}{} had invalid length {claimed}", element(e))
            }
            TagNotInVersion { tag, version } => format!("Tag {tag} is not valid for version {version}"),
            StructNotInVersion { version } => format!("Can't read version {version} of {field}"),
            NotInVersion { version } => format!("Attempted to write a non-default {field} at version {version}"),
            WrongType => return None,
        })
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
            TooManyElements { claimed, available } => range(available as i64, i64::from(claimed)),
            UnexpectedNull { .. } => FormatErrorKind::Invalid("expected a value, found null"),
            StringTooLong { claimed, .. } => range(0x7fff, claimed),
            TagNotInVersion { .. } => FormatErrorKind::Invalid("expected no such tag in this version"),
            StructNotInVersion { .. } => FormatErrorKind::Invalid("expected no such structure in this version"),
            NotInVersion { .. } => FormatErrorKind::Invalid("expected no value in this version"),
            WrongType => FormatErrorKind::Invalid("expected a value of the field's type"),
        };
        FormatError::new(error.at, error.field, kind)
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        FormatError::from(*self).fmt(f)
    }
}

impl std::error::Error for SchemaError {}
