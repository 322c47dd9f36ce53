//! What the engine promises to programs that embed it.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod names;
mod watching;

use std::path::PathBuf;
use std::sync::Arc;

use kafka_log::compression::Compressor;
use kafka_log::format::batch::{RecordBatch, TimestampType};
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{GroupedAppend, LeaderAppend, Log, LogOptions};

const NOW: i64 = 1_700_000_000_000;

/// A directory that is gone at the end of the test.
struct Dir(PathBuf);

impl Dir {
    fn new(name: &str) -> Self {
        let dir = std::env::temp_dir().join(format!("kafka-log-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&dir);
        Dir(dir)
    }

    fn partition(&self) -> PathBuf {
        self.0.join("t-0")
    }
}

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn batch(values: &[&str]) -> Vec<u8> {
    let mut builder = RecordBatchBuilder::new(BatchFields::default());
    for (offset, value) in (0..).zip(values) {
        builder.append(offset, NOW, Some(b"k"), Some(value.as_bytes()), &[]).unwrap();
    }
    let mut bytes = Vec::new();
    builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    bytes
}

#[test]
fn what_was_appended_is_read_again_after_a_clean_shutdown_and_after_another() {
    let dir = Dir::new("reopen");
    let options = LogOptions { now_ms: NOW, ..LogOptions::default() };
    let (log, _) = Log::open(OsFs, &dir.partition(), options.clone()).unwrap();
    let first = log.append_as_leader(&batch(&["a", "b"]), LeaderAppend::from_client(0), NOW).unwrap();
    assert_eq!((first.first_offset, first.last_offset), (0, 1));
    log.append_as_leader(&batch(&["c"]), LeaderAppend::from_client(3), NOW).unwrap();
    let all = log.read(0, 1 << 20, FetchIsolation::LogEnd, true).unwrap().records.read().unwrap();
    log.close().unwrap();

    for had_clean_shutdown in [true, false] {
        let options = LogOptions { had_clean_shutdown, ..options.clone() };
        let (log, report) = Log::open(OsFs, &dir.partition(), options).unwrap();
        assert_eq!(report.recovered_segments.is_empty(), had_clean_shutdown);
        assert_eq!(log.log_end_offset(), 3);
        assert_eq!(log.read(0, 1 << 20, FetchIsolation::LogEnd, true).unwrap().records.read().unwrap(), all);
        assert_eq!(log.epochs().len(), 2);
        log.abandon().unwrap();
    }
}

#[test]
fn records_of_the_caller_are_left_as_they_are_while_the_file_has_their_offsets() {
    let dir = Dir::new("shared");
    let stamped = LogConfig { message_timestamp_type: TimestampType::LogAppendTime, ..LogConfig::default() };
    for (number, config) in [LogConfig::default(), stamped].into_iter().enumerate() {
        let options = LogOptions { now_ms: NOW, config: Arc::new(config), ..LogOptions::default() };
        let (log, _) = Log::open(OsFs, &dir.0.join(format!("t-{number}")), options).unwrap();
        let request: Arc<[u8]> = batch(&["a", "b"]).into();
        for _ in 0..2 {
            log.append_as_leader(&request, LeaderAppend::from_client(7), NOW + 5).unwrap();
        }
        let mut group = [GroupedAppend::new(&*request, LeaderAppend::from_client(7))];
        log.append_group_as_leader(&mut group, NOW + 5);
        assert_eq!(*request, *batch(&["a", "b"]));
        let bytes = log.read(0, 1 << 20, FetchIsolation::LogEnd, true).unwrap().records.read().unwrap();
        assert_eq!(bytes.len(), 3 * request.len());
        for (at, written) in bytes.chunks(request.len()).enumerate() {
            let batch = RecordBatch::parse(written).unwrap();
            let header = batch.header();
            assert!(batch.is_valid());
            assert_eq!((header.base_offset(), header.partition_leader_epoch()), (2 * at as i64, 7));
            assert_eq!(header.max_timestamp(), if number == 0 { NOW } else { NOW + 5 });
            assert_eq!(written[61..], request[61..]);
        }
    }
}
