//! One owner for a directory, from the load to the shutdown.

use std::sync::Arc;

use kafka_log::fs::OsFs;
use kafka_log::log::error::{AppendError, ErrorCode, KafkaError as _, StorageError};
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{LeaderAppend, Log, LogOptions, OpenError};
use kafka_log::manager::{CallingThread, CreateLog, ManagerError};

use crate::support::*;

fn append_one(log: &Log) -> Result<i64, AppendError> {
    log.append_as_leader(&batch(&[("k", "v")]), LeaderAppend::from_client(1), NOW).map(|info| info.last_offset)
}

#[test]
fn a_log_that_is_held_keeps_its_directory_when_the_manager_is_dropped() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    drop(manager);
    assert!(matches!(open(OsFs, &dirs, small_segments()), Err(ManagerError::Locked { .. })));
    append_one(&log).unwrap();
    drop(log);
    let (manager, report) = start(&dirs);
    assert_eq!((report.logs, manager.get_log(&tp("t", 0)).unwrap().log_end_offset()), (1, 1));
}

#[test]
fn a_deleted_log_that_is_held_does_not_keep_its_directory() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    manager.async_delete(&tp("t", 0), false, NOW).unwrap();
    drop(manager);
    start(&dirs);
    assert!(append_one(&log).is_err());
}

#[test]
fn after_the_shutdown_every_call_says_closed_and_nothing_is_written() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 3);
    manager.async_delete(&tp("t", 1), false, NOW).unwrap();
    assert_eq!(manager.shutdown(&CallingThread, -1, NOW).clean_dirs, dirs);
    let before: Vec<_> = dirs.iter().map(|dir| names(dir)).collect();
    let (recovery, high) = ("recovery-point-offset-checkpoint", "replication-offset-checkpoint");
    let checkpoints = |dir: &std::path::PathBuf| (checkpoint(dir, recovery), checkpoint(dir, high));
    let written: Vec<_> = dirs.iter().map(checkpoints).collect();

    let refused: [Result<(), ManagerError>; 10] = [
        manager.get_or_create_log(&tp("z", 0), CreateLog { is_new: true, ..CreateLog::default() }, NOW).map(drop),
        manager.get_or_create_log(&tp("t", 0), CreateLog::default(), NOW).map(drop),
        manager.async_delete(&tp("t", 0), false, NOW).map(drop),
        manager.truncate_to(&[(tp("t", 0), 0)], false, NOW),
        manager.truncate_fully_and_start_at(&tp("t", 0), 0, false, None, NOW),
        manager.set_preferred_log_dir(&tp("t", 0), &dirs[1]),
        manager.start_move(&tp("t", 0), &dirs[1], NOW).map(drop),
        manager.update_topic_config("t", [("flush.ms", "9")]),
        manager.update_default_config(small_segments()),
        manager.fail_log_dir(&dirs[0], "no reason"),
    ];
    for refused in refused {
        let error = refused.unwrap_err();
        assert!(matches!(error, ManagerError::Closed), "{error}");
        assert_eq!(error.code(), ErrorCode::KafkaStorageError);
    }
    assert!(manager.get_log(&tp("t", 0)).is_none() && manager.all_logs().is_empty());
    assert!(matches!(append_one(&log), Err(AppendError::Storage(StorageError::Closed { .. }))));
    assert!(log.read(0, 1, FetchIsolation::LogEnd, true).is_err());
    let tick = manager.tick(NOW + 1_000_000);
    assert_eq!((tick.deleted_logs, tick.next_ms), (0, i64::MAX));
    manager.checkpoint_recovery_points();
    manager.checkpoint_high_watermarks();
    assert_eq!(manager.shutdown(&CallingThread, -1, NOW).clean_dirs.len(), 0);
    assert_eq!(dirs.iter().map(|dir| names(dir)).collect::<Vec<_>>(), before);
    assert_eq!(dirs.iter().map(checkpoints).collect::<Vec<_>>(), written);
    // The directory is free, though the closed log is still held.
    let (again, report) = start(&dirs);
    assert_eq!((report.logs, report.unclean_dirs.len()), (1, 0));
    append(&again.get_log(&tp("t", 0)).unwrap(), 1);
}

#[cfg(unix)]
#[test]
fn a_partition_that_is_opened_alone_has_one_owner() {
    let temp = TempDir::new();
    let dir = temp.path().join("t-0");
    let open = || Log::open(OsFs, &dir, LogOptions { now_ms: NOW, ..LogOptions::default() });
    let (log, _) = open().unwrap();
    assert!(matches!(open(), Err(OpenError::Locked(path)) if path == dir));
    append_one(&log).unwrap();
    log.abandon().unwrap();
    let (log, _) = open().unwrap();
    log.close().unwrap();
    open().unwrap().0.delete().unwrap();
    assert!(!dir.exists());
}

#[test]
fn a_directory_that_failed_is_released_though_its_logs_are_held() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let logs: Vec<Arc<Log>> = (0..2).map(|partition| create(&manager, &tp("t", partition))).collect();
    manager.fail_log_dir(&dirs[0], "pulled out").unwrap();
    assert!(open(OsFs, &dirs[..1], small_segments()).is_ok());
    assert!(matches!(open(OsFs, &dirs[1..], small_segments()), Err(ManagerError::Locked { .. })));
    assert_eq!(logs.iter().filter(|log| append_one(log).is_ok()).count(), 1);
}
