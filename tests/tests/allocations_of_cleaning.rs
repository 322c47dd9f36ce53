//! A warm cleaner allocates for segments and groups, not for batches and records.
#![expect(clippy::unwrap_used, reason = "a log that cannot be cleaned fails the test")]

use std::path::Path;
use std::sync::Arc;

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::OsFs;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::config::LogConfig;
use kafka_log::log::{Log, LogOptions};
use tests::allocations::{Counting, allocations};

#[global_allocator]
static COUNTING: Counting = Counting;

const NOW: i64 = 1_700_000_000_000;

/// A log of so many batches of ten records, half of which are superseded.
fn filled(dir: &Path, batches: i64) -> Log {
    let _ = std::fs::remove_dir_all(dir);
    let config = LogConfig { compact: true, delete: false, ..LogConfig::default() };
    let (log, _) =
        Log::open(OsFs, dir, LogOptions { config: Arc::new(config), now_ms: NOW, ..LogOptions::default() }).unwrap();
    let (mut compressor, mut bytes) = (Compressor::new(), Vec::new());
    for batch in 0..batches {
        let base_offset = batch * 10;
        let mut builder =
            RecordBatchBuilder::new(BatchFields { base_offset, partition_leader_epoch: 0, ..BatchFields::default() });
        for offset in base_offset..base_offset + 10 {
            let key = (offset * 7919 % (batches * 5)).to_string();
            builder.append(offset, NOW + offset, Some(key.as_bytes()), Some(b"a value of some bytes"), &[]).unwrap();
        }
        bytes.clear();
        builder.finish(&mut compressor, &mut bytes).unwrap();
        log.append_as_follower(&bytes, 0, NOW).unwrap();
    }
    log.update_high_watermark(batches * 10).unwrap();
    log.roll(None, NOW).unwrap();
    log.run_due(NOW).unwrap();
    log
}

#[test]
fn a_round_allocates_the_same_for_a_hundred_times_as_many_records() {
    let dir = std::env::temp_dir().join(format!("kafka-log-cleaning-{}", std::process::id()));
    let mut cleaner = Cleaner::new(CleanerConfig { dedupe_buffer_bytes: 1 << 20, ..CleanerConfig::default() });
    let mut round = |batches| {
        let log = filled(&dir.join("t-0"), batches);
        let dirty = log.log_to_clean(None, NOW).unwrap();
        let (count, cleaned) = allocations(|| cleaner.clean(&log, &dirty, &(), NOW));
        let cleaned = cleaned.unwrap();
        assert_eq!((cleaned.end_offset, cleaned.stats.messages_written), (batches * 10, batches.unsigned_abs() * 5));
        count
    };
    round(3000);
    let (few, many) = (round(30), round(3000));
    std::fs::remove_dir_all(&dir).unwrap();
    // Indexes grow by doubling.
    assert!(many <= few + 30, "{few} allocations for 300 records, {many} for 30,000");
}
