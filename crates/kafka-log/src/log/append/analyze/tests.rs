use super::*;
use crate::compression::Compressor;
use crate::format::builder::{BatchFields, RecordBatchBuilder};
use crate::log::error::KafkaError;

fn batch(base_offset: i64, epoch: i32) -> Vec<u8> {
    let fields = BatchFields { base_offset, partition_leader_epoch: epoch, ..BatchFields::default() };
    let mut builder = RecordBatchBuilder::new(fields);
    let mut out = Vec::new();
    builder.append(base_offset, 7 + base_offset, None, Some(b"value"), &[]).unwrap();
    builder.append(base_offset + 1, 7, None, Some(b"value"), &[]).unwrap();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn follower(leader_epoch: i32) -> AnalyzeParams {
    AnalyzeParams { origin: AppendOrigin::Replication, leader_epoch, max_message_bytes: None, offsets_must_grow: true }
}

fn client(max: i32) -> AnalyzeParams {
    AnalyzeParams {
        origin: AppendOrigin::Client,
        leader_epoch: 0,
        max_message_bytes: Some(max),
        offsets_must_grow: false,
    }
}

#[test]
fn whole_batches_count_and_what_is_behind_them_does_not() {
    let records = [batch(5, 1), batch(9, 2), batch(20, 2)].concat();
    let size = batch(5, 1).len();
    for cut in 0..records.len() {
        let found = analyze(&records[..cut], &follower(3)).unwrap();
        let whole = cut / size;
        assert_eq!((found.valid_bytes, found.batch_count), (whole * size, whole));
        assert_eq!(found.last_offset, [-1, 6, 10][whole]);
        assert_eq!(found.first_offset, if whole == 0 { -1 } else { 5 });
        assert_eq!(found.last_leader_epoch, [None, Some(1), Some(2)][whole]);
        assert_eq!(found.max_timestamp, [-1, 12, 16][whole]);
    }
}

#[test]
fn a_follower_takes_nothing_of_a_later_leader_nor_what_is_behind_it() {
    let records = [batch(5, 1), batch(9, 4), batch(20, 1)].concat();
    let found = analyze(&records, &follower(3)).unwrap();
    assert_eq!((found.batch_count, found.last_offset), (1, 6));
    assert_eq!(analyze(&records, &follower(4)).unwrap().batch_count, 3);
}

#[test]
fn offsets_of_a_follower_must_grow() {
    let records = [batch(5, 1), batch(5, 1)].concat();
    assert_eq!(analyze(&records, &follower(3)).unwrap_err().exception(), "OffsetsOutOfOrderException");
    assert!(analyze(&records, &AnalyzeParams { offsets_must_grow: false, ..follower(3) }).is_ok());
}

#[test]
fn the_size_limit_counts_the_twelve_bytes_before_the_length() {
    let records = batch(0, 0);
    let size = records.len() as i32;
    assert!(analyze(&records, &client(size)).is_ok());
    let error = analyze(&records, &client(size - 1)).unwrap_err();
    assert_eq!(error.exception(), "RecordTooLargeException");
}

#[test]
fn a_client_starts_at_offset_0_and_every_bit_counts() {
    assert_eq!(analyze(&batch(1, 0), &client(1000)).unwrap_err().exception(), "InvalidRecordException");
    let mut records = batch(0, 0);
    for at in 17..records.len() {
        records[at] ^= 1;
        assert_eq!(analyze(&records, &client(1000)).unwrap_err().exception(), "CorruptRecordException");
        records[at] ^= 1;
    }
}
