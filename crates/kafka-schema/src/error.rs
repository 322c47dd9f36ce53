//! Why a message cannot be read or written, in our words and in those of Kafka's classes.

use crate::read::{ELEMENTS_MAX, TAGS_MAX};
use crate::reader::STRING_LEN_MAX;
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
    /// An array of more elements than Kafka 4.4 reads.
    ArrayTooLong { claimed: i32 },
    /// A negative number of tagged fields, which Kafka 4.4 refuses.
    NegativeTags { claimed: i32 },
    /// More tagged fields than there are bytes left, which Kafka 4.4 refuses at once.
    TooFewBytesForTags { claimed: i32, available: usize },
    /// More tagged fields than Kafka 4.4 reads.
    TooManyTags { claimed: i32 },
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
    /// Bytes or an array to write of more than `i32::MAX` bytes or elements.
    TooLong { len: usize },
    /// Records to write as bytes that are in a file.
    RecordsInFile { len: usize },
    /// Arrays that take more memory than is allowed.
    TooMuchMemory { needed: usize, allowed: usize },
    /// A tagged field to write that is among the unknown ones, too.
    TagTwice { tag: u32 },
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
            ArrayTooLong { claimed } => format!(
                "Tried to read a collection of size {claimed}, which exceeds the maximum allowed size of {ELEMENTS_MAX}."
            ),
            NegativeTags { claimed } => format!("Invalid negative number of tagged fields {claimed}"),
            TooFewBytesForTags { claimed, available } => {
                format!("Tried to read {claimed} tagged fields, but there are only {available} bytes remaining.")
            }
            TooManyTags { claimed } => {
                format!("Tried to read {claimed} tagged fields, which exceeds the maximum allowed count of {TAGS_MAX}.")
            }
            UnexpectedNull { element: e } => format!("non-nullable field {field}{} was serialized as null", element(e)),
            StringTooLong { claimed, element: e } => {
                format!("string field {field}{} had invalid length {claimed}", element(e))
            }
            TagNotInVersion { tag, version } => format!("Tag {tag} is not valid for version {version}"),
            StructNotInVersion { version } => format!("Can't read version {version} of {field}"),
            NotInVersion { version } => format!("Attempted to write a non-default {field} at version {version}"),
            WrongType | TooLong { .. } | RecordsInFile { .. } | TooMuchMemory { .. } => return None,
            TagTwice { tag } => format!("Attempted to use tag {tag} as an undefined tag."),
        })
    }
}

impl fmt::Display for SchemaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        use SchemaErrorKind::*;
        write!(f, "{} at byte {}: ", self.field, self.at)?;
        match self.kind {
            Underflow { needed, available } => write!(f, "expected {needed} more bytes, found {available}"),
            VarintTooLong { .. } => f.write_str("expected a variable-length integer, found one without an end"),
            BytesTooLong { claimed, available } => write!(f, "expected {claimed} more bytes, found {available}"),
            NegativeSize { claimed } => write!(f, "expected a size, found {claimed}"),
            TooManyElements { claimed, available } => {
                write!(f, "expected no more elements than {available} bytes hold, found {claimed}")
            }
            TooFewBytesForTags { claimed, available } => {
                write!(f, "expected no more tagged fields than {available} bytes hold, found {claimed}")
            }
            ArrayTooLong { claimed } => write!(f, "expected at most {ELEMENTS_MAX} elements, found {claimed}"),
            NegativeTags { claimed } | TooManyTags { claimed } => {
                write!(f, "expected 0 to {TAGS_MAX} tagged fields, found {claimed}")
            }
            UnexpectedNull { .. } => f.write_str("expected a value, found null"),
            StringTooLong { claimed, .. } => write!(f, "expected at most {STRING_LEN_MAX} bytes, found {claimed}"),
            TagNotInVersion { tag, version } => write!(f, "expected no tag {tag} in version {version}, found one"),
            StructNotInVersion { version } => write!(f, "expected a version that has it, found version {version}"),
            NotInVersion { version } => write!(f, "expected the default in version {version}, found another value"),
            WrongType => f.write_str("expected a value of the field's type, found one of another type"),
            TooLong { len } => write!(f, "expected at most {}, found {len}", i32::MAX),
            RecordsInFile { len } => write!(f, "expected records in memory, found {len} bytes of a file"),
            TooMuchMemory { needed, allowed } => {
                write!(f, "expected elements of at most {allowed} bytes in memory, found {needed}")
            }
            TagTwice { tag } => write!(f, "expected no unknown tagged field {tag} beside the known one, found one"),
        }
    }
}

impl std::error::Error for SchemaError {}
