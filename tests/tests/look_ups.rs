//! Look-ups by offset: the same answer the first time, when the log remembers it, and after batches were cut or added.

#![expect(clippy::unwrap_used, reason = "a log that fails where it must not fails the test")]

use std::path::Path;
use std::sync::Arc;

use kafka_log::fs::Fs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{LeaderAppend, Log, LogOptions};
use tests::Random;
use tests::sim::SimFs;
use tests::sim::make::{Maker, Producer};

const NOW: i64 = 1_700_000_000_000;
const DIR: &str = "/t-0";

/// A log, and base and last offset of each of its batches.
struct Filled {
    fs: SimFs,
    log: Log<SimFs>,
    batches: Vec<(i64, i64)>,
}

impl Filled {
    fn new() -> Self {
        let fs = SimFs::new(1);
        fs.create_dir_all(Path::new(DIR)).unwrap();
        let config = LogConfig { index_interval_bytes: 300, ..LogConfig::default() };
        let options = LogOptions { config: Arc::new(config), now_ms: NOW, ..LogOptions::default() };
        let (log, _) = Log::open(fs.clone(), Path::new(DIR), options).unwrap();
        Filled { fs, log, batches: Vec::new() }
    }

    /// Appends batches of so many records each: with a few some lie between two index entries, with hundreds each has one of its own.
    fn append(&mut self, batches: usize, records: i64) {
        let (mut random, mut maker) = (Random::new(5), Maker::new());
        for _ in 0..batches {
            let batch = maker.data(&mut random, 0, records, (NOW, false), Producer::NONE, -1);
            let info = self.log.append_as_leader(&batch, LeaderAppend::from_client(0), NOW).unwrap();
            self.batches.push((info.first_offset, info.last_offset));
        }
    }

    fn truncate_to(&mut self, offset: i64) {
        self.log.truncate_to(offset, NOW).unwrap();
        self.batches.retain(|&(_, last)| last < offset);
    }

    /// Each offset is in its batch, also the second time.
    fn check(&self) {
        for _ in 0..2 {
            for &(base, last) in &self.batches {
                for offset in base..=last {
                    let found = self.log.read(offset, 1, FetchIsolation::LogEnd, true).unwrap();
                    assert_eq!(found.offset_metadata.message_offset, base, "offset {offset}");
                }
            }
        }
    }

    /// Calls that read, in a look-up of each batch that has index entries before and after its own.
    fn reads(&self) -> u64 {
        let before = self.fs.reads();
        for &(base, _) in &self.batches[2..self.batches.len() - 1] {
            self.log.read(base, 1, FetchIsolation::LogEnd, true).unwrap();
        }
        self.fs.reads() - before
    }
}

#[test]
fn a_look_up_finds_the_batch_with_the_offset_through_appends_and_truncations() {
    for records in [3, 400] {
        let mut filled = Filled::new();
        filled.append(20, records);
        filled.check();
        filled.append(10, records);
        filled.check();
        filled.truncate_to(11 * records);
        filled.check();
        // Others, in the places of those that were cut.
        filled.append(15, records + 1);
        filled.check();
        filled.log.release_idle().unwrap();
        filled.check();
        assert_eq!(filled.fs.complaints(), [""; 0]);
    }
}

#[test]
fn a_long_batch_that_was_looked_up_before_is_found_without_a_read() {
    let mut filled = Filled::new();
    filled.append(20, 400);
    // Some batches are compressed, and too short for it.
    let (first, again) = (filled.reads(), filled.reads());
    assert!(first >= 17 && again < first / 2, "{first} calls the first time, {again} the second time");
    filled.truncate_to(10 * 400);
    filled.append(10, 400);
    let (first, again) = (filled.reads(), filled.reads());
    assert!(again < first / 2, "{first} calls after a truncation, {again} the second time");
}
