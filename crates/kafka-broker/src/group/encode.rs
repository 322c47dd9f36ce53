//! Records as Kafka 4.3.0 writes them (`GroupCoordinatorRecordHelpers`), in batches.

use std::borrow::Cow;
use std::fmt;

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::FormatError;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_rpc::stored::group::{GroupMetadataKey, GroupValue, OffsetCommitKey, OffsetCommitValue};
use kafka_rpc::stored::{RecordError, encode_key, encode_value};

use super::offsets::Committed;
use super::outcome::Record;

/// Version of `GroupMetadataValue`.
const GROUP_METADATA_VERSION: i16 = 3;
/// Version of `OffsetCommitValue` with an expiry time of its own; the highest version lacks it.
const OFFSET_EXPIRY_VERSION: i16 = 1;
/// Version of `OffsetCommitValue` without.
const OFFSET_VERSION: i16 = 4;
/// Version of all values of consumer groups.
const CONSUMER_VERSION: i16 = 0;
/// Longest key of a record of a consumer group.
const CONSUMER_KEY_LEN_MAX: usize = 6 + 2 * i16::MAX as usize;
/// The most that a batch has besides its records, and a record besides its key and value.
const BATCH_OVERHEAD: usize = 61;
const RECORD_OVERHEAD: usize = 32;

/// A record, or a batch, that cannot be written.
#[derive(Debug)]
pub(crate) enum EncodeError {
    /// A text is too long.
    Record(RecordError),
    /// The batch is too long, or its codec fails.
    Batch(FormatError),
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::Record(error) => error.fmt(f),
            EncodeError::Batch(error) => error.fmt(f),
        }
    }
}

impl From<RecordError> for EncodeError {
    fn from(error: RecordError) -> Self {
        EncodeError::Record(error)
    }
}

impl From<FormatError> for EncodeError {
    fn from(error: FormatError) -> Self {
        EncodeError::Batch(error)
    }
}

impl Record {
    /// The key, and the value or `None` for a tombstone.
    pub(super) fn encode(&self) -> Result<(Vec<u8>, Option<Vec<u8>>), RecordError> {
        let mut key = Vec::new();
        let value = match self {
            Record::Offset { group, topic, partition, committed } => {
                let (group, topic) = (Cow::Borrowed(group.as_ref()), Cow::Borrowed(topic.as_ref()));
                let offset_key = OffsetCommitKey { group, topic, partition: *partition };
                encode_key(&offset_key, &mut key)?;
                committed.as_ref().map(encode_offset).transpose()?
            }
            Record::Group { group, value } => {
                encode_group_key(group, &mut key)?;
                let mut bytes = Vec::new();
                encode_value(value.as_ref(), GROUP_METADATA_VERSION, &mut bytes)?;
                Some(bytes)
            }
            Record::GroupTombstone { group } => {
                encode_group_key(group, &mut key)?;
                None
            }
            Record::Consumer { key: known, value } => {
                known.encode(&mut key)?;
                let encode = |value: &GroupValue<'_>| {
                    let mut bytes = Vec::new();
                    value.encode(CONSUMER_VERSION, &mut bytes)?;
                    Ok::<_, RecordError>(bytes)
                };
                value.as_deref().map(encode).transpose()?
            }
            Record::Modern { key: known, value } => {
                key.clone_from(known);
                value.clone()
            }
        };
        Ok((key, value))
    }

    /// Bytes in a batch, about.
    pub(super) fn len(&self) -> usize {
        let content = match self {
            Record::Offset { group, topic, committed, .. } => {
                group.len() + topic.len() + committed.as_ref().map_or(0, |committed| committed.metadata.len() + 64)
            }
            Record::Group { group, .. } | Record::GroupTombstone { group } => group.len(),
            // Only tombstones are ever split, and their keys are two names.
            Record::Consumer { .. } => CONSUMER_KEY_LEN_MAX,
            Record::Modern { key, value } => key.len() + value.as_ref().map_or(0, Vec::len),
        };
        content + RECORD_OVERHEAD
    }
}

fn encode_group_key(group: &str, out: &mut Vec<u8>) -> Result<(), RecordError> {
    encode_key(&GroupMetadataKey { group: Cow::Borrowed(group) }, out)
}

fn encode_offset(committed: &Committed) -> Result<Vec<u8>, RecordError> {
    let version = if committed.expire_timestamp.is_some() { OFFSET_EXPIRY_VERSION } else { OFFSET_VERSION };
    let value = OffsetCommitValue {
        offset: committed.offset,
        leader_epoch: committed.leader_epoch,
        metadata: Cow::Borrowed(&committed.metadata),
        commit_timestamp: committed.commit_timestamp,
        expire_timestamp: committed.expire_timestamp.unwrap_or(-1),
        topic_id: committed.topic_id,
        ..OffsetCommitValue::default()
    };
    let mut bytes = Vec::new();
    encode_value(&value, version, &mut bytes)?;
    Ok(bytes)
}

/// Cuts records that may be split into parts that fit into batches of `batch_len_max` bytes.
pub(super) fn split(records: Vec<Record>, batch_len_max: usize) -> Vec<Vec<Record>> {
    let mut parts: Vec<Vec<Record>> = Vec::new();
    let mut room = 0;
    for record in records {
        let len = record.len();
        match parts.last_mut() {
            Some(part) if len <= room => part.push(record),
            _ => {
                room = batch_len_max.saturating_sub(BATCH_OVERHEAD);
                parts.push(vec![record]);
            }
        }
        room = room.saturating_sub(len);
    }
    parts
}

/// A batch of the records, at offsets from 0 on.
pub(super) fn batch(
    records: &[Record],
    producer: Option<(i64, i16)>,
    codec: Codec,
    now_ms: i64,
) -> Result<Vec<u8>, EncodeError> {
    let mut fields = BatchFields { codec, ..BatchFields::default() };
    if let Some((producer_id, producer_epoch)) = producer {
        fields = BatchFields { producer_id, producer_epoch, is_transactional: true, ..fields };
    }
    let mut builder = RecordBatchBuilder::new(fields);
    for (record, offset) in records.iter().zip(0..) {
        let (key, value) = record.encode()?;
        builder.append(offset, now_ms, Some(&key), value.as_deref(), &[])?;
    }
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes)?;
    Ok(bytes)
}
