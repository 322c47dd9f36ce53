//! Records of coordinators as JSON (`CoordinatorRecordMessageFormatter`).

use std::fmt;

use kafka_schema::table::Message;
use kafka_schema::tables::{classic_group, transaction};
use kafka_schema::{KafkaVersion, SchemaError};

/// Which records are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CoordinatorRecords {
    /// Commits (`OffsetsMessageFormatter`).
    Offsets,
    /// Classic groups (`GroupMetadataMessageFormatter`).
    GroupMetadata,
    /// Transactions (`TransactionLogMessageFormatter`).
    Transactions,
}

/// A record that cannot be read. What is shown is Kafka's exception.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct UnreadableRecord {
    offset: i64,
    why: Why,
}

#[derive(Debug, PartialEq, Eq)]
enum Why {
    NoVersion(&'static str),
    UnknownVersion { version: i16, record_type: i16 },
    Malformed { version: i16, part: &'static str, source: SchemaError },
}

impl fmt::Display for UnreadableRecord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "java.lang.RuntimeException: Could not read record with offset {} due to: ", self.offset)?;
        match &self.why {
            Why::NoVersion(part) => write!(f, "Could not read version from {part}'s buffer."),
            Why::UnknownVersion { version, record_type } => {
                write!(f, "Found an unknown record version {version} for {record_type} type")
            }
            Why::Malformed { version, part, source } => {
                let cause = source.java_message().unwrap_or_else(|| "null".to_owned());
                write!(f, "Could not read record with version {version} from {part}'s buffer due to: {cause}.")
            }
        }
    }
}

impl CoordinatorRecords {
    /// Messages of key and value of a type, if its records are shown.
    fn messages(self, record_type: i16) -> Option<(&'static Message, &'static Message)> {
        let types = match self {
            CoordinatorRecords::Offsets | CoordinatorRecords::GroupMetadata => classic_group::RECORD_TYPES,
            CoordinatorRecords::Transactions => transaction::RECORD_TYPES,
        };
        let found = types.iter().find(|(key, _)| key.api_key == record_type)?;
        let is_group = std::ptr::eq(found.0, &classic_group::GROUP_METADATA_KEY);
        let is_shown = match self {
            CoordinatorRecords::Offsets => !is_group,
            CoordinatorRecords::GroupMetadata => is_group,
            CoordinatorRecords::Transactions => true,
        };
        is_shown.then_some(*found)
    }

    /// The JSON of a record, without a line end, as in Kafka; `None` for a record that is not shown.
    pub(super) fn json(
        self,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
        offset: i64,
    ) -> Result<Option<Vec<u8>>, UnreadableRecord> {
        let unreadable = |why| UnreadableRecord { offset, why };
        let Some(key) = key else { return Ok(None) };
        let Some((record_type, key)) = split_version(key) else { return Err(unreadable(Why::NoVersion("key"))) };
        let Some((key_message, value_message)) = self.messages(record_type) else { return Ok(None) };
        let read = |message: &'static Message, bytes, version, part| {
            let read = message.read(bytes, version, KafkaVersion::V4_3);
            read.map(|(decoded, _)| decoded).map_err(|source| unreadable(Why::Malformed { version, part, source }))
        };
        let mut out = format!("{{\"key\":{{\"type\":{record_type},\"data\":").into_bytes();
        read(key_message, key, record_type, "key")?.push_json(&mut out);
        out.extend_from_slice(b"},\"value\":");
        match value {
            None => out.extend_from_slice(b"null"),
            Some(value) => {
                let Some((version, value)) = split_version(value) else {
                    return Err(unreadable(Why::NoVersion("value")));
                };
                if !value_message.versions.contains(version) {
                    return Err(unreadable(Why::UnknownVersion { version, record_type }));
                }
                out.extend_from_slice(format!("{{\"version\":{version},\"data\":").as_bytes());
                read(value_message, value, version, "value")?.push_json(&mut out);
                out.push(b'}');
            }
        }
        out.push(b'}');
        Ok(Some(out))
    }
}

fn split_version(bytes: &[u8]) -> Option<(i16, &[u8])> {
    let (version, rest) = bytes.split_first_chunk()?;
    Some((i16::from_be_bytes(*version), rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commits_and_deletions_are_shown_and_others_are_not() {
        let key = b"\0\x01\0\x01g\0\x01t\0\0\0\x02";
        let json = CoordinatorRecords::Offsets.json(Some(key), None, 0).unwrap().unwrap();
        let expected = r#"{"key":{"type":1,"data":{"group":"g","topic":"t","partition":2}},"value":null}"#;
        assert_eq!(String::from_utf8(json).unwrap(), expected);
        assert_eq!(CoordinatorRecords::GroupMetadata.json(Some(key), None, 0), Ok(None));
        assert_eq!(CoordinatorRecords::Offsets.json(None, None, 0), Ok(None));
        assert!(CoordinatorRecords::Offsets.json(Some(b"\0"), None, 7).is_err());
        let error = CoordinatorRecords::Offsets.json(Some(key), Some(b"\0\x63"), 7).unwrap_err().to_string();
        let expected = "java.lang.RuntimeException: Could not read record with offset 7 due to: Found an unknown record version 99 for 1 type";
        assert_eq!(error, expected);
    }
}
