use std::collections::HashMap;

use super::*;
use crate::compression::Codec;
use crate::format::legacy_builder::{LegacyMessage, LegacyWrapperBuilder};
use crate::format::record::Header;
use crate::format::transaction_index::AbortedTxn;
use crate::log::cleaner::retention::LastRecord;
use crate::segment::batch::Batches;

const NOW: i64 = 10_000;
const RETENTION: i64 = 500;

/// Offset, timestamp, key, value.
type Row<'a> = (i64, i64, Option<&'a str>, Option<&'a str>);

fn batch(fields: BatchFields, rows: &[Row<'_>]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(fields);
    for &(offset, timestamp, key, value) in rows {
        builder.append(offset, timestamp, key.map(str::as_bytes), value.map(str::as_bytes), &[]).unwrap();
    }
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

fn plain(rows: &[Row<'_>]) -> Vec<u8> {
    batch(BatchFields { base_offset: rows[0].0, ..BatchFields::default() }, rows)
}

fn marker(kind: ControlRecordType, producer_id: i64, offset: i64, horizon: Option<i64>) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields {
        base_offset: offset,
        is_transactional: true,
        is_control: true,
        producer_id,
        producer_epoch: 1,
        delete_horizon_ms: horizon,
        ..BatchFields::default()
    });
    builder.append(offset, 77, Some(&kind.key()), Some(&[0; 6]), &[]).unwrap();
    let mut out = Vec::new();
    builder.finish(&mut Compressor::new(), &mut out).unwrap();
    out
}

/// A cleaner's surroundings.
struct World {
    map: OffsetMap,
    last_records: HashMap<i64, LastRecord>,
    transactions: CleanedTransactionMetadata,
    upper_bound_offset: i64,
    now_ms: i64,
    retain_legacy_deletes: bool,
    aborted_txns: Vec<AbortedTxn>,
    stats: CleanerStats,
}

impl World {
    /// One whose map has these keys and goes up to offset 99.
    fn new(keys: &[(&str, i64)]) -> Self {
        let mut map = OffsetMap::new(1024);
        for (key, offset) in keys {
            map.put(map.hash(key.as_bytes()), *offset);
        }
        map.update_latest_offset(99);
        World {
            map,
            last_records: HashMap::new(),
            transactions: CleanedTransactionMetadata::new(),
            upper_bound_offset: 100,
            now_ms: NOW,
            retain_legacy_deletes: true,
            aborted_txns: Vec::new(),
            stats: CleanerStats::default(),
        }
    }

    fn try_filter(&mut self, bytes: &[u8]) -> Result<(BatchOutcome, Vec<u8>), FilterError> {
        let rules = Retention {
            map: &self.map,
            now_ms: self.now_ms,
            delete_retention_ms: RETENTION,
            retain_legacy_deletes: self.retain_legacy_deletes,
            upper_bound_offset: self.upper_bound_offset,
            last_records: &self.last_records,
        };
        let mut out = Vec::new();
        let batch = RawBatch::split_first(bytes, 0).unwrap().unwrap();
        let mut filter = BatchFilter::new();
        let verdict = filter.check(&batch, &rules, &mut self.transactions)?;
        self.aborted_txns.extend(verdict.aborted_txn);
        let outcome = filter.thin_out(&batch, &verdict, &rules, &mut out, &mut self.stats)?;
        Ok((outcome, out))
    }

    fn filter(&mut self, bytes: &[u8]) -> (BatchOutcome, Vec<u8>) {
        self.try_filter(bytes).unwrap()
    }
}

fn view(bytes: &[u8]) -> RecordBatch<'_> {
    let batch = RecordBatch::parse(bytes).unwrap();
    assert!(batch.is_valid());
    batch
}

fn rows(bytes: &[u8]) -> Vec<(i64, i64, String, Option<String>)> {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let mut decompressor = Decompressor::new(1 << 20);
    let records = view(bytes).records(&mut decompressor).unwrap().map(Result::unwrap);
    records.map(|r| (r.offset, r.timestamp, text(r.key.unwrap_or_default()), r.value.map(text))).collect()
}

fn row(offset: i64, timestamp: i64, key: &str, value: &str) -> (i64, i64, String, Option<String>) {
    (offset, timestamp, key.to_owned(), Some(value.to_owned()))
}

#[test]
fn a_batch_that_loses_nothing_is_copied_byte_for_byte_even_with_a_wrong_checksum() {
    let mut bytes = plain(&[(5, 1, Some("a"), Some("1")), (6, 2, Some("b"), Some("2"))]);
    bytes[17] ^= 1;
    let mut world = World::new(&[("a", 5), ("b", 3)]);
    assert_eq!(world.filter(&bytes), (BatchOutcome::Copied, bytes.clone()), "an offset above the mapped one stays");
    let size = bytes.len() as u64;
    let stats = world.stats;
    assert_eq!(
        (stats.bytes_read, stats.bytes_written, stats.messages_read, stats.messages_written),
        (size, size, 2, 2)
    );
}

#[test]
fn records_with_an_older_offset_or_without_a_key_go_unless_the_map_ends_before_them() {
    let mut world = World::new(&[("a", 50)]);
    let bytes = plain(&[
        (49, 1, Some("a"), Some("old")),
        (50, 2, Some("a"), Some("new")),
        (51, 3, None, Some("no key")),
        (52, 4, Some("unknown"), Some("x")),
    ]);
    let (outcome, out) = world.filter(&bytes);
    assert_eq!(outcome, BatchOutcome::Rebuilt);
    assert_eq!(rows(&out), [row(50, 2, "a", "new"), row(52, 4, "unknown", "x")]);
    let header = view(&out).header();
    assert_eq!((header.base_offset(), header.last_offset(), header.base_timestamp()), (49, 52, 2));
    assert_eq!(world.stats.invalid_messages_read, 1);
    let behind = plain(&[(99, 1, None, None), (100, 1, None, Some("stays")), (101, 1, Some("a"), Some("stays"))]);
    assert_eq!(rows(&world.filter(&behind).1), [row(100, 1, "", "stays"), row(101, 1, "a", "stays")]);
}

#[test]
fn what_the_header_says_of_producer_epoch_and_codec_survives_a_rebuild() {
    for codec in Codec::ALL {
        let fields = BatchFields {
            base_offset: 40,
            partition_leader_epoch: 7,
            codec,
            is_transactional: true,
            producer_id: 9,
            producer_epoch: 2,
            base_sequence: 11,
            ..BatchFields::default()
        };
        let bytes =
            batch(fields, &[(40, 5, Some("a"), Some("1")), (41, 9, Some("b"), None), (42, 7, Some("c"), Some("3"))]);
        let (outcome, out) = World::new(&[("a", 60), ("b", 60)]).filter(&bytes);
        assert_eq!((outcome, rows(&out)), (BatchOutcome::Rebuilt, vec![row(42, 7, "c", "3")]));
        let expected = BatchFields { last_offset: Some(42), ..fields };
        assert_eq!(out, batch(expected, &[(42, 7, Some("c"), Some("3"))]));
    }
}

#[test]
fn a_tombstone_gets_a_horizon_first_and_goes_when_it_has_come() {
    let bytes = plain(&[(5, 100, Some("a"), None), (6, 101, Some("b"), Some("1"))]);
    let mut world = World::new(&[("a", 5), ("b", 6)]);
    let (outcome, marked) = world.filter(&bytes);
    assert_eq!(outcome, BatchOutcome::Rebuilt);
    assert_eq!(view(&marked).header().delete_horizon_ms(), Some(NOW + RETENTION));
    assert_eq!(view(&marked).header().max_timestamp(), 101);
    assert_eq!(rows(&marked), [(5, 100, "a".to_owned(), None), row(6, 101, "b", "1")]);

    world.now_ms = NOW + RETENTION - 1;
    assert_eq!(world.filter(&marked), (BatchOutcome::Copied, marked.clone()), "not yet");
    world.now_ms = NOW + RETENTION;
    let (outcome, out) = world.filter(&marked);
    assert_eq!((outcome, rows(&out)), (BatchOutcome::Rebuilt, vec![row(6, 101, "b", "1")]));
    assert_eq!(view(&out).header().delete_horizon_ms(), Some(NOW + RETENTION), "the horizon stays for good");
}

#[test]
fn a_horizon_beyond_the_end_of_time_is_none() {
    let bytes = plain(&[(5, 100, Some("a"), None)]);
    let mut world = World::new(&[("a", 5)]);
    world.now_ms = i64::MAX;
    let (outcome, out) = world.filter(&bytes);
    assert_eq!((outcome, out), (BatchOutcome::Rebuilt, bytes));
}

#[test]
fn an_empty_batch_stays_at_the_upper_bound_and_as_the_last_of_an_active_producer() {
    let fields = BatchFields {
        base_offset: 90,
        producer_id: 3,
        producer_epoch: 1,
        base_sequence: 8,
        partition_leader_epoch: 4,
        codec: Codec::Gzip,
        ..BatchFields::default()
    };
    let bytes = batch(fields, &[(90, 5, Some("a"), Some("1")), (91, 9, Some("a"), Some("2"))]);
    let empty =
        batch(BatchFields { last_offset: Some(91), max_timestamp: Some(9), base_timestamp: Some(-1), ..fields }, &[]);
    let mut world = World::new(&[("a", 95)]);
    assert_eq!(world.filter(&bytes).0, BatchOutcome::Removed);
    world.upper_bound_offset = 92;
    assert_eq!(world.filter(&bytes), (BatchOutcome::Emptied, empty.clone()));
    assert_eq!(world.filter(&empty), (BatchOutcome::Emptied, empty.clone()));
    world.upper_bound_offset = 100;
    world.last_records.insert(3, LastRecord { last_data_offset: Some(91), producer_epoch: 1 });
    assert_eq!(world.filter(&bytes), (BatchOutcome::Emptied, empty));
    world.last_records.insert(3, LastRecord { last_data_offset: Some(92), producer_epoch: 1 });
    assert_eq!(world.filter(&bytes).0, BatchOutcome::Removed);
    world.last_records.insert(3, LastRecord { last_data_offset: None, producer_epoch: 1 });
    assert_eq!(world.filter(&bytes).0, BatchOutcome::Removed, "the last marker is meant, not data");
}

#[test]
fn aborted_data_goes_at_once_and_its_marker_in_two_steps() {
    let txn = AbortedTxn { producer_id: 3, first_offset: 10, last_offset: 12, last_stable_offset: 13 };
    let fields = BatchFields {
        base_offset: 10,
        is_transactional: true,
        producer_id: 3,
        producer_epoch: 1,
        base_sequence: 0,
        ..BatchFields::default()
    };
    let data = batch(fields, &[(10, 1, Some("a"), Some("1"))]);
    let abort = marker(ControlRecordType::Abort, 3, 12, None);
    let mut world = World::new(&[]);
    world.transactions.add_aborted_transactions([txn]);
    assert_eq!(world.filter(&data), (BatchOutcome::Removed, vec![]));
    assert_eq!(world.filter(&abort), (BatchOutcome::Copied, abort.clone()), "its data was there in this round");
    assert_eq!(world.aborted_txns, [txn]);

    world.aborted_txns.clear();
    world.transactions.add_aborted_transactions([txn]);
    let (outcome, waiting) = world.filter(&abort);
    assert_eq!(
        (outcome, waiting.clone()),
        (BatchOutcome::Rebuilt, marker(ControlRecordType::Abort, 3, 12, Some(NOW + RETENTION)))
    );
    assert!(world.aborted_txns.is_empty());
    world.now_ms = NOW + RETENTION - 1;
    assert_eq!(world.filter(&waiting), (BatchOutcome::Copied, waiting.clone()));
    world.now_ms = NOW + RETENTION;
    assert_eq!(world.filter(&waiting), (BatchOutcome::Removed, vec![]));
    world.last_records.insert(3, LastRecord { last_data_offset: None, producer_epoch: 1 });
    let (outcome, header) = world.filter(&waiting);
    assert_eq!((outcome, header.len()), (BatchOutcome::Emptied, 61), "it is all that is known of its producer");
    assert!(view(&header).header().attributes().is_control());
    world.last_records.clear();
    assert_eq!(world.filter(&header), (BatchOutcome::Removed, vec![]));
}

#[test]
fn a_commit_marker_waits_for_the_data_of_its_transaction() {
    let commit = marker(ControlRecordType::Commit, 3, 12, Some(1));
    let mut world = World::new(&[]);
    let fields = BatchFields {
        is_transactional: true,
        producer_id: 3,
        producer_epoch: 1,
        base_sequence: 0,
        ..BatchFields::default()
    };
    let data = batch(fields, &[(0, 1, Some("a"), Some("1"))]);
    assert_eq!(world.filter(&data).0, BatchOutcome::Copied);
    assert_eq!(world.filter(&commit), (BatchOutcome::Copied, commit.clone()));
    assert_eq!(world.filter(&commit), (BatchOutcome::Removed, vec![]));
}

#[test]
fn log_append_time_stays_the_time_of_all_records() {
    let fields = BatchFields {
        timestamp_type: TimestampType::LogAppendTime,
        max_timestamp: Some(500),
        ..BatchFields::default()
    };
    let bytes = batch(fields, &[(0, 90, Some("a"), Some("1")), (1, 80, Some("b"), Some("2"))]);
    let (_, out) = World::new(&[("a", 9)]).filter(&bytes);
    assert_eq!(rows(&out), [row(1, 500, "b", "2")]);
    assert_eq!((view(&out).header().base_timestamp(), view(&out).header().max_timestamp()), (500, 500));
    assert_eq!(view(&out).header().attributes().timestamp_type(), TimestampType::LogAppendTime);
}

fn message(magic: i8, offset: i64, key: Option<&str>, value: Option<&str>) -> Vec<u8> {
    let mut out = Vec::new();
    let message = LegacyMessage {
        offset,
        magic,
        codec: Codec::None,
        timestamp_type: TimestampType::CreateTime,
        timestamp: 33,
        key: key.map(str::as_bytes),
        value: value.map(str::as_bytes),
    };
    message.write(&mut out).unwrap();
    out
}

#[test]
fn old_versions_become_magic_2_even_when_they_lose_nothing() {
    for (magic, timestamp) in [(0, -1), (1, 33)] {
        let (outcome, out) = World::new(&[]).filter(&message(magic, 7, Some("a"), Some("1")));
        assert_eq!((outcome, rows(&out)), (BatchOutcome::Rebuilt, vec![row(7, timestamp, "a", "1")]));
        let header = view(&out).header();
        assert_eq!((header.magic(), header.base_offset(), header.last_offset()), (2, 7, 7));
        assert_eq!(header.max_timestamp(), timestamp);
    }
    for log_append_time in [None, Some(88)] {
        let mut wrapper = LegacyWrapperBuilder::new(1, Codec::Gzip, log_append_time).unwrap();
        for (offset, key) in [(20, b"a"), (21, b"b"), (22, b"c")] {
            wrapper.append(offset, offset + 10, Some(key), Some(b"v")).unwrap();
        }
        let mut bytes = Vec::new();
        wrapper.finish(&mut Compressor::new(), &mut bytes).unwrap();
        let (_, out) = World::new(&[("a", 30), ("c", 30)]).filter(&bytes);
        assert_eq!(rows(&out), [row(21, log_append_time.unwrap_or(31), "b", "v")]);
        let header = view(&out).header();
        assert_eq!((header.base_offset(), header.last_offset()), (21, 21), "the first and the last that stay");
        assert_eq!(header.attributes().codec(), Ok(Codec::Gzip));
    }
}

#[test]
fn old_tombstones_go_by_the_age_of_their_segment() {
    let tombstone = message(1, 7, Some("a"), None);
    let mut world = World::new(&[]);
    let (_, out) = world.filter(&tombstone);
    assert_eq!(view(&out).header().delete_horizon_ms(), Some(NOW + RETENTION));
    world.retain_legacy_deletes = false;
    assert_eq!(world.filter(&tombstone).0, BatchOutcome::Removed);
    world.upper_bound_offset = 8;
    assert!(matches!(world.try_filter(&tombstone), Err(FilterError::IllegalState(_))));
}

#[test]
fn what_kafka_would_not_write_is_refused_when_it_must_be_written_anew() {
    let two = [(0, -2, Some("a"), Some("1")), (1, 5, Some("b"), Some("2"))];
    let bytes = plain(&two);
    assert_eq!(World::new(&[]).filter(&bytes).0, BatchOutcome::Copied);
    assert!(matches!(World::new(&[("b", 9)]).try_filter(&bytes), Err(FilterError::IllegalArgument(_))));
    assert_eq!(World::new(&[("a", 9)]).filter(&bytes).0, BatchOutcome::Rebuilt);
    let fields = BatchFields { producer_id: 5, producer_epoch: 0, ..BatchFields::default() };
    let bytes = batch(fields, &two);
    assert!(matches!(World::new(&[("a", 9)]).try_filter(&bytes), Err(FilterError::IllegalArgument(_))));
}

#[test]
fn damaged_batches_are_answered_without_a_panic() {
    let whole = [
        plain(&[(5, 1, Some("a"), Some("1")), (6, 2, Some("b"), None)]),
        marker(ControlRecordType::Abort, 3, 12, None),
        message(1, 7, Some("a"), None),
        batch(BatchFields { codec: Codec::Lz4, ..BatchFields::default() }, &[(0, 1, Some("a"), Some("1"))]),
    ];
    for bytes in whole {
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            let Some(Ok(batch)) = Batches::new(&flipped).next() else { continue };
            let _ = World::new(&[("a", 5)]).try_filter(batch.as_bytes());
        }
    }
}

#[test]
fn any_choice_of_records_comes_out_as_the_builder_writes_it() {
    let headers = [Header { key: b"h", value: None }, Header { key: b"", value: Some(b"x") }];
    let big = vec![b'v'; 300];
    for horizon in [None, Some(NOW + 1)] {
        for keep in 1..31_u32 {
            let fields = BatchFields {
                base_offset: 60,
                last_offset: Some(72),
                delete_horizon_ms: horizon,
                ..BatchFields::default()
            };
            let (mut source, mut wanted) = (RecordBatchBuilder::new(fields), RecordBatchBuilder::new(fields));
            let mut map = Vec::new();
            for at in 0..5_i64 {
                let key = format!("key{at}");
                let value = [Some(big.as_slice()), Some(b"".as_slice()), Some(b"1")][at as usize % 3];
                let timestamp = [70, 70, 9_000_000, -1, 3][at as usize];
                let headers = if at % 2 == 0 { &headers[..] } else { &[] };
                let offset = 60 + at * 3;
                source.append(offset, timestamp, Some(key.as_bytes()), value, headers).unwrap();
                if keep & 1 << at == 0 {
                    map.push((key, 90));
                } else {
                    wanted.append(offset, timestamp, Some(key.as_bytes()), value, headers).unwrap();
                }
            }
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            source.finish(&mut Compressor::new(), &mut bytes).unwrap();
            wanted.finish(&mut Compressor::new(), &mut expected).unwrap();
            let rows: Vec<_> = map.iter().map(|(key, offset)| (key.as_str(), *offset)).collect();
            let (outcome, out) = World::new(&rows).filter(&bytes);
            assert_eq!((outcome, out), (BatchOutcome::Rebuilt, expected), "{keep:b} {horizon:?}");
        }
    }
}

#[test]
fn a_record_that_is_not_encoded_as_short_as_possible_is_encoded_anew() {
    let bytes = plain(&[(5, 1, Some("a"), Some("1")), (6, 2, Some("b"), Some("2"))]);
    let expected = World::new(&[("a", 9)]).filter(&bytes).1;
    // The length of the second record's value in two bytes, and attributes that mean nothing.
    let mut long = bytes.clone();
    let second = 61 + 1 + 8;
    assert_eq!(long[second..second + 8], [16, 0, 2, 2, 2, b'b', 2, b'2']);
    long[second] = 18;
    long[second + 1] = 5;
    long.splice(second + 6..second + 7, [0x82, 0]);
    let length = (long.len() - 12) as i32;
    long[8..12].copy_from_slice(&length.to_be_bytes());
    assert_eq!(World::new(&[("a", 9)]).filter(&long), (BatchOutcome::Rebuilt, expected));
}
