//! What a round leaves, and what others may do meanwhile.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use kafka_log::compression::Compressor;
use kafka_log::format::builder::{BatchFields, RecordBatchBuilder};
use kafka_log::fs::{Fs, FsFile, OpenMode};
use kafka_log::internal::{Cleaner, CleanerConfig, CleanerHooks};
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::LogError;
use kafka_log::log::{LeaderAppend, Log};
use tests::sim::SimFs;

use crate::support::{DIR, NOW, RECORDS, clean, compacted, filled, options, read_all, record};

#[test]
fn a_round_keeps_the_last_record_of_each_key() {
    let (log, records) = filled(&SimFs::new(1));
    let segments = log.segments().len();
    assert!(segments > 10, "{segments}");
    assert_eq!(clean(&log), Ok(RECORDS));
    assert_eq!(read_all(&log), compacted(&records));
    assert!(log.segments().len() < segments);
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (0, RECORDS));
}

/// Counts bytes and gives up after so many looks.
struct Patience {
    bytes: AtomicU64,
    looks_left: AtomicU64,
}

impl Patience {
    fn new(looks: u64) -> Self {
        Patience { bytes: AtomicU64::new(0), looks_left: AtomicU64::new(looks) }
    }
}

impl CleanerHooks for Patience {
    fn is_aborted(&self) -> bool {
        self.looks_left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err()
    }

    fn throttle(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

fn small_cleaner() -> Cleaner {
    Cleaner::new(CleanerConfig { dedupe_buffer_bytes: 24 * 100, ..CleanerConfig::default() })
}

#[test]
fn a_round_that_is_aborted_leaves_a_log_without_traces_and_the_next_one_does_all() {
    let (whole, records) = filled(&SimFs::new(1));
    let all_bytes = {
        let patience = Patience::new(u64::MAX);
        let dirty = whole.log_to_clean(None, NOW).unwrap();
        small_cleaner().clean(&whole, &dirty, &patience, NOW).unwrap();
        patience.bytes.into_inner()
    };
    assert!(all_bytes > 2 * RECORDS as u64 * 70, "both passes read everything: {all_bytes}");
    let mut cleaner = small_cleaner();
    for looks in 0.. {
        let fs = SimFs::new(1);
        let (log, _) = filled(&fs);
        let dirty = log.log_to_clean(None, NOW).unwrap();
        let cleaned = cleaner.clean(&log, &dirty, &Patience::new(looks), NOW);
        let names = fs.read_dir(Path::new(DIR)).unwrap();
        assert!(names.iter().all(|entry| !entry.name.ends_with(".cleaned")), "{names:?}");
        let found = read_all(&log);
        assert!(compacted(&records).iter().all(|record| found.contains(record)));
        if cleaned.is_ok() {
            assert!(looks > 10, "{looks}");
            break;
        }
        assert!(matches!(cleaned, Err(LogError::CleaningAborted)), "{cleaned:?}");
        cleaner.clean(&log, &dirty, &(), NOW).unwrap();
        assert_eq!(read_all(&log), compacted(&records));
    }
}

#[test]
fn appends_and_reads_go_on_beside_a_round() {
    let fs = SimFs::new(1);
    let (log, records) = filled(&fs);
    let wanted = compacted(&records);
    let is_done = AtomicBool::new(false);
    let appended = std::thread::scope(|scope| {
        let appending = scope.spawn(|| {
            let mut appended = 0;
            while !is_done.load(Ordering::Acquire) || appended < 10 {
                let bytes = record(0, "other", "value");
                log.append_as_leader(&bytes, LeaderAppend::from_client(0), NOW).unwrap();
                appended += 1;
            }
            appended
        });
        let reading = scope.spawn(|| {
            while !is_done.load(Ordering::Acquire) {
                let found = read_all(&log);
                assert!(found.is_sorted_by_key(|record| record.0));
                assert!(wanted.iter().all(|record| found.contains(record)));
            }
        });
        assert_eq!(clean(&log), Ok(RECORDS));
        is_done.store(true, Ordering::Release);
        reading.join().unwrap();
        appending.join().unwrap()
    });
    let found = read_all(&log);
    assert_eq!(found.len(), wanted.len() + appended);
    assert_eq!(found[..wanted.len()], wanted);
}

#[test]
fn what_is_not_stable_or_too_young_stays_as_it_is() {
    let (log, records) = filled(&SimFs::new(1));
    let lag = |min_compaction_lag_ms| {
        let config = LogConfig { min_compaction_lag_ms, ..(*log.config()).clone() };
        log.update_config(Arc::new(config));
        log.log_to_clean(None, NOW + RECORDS).unwrap()
    };
    // Timestamps are NOW plus the offset; the segments have five records each.
    assert_eq!(lag(0).first_uncleanable_offset, RECORDS);
    assert_eq!(lag(21).first_uncleanable_offset, RECORDS - 20);
    assert!(!lag(RECORDS + 1).needs_cleaning(0.0));
    lag(21);
    let dirty = log.log_to_clean(Some(13), NOW + RECORDS).unwrap();
    assert_eq!((dirty.first_dirty_offset, dirty.first_uncleanable_offset), (13, RECORDS - 20));
    let cleaned = small_cleaner().clean(&log, &dirty, &(), NOW).unwrap();
    assert_eq!(cleaned.end_offset, RECORDS - 20);
    let tail = records.iter().filter(|record| record.0 >= RECORDS - 20);
    let found = read_all(&log);
    assert!(tail.clone().all(|record| found.contains(record)), "above the bound nothing goes");
    // Keys that are only below the first dirty offset are not known to the round.
    let known: Vec<_> = records.iter().filter(|record| (13..RECORDS - 20).contains(&record.0)).collect();
    for record in &records[..13] {
        let is_kept = !known.iter().any(|later| later.1 == record.1);
        assert_eq!(found.contains(record), is_kept, "{record:?}");
    }
}

#[test]
fn a_checkpoint_outside_of_the_log_is_set_to_its_start() {
    let (log, _) = filled(&SimFs::new(1));
    for (checkpoint, is_forced) in [(None, false), (Some(-1), true), (Some(RECORDS + 1), true), (Some(0), false)] {
        let dirty = log.log_to_clean(checkpoint, NOW).unwrap();
        assert_eq!((dirty.first_dirty_offset, dirty.force_update_checkpoint), (0, is_forced), "{checkpoint:?}");
    }
    let clean = log.log_to_clean(Some(RECORDS), NOW).unwrap();
    assert_eq!((clean.cleanable_bytes, clean.clean_bytes), (0, log.size()));
    assert!(!clean.needs_cleaning(0.0));
}

#[test]
fn a_segment_whose_offsets_do_not_fit_is_split_and_cleaned_in_the_next_round() {
    let fs = SimFs::new(1);
    let far = i64::from(i32::MAX) + 10;
    fs.create_dir_all(Path::new(DIR)).unwrap();
    let mut bytes = Vec::new();
    for offset in [0, 1, far, far + 1] {
        let mut builder = RecordBatchBuilder::new(BatchFields { base_offset: offset, ..BatchFields::default() });
        builder.append(offset, NOW, Some(format!("k{}", offset % 2).as_bytes()), Some(b"v"), &[]).unwrap();
        builder.finish(&mut Compressor::new(), &mut bytes).unwrap();
    }
    let name = |name: &str| Path::new(DIR).join(name);
    let file = fs.open(&name("00000000000000000000.log"), OpenMode::CreateNew).unwrap();
    file.write_all_at(&bytes, 0).unwrap();
    fs.open(&name("00000000000000000000.index"), OpenMode::CreateNew).unwrap();
    let (log, _) = Log::open(fs.clone(), Path::new(DIR), options(far + 2, true)).unwrap();
    log.roll(None, NOW).unwrap();
    log.update_high_watermark(far + 2).unwrap();
    let before = read_all(&log);
    assert_eq!(clean(&log), Err("cleaning was aborted".to_owned()));
    let bases: Vec<_> = log.segments().iter().map(|segment| segment.base_offset()).collect();
    assert_eq!(bases, [0, far, far + 2]);
    assert_eq!(read_all(&log), before);
    assert_eq!(clean(&log), Ok(far + 2));
    assert_eq!(read_all(&log), compacted(&before));
}
