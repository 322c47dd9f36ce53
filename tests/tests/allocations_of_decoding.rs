//! Decoding uncompressed batches allocates nothing, however many records there are.
#![expect(clippy::unwrap_used, clippy::panic, reason = "batches that cannot be read fail the test")]

use kafka_log::compression::Decompressor;
use kafka_log::segment::batch::{Batch, RawBatch};
use tests::allocations::{Counting, allocations};
use tests::segments::batches;

#[global_allocator]
static COUNTING: Counting = Counting;

/// Bytes of all keys, values and headers.
fn decode(mut rest: &[u8]) -> usize {
    let mut decompressor = Decompressor::new(1 << 20);
    let mut bytes = 0;
    while let Some(raw) = RawBatch::split_first(rest, 0).unwrap() {
        let Batch::Default(batch) = raw.parse().unwrap() else { panic!("magic 2") };
        assert!(batch.is_valid());
        for record in batch.records(&mut decompressor).unwrap() {
            let record = record.unwrap();
            bytes += record.key.map_or(0, <[u8]>::len) + record.value.map_or(0, <[u8]>::len);
            bytes += record.headers.map(|h| h.key.len() + h.value.map_or(0, <[u8]>::len)).sum::<usize>();
        }
        rest = &rest[raw.overhead.size()..];
    }
    bytes
}

#[test]
fn records_of_uncompressed_batches_are_decoded_without_an_allocation() {
    let segment = batches(50, 200).unwrap();
    let (start_up, _) = allocations(|| drop(Decompressor::new(1 << 20)));
    let (count, bytes) = allocations(|| decode(&segment));
    assert!(bytes > segment.len() / 2, "{bytes} of {}", segment.len());
    assert_eq!(count, start_up, "allocations for 10,000 records");
    let (counted, _) = allocations(|| std::hint::black_box(vec![1u8; 100]));
    assert_eq!(counted, 1, "this test counts");
}
