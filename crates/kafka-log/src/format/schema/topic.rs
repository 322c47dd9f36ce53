//! Records of the internal topics as the dump tool shows them (`DumpLogSegments`, the `MessageParser` classes).

use super::coordinator::{CoordinatorError, RecordTypes, read_record};
use super::framed::read_framed;
use super::remote_log;
use super::tables::*;
use kafka_schema::push_int;
use kafka_schema::{Decoded, KafkaVersion};
use serde_json::{Map, Value};
use std::fmt;

/// An internal topic whose records can be decoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InternalTopic {
    /// `__consumer_offsets` (`--offsets-decoder`).
    ConsumerOffsets,
    /// `__transaction_state` (`--transaction-log-decoder`).
    TransactionState,
    /// `__cluster_metadata` (`--cluster-metadata-decoder`).
    ClusterMetadata,
    /// `__remote_log_metadata` (`--remote-log-metadata-decoder`).
    RemoteLogMetadata,
    /// `__share_group_state` (`--share-group-state-decoder`).
    ShareGroupState,
}

/// Key and payload of a record as the dump tool shows them; `None` is not shown (`ParseResult`).
#[derive(Clone, Debug, PartialEq)]
pub struct DecodedRecord<'a> {
    /// What stands after `key: `.
    pub key: Option<Part<'a>>,
    /// What stands after `payload: `.
    pub payload: Option<Part<'a>>,
}

/// Key or payload of a record.
#[derive(Clone, Debug, PartialEq)]
pub enum Part<'a> {
    /// Key of a coordinator's record.
    Key(Decoded<'a>),
    /// Value of a coordinator's record.
    Value(Decoded<'a>),
    /// No value: the record deletes its key.
    Delete,
    /// Record of the cluster metadata.
    Metadata(Decoded<'a>),
    /// Record of the remote log metadata.
    RemoteLog(Decoded<'a>),
    /// Why there is nothing to show, in Kafka's words.
    Skipped(String),
}

/// A record without a key where the decoder needs one. Kafka's tool ends there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MissingKey {
    /// Offset of the record.
    pub offset: i64,
}

impl fmt::Display for MissingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let offset = self.offset;
        write!(f, "Failed to decode message at offset {offset} using the specified decoder (message had a missing key)")
    }
}

impl std::error::Error for MissingKey {}

impl InternalTopic {
    /// Decodes a record of this topic as this release of Kafka does; `offset` is only for the texts. Bytes that are no
    /// such record give a [`Part::Skipped`], as in Kafka.
    ///
    /// # Errors
    /// [`MissingKey`] for the three topics of coordinators.
    pub fn decode<'a>(
        self,
        key: Option<&'a [u8]>,
        value: Option<&'a [u8]>,
        offset: i64,
        kafka: KafkaVersion,
    ) -> Result<DecodedRecord<'a>, MissingKey> {
        const GROUPS: &[RecordTypes] = &[
            classic_group::RECORD_TYPES,
            consumer_group::RECORD_TYPES,
            share_group::RECORD_TYPES,
            streams_group::RECORD_TYPES,
        ];
        let types: &[RecordTypes] = match self {
            InternalTopic::ConsumerOffsets => GROUPS,
            InternalTopic::TransactionState => &[transaction::RECORD_TYPES],
            InternalTopic::ShareGroupState => &[share_state::RECORD_TYPES],
            InternalTopic::ClusterMetadata | InternalTopic::RemoteLogMetadata => {
                let read = if self == InternalTopic::ClusterMetadata {
                    read_framed(cluster_metadata::RECORD_TYPES, value, kafka).map(Part::Metadata)
                } else {
                    remote(value, kafka).map(Part::RemoteLog)
                };
                return Ok(match read {
                    Ok(part) => DecodedRecord { key: None, payload: Some(part) },
                    Err(why) => self.skipped(offset, &why),
                });
            }
        };
        Ok(match read_record(types, key.ok_or(MissingKey { offset })?, value, kafka) {
            Ok((key, value)) => {
                DecodedRecord { key: Some(Part::Key(key)), payload: Some(value.map_or(Part::Delete, Part::Value)) }
            }
            Err(CoordinatorError::UnknownType(unknown)) => {
                let text = format!("Unknown record type {unknown} at offset {offset}, skipping.");
                DecodedRecord { key: Some(Part::Skipped(text)), payload: None }
            }
            Err(CoordinatorError::Other(why)) => self.skipped(offset, &why),
        })
    }

    /// What is shown of a record that cannot be read, `why` being the message of the Java exception or "null".
    pub fn skipped(self, offset: i64, why: &str) -> DecodedRecord<'static> {
        let at = if self == InternalTopic::ClusterMetadata { "at" } else { "at offset" };
        let text = Some(Part::Skipped(format!("Error {at} {offset}, skipping. {why}")));
        if self.has_keys() {
            DecodedRecord { key: text, payload: None }
        } else {
            DecodedRecord { key: None, payload: text }
        }
    }

    /// Do its records have keys, as those of the coordinators have?
    pub fn has_keys(self) -> bool {
        !matches!(self, InternalTopic::ClusterMetadata | InternalTopic::RemoteLogMetadata)
    }
}

fn remote(value: Option<&[u8]>, kafka: KafkaVersion) -> Result<Decoded<'_>, String> {
    if value.is_none() {
        // Java's own words for calling a method of null.
        let method = "org.apache.kafka.common.record.internal.Record.value()";
        let text = "Cannot invoke \"java.nio.ByteBuffer.remaining()\" because the return value of";
        return Err(format!("{text} \"{method}\" is null"));
    }
    let record = read_framed(super::tables::remote_log::RECORD_TYPES, value, kafka)?;
    remote_log::check(&record)?;
    Ok(record)
}

impl Part<'_> {
    /// Appends the text that the dump tool prints. It is UTF-8.
    pub fn push_text(&self, out: &mut Vec<u8>) {
        match self {
            Part::Key(key) => push_labelled(out, b"{\"type\":\"", key.message.api_key, b"\",\"data\":", key),
            Part::Value(value) => push_labelled(out, b"{\"version\":\"", value.version, b"\",\"data\":", value),
            Part::Metadata(record) => {
                out.extend_from_slice(b"{\"type\":\"");
                out.extend_from_slice(constant_case(record.message.name).as_bytes());
                push_labelled(out, b"\",\"version\":", record.version, b",\"data\":", record);
            }
            Part::RemoteLog(record) => remote_log::push_text(out, record),
            Part::Delete => out.extend_from_slice(b"<DELETE>"),
            Part::Skipped(text) => out.extend_from_slice(text.as_bytes()),
        }
    }

    /// The record as JSON: what the dump tool prints where it prints JSON, the message with its type and version for
    /// remote log metadata; `None` if there is none.
    pub fn to_value(&self) -> Option<Value> {
        let entries = match self {
            Part::Key(key) => vec![("type", Value::String(key.message.api_key.to_string())), ("data", key.to_value())],
            Part::Value(value) => {
                vec![("version", Value::String(value.version.to_string())), ("data", value.to_value())]
            }
            Part::Metadata(record) | Part::RemoteLog(record) => vec![
                ("type", Value::String(constant_case(record.message.name))),
                ("version", Value::from(record.version)),
                ("data", record.to_value()),
            ],
            Part::Delete | Part::Skipped(_) => return None,
        };
        Some(Value::Object(entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect::<Map<_, _>>()))
    }
}

fn push_labelled(out: &mut Vec<u8>, label: &[u8], number: i16, data_label: &[u8], data: &Decoded<'_>) {
    out.extend_from_slice(label);
    push_int(out, number.into());
    out.extend_from_slice(data_label);
    data.push_json(out);
    out.push(b'}');
}

/// `PartitionChangeRecord` to `PARTITION_CHANGE_RECORD`, as Kafka names its enums after messages.
fn constant_case(name: &str) -> String {
    let mut out = String::with_capacity(name.len() + 4);
    for (i, letter) in name.chars().enumerate() {
        if i > 0 && letter.is_ascii_uppercase() {
            out.push('_');
        }
        out.push(letter.to_ascii_uppercase());
    }
    out
}
