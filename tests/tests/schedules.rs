//! One log used by several threads, under many schedules that `shuttle` draws: at every lock, atomic and call to the file
//! system another thread may go on. `SCHEDULES` sets how many, `SEED` which.
//!
//! Whatever is read is whole, and below what the reader may see; what a flush has answered for survives the loss of power;
//! no thread waits for ever.

#![expect(clippy::unwrap_used, reason = "a log that fails fails the test")]

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::sync::{Arc, Mutex};

use kafka_log::format::control::ControlRecordType;
use kafka_log::fs::{Fs, read_whole};
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::ProducerStateConfig;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::LogError;
use kafka_log::log::types::{AppendOrigin, FetchIsolation};
use kafka_log::log::{GroupedAppend, LeaderAppend, Log, LogOptions, LogStartOffsetReason, TimestampSpec};
use shuttle::scheduler::{PctScheduler, RandomScheduler};
use shuttle::thread::{self, JoinHandle};
use shuttle::{Config, Runner};
use tests::Random;
use tests::sim::make::{Maker, Producer};
use tests::sim::model::{ModelBatch, decode};
use tests::sim::{Crash, SimFs};

const DIR: &str = "/data/t-0";
const NOW_MS: i64 = 1_700_000_000_000;
/// Bytes of stack for each thread.
const STACK: usize = 1 << 20;
/// Threads that are held back at once by the scheduler that looks for rare orders.
const DEPTH: usize = 4;

struct Shared {
    fs: SimFs,
    log: Log<SimFs>,
    /// Compacted: offsets have gaps, and batches lose records.
    is_compacted: bool,
    /// Batches that readers got, by base offset.
    seen: Mutex<BTreeMap<i64, Vec<u8>>>,
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).map_or(default, |text| text.parse().unwrap())
}

/// Runs a scenario under half as many random schedules, and as many that hold some threads back for long.
fn explore(scenario: fn()) {
    let (seed, schedules) = (number("SEED", 1), number("SCHEDULES", 200) as usize);
    let config = || {
        let mut config = Config::new();
        config.stack_size = STACK;
        config
    };
    Runner::new(RandomScheduler::new_from_seed(seed, schedules / 2), config()).run(scenario);
    Runner::new(PctScheduler::new_from_seed(seed, DEPTH, schedules - schedules / 2), config()).run(scenario);
}

fn open(config: LogConfig, fs: &SimFs) -> Log<SimFs> {
    let options = LogOptions {
        config: Arc::new(config),
        producers: ProducerStateConfig { verification_enabled: false, ..ProducerStateConfig::default() },
        now_ms: NOW_MS,
        ..LogOptions::default()
    };
    Log::open(fs.clone(), Path::new(DIR), options).unwrap().0
}

fn new_log(config: LogConfig) -> Arc<Shared> {
    let fs = SimFs::new(1);
    fs.set_clock(NOW_MS);
    fs.create_dir_all(Path::new(DIR)).unwrap();
    fs.sync_dir(Path::new("/")).unwrap();
    fs.sync_dir(Path::new("/data")).unwrap();
    let is_compacted = config.compact;
    Arc::new(Shared { log: open(config, &fs), fs, is_compacted, seen: Mutex::default() })
}

fn spawn(shared: &Arc<Shared>, work: impl FnOnce(&Shared) + Send + 'static) -> JoinHandle<()> {
    let shared = Arc::clone(shared);
    thread::spawn(move || work(&shared))
}

/// Appends alone, then in a group, a transaction among them; the high watermark follows, at times into a batch.
fn append(shared: &Shared) {
    let (log, mut random, mut maker) = (&shared.log, Random::new(7), Maker::new());
    let keyed = (NOW_MS, shared.is_compacted);
    let terms = LeaderAppend::from_client(0);
    let batch = maker.data(&mut random, 0, 2, keyed, Producer::NONE, -1);
    let info = log.append_as_leader(&batch, terms, NOW_MS).unwrap();
    log.maybe_increment_high_watermark(info.last_offset).unwrap();
    let transactional = Producer { id: 11, epoch: 0, sequence: 0, is_transactional: true };
    let batches: Vec<_> = [transactional, Producer::NONE]
        .into_iter()
        .map(|producer| maker.data(&mut random, 0, 2, keyed, producer, -1))
        .collect();
    let mut group: Vec<_> = batches.into_iter().map(|records| GroupedAppend::new(records, terms)).collect();
    log.append_group_as_leader(&mut group, NOW_MS);
    for grouped in group {
        log.maybe_increment_high_watermark(grouped.answer.unwrap().unwrap().last_offset + 1).unwrap();
    }
    let marker = maker.marker(0, NOW_MS, (11, 0), (ControlRecordType::Abort, 0), -1);
    let coordinator = LeaderAppend { origin: AppendOrigin::Coordinator, transaction_version: 1, ..terms };
    let info = log.append_as_leader(&marker, coordinator, NOW_MS).unwrap();
    log.maybe_increment_high_watermark(info.last_offset + 1).unwrap();
}

/// Reads from a few places, each time what an isolation allows.
fn read(shared: &Shared, isolation: FetchIsolation) {
    let (log, mut random) = (&shared.log, Random::new(isolation as u64 + 1));
    for _ in 0..3 {
        let start = log.log_start_offset();
        let offset = start + random.below(4) as i64;
        let found = match log.read(offset, [1, 200, 1 << 20][random.below(3)], isolation, true) {
            Ok(found) => found,
            // Past the end as yet, or the log start has moved.
            Err(LogError::OffsetOutOfRange { .. }) => continue,
            Err(error) => unreachable!("read at {offset}: {error}"),
        };
        let bytes = found.records.read().unwrap();
        assert_eq!(bytes.len(), found.records.len(), "a slice at {offset} has all its bytes");
        let (batches, _) = decode(&bytes).unwrap_or_else(|error| unreachable!("read at {offset}: {error}"));
        // None of these ever goes back here.
        let limit = match isolation {
            FetchIsolation::LogEnd => log.log_end_offset(),
            FetchIsolation::HighWatermark => log.high_watermark(),
            FetchIsolation::TxnCommitted => log.last_stable_offset(),
        };
        let mut next = offset;
        for batch in &batches {
            assert!(batch.last_offset < limit, "{isolation:?} sees {}, though the limit is {limit}", batch.last_offset);
            let follows = batch.base_offset <= next || shared.is_compacted;
            assert!(follows && batch.last_offset >= next, "{} in a read at {offset}", batch.base_offset);
            next = batch.last_offset + 1;
        }
        shared.seen.lock().unwrap().extend(batches.iter().map(|batch| (batch.base_offset, batch.bytes.clone())));
    }
}

/// The batches in the files of live segments, in order.
fn batches_in(fs: &SimFs) -> Vec<Arc<ModelBatch>> {
    let mut names: Vec<_> = fs.read_dir(Path::new(DIR)).unwrap().into_iter().map(|entry| entry.name).collect();
    names.retain(|name| name.ends_with(".log"));
    names.sort();
    let files = names.iter().map(|name| read_whole(fs, &Path::new(DIR).join(name)).unwrap().unwrap());
    files.flat_map(|bytes| tests::sim::model::whole(&bytes)).collect()
}

/// Flushes, and looks what would be there if the power failed now.
fn flush(shared: &Shared, up_to: bool) {
    let log = &shared.log;
    for _ in 0..2 {
        let end = log.log_end_offset();
        if up_to {
            log.flush_up_to_exclusive(end, NOW_MS).unwrap()
        } else {
            log.flush(false, NOW_MS).unwrap()
        }
        assert!(log.recovery_point() >= end, "recovery point {} after a flush of {end}", log.recovery_point());
        let left = batches_in(&shared.fs.crash(Crash::Synced, 0));
        if shared.is_compacted {
            assert!(left.last().is_some_and(|last| last.last_offset + 1 >= end), "{end} was flushed");
            continue;
        }
        let start = log.log_start_offset();
        let mut next = start;
        for batch in left.iter().filter(|batch| batch.last_offset >= start) {
            assert!(batch.base_offset <= next, "{next} was flushed, and is gone");
            next = batch.last_offset + 1;
        }
        assert!(next >= end, "{end} was flushed, and only what is below {next} is there");
    }
}

fn roll(shared: &Shared) {
    shared.log.roll(None, NOW_MS).unwrap();
    shared.log.run_due(NOW_MS).unwrap();
    shared.log.release_idle().unwrap();
}

/// Deletes records below the high watermark, and the segments that have no others.
fn retain(shared: &Shared) {
    let log = &shared.log;
    let to = log.high_watermark();
    log.maybe_increment_log_start_offset(to, LogStartOffsetReason::ClientRecordDeletion, NOW_MS).unwrap();
    log.delete_old_segments(NOW_MS).unwrap();
    log.run_due(NOW_MS).unwrap();
}

fn clean(shared: &Shared) {
    let mut cleaner = Cleaner::new(CleanerConfig { dedupe_buffer_bytes: 24 * 64, ..CleanerConfig::default() });
    let to_clean = shared.log.log_to_clean(None, NOW_MS).unwrap();
    cleaner.clean(&shared.log, &to_clean, &(), NOW_MS).unwrap();
    shared.log.run_due(NOW_MS).unwrap();
}

/// What must hold when all are done: readers got what is in the log, no file was misused, and the log opens as it was.
fn finish(shared: Arc<Shared>, config: LogConfig, threads: Vec<JoinHandle<()>>) {
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let shared = Arc::into_inner(shared).unwrap();
    let (start, end) = (shared.log.log_start_offset(), shared.log.log_end_offset());
    let left: BTreeMap<_, _> = batches_in(&shared.fs).iter().map(|b| (b.base_offset, b.bytes.clone())).collect();
    if !shared.is_compacted {
        for (base, bytes) in shared.seen.lock().unwrap().iter() {
            assert!(left.get(base).is_none_or(|left| left == bytes), "a reader got something else at {base}");
        }
    }
    // Flushed is flushed, whatever was cut and appended again while a flush was on its way.
    let flushed_to = shared.log.recovery_point();
    let below = |fs: &SimFs| -> Vec<_> {
        batches_in(fs).into_iter().filter(|batch| batch.last_offset < flushed_to).map(|b| b.bytes.clone()).collect()
    };
    assert!(below(&shared.fs.crash(Crash::Synced, 0)) == below(&shared.fs), "not all below {flushed_to} is durable");
    shared.log.flush(true, NOW_MS).unwrap();
    assert_eq!(shared.fs.complaints(), [""; 0]);
    let fs = shared.fs.crash(Crash::Synced, 0);
    drop(shared);
    let reopened = Log::open(
        fs,
        Path::new(DIR),
        LogOptions {
            config: Arc::new(config),
            log_start_offset: start,
            had_clean_shutdown: false,
            now_ms: NOW_MS,
            ..LogOptions::default()
        },
    );
    let (log, _) = reopened.unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (start, end));
}

fn small() -> LogConfig {
    LogConfig {
        segment_bytes: 600,
        index_interval_bytes: 0,
        file_delete_delay_ms: 0,
        retention_ms: -1,
        ..LogConfig::default()
    }
}

fn compacted() -> LogConfig {
    LogConfig { compact: true, delete: false, delete_retention_ms: 0, ..small() }
}

const ISOLATIONS: [FetchIsolation; 3] =
    [FetchIsolation::LogEnd, FetchIsolation::HighWatermark, FetchIsolation::TxnCommitted];

#[test]
fn appends_reads_flushes_a_roll_and_retention_get_along_in_every_order() {
    explore(|| {
        let shared = new_log(small());
        append_some(&shared, 2);
        let mut threads = vec![spawn(&shared, append), spawn(&shared, roll), spawn(&shared, retain)];
        threads.extend(ISOLATIONS.map(|isolation| spawn(&shared, move |shared| read(shared, isolation))));
        threads.extend([true, false].map(|up_to| spawn(&shared, move |shared| flush(shared, up_to))));
        finish(shared, small(), threads);
    });
}

#[test]
fn a_cleaner_takes_segments_from_under_readers_in_every_order() {
    explore(|| {
        let shared = new_log(compacted());
        append_some(&shared, 6);
        let mut threads = vec![spawn(&shared, append), spawn(&shared, clean), spawn(&shared, roll)];
        threads.extend(ISOLATIONS.map(|isolation| spawn(&shared, move |shared| read(shared, isolation))));
        threads.push(spawn(&shared, |shared| flush(shared, false)));
        finish(shared, compacted(), threads);
    });
}

/// Look-ups read through a view of the file, which must not be cut under them, and never find what is gone.
#[test]
fn look_ups_get_along_with_truncations_in_every_order() {
    explore(|| look_up_beside_truncations(1 << 20, 6));
}

/// A truncation removes the later segments before it cuts the one that is left: no read continues in one of those.
#[test]
fn look_ups_do_not_jump_over_what_is_cut() {
    explore(|| look_up_beside_truncations(700, 3));
}

/// Cuts at `to` and appends, and meanwhile flushes, and looks for what goes and for what stays.
fn look_up_beside_truncations(segment_bytes: i32, to: i64) {
    let config = move || LogConfig { index_interval_bytes: 250, segment_bytes, ..small() };
    let shared = new_log(config());
    append_some(&shared, 6);
    let look_up = move |shared: &Shared| {
        for offset in [to + 1, 0, to + 4] {
            match shared.log.read(offset, 1, FetchIsolation::LogEnd, true) {
                Ok(found) if found.records.is_empty() => {}
                Ok(found) => {
                    let base = found.offset_metadata.message_offset;
                    assert!(base <= offset && offset - base < 3, "a batch at {base} for offset {offset}");
                }
                Err(LogError::OffsetOutOfRange { .. }) => {}
                Err(error) => unreachable!("look-up of {offset}: {error}"),
            }
        }
    };
    let look_up_times = |shared: &Shared| {
        for spec in [TimestampSpec::At(NOW_MS), TimestampSpec::Max, TimestampSpec::At(NOW_MS + 1)] {
            shared.log.offset_for_timestamp(spec, FetchIsolation::LogEnd).unwrap();
        }
    };
    let cut = move |shared: &Shared| {
        for _ in 0..2 {
            shared.log.truncate_to(to, NOW_MS).unwrap();
            append_some(shared, 1);
        }
    };
    let flush = |shared: &Shared| {
        shared.log.flush(false, NOW_MS).unwrap();
        // By the time it begins the log may end below.
        let end = shared.log.log_end_offset();
        shared.log.flush_up_to_exclusive(end, NOW_MS).unwrap();
    };
    let mut threads = vec![spawn(&shared, look_up), spawn(&shared, look_up), spawn(&shared, look_up_times)];
    threads.extend([spawn(&shared, cut), spawn(&shared, flush)]);
    finish(shared, config(), threads);
}

/// Batches that are there from the beginning, below the high watermark.
fn append_some(shared: &Shared, count: usize) {
    let (mut random, mut maker) = (Random::new(3), Maker::new());
    for _ in 0..count {
        let batch = maker.data(&mut random, 0, 3, (NOW_MS, shared.is_compacted), Producer::NONE, -1);
        let info = shared.log.append_as_leader(&batch, LeaderAppend::from_client(0), NOW_MS).unwrap();
        shared.log.update_high_watermark(info.last_offset + 1).unwrap();
    }
}
