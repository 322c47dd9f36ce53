//! Files decoded to what they mean and written again, with nothing taken over but the meaning.

use kafka_log::compression::{Codec, Compressor, Decompressor};
use kafka_log::format::FormatError;
use kafka_log::format::batch::RecordBatch;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::legacy_builder::LegacyMessage;
use kafka_log::segment::batch::{Batch, RawBatch};

/// Largest decompressed size of a batch in tests, in bytes.
pub const DECOMPRESSED_MAX: usize = 16 * 1024 * 1024;

/// The whole batches at the start of a segment's bytes; ends without a word where no batch follows.
pub fn batches(mut segment: &[u8]) -> impl Iterator<Item = RawBatch<'_>> {
    let mut position = 0;
    std::iter::from_fn(move || {
        let batch = RawBatch::split_first(segment, position).ok().flatten()?;
        segment = &segment[batch.overhead.size()..];
        position += batch.overhead.size() as u64;
        Some(batch)
    })
}

/// A batch decoded and written again. Compressed records are compressed again, so their bytes may be others.
///
/// # Errors
/// The errors of decoding the batch, and of writing it.
pub fn batch(raw: &RawBatch<'_>) -> Result<Vec<u8>, FormatError> {
    let mut out = Vec::new();
    match raw.parse()? {
        Batch::Default(batch) => default(&batch, &mut out)?,
        Batch::Legacy(message) => legacy(&message, &mut out)?,
    }
    Ok(out)
}

fn default(batch: &RecordBatch<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
    let header = batch.header();
    let attributes = header.attributes();
    let mut builder = RecordBatchBuilder::new(BatchFields {
        base_offset: header.base_offset(),
        partition_leader_epoch: header.partition_leader_epoch(),
        magic: header.magic(),
        codec: attributes.codec()?,
        level: None,
        timestamp_type: attributes.timestamp_type(),
        is_transactional: attributes.is_transactional(),
        is_control: attributes.is_control(),
        delete_horizon_ms: header.delete_horizon_ms(),
        producer_id: header.producer_id(),
        producer_epoch: header.producer_epoch(),
        base_sequence: header.base_sequence(),
        base_timestamp: Some(header.base_timestamp()),
        max_timestamp: Some(header.max_timestamp()),
        last_offset: Some(header.last_offset()),
    });
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    for record in batch.records(&mut decompressor)?.with_stored_timestamps() {
        builder.append_record(&record?)?;
    }
    builder.finish(&mut Compressor::new(), out).map(|_| ())
}

fn legacy(message: &LegacyRecord<'_>, out: &mut Vec<u8>) -> Result<(), FormatError> {
    if message.codec()? == Codec::None {
        return again(message, message.offset(), message.value()?).write(out).map(|_| ());
    }
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let value = message.value()?.unwrap_or_default();
    let inner = decompressor.decompress(message.codec()?, message.magic(), value);
    let mut run = Vec::new();
    for record in batches(inner.unwrap_or_default()) {
        let record = record.legacy()?;
        again(&record, record.offset(), record.value()?).write(&mut run)?;
    }
    let mut value = Vec::new();
    let written = Compressor::new().compress(message.codec()?, message.magic(), None, &run, &mut value);
    written.expect("codecs that are read are written");
    again(message, message.offset(), Some(&value)).write(out).map(|_| ())
}

fn again<'a>(message: &LegacyRecord<'a>, offset: i64, value: Option<&'a [u8]>) -> LegacyMessage<'a> {
    LegacyMessage {
        offset,
        magic: message.magic(),
        codec: message.codec().unwrap_or(Codec::None),
        timestamp_type: message.timestamp_type(),
        timestamp: message.timestamp(),
        key: message.key().ok().flatten(),
        value,
    }
}

/// The bytes of a batch with its records decompressed, and without its checksum and sizes: what must stay the same when
/// it is compressed again.
///
/// # Errors
/// The errors of decoding the batch.
pub fn meaning(raw: &RawBatch<'_>) -> Result<Vec<u8>, FormatError> {
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let mut decompress = |codec, magic, bytes: &[u8]| decompressor.decompress(codec, magic, bytes).map(<[u8]>::to_vec);
    let bytes = raw.as_bytes();
    let (mut kept, codec, stream) = match raw.parse()? {
        Batch::Default(batch) => {
            // Base offset, leader epoch, magic, then from the attributes to the record count.
            let kept = [&bytes[..8], &bytes[12..17], &bytes[21..61]].concat();
            (kept, batch.header().attributes().codec()?, batch.stored_records())
        }
        Batch::Legacy(message) => {
            let fields = if message.magic() == 0 { 16..18 } else { 16..26 };
            let kept = [&bytes[..8], &bytes[fields], message.key()?.unwrap_or(b"null")].concat();
            (kept, message.codec()?, message.value()?.unwrap_or(b"null"))
        }
    };
    let plain = decompress(codec, raw.overhead.magic, stream)
        .map_err(|e| FormatError::new(0, "records", kafka_log::format::FormatErrorKind::Compression(e)))?;
    kept.extend_from_slice(&plain);
    Ok(kept)
}
