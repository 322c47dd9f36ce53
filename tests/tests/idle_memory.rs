//! What a partition and a segment cost when they are not in use: a broker has tens of thousands.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::{LeaderAppend, Log, LogOptions};
use tests::allocations::{Counting, held};

#[global_allocator]
static COUNTING: Counting = Counting;

const NOW: i64 = 1_700_000_000_000;
const PARTITIONS: usize = 50;
const SEGMENTS: usize = 200;

fn batch() -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    builder.append(0, NOW, Some(b"key"), Some(&[b'v'; 200]), &[]).unwrap();
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes
}

#[test]
fn an_idle_partition_takes_less_than_4_kib_and_an_idle_sealed_segment_less_than_200_bytes() {
    let root = std::env::temp_dir().join(format!("kafka-log-idle-{}", std::process::id()));
    let _ = std::fs::remove_dir_all(&root);
    let options = LogOptions { config: Arc::new(LogConfig::default()), now_ms: NOW, ..LogOptions::default() };
    let append = LeaderAppend::from_client(0);

    // Used, and then left alone.
    let open = |name: &str| Log::open(OsFs, &root.join(name), options.clone()).unwrap().0;
    let warm = open("warm-0");
    warm.append_as_leader(&batch(), append, NOW).unwrap();
    let before = held();
    let logs: Vec<_> = (0..PARTITIONS)
        .map(|partition| {
            let log = open(&format!("t-{partition}"));
            log.append_as_leader(&batch(), append, NOW).unwrap();
            log.release_idle().unwrap();
            log
        })
        .collect();
    let each = (held() - before) / PARTITIONS;
    assert!(each < 4096, "{each} bytes of heap a partition that was used");
    logs.into_iter().for_each(|log| log.close().unwrap());

    // Opened after a clean shutdown, and not used.
    let before = held();
    let logs: Vec<_> = (0..PARTITIONS).map(|partition| open(&format!("t-{partition}"))).collect();
    let each = (held() - before) / PARTITIONS;
    assert!(each < 4096, "{each} bytes of heap a partition that was opened");
    drop(logs);

    let log = open("many-0");
    for _ in 0..SEGMENTS {
        log.append_as_leader(&batch(), append, NOW).unwrap();
        log.roll(None, NOW).unwrap();
    }
    log.run_due(NOW).unwrap();
    log.close().unwrap();
    let before = held();
    let log = open("many-0");
    // The partition itself was measured above.
    let each = (held() - before).saturating_sub(each) / SEGMENTS;
    assert!(each < 200, "{each} bytes of heap a sealed segment");
    drop(log);
    std::fs::remove_dir_all(&root).unwrap();
}
