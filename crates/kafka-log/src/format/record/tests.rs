use super::super::batch::RecordBatch;
use super::super::checksum::crc32c;
use super::super::testing::{self, LOG_APPEND_TIME, V2};
use super::super::varint::{write_varint, write_varlong};
use super::*;
use crate::compression::Decompressor;

/// The batch `V2` with other records; the count stays three.
fn batch_of(records: &[u8]) -> Vec<u8> {
    let mut bytes = testing::bytes(V2);
    bytes.truncate(61);
    bytes.extend_from_slice(records);
    let length = bytes.len() as i32 - 12;
    bytes[8..12].copy_from_slice(&length.to_be_bytes());
    let crc = crc32c(&bytes[21..]);
    bytes[17..21].copy_from_slice(&crc.to_be_bytes());
    bytes
}

fn with_count(mut bytes: Vec<u8>, count: i32) -> Vec<u8> {
    bytes[57..61].copy_from_slice(&count.to_be_bytes());
    bytes
}

/// One record with the length field `length` in place of the right one, if given, and `body` after offset and timestamp.
fn record(offset_delta: i32, length: Option<i32>, body: &[u8]) -> Vec<u8> {
    let mut whole = vec![0];
    write_varlong(&mut whole, 0);
    write_varint(&mut whole, offset_delta);
    whole.extend_from_slice(body);
    let mut out = Vec::new();
    write_varint(&mut out, length.unwrap_or(whole.len() as i32));
    out.extend_from_slice(&whole);
    out
}

fn varints(values: &[i32]) -> Vec<u8> {
    let mut out = Vec::new();
    values.iter().for_each(|&value| write_varint(&mut out, value));
    out
}

fn all(batch: &[u8]) -> (usize, Option<FormatError>) {
    let mut decompressor = Decompressor::new(0);
    let mut records = RecordBatch::parse(batch).unwrap().records(&mut decompressor).unwrap();
    let mut read = 0;
    for record in records.by_ref() {
        match record {
            Ok(_) => read += 1,
            Err(error) => {
                assert!(records.next().is_none(), "the first error ends the iteration");
                return (read, Some(error));
            }
        }
    }
    (read, None)
}

#[test]
fn records_are_read_as_kafka_wrote_them() {
    let bytes = testing::bytes(V2);
    let mut decompressor = Decompressor::new(0);
    let batch = RecordBatch::parse(&bytes).unwrap();
    let records = batch.records(&mut decompressor).unwrap().collect::<Result<Vec<_>, _>>().unwrap();
    let [first, second, third] = records[..] else { panic!("{records:?}") };
    assert_eq!((first.offset, first.timestamp, first.sequence), (1000, 1_700_000_000_000, i32::MAX - 1));
    assert_eq!((first.key, first.value), (Some(&b"k"[..]), Some(&b"value"[..])));
    let headers: Vec<_> = first.headers.map(|h| (h.key, h.value)).collect();
    assert_eq!(headers, [(&b"h"[..], Some(&b"1"[..])), (b"h", None), (b"", Some(b""))]);
    assert_eq!((second.offset, second.timestamp, second.sequence), (1001, 1_699_999_999_990, i32::MAX));
    assert_eq!((second.key, second.value, second.headers.len()), (None, Some(&b""[..]), 0));
    assert_eq!((third.offset, third.timestamp, third.sequence), (1002, 1_700_000_000_300, 0));
    assert_eq!((third.key, third.value, third.headers.is_empty()), (Some(&b""[..]), None, true));
}

#[test]
fn log_append_time_hides_the_stored_timestamps_but_keeps_them() {
    let bytes = testing::bytes(LOG_APPEND_TIME);
    let mut decompressor = Decompressor::new(0);
    let records = RecordBatch::parse(&bytes).unwrap().records(&mut decompressor).unwrap();
    let times = |records: Records<'_>| records.map(|r| r.unwrap().timestamp).collect::<Vec<_>>();
    assert_eq!(times(records.clone()), [1_700_000_001_000; 2]);
    assert_eq!(times(records.with_stored_timestamps()), [1_700_000_000_000, 1_700_000_000_002]);
}

#[test]
fn the_position_behind_each_record_is_known() {
    let bytes = testing::bytes(V2);
    let mut decompressor = Decompressor::new(0);
    let mut records = RecordBatch::parse(&bytes).unwrap().records(&mut decompressor).unwrap();
    let mut positions = vec![records.position()];
    while records.next().is_some() {
        positions.push(records.position());
    }
    assert_eq!(positions, [61, 83, 90, bytes.len() as u64]);
}

#[test]
fn lengths_that_bytes_do_not_cover_are_named_with_their_place() {
    let good = record(0, None, &varints(&[-1, -1, 0]));
    for (field, bad) in [
        ("record length", record(1, Some(0), &varints(&[-1, -1, 0]))),
        ("record length", record(1, Some(-1), &varints(&[-1, -1, 0]))),
        ("record", record(1, Some(7), &varints(&[-1, -1, 0]))),
        ("record length", record(1, Some(i32::MAX), &varints(&[-1, -1, 0]))),
        ("key length", record(1, None, &varints(&[3, -1, 0]))),
        ("key length", record(1, None, &varints(&[i32::MAX, -1, 0]))),
        ("value length", record(1, None, &varints(&[-1, 2, 0]))),
        ("value length", record(1, None, &varints(&[-1]))),
        ("header count", record(1, None, &varints(&[-1, -1, -1]))),
        ("header count", record(1, None, &varints(&[-1, -1, 2, 0]))),
        ("header count", record(1, None, &varints(&[-1, -1, i32::MAX]))),
        ("header key length", record(1, None, &varints(&[-1, -1, 1, -1, -1]))),
        ("header key length", record(1, None, &varints(&[-1, -1, 1, 2, -1]))),
        ("header value length", record(1, None, &varints(&[-1, -1, 1, 0, 1]))),
        ("header value length", record(1, None, &varints(&[-1, -1, 1, 0]))),
        ("record", record(1, None, &varints(&[-1, -1, 0, 0]))),
        ("offset delta", varints(&[4, 0])[..1].iter().copied().chain([0, 0, 0xff, 0xff]).collect()),
        ("timestamp delta", varints(&[20]).into_iter().chain([0]).chain([0xff; 19]).collect()),
    ] {
        let batch = batch_of(&[&good[..], &bad, &good].concat());
        let (read, error) = all(&batch);
        let error = error.unwrap();
        assert_eq!((read, error.field), (1, field), "{error}");
        let bad_record = 61 + good.len()..61 + good.len() + bad.len();
        assert!(bad_record.contains(&(error.at as usize)) || error.at as usize == bad_record.end, "{error}");
    }
}

#[test]
fn negative_lengths_of_keys_and_values_all_mean_null() {
    // Kafka's readers take any negative length for null, not just -1.
    let odd = record(0, None, &varints(&[-2, i32::MIN, 1, 0, -7]));
    let batch = with_count(batch_of(&odd), 1);
    let mut decompressor = Decompressor::new(0);
    let mut records = RecordBatch::parse(&batch).unwrap().records(&mut decompressor).unwrap();
    let record = records.next().unwrap().unwrap();
    assert_eq!((record.key, record.value), (None, None));
    assert_eq!(record.headers.collect::<Vec<_>>(), [Header { key: b"", value: None }]);
}

#[test]
fn bytes_behind_the_last_counted_record_are_an_error_in_place_of_it() {
    let bytes = testing::bytes(V2);
    let (read, error) = all(&with_count(bytes, 2));
    let error = error.unwrap();
    assert_eq!((read, error.at), (1, 90));
    assert!(matches!(error.kind, FormatErrorKind::TrailingBytes { .. }));
}

#[test]
fn fewer_records_than_counted_are_an_error_at_the_end() {
    let bytes = testing::bytes(V2);
    for count in [4, i32::MAX] {
        let (read, error) = all(&with_count(bytes.clone(), count));
        assert_eq!((read, error.unwrap().at), (3, bytes.len() as u64));
    }
}

#[test]
fn offsets_and_timestamps_wrap_around_as_in_java() {
    let mut bytes = with_count(batch_of(&record(1, None, &varints(&[-1, -1, 0]))), 1);
    bytes[0..8].copy_from_slice(&i64::MAX.to_be_bytes());
    let mut decompressor = Decompressor::new(0);
    let mut records = RecordBatch::parse(&bytes).unwrap().records(&mut decompressor).unwrap();
    assert_eq!(records.next().unwrap().unwrap().offset, i64::MIN);
}
