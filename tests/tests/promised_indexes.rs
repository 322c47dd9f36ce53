//! A flush leaves out the indexes of the active segment, which each start after a crash rebuilds. Once the segment is sealed
//! no start does that any more: then they are on disk.

#![expect(clippy::unwrap_used, reason = "a log that fails where it must not fails the test")]

use std::path::Path;
use std::sync::Arc;

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::{Fs, read_whole};
use kafka_log::log::config::LogConfig;
use kafka_log::log::{LeaderAppend, Log, LogOptions};
use tests::sim::{Crash, SimFs};

const NOW: i64 = 1_700_000_000_000;
const DIR: &str = "/data/t-0";
const INDEXES: [&str; 2] = ["00000000000000000000.index", "00000000000000000000.timeindex"];

/// Where a directory of a partition is on disk.
fn disk() -> SimFs {
    let fs = SimFs::new(1);
    fs.create_dir_all(Path::new(DIR)).unwrap();
    ["/", "/data"].iter().for_each(|dir| fs.sync_dir(Path::new(dir)).unwrap());
    fs
}

fn open(fs: &SimFs, recovery_point: i64) -> Log<SimFs> {
    let config = LogConfig { index_interval_bytes: 100, ..LogConfig::default() };
    let options = LogOptions {
        config: Arc::new(config),
        now_ms: NOW,
        recovery_point,
        had_clean_shutdown: false,
        ..LogOptions::default()
    };
    Log::open(fs.clone(), Path::new(DIR), options).unwrap().0
}

fn append(log: &Log<SimFs>, count: i64) {
    for at in 0..count {
        let mut builder =
            RecordBatchBuilder::new(BatchFields { base_timestamp: Some(NOW + at), ..BatchFields::default() });
        builder.append(0, NOW + at, None, Some(&[7; 200]), &[]).unwrap();
        let mut batch = Vec::new();
        builder.finish(&mut Compressor::new(), &mut batch).unwrap();
        log.append_as_leader(&batch, LeaderAppend::from_client(0), NOW).unwrap();
    }
}

/// A log whose 20 batches are flushed.
fn flushed() -> (SimFs, Log<SimFs>) {
    let fs = disk();
    let log = open(&fs, 0);
    append(&log, 20);
    log.flush(false, NOW).unwrap();
    (fs, log)
}

fn indexes(fs: &SimFs) -> Vec<Option<Vec<u8>>> {
    INDEXES.iter().map(|name| read_whole(fs, &Path::new(DIR).join(name)).unwrap()).collect()
}

fn assert_survive(fs: &SimFs) {
    assert!(indexes(fs).iter().flatten().all(|bytes| bytes.len() > 100), "there are entries");
    assert!(indexes(&fs.crash(Crash::Synced, 1)) == indexes(fs), "a crash takes entries along");
}

#[test]
fn what_a_flush_leaves_out_a_start_makes_anew() {
    let (fs, log) = flushed();
    let crashed = fs.crash(Crash::Synced, 1);
    let again = open(&crashed, log.recovery_point());
    assert_eq!(again.log_end_offset(), 20);
    again.close().unwrap();
    log.close().unwrap();
    assert_eq!(indexes(&crashed), indexes(&fs));
    assert_eq!(indexes(&crashed)[0].as_ref().map(Vec::len), Some(19 * 8));
}

#[test]
fn what_a_flush_left_out_is_there_before_a_roll_ends() {
    let (fs, log) = flushed();
    assert_eq!(log.recovery_point(), 20);
    log.roll(None, NOW).unwrap();
    // Not even the flush that the roll asks for has run.
    assert_survive(&fs);
}

#[test]
fn what_was_appended_since_is_there_once_the_roll_s_flush_has_run() {
    let (fs, log) = flushed();
    append(&log, 20);
    log.roll(None, NOW).unwrap();
    assert_eq!(log.recovery_point(), 20, "the segment is recovered once more");
    log.run_due(NOW).unwrap();
    assert_eq!(log.recovery_point(), 40);
    assert_survive(&fs);
}
