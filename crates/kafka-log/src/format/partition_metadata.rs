//! `partition.metadata` of a partition (`PartitionMetadataFile`): two lines, `version: 0` and `topic_id: <id>`.

use std::fmt;

use super::java_number::parse_java_int;
use super::text::{invalid, is_space, lines, other, utf8_head};
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
    /// Reads a whole file. Like Kafka it takes the values on the first two lines, whatever their names are.
    ///
    /// # Errors
    /// A missing or malformed line, a version below 0, an id that is none or zero, text that is not UTF-8.
    pub fn read(bytes: &[u8]) -> Result<Self, FormatError> {
        const VERSION: &str = "partition metadata version";
        const TOPIC_ID: &str = "topic id";
        let text = utf8_head(bytes, 2, "partition metadata")?;
        let mut lines = lines(text);
        let mut next_value = |field| -> Result<_, FormatError> {
            let line = lines.next().ok_or(invalid(text.len(), field, "a line", "the end of the file"))?;
            let value =
                value(line.text).ok_or(invalid(line.at, field, "a name, a colon and a value", other(line.text)))?;
            Ok((line.at, value))
        };
        let (at, value) = next_value(VERSION)?;
        let version = parse_java_int(value).ok_or(invalid(at, VERSION, "a number", other(value)))?;
        if version < 0 {
            let kind = FormatErrorKind::OutOfRange { min: 0, max: i64::from(i32::MAX), found: i64::from(version) };
            return Err(FormatError::new(at, VERSION, kind));
        }
        let (at, value) = next_value(TOPIC_ID)?;
        let topic_id = Uuid::parse(value).ok_or(invalid(at, TOPIC_ID, "22 characters of base64", other(value)))?;
        if topic_id == Uuid::ZERO {
            return Err(invalid(at, TOPIC_ID, "an id", "that of no topic, zero"));
        }
        Ok(PartitionMetadata { version, topic_id })
    }

    /// Appends a whole file to `out`.
    pub fn write(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.to_string().as_bytes());
    }
}

/// The second field of a line that has two, separated by a colon and white space; empty ones at the end do not count.
fn value(line: &str) -> Option<&str> {
    let (_, rest) = split(line)?;
    let (value, mut rest) = split(rest).unwrap_or((rest, ""));
    while let Some(("", behind)) = split(rest) {
        rest = behind;
    }
    (!value.is_empty() && rest.is_empty()).then_some(value)
}

fn split(text: &str) -> Option<(&str, &str)> {
    let (colon, _) = text.match_indices(':').find(|&(i, _)| text[i + 1..].starts_with(is_space))?;
    Some((&text[..colon], text[colon + 1..].trim_start_matches(is_space)))
}

impl fmt::Display for PartitionMetadata {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "version: {}\ntopic_id: {}", self.version, self.topic_id)
    }
}
