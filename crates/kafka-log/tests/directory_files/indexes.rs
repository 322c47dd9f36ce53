//! Offset, time and transaction indexes.

use kafka_log::format::IndexAppendError;
use kafka_log::format::offset_index::{OffsetIndex, OffsetIndexAppender, OffsetPosition};
use kafka_log::format::time_index::{TimeIndex, TimeIndexAppender, TimestampOffset};
use kafka_log::format::transaction_index::{AbortedTxn, TransactionIndex, TransactionIndexAppender};

use super::hex;

/// Written by a broker; base offset 119.
fn offset_index() -> Vec<u8> {
    hex("000000040000009c 000000050000020e 0000000a0000028e 0000000b00000436
         00000013000004d2 0000001500000800 0000001c00000941 0000001d00000af2")
}

/// Written by a broker; base offset 207.
fn time_index() -> Vec<u8> {
    hex("000001a2060042b900000001 000001a2060042d50000000a 000001a2060042d90000000b")
}

/// Written by a broker.
fn transaction_index() -> Vec<u8> {
    hex("0000 0000000000000003 000000000000007c 0000000000000082 000000000000007d
         0000 0000000000000004 000000000000007d 0000000000000083 0000000000000084")
}

#[test]
fn an_offset_leads_to_the_last_indexed_batch_that_is_not_behind_it() {
    let bytes = offset_index();
    let index = OffsetIndex::new(119, &bytes);
    let at = |offset, position| OffsetPosition { offset, position };
    assert_eq!(index.lookup(122), at(119, 0));
    assert_eq!(index.lookup(123), at(123, 0x9c));
    assert_eq!(index.lookup(137), at(130, 0x436));
    assert_eq!(index.lookup(i64::MAX), at(148, 0xaf2));
    assert_eq!(index.last(), at(148, 0xaf2));
    assert_eq!(index.fetch_upper_bound(0x28e, 1), Some(at(130, 0x436)));
    assert_eq!(index.fetch_upper_bound(0xaf2, 1), None);
    assert_eq!([122, 123, 124, 148, 149].map(|offset| index.entries_below(offset)), [0, 0, 1, 7, 8]);
}

#[test]
fn a_timestamp_leads_to_the_last_entry_that_is_not_newer() {
    let bytes = time_index();
    let index = TimeIndex::new(207, &bytes);
    assert_eq!(index.lookup(0x1a2_0600_42b8), TimestampOffset { timestamp: -1, offset: 207 });
    assert_eq!(index.lookup(0x1a2_0600_42d8), TimestampOffset { timestamp: 0x1a2_0600_42d5, offset: 217 });
    assert_eq!([207, 208, 209, 218, 219].map(|offset| index.entries_below(offset)), [0, 0, 1, 2, 3]);
}

#[test]
fn an_index_shorter_than_an_entry_is_empty_and_starts_at_its_base_offset() {
    let offsets = OffsetIndex::new(5, &[1; 7]);
    assert_eq!((offsets.entries(), offsets.last()), (0, OffsetPosition { offset: 5, position: 0 }));
    assert_eq!(offsets.lookup(9), OffsetPosition { offset: 5, position: 0 });
    assert_eq!(offsets.fetch_upper_bound(0, 9), None);
    let times = TimeIndex::new(5, &[1; 11]);
    assert_eq!((times.entries(), times.last()), (0, TimestampOffset { timestamp: -1, offset: 5 }));
    assert_eq!(times.lookup(9), TimestampOffset { timestamp: -1, offset: 5 });
}

#[test]
fn damage_at_the_edge_of_the_warm_part_misleads_a_lookup_as_it_misleads_kafka() {
    let entry = |slot: i32| [slot.to_be_bytes(), (slot * 10).to_be_bytes()].concat();
    let mut bytes: Vec<u8> = (0..3000).flat_map(entry).collect();
    assert_eq!(OffsetIndex::new(0, &bytes).lookup(2500).offset, 2500);
    // Kafka compares slot 3000 - 1 - 8192 / 8 first and never looks after it when it is too large.
    bytes[1975 * 8] = 0x7f;
    assert_eq!(OffsetIndex::new(0, &bytes).lookup(2500).offset, 1974);
}

#[test]
fn sanity_checks_find_what_makes_kafka_rebuild_an_index() {
    let mut bytes = offset_index();
    let check = |bytes: &[u8]| OffsetIndex::new(119, bytes).sanity_check(bytes.len() as u64);
    assert_eq!(check(&bytes), Ok(()));
    let error = check(&bytes[..63]).unwrap_err().to_string();
    assert_eq!(error, "index entries at byte 56: expected the end, found 7 more bytes");
    bytes[56] = 0xff;
    assert!(
        check(&bytes).unwrap_err().to_string().starts_with("last offset at byte 56: expected at least 119, found -")
    );

    let mut bytes = time_index();
    let check = |bytes: &[u8]| TimeIndex::new(207, bytes).sanity_check(bytes.len() as u64);
    assert_eq!(check(&bytes), Ok(()));
    assert_eq!(check(&bytes[..35]).unwrap_err().at, 24);
    bytes[24] = 0x80;
    assert_eq!(check(&bytes).unwrap_err().field, "last timestamp");
    bytes[24] = 1;
    bytes[32] = 0x80;
    assert_eq!(check(&bytes).unwrap_err().field, "last offset");

    let bytes = transaction_index();
    assert_eq!(TransactionIndex::new(&bytes).sanity_check(130), Ok(()));
    assert_eq!(TransactionIndex::new(&bytes).sanity_check(131).unwrap_err().at, 18);
}

#[test]
fn appended_offset_entries_are_kafkas_bytes_and_keep_its_rules() {
    let bytes = offset_index();
    let (mut out, whole) = (Vec::new(), OffsetIndex::new(119, &bytes));
    let mut appender = OffsetIndexAppender::new(OffsetIndex::new(119, &[]), 71);
    for entry in whole.iter() {
        appender.append(entry.offset, entry.position, &mut out).unwrap();
    }
    assert_eq!(out, bytes);
    assert_eq!(appender.append(200, 1, &mut out), Err(IndexAppendError::Full { entries: 8 }));
    let mut appender = OffsetIndexAppender::new(whole, 80);
    let error = appender.append(148, 1, &mut out);
    assert_eq!(error, Err(IndexAppendError::OffsetOutOfOrder { offset: 148, last: 148 }));
    let offset = 119 + i64::from(i32::MAX) + 1;
    let error = appender.append(offset, 1, &mut out);
    assert_eq!(error, Err(IndexAppendError::RelativeOffsetOverflow { offset, base_offset: 119 }));
    assert_eq!(out, bytes, "a refused entry leaves no bytes");
    assert_eq!(appender.append(offset - 1, 1, &mut out), Ok(()));
}

#[test]
fn appended_time_entries_are_kafkas_bytes_and_keep_its_rules() {
    let bytes = time_index();
    let (mut out, whole) = (Vec::new(), TimeIndex::new(207, &bytes));
    let mut appender = TimeIndexAppender::new(TimeIndex::new(207, &[]), 48);
    for entry in whole.iter() {
        assert_eq!(appender.maybe_append(entry.timestamp, entry.offset, false, &mut out), Ok(true));
    }
    assert_eq!(out, bytes);
    let newer = whole.last().timestamp + 1;
    assert_eq!(appender.maybe_append(newer, 220, false, &mut out), Err(IndexAppendError::Full { entries: 3 }));
    assert_eq!(appender.maybe_append(newer - 1, 220, true, &mut out), Ok(false), "not newer: nothing to add");
    let error = appender.maybe_append(newer - 2, 220, true, &mut out);
    assert_eq!(error, Err(IndexAppendError::TimestampOutOfOrder { timestamp: newer - 2, last: newer - 1 }));
    let error = appender.maybe_append(newer, 217, true, &mut out);
    assert_eq!(error, Err(IndexAppendError::OffsetOutOfOrder { offset: 217, last: 218 }));
    assert_eq!(appender.maybe_append(newer, 218, true, &mut out), Ok(true), "the last slot is for this one");
    let error = appender.maybe_append(newer + 1, 219, true, &mut out);
    assert_eq!(error, Err(IndexAppendError::Full { entries: 4 }));
}

#[test]
fn aborted_transactions_are_read_found_and_written_as_kafka_does() {
    let bytes = transaction_index();
    let index = TransactionIndex::new(&bytes);
    let first = AbortedTxn { producer_id: 3, first_offset: 124, last_offset: 130, last_stable_offset: 125 };
    let second = AbortedTxn { producer_id: 4, first_offset: 125, last_offset: 131, last_stable_offset: 132 };
    let found = |from, to| {
        let result = index.collect_aborted_txns(from, to).unwrap();
        (result.aborted_transactions, result.is_complete)
    };
    assert_eq!(found(100, 125), (vec![first], true));
    assert_eq!(found(131, 140), (vec![second], false));
    assert_eq!([130, 131, 132].map(|offset| index.truncation_slot(offset).unwrap()), [Some(0), Some(1), None]);

    let (mut out, mut appender) = (Vec::new(), TransactionIndexAppender::default());
    appender.append(first, &mut out).unwrap();
    appender.append(second, &mut out).unwrap();
    assert_eq!(out, bytes);
    let error = appender.append(second, &mut out);
    assert_eq!(error, Err(IndexAppendError::OffsetOutOfOrder { offset: 131, last: 131 }));
}
