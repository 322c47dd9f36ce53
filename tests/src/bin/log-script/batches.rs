//! The batches of an append, byte for byte as Kafka's `MemoryRecordsBuilder` makes them.

use kafka_log::compression::{Codec, Compressor};
use kafka_log::format::FormatError;
use kafka_log::format::batch::TimestampType;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::legacy_builder::{LegacyMessage, LegacyWrapperBuilder};
use kafka_log::format::record::Header;
use serde_json::Value;

use crate::script::{Failure, Op};

/// The bytes of all batches of an operation.
pub(crate) fn all(op: &Op<'_>) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::new();
    for batch in op.list("batches") {
        bytes.extend(one(&Op(batch))?);
    }
    Ok(bytes)
}

fn one(batch: &Op<'_>) -> Result<Vec<u8>, Failure> {
    let mut bytes = if batch.has("raw") {
        batch.base64("raw")?
    } else {
        built(batch).map_err(|e| Failure::BadScript(format!("cannot build the batch: {e}")))?
    };
    if batch.has("flip")
        && let Some(byte) = bytes.get_mut(batch.int("flip", 0) as usize)
    {
        *byte ^= 1;
    }
    bytes.truncate(bytes.len().saturating_sub(batch.int("cut", 0) as usize));
    Ok(bytes)
}

fn built(batch: &Op<'_>) -> Result<Vec<u8>, FormatError> {
    match batch.int("magic", 2) {
        2 if batch.has("control") => marker(batch),
        2 => records(batch),
        magic => legacy(batch, magic as i8),
    }
}

fn codec(batch: &Op<'_>) -> Codec {
    match batch.text("codec", "none") {
        "gzip" => Codec::Gzip,
        "snappy" => Codec::Snappy,
        "lz4" => Codec::Lz4,
        "zstd" => Codec::Zstd,
        _ => Codec::None,
    }
}

fn log_append_time(batch: &Op<'_>) -> Option<i64> {
    (batch.text("tstype", "create") == "append").then(|| batch.long("append_time", -1))
}

fn fields(batch: &Op<'_>) -> BatchFields {
    let append_time = log_append_time(batch);
    BatchFields {
        base_offset: batch.long("base", 0),
        partition_leader_epoch: batch.int("epoch", -1),
        codec: codec(batch),
        timestamp_type: match append_time {
            Some(_) => TimestampType::LogAppendTime,
            None => TimestampType::CreateTime,
        },
        is_transactional: batch.flag("txn", false) || batch.has("control"),
        is_control: batch.has("control"),
        producer_id: batch.long("pid", -1),
        producer_epoch: batch.int("pepoch", -1) as i16,
        base_sequence: batch.int("seq", -1),
        max_timestamp: append_time,
        ..BatchFields::default()
    }
}

fn finished(mut builder: RecordBatchBuilder) -> Result<Vec<u8>, FormatError> {
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes)?;
    Ok(bytes)
}

fn marker(batch: &Op<'_>) -> Result<Vec<u8>, FormatError> {
    let control = Op(batch.get("control"));
    let kind = match control.text("type", "") {
        "commit" => ControlRecordType::Commit,
        _ => ControlRecordType::Abort,
    };
    let value = EndTransactionMarker { coordinator_epoch: control.int("coord_epoch", 0) }.to_bytes();
    let mut builder = RecordBatchBuilder::new(fields(batch));
    builder.append(batch.long("base", 0), control.long("ts", 0), Some(&kind.key()), Some(&value), &[])?;
    finished(builder)
}

/// A record as the script has it.
struct Input {
    offset: i64,
    timestamp: i64,
    key: Option<Vec<u8>>,
    value: Option<Vec<u8>>,
    headers: Vec<(Vec<u8>, Option<Vec<u8>>)>,
}

fn inputs(batch: &Op<'_>) -> Vec<Input> {
    let mut next = batch.long("base", 0);
    let input = |record: &Value| {
        let record = Op(record);
        let offset = record.long("o", next);
        next = offset + 1;
        let header = |header: &Value| (content(&header[0]).unwrap_or_default(), content(&header[1]));
        Input {
            offset,
            timestamp: record.long("ts", -1),
            key: content(record.get("k")),
            value: content(record.get("v")),
            headers: record.list("h").iter().map(header).collect(),
        }
    };
    batch.list("records").iter().map(input).collect()
}

/// Text, nothing, or so many letters of the alphabet.
fn content(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone().into_bytes()),
        Value::Object(_) => {
            let letters = (b'a'..=b'z').cycle();
            Some(letters.take(value["n"].as_u64().unwrap_or(0) as usize).collect())
        }
        other => Some(other.to_string().into_bytes()),
    }
}

fn records(batch: &Op<'_>) -> Result<Vec<u8>, FormatError> {
    let inputs = inputs(batch);
    if inputs.is_empty() {
        return Ok(Vec::new());
    }
    let mut builder = RecordBatchBuilder::new(fields(batch));
    for input in inputs {
        let header = |(key, value): &'_ (Vec<u8>, Option<Vec<u8>>)| (key.clone(), value.clone());
        let owned: Vec<_> = input.headers.iter().map(header).collect();
        let headers: Vec<_> = owned.iter().map(|(key, value)| Header { key, value: value.as_deref() }).collect();
        builder.append(input.offset, input.timestamp, input.key.as_deref(), input.value.as_deref(), &headers)?;
    }
    finished(builder)
}

fn legacy(batch: &Op<'_>, magic: i8) -> Result<Vec<u8>, FormatError> {
    let (codec, append_time) = (codec(batch), log_append_time(batch));
    let mut bytes = Vec::new();
    if codec != Codec::None {
        let mut wrapper = LegacyWrapperBuilder::new(magic, codec, append_time)?;
        for input in inputs(batch) {
            wrapper.append(input.offset, input.timestamp, input.key.as_deref(), input.value.as_deref())?;
        }
        wrapper.finish(&mut Compressor::new(), &mut bytes)?;
        return Ok(bytes);
    }
    for input in inputs(batch) {
        let message = LegacyMessage {
            offset: input.offset,
            magic,
            codec,
            timestamp_type: if append_time.is_some() {
                TimestampType::LogAppendTime
            } else {
                TimestampType::CreateTime
            },
            timestamp: append_time.unwrap_or(input.timestamp),
            key: input.key.as_deref(),
            value: input.value.as_deref(),
        };
        message.write(&mut bytes)?;
    }
    Ok(bytes)
}
