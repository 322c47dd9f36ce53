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

fn refused(error: AppendError) -> (&'static str, Vec<i32>) {
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
        let mut batch = BatchMut::parse(&mut records).unwrap();
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
