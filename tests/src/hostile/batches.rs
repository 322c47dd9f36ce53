//! Batches of all versions and their records.

use kafka_log::compression::{Codec, Compressor, Decompressor};
use kafka_log::format::batch::{RecordBatch, TimestampType};
use kafka_log::format::batch_mut::BatchMut;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::legacy_builder::LegacyMessage;
use kafka_log::format::record::{Header, Record};
use kafka_log::segment::batch::{Batch, RawBatch};

use super::{DECOMPRESSED_MAX, Dice};

/// Any bytes as a batch of the version they name: each field read, each record walked through.
pub(super) fn batch(bytes: &[u8]) {
    // Views of a batch must hold for its first byte to its last, so what follows is cut off or, here, missing.
    let _ = RecordBatch::parse(bytes).map(|batch| default(&batch));
    let _ = LegacyRecord::parse(bytes).map(|message| legacy(&message));
    match RawBatch::split_first(bytes, 1 << 40) {
        Ok(None) => {}
        Err(error) => assert!(error.at >= 1 << 40 && error.at < (1 << 40) + bytes.len() as u64, "{error}"),
        Ok(Some(raw)) => {
            assert_eq!(raw.as_bytes().len(), raw.overhead.size());
            assert_eq!(raw.header().is_err(), bytes.len() < 61);
            match raw.parse() {
                Ok(Batch::Default(batch)) => {
                    assert!(raw.overhead.magic > 1 && batch.as_bytes() == raw.as_bytes());
                    default(&batch);
                }
                Ok(Batch::Legacy(message)) => {
                    assert!(raw.overhead.magic <= 1 && message.size() == raw.overhead.size());
                    legacy(&message);
                }
                Err(error) => assert!(error.at <= raw.overhead.size() as u64, "{error}"),
            }
        }
    }
}

fn default(batch: &RecordBatch<'_>) {
    let header = batch.header();
    let _ = (header.last_sequence(), header.last_offset(), header.delete_horizon_ms(), batch.is_valid());
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let Ok(mut records) = batch.records(&mut decompressor) else { return };
    let mut position = records.position();
    let mut count = 0;
    while let Some(record) = records.next() {
        let Ok(record) = record else {
            assert!(records.next().is_none(), "an error is the last that records say");
            return;
        };
        assert!(records.position() > position);
        position = records.position();
        count += 1;
        walk(&record);
    }
    assert_eq!(count, header.record_count(), "without an error there are as many records as counted");
}

fn walk(record: &Record<'_>) {
    let counted = record.headers.len();
    assert_eq!(record.headers.count(), counted);
    let _ = ControlRecordType::parse(record.key);
    let _ = EndTransactionMarker::parse(record.value);
}

fn legacy(message: &LegacyRecord<'_>) {
    let _ = (message.is_valid(), message.codec(), message.timestamp(), message.timestamp_type());
    let _ = (message.key(), message.value());
    let _ = (message.key_size(), message.value_size());
    let mut decompressor = Decompressor::new(DECOMPRESSED_MAX);
    let Ok(mut records) = message.records(&mut decompressor) else { return };
    let mut count = 0;
    while let Some(record) = records.next() {
        count += 1;
        match record {
            Ok(record) => {
                assert_eq!(record.codec(), Ok(Codec::None));
                let _ = (record.timestamp(), record.timestamp_type(), record.key(), record.value());
            }
            Err(_) => assert!(records.next().is_none()),
        }
    }
    assert!(count > 0, "a message holds one record at least, or is refused");
}

/// A batch changed in place stays as long as it was and has the right checksum, or is left alone.
pub(super) fn batch_mut(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let (offset, epoch, time) =
        (i64::from_be_bytes(dice.array()), i32::from_be_bytes(dice.array()), i64::from_be_bytes(dice.array()));
    let kind = [TimestampType::NoTimestampType, TimestampType::CreateTime, TimestampType::LogAppendTime]
        [usize::from(dice.byte() % 3)];
    let mut bytes = dice.0.to_vec();
    let magic = bytes.get(16).copied();
    let Ok(mut batch) = BatchMut::parse(&mut bytes) else { return };
    batch.set_last_offset(offset);
    assert_eq!(batch.set_partition_leader_epoch(epoch).is_ok(), magic == Some(2));
    let timed = batch.set_max_timestamp(kind, time).is_ok();
    let read = match magic {
        Some(2) => {
            let header = RecordBatch::parse(&bytes).expect("its shape is kept").header();
            assert_eq!((header.last_offset(), header.partition_leader_epoch()), (offset, epoch));
            (header.attributes().timestamp_type(), header.max_timestamp())
        }
        _ => {
            let message = LegacyRecord::parse(&bytes).expect("its shape is kept");
            assert_eq!(message.offset(), offset);
            (message.timestamp_type(), message.timestamp())
        }
    };
    assert!(!timed || read == (kind, time));
}

/// Bytes after a header that names the codec and a count.
fn records(codec: Codec, bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let count = i32::from(i16::from_be_bytes(dice.array()));
    let mut builder = RecordBatchBuilder::new(BatchFields { base_sequence: 0, ..BatchFields::default() });
    let mut batch = Vec::new();
    builder.finish(&mut Compressor::new(), &mut batch).expect("an empty batch can be written");
    batch.extend_from_slice(dice.0);
    let length = batch.len() as i32 - 12;
    batch[8..12].copy_from_slice(&length.to_be_bytes());
    batch[22] = codec.id();
    batch[57..61].copy_from_slice(&count.to_be_bytes());
    default(&RecordBatch::parse(&batch).expect("the shape is right"));
}

pub(super) fn records_none(bytes: &[u8]) {
    records(Codec::None, bytes);
}

pub(super) fn records_gzip(bytes: &[u8]) {
    records(Codec::Gzip, bytes);
}

pub(super) fn records_snappy(bytes: &[u8]) {
    records(Codec::Snappy, bytes);
}

pub(super) fn records_lz4(bytes: &[u8]) {
    records(Codec::Lz4, bytes);
}

pub(super) fn records_zstd(bytes: &[u8]) {
    records(Codec::Zstd, bytes);
}

/// Any bytes compressed, as what a wrapper of magic 0 or 1 holds: damage after the codec.
pub(super) fn wrapper(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let how = dice.byte();
    let codec = [Codec::Gzip, Codec::Snappy, Codec::Lz4][usize::from(how >> 1) % 3];
    let magic = (how & 1) as i8;
    let offset = i64::from_be_bytes(dice.array());
    let mut value = Vec::new();
    Compressor::new().compress(codec, magic, None, dice.0, &mut value).expect("the codec can be written");
    let (timestamp_type, value) = (TimestampType::CreateTime, Some(&value[..]));
    let mut out = Vec::new();
    let message = LegacyMessage { offset, magic, codec, timestamp_type, timestamp: 5, key: None, value };
    message.write(&mut out).expect("a wrapper can be written");
    legacy(&LegacyRecord::parse(&out).expect("what was written can be read"));
}

/// Arbitrary records written with any codec are read as they were.
pub(super) fn builder(bytes: &[u8]) {
    let mut dice = Dice(bytes);
    let base_offset = i64::from_be_bytes(dice.array()) >> 1;
    let codec = Codec::ALL[usize::from(dice.byte() % 5)];
    let fields = BatchFields { base_offset, codec, base_timestamp: Some(7), ..BatchFields::default() };
    let mut builder = RecordBatchBuilder::new(fields);
    let mut offset = base_offset;
    let mut meant = Vec::new();
    while !dice.0.is_empty() && meant.len() < 1000 {
        let timestamp = i64::from_be_bytes(dice.array());
        let (key, value) = (dice.nullable(), dice.nullable());
        let headers: Vec<_> = (0..dice.byte() % 4)
            .map(|_| Header { key: dice.nullable().unwrap_or_default(), value: dice.nullable() })
            .collect();
        if builder.append(offset, timestamp, key, value, &headers).is_err() {
            break;
        }
        meant.push((offset, timestamp, key, value, headers));
        offset += i64::from(dice.byte()) + 1;
    }
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).expect("small records fit");
    let batch = RecordBatch::parse(&out).expect("what was written can be read");
    assert!(batch.is_valid());
    // It covers all from the attributes on, at byte 21.
    assert_eq!(batch.header().crc(), crc32c::crc32c(&out[21..]), "another library finds the same checksum");
    let mut decompressor = Decompressor::new(out.len().max(bytes.len() * 4 + 1024));
    let read = batch.records(&mut decompressor).expect("the stream is whole").map(|record| {
        let record = record.expect("the record is whole");
        (record.offset, record.timestamp, record.key, record.value, record.headers.collect::<Vec<_>>())
    });
    assert!(read.eq(meant));
}
