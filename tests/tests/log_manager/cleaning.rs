use std::fs;

use kafka_log::fs::OsFs;
use kafka_log::internal::{Cleaner, CleanerConfig};
use kafka_log::log::Log;
use kafka_log::log::config::LogConfig;
use kafka_log::manager::{CleaningOutcome, LogManager};

use crate::support::*;

pub(crate) fn cleaner() -> Cleaner {
    Cleaner::new(CleanerConfig { dedupe_buffer_bytes: 1024 * 1024, ..CleanerConfig::default() })
}

fn compacting() -> LogConfig {
    LogConfig { compact: true, delete: false, ..small_segments() }
}

/// Which partition a round cleaned.
fn clean(manager: &LogManager) -> Option<String> {
    match manager.clean_filthiest_log(&mut cleaner(), &(), NOW) {
        CleaningOutcome::Cleaned { partition, .. } => Some(partition.to_string()),
        CleaningOutcome::NothingToDo => None,
        other => panic!("{other:?}"),
    }
}

fn overwrite(log: &Log, count: usize) {
    for round in 0..count {
        append_record(log, "one", &format!("round {round}"));
    }
}

#[test]
fn the_dirtiest_log_comes_first_and_each_only_when_dirty_enough() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start_on(OsFs, &dirs, compacting());
    let (some, more) = (create(&manager, &tp("some", 0)), create(&manager, &tp("more", 0)));
    overwrite(&some, 30);
    overwrite(&more, 30);
    // Both are all dirty: whichever comes first, the other is next.
    let mut both = [clean(&manager).unwrap(), clean(&manager).unwrap()];
    both.sort();
    assert_eq!(both, ["more-0", "some-0"]);
    assert_eq!(clean(&manager), None);
    assert!(records(&some).len() < 12);
    assert_eq!(records(&some).last().unwrap().2, "round 29");
    overwrite(&some, 30);
    overwrite(&more, 90);
    assert_eq!(clean(&manager).as_deref(), Some("more-0"));
    assert_eq!(clean(&manager).as_deref(), Some("some-0"));
    let lines = checkpoint(&dirs[0], "cleaner-offset-checkpoint");
    assert_eq!(lines.len(), 2);
    let first_dirty = manager.cleaner_offset(&tp("more", 0)).unwrap();
    assert_eq!(lines[0], format!("more 0 {first_dirty}"));
    drop((some, more));
    stop(manager);
    let (manager, _) = start_on(OsFs, &dirs, compacting());
    assert_eq!(manager.cleaner_offset(&tp("more", 0)), Some(first_dirty));
    assert_eq!(clean(&manager), None);
}

#[test]
fn a_log_that_waited_for_too_long_is_cleaned_however_little_is_dirty() {
    let temp = TempDir::new();
    let config = LogConfig { min_cleanable_dirty_ratio: 1.0, max_compaction_lag_ms: 1000, ..compacting() };
    let (manager, _) = start_on(OsFs, &temp.dirs(1), config);
    overwrite(&create(&manager, &tp("t", 0)), 30);
    assert_eq!(clean(&manager), None);
    let outcome = manager.clean_filthiest_log(&mut cleaner(), &(), NOW + 1001);
    assert!(matches!(outcome, CleaningOutcome::Cleaned { .. }), "{outcome:?}");
}

#[test]
fn a_paused_log_waits_until_resumed_as_often() {
    let temp = TempDir::new();
    let (manager, _) = start_on(OsFs, &temp.dirs(1), compacting());
    let t = tp("t", 0);
    overwrite(&create(&manager, &t), 30);
    manager.abort_and_pause_cleaning(&t);
    manager.abort_and_pause_cleaning(&t);
    assert_eq!(clean(&manager), None);
    manager.resume_cleaning(&t).unwrap();
    assert_eq!(clean(&manager), None);
    manager.resume_cleaning(&t).unwrap();
    assert_eq!(clean(&manager).as_deref(), Some("t-0"));
}

#[test]
fn a_log_that_cannot_be_cleaned_does_not_hold_up_the_others() {
    let temp = TempDir::new();
    let (manager, _) = start_on(OsFs, &temp.dirs(1), compacting());
    let (bad, good) = (create(&manager, &tp("bad", 0)), create(&manager, &tp("good", 0)));
    overwrite(&bad, 90);
    overwrite(&good, 30);
    let first = bad.dir().join("00000000000000000000.log");
    bad.release_idle().unwrap();
    let mut bytes = fs::read(&first).unwrap();
    // A batch that claims to have no bytes.
    bytes[8..12].fill(0);
    fs::write(&first, bytes).unwrap();
    let mut cleaned = Vec::new();
    for _ in 0..3 {
        match manager.clean_filthiest_log(&mut cleaner(), &(), NOW) {
            CleaningOutcome::Uncleanable { partition, .. } => assert_eq!(partition, tp("bad", 0)),
            CleaningOutcome::Cleaned { partition, .. } => cleaned.push(partition.to_string()),
            _ => {}
        }
    }
    assert_eq!(cleaned, ["good-0"]);
    assert_eq!(manager.uncleanable_partitions(), [tp("bad", 0)]);
    manager.async_delete(&tp("bad", 0), false, NOW).unwrap();
    assert_eq!(manager.uncleanable_partitions(), []);
}

#[test]
fn a_log_cut_below_what_was_cleaned_is_cleaned_again_from_there() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start_on(OsFs, &dirs, compacting());
    let log = create(&manager, &tp("t", 0));
    overwrite(&log, 60);
    assert!(clean(&manager).is_some());
    let cleaned_to = manager.cleaner_offset(&tp("t", 0)).unwrap();
    manager.truncate_to(&[(tp("t", 0), 10)], false, NOW).unwrap();
    let lowered = manager.cleaner_offset(&tp("t", 0)).unwrap();
    assert!(lowered < cleaned_to && lowered <= 10);
    assert_eq!(checkpoint(&dirs[0], "cleaner-offset-checkpoint"), [format!("t 0 {lowered}")]);
}

#[test]
fn a_compacted_log_with_retention_loses_old_segments_with_the_cleaner() {
    let temp = TempDir::new();
    let config = LogConfig { delete: true, retention_ms: 1000, ..compacting() };
    let (manager, _) = start_on(OsFs, &temp.dirs(1), config);
    let log = create(&manager, &tp("t", 0));
    overwrite(&log, 30);
    assert_eq!(manager.delete_old_segments(NOW + 10_000), 0);
    assert!(manager.delete_old_segments_of_compacted(NOW + 10_000) > 0);
    assert_eq!(log.log_start_offset(), 30);
}
