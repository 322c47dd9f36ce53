//! Producer snapshots.

use kafka_log::format::FormatError;
use kafka_log::format::producer_snapshot::{CorruptSnapshotError, ProducerSnapshot, write_producer_snapshot};

use super::hex;

/// Written by a broker with a transaction open.
pub(crate) fn snapshot() -> Vec<u8> {
    hex("0001afafd15d00000002
         0000000000000005 0000 00000007 0000000000000007 00000007 00000193198c2e51 ffffffff 0000000000000000
         0000000000000006 0000 00000005 000000000000000d 00000005 00000193198c3cdd ffffffff 0000000000000008")
}

#[test]
fn a_snapshot_is_read_and_written_as_kafka_does() {
    let bytes = snapshot();
    let snapshot = ProducerSnapshot::read(&bytes).unwrap();
    let producers: Vec<_> = snapshot.iter().collect();
    assert_eq!(producers[1].producer_id, 6);
    assert_eq!(producers[1].open_txn_first_offset(), Some(8));
    let batch = producers[1].batch().unwrap();
    assert_eq!((batch.first_sequence, batch.last_sequence, batch.last_offset), (0, 5, 13));
    let mut out = vec![9];
    write_producer_snapshot(producers.into_iter(), &mut out);
    assert_eq!(out[1..], bytes);
}

#[test]
fn a_snapshot_cut_anywhere_is_corrupt() {
    let bytes = snapshot();
    for len in 0..bytes.len() {
        let error = ProducerSnapshot::read(&bytes[..len]).unwrap_err();
        let position = FormatError::from(error);
        assert!(position.at <= len as u64, "cut at {len}: {position}");
    }
}

#[test]
fn a_snapshot_with_any_bit_flipped_is_corrupt() {
    let bytes = snapshot();
    for bit in 0..bytes.len() * 8 {
        let mut damaged = bytes.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(ProducerSnapshot::read(&damaged).is_err(), "bit {bit}");
    }
}

#[test]
fn a_count_beyond_the_bytes_is_told_with_place_and_limit() {
    let mut bytes = snapshot();
    bytes[6..10].copy_from_slice(&i32::MAX.to_be_bytes());
    let error = ProducerSnapshot::read(&bytes).unwrap_err();
    assert_eq!(error, CorruptSnapshotError::CountTooLarge { count: i32::MAX as usize, remaining: 92 });
    assert_eq!(FormatError::from(error).to_string(), "producer count at byte 6: expected 0 to 2, found 2147483647");
}
