//! Records of `__transaction_state` (`TransactionLog`).

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_rpc::stored::transaction::transaction_log_value::PartitionsSchema;
use kafka_rpc::stored::transaction::{TransactionLogKey, TransactionLogValue};
use kafka_rpc::stored::{Record as _, RecordError, decode_key, decode_value, encode_key, encode_value, record_type};

use super::api::NO_PRODUCER_EPOCH;
use super::machine::Transaction;
use super::state::State;
use crate::group::EncodeError;

/// Versions of the value that are known.
const VERSIONS: std::ops::RangeInclusive<i16> = 0..=1;

/// A batch with one record. `version` is the level of `transaction.version`.
pub(super) fn batch(id: &str, transaction: &Transaction, version: i16, now_ms: i64) -> Result<Vec<u8>, EncodeError> {
    let value = value(transaction, version)?;
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, now_ms, Some(&key(id)?), Some(&value), &[])?;
    finish(&mut builder)
}

/// A batch of tombstones.
pub(super) fn tombstones(ids: &[Arc<str>], now_ms: i64) -> Result<Vec<u8>, EncodeError> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    for (id, offset) in ids.iter().zip(0..) {
        builder.append(offset, now_ms, Some(&key(id)?), None, &[])?;
    }
    finish(&mut builder)
}

fn finish(builder: &mut RecordBatchBuilder) -> Result<Vec<u8>, EncodeError> {
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes)?;
    Ok(bytes)
}

fn key(id: &str) -> Result<Vec<u8>, RecordError> {
    let mut bytes = Vec::new();
    encode_key(&TransactionLogKey { transactional_id: Cow::Borrowed(id) }, &mut bytes)?;
    Ok(bytes)
}

fn value(of: &Transaction, version: i16) -> Result<Vec<u8>, RecordError> {
    let mut value = TransactionLogValue {
        producer_id: of.producer_id,
        producer_epoch: of.producer_epoch,
        transaction_timeout_ms: of.timeout_ms,
        transaction_status: of.state.id(),
        transaction_partitions: (of.state != State::Empty).then(|| by_topic(of)),
        transaction_last_update_timestamp_ms: of.update_ms,
        transaction_start_timestamp_ms: of.start_ms,
        ..TransactionLogValue::default()
    };
    let value_version = version.clamp(*VERSIONS.start(), *VERSIONS.end());
    if value_version >= 1 {
        value.previous_producer_id = of.previous_producer_id;
        value.next_producer_id = of.next_producer_id;
        value.client_transaction_version = of.client_version;
    }
    let mut bytes = Vec::new();
    encode_value(&value, value_version, &mut bytes)?;
    Ok(bytes)
}

fn by_topic(of: &Transaction) -> Vec<PartitionsSchema<'_>> {
    let mut topics: Vec<PartitionsSchema<'_>> = Vec::new();
    for (topic, partition) in &of.partitions {
        match topics.last_mut() {
            Some(last) if *last.topic == **topic => last.partition_ids.push(*partition),
            _ => topics.push(PartitionsSchema {
                topic: Cow::Borrowed(topic),
                partition_ids: vec![*partition],
                ..PartitionsSchema::default()
            }),
        }
    }
    topics
}

/// What a record says.
pub(super) enum Stored {
    /// The transactional id is this now.
    Put(Arc<str>, Box<Transaction>),
    /// It is forgotten.
    Removed(Arc<str>),
    /// A record of a later release, which is left alone.
    Unknown,
}

/// A record that cannot be read.
#[derive(Debug)]
pub(crate) enum ReadError {
    /// Its key or value.
    Record(RecordError),
    /// No state has this number.
    State(i8),
    /// An open or decided transaction without its partitions.
    NoPartitions,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReadError::Record(error) => error.fmt(f),
            ReadError::State(id) => write!(f, "no state of a transaction has the number {id}"),
            ReadError::NoPartitions => f.write_str("a transaction that is open or decided has no partitions"),
        }
    }
}

impl From<RecordError> for ReadError {
    fn from(error: RecordError) -> Self {
        ReadError::Record(error)
    }
}

/// Reads a record.
pub(super) fn read(key: &[u8], value: Option<&[u8]>) -> Result<Stored, ReadError> {
    if record_type(key)? != TransactionLogKey::RECORD_TYPE {
        return Ok(Stored::Unknown);
    }
    let key: TransactionLogKey<'_> = decode_key(key)?;
    let id: Arc<str> = key.transactional_id.as_ref().into();
    let Some(value) = value else { return Ok(Stored::Removed(id)) };
    if !value.first_chunk().is_none_or(|version| VERSIONS.contains(&i16::from_be_bytes(*version))) {
        return Ok(Stored::Unknown);
    }
    let (value, _): (TransactionLogValue<'_>, _) = decode_value(value)?;
    let state = State::from_id(value.transaction_status).ok_or(ReadError::State(value.transaction_status))?;
    let mut partitions = BTreeSet::new();
    if state != State::Empty {
        for topic in value.transaction_partitions.as_ref().ok_or(ReadError::NoPartitions)? {
            let name: Arc<str> = topic.topic.as_ref().into();
            partitions.extend(topic.partition_ids.iter().map(|partition| (Arc::clone(&name), *partition)));
        }
    }
    let transaction = Transaction {
        producer_id: value.producer_id,
        previous_producer_id: value.previous_producer_id,
        next_producer_id: value.next_producer_id,
        producer_epoch: value.producer_epoch,
        last_producer_epoch: NO_PRODUCER_EPOCH,
        timeout_ms: value.transaction_timeout_ms,
        state,
        partitions,
        start_ms: value.transaction_start_timestamp_ms,
        update_ms: value.transaction_last_update_timestamp_ms,
        client_version: value.client_transaction_version,
        has_failed_fence: false,
    };
    Ok(Stored::Put(id, Box::new(transaction)))
}
