//! Why bytes are not the record that they should be.

use std::error::Error;
use std::fmt;

use crate::SchemaError;

/// Bytes that are not a record of their topic, or a record that cannot be written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordError {
    /// A record of the cluster metadata with another frame version than 1.
    FrameVersion {
        /// The one it has.
        found: u32,
    },
    /// A type that Kafka 4.3.0 does not have in this topic.
    UnknownType {
        /// Its number.
        found: i64,
    },
    /// Another type than the one that was asked for.
    OtherType {
        /// The number asked for.
        expected: i16,
        /// The number it has.
        found: i16,
    },
    /// A record of the cluster metadata with a version beyond those that exist.
    Version {
        /// The one it has.
        found: u32,
    },
    /// A record of the cluster metadata with bytes after its end.
    TrailingBytes {
        /// How many there are.
        len: usize,
    },
    /// Its fields.
    Message(SchemaError),
}

impl RecordError {
    /// A failure in a message that is preceded by `skipped` bytes.
    pub(crate) fn after(skipped: usize, mut error: SchemaError) -> Self {
        error.at += skipped;
        RecordError::Message(error)
    }
}

impl From<SchemaError> for RecordError {
    fn from(error: SchemaError) -> Self {
        RecordError::Message(error)
    }
}

impl fmt::Display for RecordError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RecordError::FrameVersion { found } => write!(f, "expected frame version 1, found {found}"),
            RecordError::UnknownType { found } => write!(f, "expected a known record type, found {found}"),
            RecordError::OtherType { expected, found } => write!(f, "expected record type {expected}, found {found}"),
            RecordError::Version { found } => write!(f, "expected a known version of the record, found {found}"),
            RecordError::TrailingBytes { len } => write!(f, "expected the end of the record, found {len} more bytes"),
            RecordError::Message(error) => error.fmt(f),
        }
    }
}

impl Error for RecordError {}
