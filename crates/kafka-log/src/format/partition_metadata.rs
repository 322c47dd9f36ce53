//! `partition.metadata` of a partition (`PartitionMetadataFile`): two lines, `version: 0` and `topic_id: <id>`.

use std::fmt;

use super::java_number::parse_java_int;
use super::text::{fields, invalid, lines, utf8};
use super::uuid::Uuid;
use super::{FormatError, FormatErrorKind};

/// The topic that a partition folder belongs to (`PartitionMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionMetadata {
    /// Version; Kafka writes 0 and reads all from 0 up.
    pub version: i32,
    /// Topic id, not zero.
    pub topic_id: Uuid,
}

impl PartitionMetadata {
    /// Reads a whole file. Like Kafka it looks at the second field of the first two lines, whatever the first one says.
    ///
    /// # Errors
    /// A missing or malformed line, a version below 0, an id that is none or zero, text that is not UTF-8.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        const VERSION: &str = "partition metadata version";
        const TOPIC_ID: &str = "topic id";
        let text = utf8(bytes, "partition metadata")?;
        let mut lines = lines(text);
        let mut second_field = |field| -> Result<_, FormatError> {
            let line = lines.next().ok_or(invalid(text.len(), field, "missing line"))?;
            let [_, value] = fields(line.text).ok_or(invalid(line.at, field, "expected two fields on the line"))?;
            Ok((line.at, value))
        };
        let (at, value) = second_field(VERSION)?;
        let version = parse_java_int(value).ok_or(invalid(at, VERSION, "expected a number"))?;
        if version < 0 {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: i64::from(i32::MAX), found: i64::from(version) };
            return Err(FormatError::new(at, VERSION, kind));
        }
        let (at, value) = second_field(TOPIC_ID)?;
        let topic_id = Uuid::parse(value).ok_or(invalid(at, TOPIC_ID, "expected 22 characters of base64"))?;
        if topic_id == Uuid::ZERO {
            return Err(invalid(at, TOPIC_ID, "expected an id, found zero"));
        }
        Ok(PartitionMetadata { version, topic_id })
    }

    /// Appends a whole file to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

impl fmt::Display for PartitionMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version: {}\ntopic_id: {}", self.version, self.topic_id)
    }
}
