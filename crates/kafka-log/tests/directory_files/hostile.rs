//! Damaged bytes: every reader gives an answer or an error, and takes no more memory than the bytes justify.

#![expect(unsafe_code, reason = "counting what is allocated needs an allocator of its own")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use kafka_log::format::clean_shutdown::read_clean_shutdown;
use kafka_log::format::file_name::FileName;
use kafka_log::format::leader_epoch_checkpoint::read_leader_epoch_checkpoint;
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::offset_checkpoint::read_offset_checkpoint;
use kafka_log::format::offset_index::OffsetIndex;
use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::producer_snapshot::ProducerSnapshot;
use kafka_log::format::quorum_state::QuorumState;
use kafka_log::format::time_index::TimeIndex;
use kafka_log::format::transaction_index::TransactionIndex;

thread_local! {
    static LARGEST: Cell<usize> = const { Cell::new(0) };
}

/// Remembers the largest single allocation of each thread.
struct Largest;

// SAFETY: every call is handed to the system's allocator as it came.
unsafe impl GlobalAlloc for Largest {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(layout.size())));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises are passed on.
        unsafe { System.dealloc(place, layout) }
    }

    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let _ = LARGEST.try_with(|largest| largest.set(largest.get().max(size)));
        // SAFETY: the caller's promises are passed on.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Largest = Largest;

/// Valid files that the damage starts from.
fn seeds() -> Vec<Vec<u8>> {
    let texts = [
        "0\n3\n0 0\n2 25\n4 50\n",
        "0\n2147483647\ntest-scans.a0e 0 142\nlive-orders.a9 0 154\n",
        "version: 0\ntopic_id: OZtxT32eRkyxJHVL8N_HsQ",
        "#\n#now\nnode.id=1\ndirectory.id=OZtxT32eRkyxJHVL8N_HsQ\nversion=1\ncluster.id=\\u0041\\\n  b\n",
        r#"{"version":0,"brokerEpoch":13}"#,
        r#"{"clusterId":"","leaderId":1,"leaderEpoch":2,"votedId":-1,"appliedOffset":0,"currentVoters":[{"voterId":7}],"data_version":0}"#,
        "00000000000000000042-0000000003.checkpoint.part",
        "topic-0.0123456789abcdef0123456789abcdef-delete",
    ];
    let mut seeds: Vec<Vec<u8>> = texts.map(|text| text.as_bytes().to_vec()).to_vec();
    seeds.push(super::snapshots::snapshot());
    seeds.push((0..1500u32).flat_map(u32::to_be_bytes).collect());
    seeds
}

fn read_as_everything(bytes: &[u8], target: i64) {
    for base_offset in [0, target] {
        let offsets = OffsetIndex::new(base_offset, bytes);
        let _ = (offsets.lookup(target), offsets.fetch_upper_bound(target as i32, 7), offsets.entries_below(target));
        let _ = (offsets.last(), offsets.sanity_check(bytes.len() as u64));
        let times = TimeIndex::new(base_offset, bytes);
        let _ = (times.lookup(target), times.entries_below(target), times.sanity_check(bytes.len() as u64));
    }
    let aborted = TransactionIndex::new(bytes);
    let _ = (aborted.collect_aborted_txns(0, target), aborted.truncation_slot(target), aborted.sanity_check(target));
    if let Ok(snapshot) = ProducerSnapshot::read(bytes) {
        assert!(snapshot.iter().filter_map(|entry| entry.batch()).count() <= snapshot.len());
    }
    let _ = (read_leader_epoch_checkpoint(bytes), read_offset_checkpoint(bytes), PartitionMetadata::read(bytes));
    let _ = (MetaProperties::read(bytes), read_clean_shutdown(bytes), QuorumState::read(bytes));
    let text = String::from_utf8_lossy(bytes);
    let _ =
        (FileName::parse(&text).map(|name| name.to_string()), PartitionDirName::parse(&text).map(|n| n.to_string()));
}

#[test]
fn damaged_files_are_answered_without_a_panic_or_a_large_allocation() {
    let mut state = 4;
    let mut random = move |end: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state % end.max(1) as u64) as usize
    };
    let seeds = seeds();
    for round in 0..4000 {
        let mut bytes = seeds[round % seeds.len()].clone();
        for _ in 0..=random(6) {
            let at = random(bytes.len());
            match random(5) {
                0 => bytes.truncate(at),
                1 => bytes.insert(at.min(bytes.len()), random(256) as u8),
                2 => bytes.extend_from_within(at..),
                3 if at + 4 <= bytes.len() => bytes[at..at + 4].copy_from_slice(&i32::MAX.to_be_bytes()),
                _ if at < bytes.len() => bytes[at] ^= 1 << random(8),
                _ => {}
            }
        }
        let target = [0, 1, -1, i64::MAX, i64::MIN, 77][random(6)];
        LARGEST.set(0);
        read_as_everything(&bytes, target);
        let limit = 64 * bytes.len() + 4096;
        assert!(LARGEST.get() <= limit, "round {round}: {} bytes for {}", LARGEST.get(), bytes.len());
    }
}

#[test]
fn deeply_nested_json_is_refused() {
    let nested = "[".repeat(1_000_000);
    assert!(QuorumState::read(nested.as_bytes()).is_err());
    assert_eq!(read_clean_shutdown(nested.as_bytes()), None);
}
