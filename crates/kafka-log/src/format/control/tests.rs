use super::super::batch::RecordBatch;
use super::super::testing::{self, COMMIT};
use super::*;
use crate::compression::Decompressor;

#[test]
fn a_marker_is_read_as_kafka_wrote_it_and_written_the_same() {
    let bytes = testing::bytes(COMMIT);
    let mut decompressor = Decompressor::new(0);
    let mut records = RecordBatch::parse(&bytes).unwrap().records(&mut decompressor).unwrap();
    let record = records.next().unwrap().unwrap();
    let kind = ControlRecordType::parse(record.key).unwrap();
    let marker = EndTransactionMarker::parse(record.value).unwrap();
    assert_eq!((kind, marker.coordinator_epoch), (ControlRecordType::Commit, 11));
    assert_eq!((record.key, record.value), (Some(&kind.key()[..]), Some(&marker.to_bytes()[..])));
}

#[test]
fn every_type_keeps_its_id_unknown_ones_too() {
    for id in i16::MIN..=i16::MAX {
        let kind = ControlRecordType::from_id(id);
        assert_eq!(kind.id(), id);
        assert_eq!(ControlRecordType::parse(Some(&kind.key())), Ok(kind));
        assert_eq!(kind.name() == "UNKNOWN", !(0..=6).contains(&id));
    }
}

#[test]
fn keys_that_kafka_refuses_are_refused() {
    let parse = |key: Option<&[u8]>| ControlRecordType::parse(key).map_err(|e| e.kind);
    assert!(matches!(parse(None), Err(FormatErrorKind::Invalid { .. })));
    for len in 0..4 {
        let truncated = FormatErrorKind::Truncated { needed: 4, available: len as u64 };
        assert_eq!(parse(Some(&[0; 4][..len])), Err(truncated));
    }
    assert_eq!(parse(Some(&[0xff, 0xff, 0, 1])), Err(FormatErrorKind::OutOfRange { min: 0, max: 32767, found: -1 }));
}

#[test]
fn later_versions_and_more_bytes_are_read_as_version_zero() {
    assert_eq!(ControlRecordType::parse(Some(&[0, 9, 0, 1, 7])), Ok(ControlRecordType::Commit));
    let marker = EndTransactionMarker::parse(Some(&[0x7f, 0xff, 0xff, 0xff, 0xff, 0xfe, 1, 2]));
    assert_eq!(marker, Ok(EndTransactionMarker { coordinator_epoch: -2 }));
}

#[test]
fn a_marker_cut_at_any_byte_or_of_a_negative_version_is_an_error() {
    let bytes = EndTransactionMarker { coordinator_epoch: i32::MAX }.to_bytes();
    for cut in 0..bytes.len() {
        let error = EndTransactionMarker::parse(Some(&bytes[..cut])).unwrap_err();
        assert_eq!(error.kind, FormatErrorKind::Truncated { needed: 6, available: cut as u64 });
    }
    assert!(EndTransactionMarker::parse(None).is_err());
    assert!(EndTransactionMarker::parse(Some(&[0x80, 0, 0, 0, 0, 0])).is_err());
}
