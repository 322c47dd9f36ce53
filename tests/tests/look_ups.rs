//! Look-ups through maps of log files: they find what is there, and the maps go when they must.

#![expect(clippy::unwrap_used, reason = "a log that fails where it must not fails the test")]

use std::path::Path;
use std::sync::Arc;

use kafka_log::fs::Fs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{LeaderAppend, Log, LogOptions};
use tests::hostile::mutate::Random;
use tests::sim::SimFs;
use tests::sim::make::{Maker, Producer};

const NOW: i64 = 1_700_000_000_000;
const DIR: &str = "/t-0";

fn open(fs: &SimFs, map_for_look_ups_from: Option<u32>) -> Log<SimFs> {
    let config = LogConfig { index_interval_bytes: 300, ..LogConfig::default() };
    let options = LogOptions { config: Arc::new(config), map_for_look_ups_from, now_ms: NOW, ..LogOptions::default() };
    Log::open(fs.clone(), Path::new(DIR), options).unwrap().0
}

fn append(log: &Log<SimFs>, batches: usize) {
    let (mut random, mut maker) = (Random(5), Maker::new());
    for _ in 0..batches {
        let mut batch = maker.data(&mut random, 0, 3, (NOW, false), Producer::NONE, -1);
        log.append_as_leader(&mut batch, LeaderAppend::from_client(0), NOW).unwrap();
    }
}

fn base_offsets(log: &Log<SimFs>) -> Vec<i64> {
    (0..log.log_end_offset())
        .map(|offset| log.read(offset, 1, FetchIsolation::LogEnd, true).unwrap().offset_metadata.message_offset)
        .collect()
}

fn filled(map_for_look_ups_from: Option<u32>) -> (SimFs, Log<SimFs>) {
    let fs = SimFs::new(1);
    fs.create_dir_all(Path::new(DIR)).unwrap();
    let log = open(&fs, map_for_look_ups_from);
    append(&log, 40);
    (fs, log)
}

#[test]
fn a_map_shows_what_reads_show_also_of_what_is_appended_later() {
    let ((fs, mapped), (_, read)) = (filled(Some(0)), filled(None));
    for _ in 0..3 {
        assert_eq!(base_offsets(&mapped), base_offsets(&read));
        assert_eq!(fs.views(), 1);
        [&mapped, &read].into_iter().for_each(|log| append(log, 25));
    }
    for log in [&mapped, &read] {
        log.truncate_to(31, NOW).unwrap();
        append(log, 9);
    }
    assert_eq!(base_offsets(&mapped), base_offsets(&read));
    assert_eq!(fs.complaints(), [""; 0]);
}

#[test]
fn no_map_outlives_what_it_is_good_for() {
    let (fs, log) = filled(Some(0));
    let looked_up = || {
        base_offsets(&log);
        assert_eq!(fs.views(), 1, "a look-up in a segment of short batches makes a map");
    };
    looked_up();
    log.release_idle().unwrap();
    assert_eq!(fs.views(), 0, "idle");
    looked_up();
    log.truncate_to(30, NOW).unwrap();
    assert_eq!(fs.views(), 0, "cut");
    looked_up();
    log.close().unwrap();
    assert_eq!(fs.views(), 0, "closed");

    let log = open(&fs, Some(0));
    base_offsets(&log);
    assert_eq!(fs.views(), 1);
    log.abandon().unwrap();
    assert_eq!(fs.views(), 0, "abandoned");
    assert_eq!(fs.complaints(), [""; 0]);
}

#[test]
fn small_segments_and_logs_without_the_option_have_no_map() {
    for from in [None, Some(1 << 20)] {
        let (fs, log) = filled(from);
        base_offsets(&log);
        assert_eq!(fs.views(), 0);
    }
}
