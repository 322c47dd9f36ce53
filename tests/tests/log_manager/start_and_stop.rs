use std::fs;
use std::path::PathBuf;
use std::sync::Mutex;

use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::KafkaError as _;
use kafka_log::manager::{LogManagerConfig, ManagerError, Startup, StdThreads};

use crate::support::*;

const META: &str = "version=1\ncluster.id=c\nnode.id=1\ndirectory.id=";

#[test]
fn a_clean_stop_leaves_everything_for_the_next_start_and_nothing_to_recover() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, report) = start(&dirs);
    assert_eq!((report.logs, report.unclean_dirs.len()), (0, 0));
    for partition in 0..4 {
        append(&create(&manager, &tp("t", partition)), 20 + partition as usize);
    }
    let start_moved = manager.get_log(&tp("t", 3)).unwrap();
    let reason = kafka_log::log::LogStartOffsetReason::ClientRecordDeletion;
    start_moved.maybe_increment_log_start_offset(5, reason, NOW).unwrap();
    let before: Vec<_> = (0..4).map(|n| records(&manager.get_log(&tp("t", n)).unwrap())).collect();
    let report = manager.shutdown(&StdThreads, 7, NOW);
    assert_eq!((report.clean_dirs, report.unclean_dirs), (dirs.clone(), vec![]));
    assert!(names(&dirs[0]).contains(&".kafka_cleanshutdown".to_owned()));

    let unloaded = open(OsFs, &dirs, small_segments()).unwrap();
    assert_eq!(unloaded.clean_shutdown_broker_epoch(), Some(7));
    let reports = Mutex::new(Vec::new());
    let (manager, loaded) = unloaded
        .load(&Startup {
            workers: &StdThreads,
            on_loaded: &|loaded| reports.lock().unwrap().push((loaded.had_clean_shutdown, loaded.report.clone())),
            ..Startup::plain(NOW)
        })
        .unwrap();
    assert_eq!((loaded.logs, loaded.unclean_dirs.len()), (4, 0));
    assert!(!names(&dirs[0]).contains(&".kafka_cleanshutdown".to_owned()));
    for (clean, report) in reports.into_inner().unwrap() {
        assert!(clean && report.recovered_segments.is_empty() && report.removed_files.is_empty());
    }
    for (n, expected) in (0..4).zip(before) {
        let log = manager.get_log(&tp("t", n)).unwrap();
        assert_eq!(records(&log), expected);
        assert_eq!(log.high_watermark(), log.log_end_offset());
        assert_eq!(log.recovery_point(), log.log_end_offset());
    }
    assert_eq!(manager.get_log(&tp("t", 3)).unwrap().log_start_offset(), 5);
}

#[test]
fn without_a_clean_stop_logs_are_recovered_and_lose_nothing_that_is_in_the_files() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 30);
    let before = records(&log);
    manager.checkpoint_high_watermarks();
    drop((log, manager));

    let (manager, report) = start(&dirs);
    assert_eq!(report.unclean_dirs, dirs);
    let log = manager.get_log(&tp("t", 0)).unwrap();
    assert_eq!(records(&log), before);
    assert_eq!(log.high_watermark(), 30);
    // All was recovered, so the next stop is a clean one.
    assert_eq!(stop(manager).clean_dirs, dirs);
    assert_eq!(start(&dirs).1.unclean_dirs.len(), 0);
}

#[test]
fn a_directory_has_one_owner_at_a_time() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let error = open(OsFs, &dirs[1..], LogConfig::default()).unwrap_err();
    assert!(matches!(&error, ManagerError::Locked { path } if *path == dirs[1]), "{error}");
    stop(manager);
    let again = open(OsFs, &dirs[1..], LogConfig::default()).unwrap();
    drop(again);
    assert!(open(OsFs, &dirs[1..], LogConfig::default()).is_ok());
}

#[test]
fn a_directory_given_twice_is_refused_however_it_is_spelled() {
    let temp = TempDir::new();
    let same = temp.path().join("x/../0");
    let error = open(OsFs, &[temp.path().join("0"), same], LogConfig::default()).unwrap_err();
    assert!(matches!(error, ManagerError::DuplicateLogDir { .. }));
    #[cfg(unix)]
    {
        fs::create_dir(temp.path().join("1")).unwrap();
        std::os::unix::fs::symlink(temp.path().join("1"), temp.path().join("2")).unwrap();
        let error = open(OsFs, &[temp.path().join("1"), temp.path().join("2")], LogConfig::default()).unwrap_err();
        assert!(matches!(error, ManagerError::Locked { .. }));
    }
}

#[test]
fn directories_of_several_nodes_are_not_mixed() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let meta = |number: usize, text: &str| {
        fs::create_dir_all(&dirs[number]).unwrap();
        fs::write(dirs[number].join("meta.properties"), text).unwrap();
    };
    let refused = || match open(OsFs, &dirs, LogConfig::default()) {
        Err(ManagerError::MetaProperties { message, .. }) => message,
        other => panic!("{other:?}"),
    };
    meta(0, &format!("{META}AAAAAAAAQACAAAAAAAAAAQ\n"));
    meta(1, &format!("{META}AAAAAAAAQACAAAAAAAAAAQ\n"));
    assert!(refused().contains("belongs to another directory"));
    meta(1, "version=1\ncluster.id=other\nnode.id=1\n");
    assert!(refused().contains("cluster id"));
    meta(1, "version=1\ncluster.id=c\nnode.id=2\n");
    assert!(refused().contains("node id"));
    meta(1, "version=7\n");
    assert!(refused().contains("expected 0 or 1"));
    meta(1, &format!("{META}AAAAAAAAQACAAAAAAAAAAg\n"));
    let ids: Vec<_> = open(OsFs, &dirs, LogConfig::default()).unwrap().log_dirs();
    assert_eq!(ids[1].directory_id.unwrap().to_string(), "AAAAAAAAQACAAAAAAAAAAg");
}

#[test]
fn checkpoints_that_cannot_be_read_count_as_empty() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    append(&create(&manager, &tp("t", 0)), 10);
    drop(manager);
    let cases = [
        ("0\n1\nnonsense\n", "KafkaStorageException"),
        ("0\n1\nt 0 x\n", "NumberFormatException"),
        ("0\n-1\n", "IllegalArgumentException"),
    ];
    for (text, exception) in cases {
        fs::write(dirs[0].join("recovery-point-offset-checkpoint"), text).unwrap();
        let (manager, report) = start(&dirs);
        assert_eq!(report.unreadable_checkpoints.len(), 1);
        let found = &report.unreadable_checkpoints[0];
        assert_eq!(found.exception(), exception, "{text:?}");
        // What a broker does over it: with this one directory it ends.
        assert_eq!(found.takes_kafka_offline(), exception == "KafkaStorageException");
        assert_eq!(manager.get_log(&tp("t", 0)).unwrap().log_end_offset(), 10);
        assert_eq!(stop(manager).clean_dirs, dirs);
    }
}

#[test]
fn an_epoch_checkpoint_that_cannot_be_read_takes_its_directory_offline() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let broken = create(&manager, &tp("t", 0)).dir().to_owned();
    append(&create(&manager, &tp("t", 1)), 10);
    assert_eq!(stop(manager).clean_dirs, dirs);
    let text = |text| fs::write(broken.join("leader-epoch-checkpoint"), text).unwrap();
    text("nonsense");
    let (manager, report) = start(&dirs);
    assert_eq!(report.failed_dirs.iter().map(|(dir, _)| dir.as_path()).collect::<Vec<_>>(), [broken.parent().unwrap()]);
    assert!(manager.get_log(&tp("t", 0)).is_none());
    assert_eq!(manager.get_log(&tp("t", 1)).unwrap().log_end_offset(), 10);
    stop(manager);
    // Kafka does not wrap this one, and so does not start.
    text("0\n1\n0 x\n");
    let error = open(OsFs, &dirs, LogConfig::default()).unwrap().load(&Startup::plain(NOW)).unwrap_err();
    assert_eq!(error.exception(), "NumberFormatException");
}

#[test]
fn a_recovery_point_above_the_end_of_its_log_is_lowered_at_once() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    append(&create(&manager, &tp("t", 0)), 10);
    assert_eq!(stop(manager).clean_dirs, dirs);
    let (marker, points) = (dirs[0].join(".kafka_cleanshutdown"), dirs[0].join("recovery-point-offset-checkpoint"));
    fs::remove_file(marker).unwrap();
    let is_log = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "log");
    let logs = fs::read_dir(dirs[0].join("t-0")).unwrap().map(|entry| entry.unwrap().path()).filter(is_log);
    let log = logs.filter(|log| fs::metadata(log).unwrap().len() > 0).max().unwrap();
    let file = fs::OpenOptions::new().write(true).open(&log).unwrap();
    file.set_len(fs::metadata(&log).unwrap().len() - 1).unwrap();
    assert_eq!(fs::read_to_string(&points).unwrap(), "0\n1\nt 0 10\n");
    let (manager, _) = start(&dirs);
    let end = manager.get_log(&tp("t", 0)).unwrap().log_end_offset();
    assert!(end < 10);
    assert_eq!(fs::read_to_string(&points).unwrap(), format!("0\n1\nt 0 {end}\n"));
}

#[test]
fn a_partition_that_is_there_twice_is_refused() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    for dir in &dirs {
        fs::create_dir_all(dir.join("t-0")).unwrap();
    }
    let error = open(OsFs, &dirs, LogConfig::default()).unwrap().load(&Startup::plain(NOW)).unwrap_err();
    assert!(matches!(&error, ManagerError::DuplicatePartition { partition, .. } if *partition == tp("t", 0)));
    assert_eq!(error.exception(), "IllegalStateException");
}

#[test]
fn folders_that_are_no_partitions_stop_the_start_as_in_kafka_save_two() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    for name in ["remote-log-index-cache", "__cluster_metadata-0"] {
        fs::create_dir_all(dirs[0].join(name)).unwrap();
    }
    let (manager, report) = start(&dirs);
    assert_eq!((report.logs, manager.all_logs().len()), (0, 0));
    drop(manager);
    fs::create_dir_all(dirs[0].join("lost+found")).unwrap();
    let error = open(OsFs, &dirs, LogConfig::default()).unwrap().load(&Startup::plain(NOW)).unwrap_err();
    assert!(matches!(error, ManagerError::NotAPartition { .. }));
}

#[test]
fn a_start_that_failed_does_not_end_in_a_clean_stop() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    append(&create(&manager, &tp("t", 0)), 10);
    drop(manager);
    fs::create_dir_all(dirs[0].join("no partition")).unwrap();
    open(OsFs, &dirs, LogConfig::default()).unwrap().load(&Startup::plain(NOW)).unwrap_err();
    assert!(!names(&dirs[0]).contains(&".kafka_cleanshutdown".to_owned()));
}

#[test]
fn many_threads_load_what_one_loads() {
    let temp = TempDir::new();
    let dirs = temp.dirs(3);
    let (manager, _) = start(&dirs);
    for partition in 0..60 {
        append(&create(&manager, &tp("t", partition)), 3);
    }
    stop(manager);
    let config = LogManagerConfig { recovery_threads_per_data_dir: 4, ..manager_config() };
    let unloaded = kafka_log::manager::LogManager::open(OsFs, &dirs, small_segments(), config).unwrap();
    let (manager, report) = unloaded.load(&Startup { workers: &StdThreads, ..Startup::plain(NOW) }).unwrap();
    assert_eq!((report.logs, manager.all_logs().len()), (60, 60));
    assert!(manager.all_logs().iter().all(|log| log.log_end_offset() == 3));
}

#[test]
fn a_start_after_a_clean_stop_changes_nothing_on_the_disk_but_the_marker() {
    let (fs, dirs) = (tests::sim::SimFs::new(1), vec![std::path::PathBuf::from("/d")]);
    let (manager, _) = start_on(fs.clone(), &dirs, small_segments());
    (0..30).for_each(|partition| append(&create(&manager, &tp("t", partition)), 7));
    stop(manager);
    let (changes, reads) = (fs.changes(), fs.reads());
    let (manager, report) = start_on(fs.clone(), &dirs, small_segments());
    assert_eq!(report.logs, 30);
    // The marker goes, its directory is synced, and the lock is taken.
    assert!(fs.changes() - changes <= 3, "{} changes", fs.changes() - changes);
    let of_partition = (fs.reads() - reads) / 30;
    assert!(of_partition <= 20, "{of_partition} reads for each partition");
    // Nothing was appended, so nothing is synced again: four checkpoints and the marker are written.
    let changes = fs.changes();
    stop(manager);
    assert!(fs.changes() - changes <= 30, "{} changes", fs.changes() - changes);
}
