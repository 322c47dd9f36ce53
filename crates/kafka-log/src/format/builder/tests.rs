use super::super::batch::RecordBatch;
use super::super::control::{ControlRecordType, EndTransactionMarker};
use super::super::testing::{self, COMMIT, DELETE_HORIZON, EMPTY, LOG_APPEND_TIME, V2};
use super::*;
use crate::compression::Decompressor;

fn build(fields: BatchFields, append: impl Fn(&mut RecordBatchBuilder)) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(fields);
    append(&mut builder);
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn transaction() -> BatchFields {
    BatchFields {
        partition_leader_epoch: 7,
        is_transactional: true,
        producer_id: 4711,
        producer_epoch: 3,
        ..BatchFields::default()
    }
}

fn append_three(builder: &mut RecordBatchBuilder) {
    let header = |key, value| Header { key, value };
    let headers = [header(&b"h"[..], Some(&b"1"[..])), header(b"h", None), header(b"", Some(b""))];
    builder.append(1000, 1_700_000_000_000, Some(b"k"), Some(b"value"), &headers).unwrap();
    builder.append(1001, 1_699_999_999_990, None, Some(b""), &[]).unwrap();
    builder.append(1002, 1_700_000_000_300, Some(b""), None, &[]).unwrap();
}

#[test]
fn batches_are_those_of_kafkas_builder_byte_for_byte() {
    let three = BatchFields { base_offset: 1000, base_sequence: i32::MAX - 1, ..transaction() };
    assert_eq!(build(three, append_three), testing::bytes(V2));

    let marker = EndTransactionMarker { coordinator_epoch: 11 }.to_bytes();
    let commit = BatchFields { base_offset: 2000, is_control: true, ..transaction() };
    let commit = build(commit, |builder| {
        let key = ControlRecordType::Commit.key();
        builder.append(2000, 1_700_000_000_500, Some(&key), Some(&marker), &[]).unwrap();
    });
    assert_eq!(commit, testing::bytes(COMMIT));

    let appended = BatchFields {
        base_offset: 5,
        partition_leader_epoch: 2,
        timestamp_type: TimestampType::LogAppendTime,
        max_timestamp: Some(1_700_000_001_000),
        ..BatchFields::default()
    };
    let appended = build(appended, |builder| {
        builder.append(5, 1_700_000_000_000, Some(b"a"), None, &[]).unwrap();
        builder.append(9, 1_700_000_000_002, None, Some(b"b"), &[]).unwrap();
    });
    assert_eq!(appended, testing::bytes(LOG_APPEND_TIME));

    let horizon = Some(1_700_000_009_999);
    let tombstone =
        BatchFields { base_offset: 5, partition_leader_epoch: 2, delete_horizon_ms: horizon, ..BatchFields::default() };
    let tombstone = build(tombstone, |b| b.append(6, 1_700_000_000_000, Some(b"a"), None, &[]).unwrap());
    assert_eq!(tombstone, testing::bytes(DELETE_HORIZON));

    let empty = BatchFields {
        base_offset: 50,
        base_sequence: 12,
        last_offset: Some(59),
        max_timestamp: Some(1_700_000_000_000),
        ..transaction()
    };
    assert_eq!(build(empty, |_| ()), testing::bytes(EMPTY));
}

#[test]
fn a_batch_without_records_has_no_codec_and_no_timestamps() {
    for codec in Codec::ALL {
        let bytes = build(BatchFields { codec, ..BatchFields::default() }, |_| ());
        let header = RecordBatch::parse(&bytes).unwrap().header();
        assert_eq!((bytes.len(), header.attributes().0, header.record_count()), (61, 0, 0));
        assert_eq!((header.base_timestamp(), header.max_timestamp(), header.last_offset_delta()), (-1, -1, 0));
    }
}

#[test]
fn every_codec_and_level_gives_the_same_records_back() {
    let plain = build(BatchFields { base_offset: 1000, ..BatchFields::default() }, append_three);
    for codec in Codec::ALL {
        let levels = codec.levels().map_or(vec![], |levels| vec![*levels.start(), *levels.end()]);
        for level in levels.into_iter().map(Some).chain([None]) {
            let fields = BatchFields { base_offset: 1000, codec, level, ..BatchFields::default() };
            let bytes = build(fields, append_three);
            let batch = RecordBatch::parse(&bytes).unwrap();
            assert!(batch.is_valid() && batch.header().attributes().codec() == Ok(codec));
            let (mut one, mut other) = (Decompressor::new(4096), Decompressor::new(0));
            let read = batch.records(&mut one).unwrap().collect::<Vec<_>>();
            let want = RecordBatch::parse(&plain).unwrap().records(&mut other).unwrap().collect::<Vec<_>>();
            assert_eq!((read.len(), read), (3, want), "{codec} {level:?}");
        }
    }
}

#[test]
fn records_read_from_a_batch_can_be_written_again() {
    for hex in [V2, COMMIT, DELETE_HORIZON] {
        let bytes = testing::bytes(hex);
        let batch = RecordBatch::parse(&bytes).unwrap();
        let header = batch.header();
        let fields = BatchFields {
            base_offset: header.base_offset(),
            partition_leader_epoch: header.partition_leader_epoch(),
            is_transactional: header.attributes().is_transactional(),
            is_control: header.attributes().is_control(),
            delete_horizon_ms: header.delete_horizon_ms(),
            producer_id: header.producer_id(),
            producer_epoch: header.producer_epoch(),
            base_sequence: header.base_sequence(),
            ..BatchFields::default()
        };
        let again = build(fields, |builder| {
            for record in batch.records(&mut Decompressor::new(0)).unwrap() {
                builder.append_record(&record.unwrap()).unwrap();
            }
        });
        assert_eq!(again, bytes);
    }
}

#[test]
fn offsets_must_rise_and_stay_within_an_int32_of_the_base() {
    let mut builder = RecordBatchBuilder::new(BatchFields { base_offset: 10, ..BatchFields::default() });
    let far = 10 + i64::from(i32::MAX);
    for (offset, fits) in [(9, false), (11, true), (11, false), (10, false), (far + 1, false), (far, true)] {
        assert_eq!(builder.append(offset, 0, None, None, &[]).is_ok(), fits, "{offset}");
    }
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    let header = RecordBatch::parse(&out).unwrap().header();
    assert_eq!((header.record_count(), header.last_offset()), (2, far));
}

#[test]
fn what_cannot_be_written_leaves_the_output_as_it_was() {
    let too_far = BatchFields { last_offset: Some(1 << 31), ..BatchFields::default() };
    let no_level = BatchFields { codec: Codec::Gzip, level: Some(10), ..BatchFields::default() };
    for fields in [too_far, no_level] {
        let mut builder = RecordBatchBuilder::new(fields);
        builder.append(0, 0, None, Some(b"x"), &[]).unwrap();
        let mut out = b"before".to_vec();
        assert!(builder.finish(&mut Compressor::new(), &mut out).is_err());
        assert_eq!(out, b"before");
    }
}

#[test]
fn a_builder_starts_anew_after_each_batch() {
    let mut builder = RecordBatchBuilder::new(BatchFields { base_offset: 1000, ..BatchFields::default() });
    append_three(&mut builder);
    let (mut out, mut compressor) = (Vec::new(), Compressor::new());
    let first = builder.finish(&mut compressor, &mut out).unwrap();
    builder.reset(BatchFields { base_offset: 1000, ..BatchFields::default() });
    append_three(&mut builder);
    let second = builder.finish(&mut compressor, &mut out).unwrap();
    assert_eq!((first.end, second.end), (second.start, out.len()));
    assert_eq!(out[first], out[second]);
}
