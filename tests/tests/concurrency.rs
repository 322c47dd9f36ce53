//! One log used by many threads at once: an appender, readers, a cutter, retention, flushes, the cleaner. Whatever a reader gets
//! below the high watermark is whole, valid and in order. `CONCURRENCY_MS` sets how long each test runs.

#![expect(clippy::unwrap_used, reason = "a log that fails fails the test")]

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, process, thread};

use kafka_log::format::batch::RecordBatch;
use kafka_log::fs::OsFs;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::LogError;
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{LeaderAppend, Log, LogOptions, LogStartOffsetReason, TimestampSpec};
use kafka_log::segment::batch::Batches;
use tests::Random;
use tests::sim::make::{Maker, Producer};

const NOW_MS: i64 = 1_700_000_000_000;

struct Shared {
    log: Log,
    stop: AtomicBool,
    now_ms: AtomicI64,
    appends: AtomicU64,
    reads: AtomicU64,
    /// Compacted: offsets have gaps.
    has_gaps: bool,
    /// Held while the high watermark moves, and while the log is cut above it.
    watermark: Mutex<()>,
}

impl Shared {
    fn now_ms(&self) -> i64 {
        self.now_ms.fetch_add(1, Ordering::Relaxed)
    }

    fn goes_on(&self) -> bool {
        !self.stop.load(Ordering::Relaxed)
    }
}

struct Dir(PathBuf);

impl Drop for Dir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Appends, and moves the high watermark to somewhere near the end.
fn append(shared: &Shared, seed: u64) {
    let (mut random, mut maker) = (Random::new(seed), Maker::new());
    while shared.goes_on() {
        let now_ms = shared.now_ms();
        let count = 1 + random.below(4) as i64;
        let batch = maker.data(&mut random, 0, count, (now_ms, shared.has_gaps), Producer::NONE, -1);
        let info = shared.log.append_as_leader(&batch, LeaderAppend::from_client(0), now_ms).unwrap();
        shared.appends.fetch_add(1, Ordering::Relaxed);
        let behind = random.below(8) as i64;
        // It never goes back: what is below it stays.
        let _held = shared.watermark.lock().unwrap();
        let to = (info.last_offset + 1 - behind).max(0);
        match shared.log.maybe_increment_high_watermark(to) {
            // Cut off since.
            Ok(_) | Err(LogError::IllegalArgument(_)) => {}
            Err(error) => unreachable!("high watermark {to}: {error}"),
        }
    }
}

/// Reads somewhere, and looks at every batch.
fn read(shared: &Shared, seed: u64) {
    let (log, mut random) = (&shared.log, Random::new(seed));
    while shared.goes_on() {
        let (start, limit) = (log.log_start_offset(), log.high_watermark());
        if limit <= start {
            thread::yield_now();
            continue;
        }
        let offset = start + random.below((limit - start) as usize) as i64;
        let max = [1, 500, 5000, 1 << 20][random.below(4)];
        let found = match log.read(offset, max, FetchIsolation::HighWatermark, true) {
            Ok(found) => found,
            Err(LogError::OffsetOutOfRange { .. }) => {
                let start = log.log_start_offset();
                assert!(offset < start, "{offset} is out of range, though the log starts at {start}");
                continue;
            }
            Err(error) => unreachable!("read at {offset}: {error}"),
        };
        let bytes = found.records.read().unwrap();
        assert_eq!(bytes.len(), found.records.len(), "a slice at {offset} has all its bytes");
        check(shared, &bytes, offset, limit);
        if random.below(16) == 0 {
            log.offset_for_timestamp(TimestampSpec::At(NOW_MS + random.below(5000) as i64), FetchIsolation::LogEnd)
                .unwrap();
        }
        shared.reads.fetch_add(1, Ordering::Relaxed);
    }
}

fn check(shared: &Shared, bytes: &[u8], offset: i64, limit: i64) {
    let mut expected = None;
    for batch in Batches::new(bytes) {
        let batch = RecordBatch::parse(batch.unwrap().as_bytes()).unwrap();
        let header = batch.header();
        let (base, last) = (header.base_offset(), header.last_offset());
        assert!(batch.is_valid(), "the batch at {base}, read from {offset} on");
        let is_next = match expected {
            None => shared.has_gaps && last >= offset || (base..=last).contains(&offset),
            Some(expected) => base == expected || shared.has_gaps && base > expected,
        };
        assert!(is_next, "{base}..{last} in a read at {offset}, where {expected:?} was expected");
        expected = Some(last + 1);
    }
    let is_gone = offset < shared.log.log_start_offset();
    // A high watermark in the middle of a batch hides that batch.
    let is_hidden = offset + 5 > limit;
    assert!(expected.is_some() || is_gone || is_hidden || shared.has_gaps, "nothing at {offset}, limit {limit}");
}

/// Cuts what the high watermark has not passed.
fn cut(shared: &Shared) {
    while shared.goes_on() {
        let held = shared.watermark.lock().unwrap();
        let end = shared.log.log_end_offset();
        if shared.log.high_watermark() + 8 < end {
            // At the start of a batch: cut in the middle it would leave a gap.
            let last = shared.log.read(end - 1, 1, FetchIsolation::LogEnd, true).unwrap().offset_metadata;
            shared.log.truncate_to(last.message_offset, shared.now_ms()).unwrap();
        }
        drop(held);
        thread::sleep(Duration::from_millis(2));
    }
}

/// Deletes old records and old segments.
fn retain(shared: &Shared, kept: i64) {
    while shared.goes_on() {
        let (log, now_ms) = (&shared.log, shared.now_ms());
        let to = log.high_watermark() - kept;
        if to > log.log_start_offset() {
            log.maybe_increment_log_start_offset(to, LogStartOffsetReason::ClientRecordDeletion, now_ms).unwrap();
        }
        log.delete_old_segments(now_ms).unwrap();
        thread::sleep(Duration::from_millis(3));
    }
}

fn flush(shared: &Shared, seed: u64) {
    let mut random = Random::new(seed);
    while shared.goes_on() {
        let now_ms = shared.now_ms();
        match random.below(4) {
            0 => shared.log.run_due(now_ms).unwrap(),
            1 => shared.log.release_idle().unwrap(),
            2 => drop(shared.log.roll(None, now_ms)),
            _ => shared.log.flush(false, now_ms).unwrap(),
        }
        thread::sleep(Duration::from_millis(1));
    }
}

fn clean(shared: &Shared) {
    let mut cleaner = Cleaner::new(CleanerConfig { dedupe_buffer_bytes: 1 << 20, ..CleanerConfig::default() });
    let mut checkpoint = None;
    while shared.goes_on() {
        let now_ms = shared.now_ms();
        let to_clean = shared.log.log_to_clean(checkpoint, now_ms).unwrap();
        if to_clean.needs_cleaning(0.0) {
            checkpoint = Some(cleaner.clean(&shared.log, &to_clean, &(), now_ms).unwrap().end_offset);
        }
        thread::sleep(Duration::from_millis(2));
    }
}

fn run(name: &str, config: LogConfig, has_gaps: bool, others: &[&(dyn Fn(&Shared) + Sync)]) {
    let dir = Dir(env::temp_dir().join(format!("kafka-log-{name}-{}", process::id())));
    let options = LogOptions { config: Arc::new(config), now_ms: NOW_MS, ..LogOptions::default() };
    let (log, _) = Log::open(OsFs, &dir.0.join("t-0"), options).unwrap();
    let shared = Shared {
        log,
        stop: AtomicBool::new(false),
        now_ms: AtomicI64::new(NOW_MS),
        appends: AtomicU64::new(0),
        reads: AtomicU64::new(0),
        has_gaps,
        watermark: Mutex::new(()),
    };
    let ms = env::var("CONCURRENCY_MS").map_or(1500, |ms| ms.parse().unwrap());
    thread::scope(|scope| {
        let shared = &shared;
        let mut threads = vec![scope.spawn(move || append(shared, 1))];
        threads.extend((0..3).map(|reader| scope.spawn(move || read(shared, 2 + reader))));
        threads.extend(others.iter().map(|other| scope.spawn(move || other(shared))));
        let until = Instant::now() + Duration::from_millis(ms);
        while Instant::now() < until && !threads.iter().any(|thread| thread.is_finished()) {
            thread::sleep(Duration::from_millis(5));
        }
        shared.stop.store(true, Ordering::Relaxed);
    });
    let (appends, reads) = (shared.appends.into_inner(), shared.reads.into_inner());
    println!("{name}: {appends} appends, {reads} reads, {} segments", shared.log.segments().len());
    assert!(appends > 10 && reads > 10);
}

fn small() -> LogConfig {
    LogConfig {
        segment_bytes: 8000,
        index_interval_bytes: 300,
        file_delete_delay_ms: 1,
        retention_ms: -1,
        ..LogConfig::default()
    }
}

#[test]
fn readers_see_whole_batches_while_others_append_cut_delete_and_flush() {
    run("threads", small(), false, &[&cut, &|shared| retain(shared, 500), &|shared| flush(shared, 9)]);
}

#[test]
fn readers_see_whole_batches_while_a_log_is_cleaned() {
    let config = LogConfig { compact: true, delete: false, delete_retention_ms: 0, ..small() };
    run("cleaned", config, true, &[&clean, &|shared| flush(shared, 9)]);
}
