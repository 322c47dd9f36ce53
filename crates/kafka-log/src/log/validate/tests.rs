use super::*;
use crate::format::legacy_builder::LegacyMessage;
use crate::log::error::KafkaError;

const NOW: i64 = 1_700_000_000_000;

/// Timestamps of the records, each with a key unless it is odd.
fn batch(codec: Codec, timestamps: &[i64]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields { codec, ..BatchFields::default() });
    for (offset, &timestamp) in timestamps.iter().enumerate() {
        let key = (timestamp % 2 == 0).then_some(&b"key"[..]);
        builder.append(offset as i64, timestamp, key, Some(b"value"), &[]).unwrap();
    }
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn params(source: Codec) -> ValidationParams {
    ValidationParams::new(&LogConfig::default(), source, AppendOrigin::Client, NOW)
}

fn old_message(magic: i8, timestamp: i64, value: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    let message = LegacyMessage {
        offset: 77,
        magic,
        codec: Codec::None,
        timestamp_type: TimestampType::CreateTime,
        timestamp,
        key: None,
        value: Some(value),
    };
    message.write(&mut out).unwrap();
    out
}

fn refused(error: impl Into<AppendError>) -> (&'static str, Vec<i32>) {
    let error = error.into();
    let name = error.exception();
    match error {
        AppendError::InvalidRecord { records, .. } | AppendError::InvalidTimestamp { records, .. } => {
            (name, records.iter().map(|r| r.batch_index).collect())
        }
        _ => (name, Vec::new()),
    }
}

#[test]
fn a_batch_that_is_right_keeps_every_byte_but_offset_and_epoch() {
    for codec in Codec::ALL {
        let sent = batch(codec, &[NOW, NOW - 2, NOW + 4]);
        let mut records = sent.clone();
        let validated = validate(&mut records, &params(codec), &mut ValidationScratch::default()).unwrap();
        let expected =
            Validated { rebuilt: false, record_count: 3, max_timestamp: NOW + 4, log_append_time: NO_TIMESTAMP };
        assert_eq!(validated, expected);
        assert_eq!(records, sent);
        assert_eq!(validated.assign_offsets(&mut records, 100, 7), 102);
        let header = RecordBatch::parse(&records).unwrap().header();
        assert_eq!((header.base_offset(), header.partition_leader_epoch()), (100, 7));
        assert_eq!(records[16..], sent[16..]);
    }
}

#[test]
fn a_largest_timestamp_that_is_wrong_is_put_right() {
    for codec in Codec::ALL {
        let mut records = batch(codec, &[NOW, NOW - 2]);
        let mut batch = crate::format::batch_mut::BatchMut::parse(&mut records).unwrap();
        batch.set_max_timestamp(TimestampType::CreateTime, NOW + 1_000_000).unwrap();
        let validated = validate(&mut records, &params(codec), &mut ValidationScratch::default()).unwrap();
        assert_eq!(validated.max_timestamp, NOW);
        let batch = RecordBatch::parse(&records).unwrap();
        assert!(batch.is_valid());
        assert_eq!(batch.header().max_timestamp(), NOW);
    }
}

#[test]
fn all_records_that_are_refused_are_named() {
    let late = NOW + 3_600_001;
    for codec in Codec::ALL {
        let mut records = batch(codec, &[NOW, NOW + 1, late, NOW + 3]);
        let sent = records.clone();
        let mut scratch = ValidationScratch::default();
        let error = validate(&mut records, &params(codec), &mut scratch).unwrap_err();
        assert_eq!(refused(error), ("InvalidTimestampException", vec![2]));
        let compacted = ValidationParams { compact: true, timestamp_after_max_ms: i64::MAX, ..params(codec) };
        let error = validate(&mut records, &compacted, &mut scratch).unwrap_err();
        assert_eq!(refused(error), ("InvalidRecordException", vec![1, 2, 3]));
        assert_eq!(records, sent);
    }
}

#[test]
fn another_codec_takes_a_new_batch_with_the_same_records() {
    let timestamps = [NOW, NOW - 2, NOW + 4];
    let mut scratch = ValidationScratch::default();
    for source in Codec::ALL {
        for target in Codec::ALL.into_iter().filter(|&target| target != source) {
            let mut records = batch(source, &timestamps);
            let wants = ValidationParams { target_codec: target, ..params(source) };
            let validated = validate(&mut records, &wants, &mut scratch).unwrap();
            assert!(validated.rebuilt);
            assert_eq!((validated.record_count, validated.max_timestamp), (3, NOW + 4));
            assert_eq!(validated.assign_offsets(scratch.rebuilt_mut(), 40, 2), 42);
            let batch = RecordBatch::parse(scratch.rebuilt()).unwrap();
            assert!(batch.is_valid());
            assert_eq!(batch.header().attributes().codec(), Ok(target));
            let mut decompressor = Decompressor::new(1000);
            let read: Vec<_> = batch
                .records(&mut decompressor)
                .unwrap()
                .map(|r| r.unwrap())
                .map(|r| (r.offset, r.timestamp))
                .collect();
            assert_eq!(read, [(40, NOW), (41, NOW - 2), (42, NOW + 4)]);
        }
    }
}

#[test]
fn old_messages_become_one_batch_of_magic_2() {
    let mut records = [old_message(1, NOW, b"a"), old_message(1, -1, b"b"), old_message(1, NOW - 9, b"c")].concat();
    let mut scratch = ValidationScratch::default();
    let validated = validate(&mut records, &params(Codec::None), &mut scratch).unwrap();
    assert_eq!((validated.rebuilt, validated.record_count, validated.max_timestamp), (true, 3, NOW));
    validated.assign_offsets(scratch.rebuilt_mut(), 10, 1);
    let batch = RecordBatch::parse(scratch.rebuilt()).unwrap();
    let mut decompressor = Decompressor::new(0);
    let read = batch.records(&mut decompressor).unwrap().map(|r| r.unwrap());
    let read: Vec<_> = read.map(|r| (r.offset, r.timestamp, r.value.unwrap()[0])).collect();
    assert_eq!(read, [(10, NOW, b'a'), (11, -1, b'b'), (12, NOW - 9, b'c')]);
}

#[test]
fn log_append_time_is_stamped_on_the_batch_and_leaves_the_records_alone() {
    let mut records = batch(Codec::None, &[5, NOW * 2]);
    let stamped = ValidationParams { timestamp_type: TimestampType::LogAppendTime, ..params(Codec::None) };
    let validated = validate(&mut records, &stamped, &mut ValidationScratch::default()).unwrap();
    assert_eq!((validated.max_timestamp, validated.log_append_time), (NOW, NOW));
    let batch = RecordBatch::parse(&records).unwrap();
    assert!(batch.is_valid());
    let mut decompressor = Decompressor::new(0);
    let records = batch.records(&mut decompressor).unwrap().with_stored_timestamps();
    assert_eq!(records.map(|r| r.unwrap().timestamp).collect::<Vec<_>>(), [5, NOW * 2]);
}

#[test]
fn a_batch_that_decompresses_to_more_than_the_limit_is_too_large() {
    let mut records = batch(Codec::Zstd, &[NOW; 50]);
    let mut scratch = ValidationScratch::new(100);
    let error = validate(&mut records, &params(Codec::Zstd), &mut scratch).unwrap_err();
    assert_eq!(error.exception(), "RecordTooLargeException");
}

/// A batch of one record whose length field is one too large, in a stream or not.
fn lying_about_its_length(codec: Codec) -> Vec<u8> {
    let plain = batch(Codec::None, &[NOW]);
    let mut stored = plain[..RECORD_BATCH_OVERHEAD].to_vec();
    let mut record = plain[RECORD_BATCH_OVERHEAD..].to_vec();
    record[0] += 2;
    Compressor::new().compress(codec, 2, None, &record, &mut stored).unwrap();
    stored[22] = codec.id();
    let length = stored.len() as i32 - 12;
    stored[8..12].copy_from_slice(&length.to_be_bytes());
    stored
}

#[test]
fn the_length_of_a_record_matters_only_where_kafka_needs_its_fields() {
    let mut scratch = ValidationScratch::default();
    let mut in_place = lying_about_its_length(Codec::Lz4);
    assert!(validate(&mut in_place, &params(Codec::Lz4), &mut scratch).is_ok());
    let error = validate(&mut lying_about_its_length(Codec::None), &params(Codec::None), &mut scratch).unwrap_err();
    assert_eq!(error.exception(), "InvalidRecordException");
    let anew = ValidationParams { target_codec: Codec::Zstd, ..params(Codec::Lz4) };
    let error = validate(&mut lying_about_its_length(Codec::Lz4), &anew, &mut scratch).unwrap_err();
    assert_eq!(error.exception(), "InvalidRecordException");
}

#[test]
fn control_records_of_a_coordinator_stay_uncompressed() {
    let mut builder = RecordBatchBuilder::new(BatchFields { is_control: true, ..BatchFields::default() });
    builder.append(0, NOW, Some(&[0, 0, 0, 1]), Some(&[0; 6]), &[]).unwrap();
    let mut records = Vec::new();
    builder.finish(&mut Compressor::new(), &mut records).unwrap();
    let mut wants = ValidationParams { target_codec: Codec::Gzip, ..params(Codec::None) };
    let mut scratch = ValidationScratch::default();
    assert_eq!(validate(&mut records, &wants, &mut scratch).unwrap_err().exception(), "InvalidRecordException");
    wants.origin = AppendOrigin::Coordinator;
    assert!(!validate(&mut records, &wants, &mut scratch).unwrap().rebuilt);
}

#[test]
fn inner_offsets_of_a_compressed_batch_must_be_in_order_unless_another_codec_is_wanted() {
    let mut builder = RecordBatchBuilder::new(BatchFields { codec: Codec::Snappy, ..BatchFields::default() });
    builder.append(0, NOW, None, Some(b"a"), &[]).unwrap();
    builder.append(2, NOW, None, Some(b"b"), &[]).unwrap();
    let mut records = Vec::new();
    builder.finish(&mut Compressor::new(), &mut records).unwrap();
    records[23..27].copy_from_slice(&1i32.to_be_bytes());
    let mut scratch = ValidationScratch::default();
    let error = validate(&mut records, &params(Codec::Snappy), &mut scratch).unwrap_err();
    assert_eq!(error.exception(), "UnsupportedOperationException");
    let anew = ValidationParams { target_codec: Codec::None, ..params(Codec::Snappy) };
    assert_eq!(validate(&mut records, &anew, &mut scratch).unwrap().record_count, 2);
    let batch = RecordBatch::parse(scratch.rebuilt()).unwrap();
    let mut decompressor = Decompressor::new(0);
    let offsets = batch.records(&mut decompressor).unwrap().map(|r| r.unwrap().offset);
    assert_eq!(offsets.collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn names_of_headers_that_are_not_text_become_text_in_a_new_batch() {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    let header = crate::format::record::Header { key: b"a\xff", value: None };
    builder.append(0, NOW, None, Some(b"a"), &[header]).unwrap();
    let mut records = Vec::new();
    builder.finish(&mut Compressor::new(), &mut records).unwrap();
    let mut scratch = ValidationScratch::default();
    let anew = ValidationParams { target_codec: Codec::Lz4, ..params(Codec::None) };
    validate(&mut records, &anew, &mut scratch).unwrap();
    let mut decompressor = Decompressor::new(1000);
    let batch = RecordBatch::parse(scratch.rebuilt()).unwrap();
    let record = batch.records(&mut decompressor).unwrap().next().unwrap().unwrap();
    assert_eq!(record.headers.clone().next().unwrap().key, "a\u{fffd}".as_bytes());
}

#[test]
fn a_wrapped_message_with_a_wrong_checksum_is_corrupt() {
    let mut inner = [old_message(1, NOW, b"a"), old_message(1, NOW, b"b")].concat();
    let last = inner.len() - 1;
    inner[last] ^= 1;
    let mut value = Vec::new();
    Compressor::new().compress(Codec::Gzip, 1, None, &inner, &mut value).unwrap();
    let wrapper = LegacyMessage {
        offset: 0,
        magic: 1,
        codec: Codec::Gzip,
        timestamp_type: TimestampType::CreateTime,
        timestamp: NOW,
        key: None,
        value: Some(&value),
    };
    let mut records = Vec::new();
    wrapper.write(&mut records).unwrap();
    let error = validate(&mut records, &params(Codec::Gzip), &mut ValidationScratch::default()).unwrap_err();
    assert_eq!(error.exception(), "CorruptRecordException");
}
