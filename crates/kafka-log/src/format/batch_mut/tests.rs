use super::super::testing::V1_SNAPPY_LOG_APPEND_TIME;
use super::super::testing::{self, COMMIT, DELETE_HORIZON, EMPTY, LOG_APPEND_TIME, V0_SNAPPY, V1_SNAPPY, V2, flips};
use super::*;

fn valid(bytes: &[u8]) -> bool {
    match bytes[16] {
        2 => RecordBatch::parse(bytes).unwrap().is_valid(),
        _ => LegacyRecord::parse(bytes).unwrap().is_valid(),
    }
}

#[test]
fn moving_a_batch_changes_its_base_offset_and_nothing_else() {
    for (hex, last_offset, first_field) in [(V2, 5_002, 5_000i64), (EMPTY, 5_002, 4_993), (V1_SNAPPY, 5_002, 5_002)] {
        let before = testing::bytes(hex);
        let mut bytes = before.clone();
        BatchMut::parse(&mut bytes).unwrap().set_last_offset(last_offset);
        assert_eq!(bytes[..8], first_field.to_be_bytes());
        assert_eq!(bytes[8..], before[8..]);
        assert!(valid(&bytes));
    }
}

#[test]
fn offsets_wrap_around_as_in_java() {
    let mut bytes = testing::bytes(V2);
    BatchMut::parse(&mut bytes).unwrap().set_last_offset(i64::MIN);
    assert_eq!(RecordBatch::parse(&bytes).unwrap().header().last_offset(), i64::MIN);
}

#[test]
fn the_leader_epoch_is_outside_of_the_checksum_and_unknown_to_old_versions() {
    let mut bytes = testing::bytes(COMMIT);
    BatchMut::parse(&mut bytes).unwrap().set_partition_leader_epoch(99).unwrap();
    assert_eq!(RecordBatch::parse(&bytes).unwrap().header().partition_leader_epoch(), 99);
    assert!(valid(&bytes));
    for hex in [V0_SNAPPY, V1_SNAPPY] {
        let mut bytes = testing::bytes(hex);
        assert!(BatchMut::parse(&mut bytes).unwrap().set_partition_leader_epoch(99).is_err());
        assert_eq!(bytes, testing::bytes(hex));
    }
}

#[test]
fn a_new_timestamp_or_type_keeps_the_other_attributes_and_renews_the_checksum() {
    for hex in [V2, COMMIT, DELETE_HORIZON, LOG_APPEND_TIME, EMPTY] {
        for kind in [TimestampType::CreateTime, TimestampType::LogAppendTime] {
            let mut bytes = testing::bytes(hex);
            let before = RecordBatch::parse(&testing::bytes(hex)).unwrap().header().attributes().0;
            BatchMut::parse(&mut bytes).unwrap().set_max_timestamp(kind, 77).unwrap();
            let header = RecordBatch::parse(&bytes).unwrap().header();
            assert_eq!((header.max_timestamp(), header.attributes().timestamp_type()), (77, kind));
            assert_eq!(header.attributes().0 & !8, before & !8);
            assert!(valid(&bytes));
        }
    }
    for hex in [V1_SNAPPY, V1_SNAPPY_LOG_APPEND_TIME] {
        for kind in [TimestampType::CreateTime, TimestampType::LogAppendTime] {
            let mut bytes = testing::bytes(hex);
            BatchMut::parse(&mut bytes).unwrap().set_max_timestamp(kind, 77).unwrap();
            let record = LegacyRecord::parse(&bytes).unwrap();
            assert_eq!((record.timestamp(), record.timestamp_type()), (77, kind));
            assert_eq!(record.codec().unwrap(), crate::compression::Codec::Snappy);
            assert!(valid(&bytes));
        }
    }
}

#[test]
fn an_unchanged_timestamp_leaves_even_a_wrong_checksum_alone() {
    let mut bytes = testing::bytes(V2);
    bytes[17] ^= 1;
    let before = bytes.clone();
    let mut batch = BatchMut::parse(&mut bytes).unwrap();
    batch.set_max_timestamp(TimestampType::CreateTime, 1_700_000_000_300).unwrap();
    assert_eq!(bytes, before);
}

#[test]
fn timestamps_that_the_version_cannot_hold_are_refused_and_nothing_is_changed() {
    for (hex, kind) in [
        (V0_SNAPPY, TimestampType::CreateTime),
        (V1_SNAPPY, TimestampType::NoTimestampType),
        (V2, TimestampType::NoTimestampType),
    ] {
        let mut bytes = testing::bytes(hex);
        assert!(BatchMut::parse(&mut bytes).unwrap().set_max_timestamp(kind, 1).is_err());
        assert_eq!(bytes, testing::bytes(hex));
    }
    let mut bytes = testing::bytes(V2);
    bytes[22] |= 7;
    let before = bytes.clone();
    let error = BatchMut::parse(&mut bytes).unwrap().set_max_timestamp(TimestampType::CreateTime, 1).unwrap_err();
    assert_eq!((error.field, bytes), ("compression codec", before));
}

#[test]
fn only_whole_batches_of_magic_0_to_2_can_be_changed() {
    for hex in [V2, V0_SNAPPY, V1_SNAPPY] {
        let bytes = testing::bytes(hex);
        for cut in 0..bytes.len() {
            assert!(BatchMut::parse(&mut bytes[..cut].to_vec()).is_err());
        }
        for magic in [-128, -1, 3, 127i8] {
            let mut bytes = bytes.clone();
            bytes[16] = magic as u8;
            assert_eq!(BatchMut::parse(&mut bytes).unwrap_err().field, "magic");
        }
    }
}

#[test]
fn changing_a_batch_with_any_bit_flipped_never_panics() {
    for hex in [V2, EMPTY, V0_SNAPPY, V1_SNAPPY] {
        for (_, mut flipped) in flips(&testing::bytes(hex)) {
            let Ok(mut batch) = BatchMut::parse(&mut flipped) else { continue };
            batch.set_last_offset(3);
            let _ = batch.set_partition_leader_epoch(4);
            let renewed = batch.set_max_timestamp(TimestampType::LogAppendTime, 5).is_ok();
            assert!(!renewed || valid(&flipped));
        }
    }
}
