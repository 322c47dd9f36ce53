use std::fs;

use kafka_log::format::uuid::Uuid;
use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::{AppendError, ErrorCode, KafkaError as _, StorageError};
use kafka_log::log::types::FetchIsolation;
use kafka_log::log::{Ended, LeaderAppend, TimestampSpec};
use kafka_log::manager::{CreateLog, ManagerError, Startup};

use crate::support::*;

const NEW: CreateLog =
    CreateLog { is_new: true, is_future: false, is_sole_replica: false, topic_id: None, directory_id: None };

#[test]
fn new_logs_go_to_the_directory_with_the_fewest_and_not_to_a_cordoned_one() {
    let temp = TempDir::new();
    let dirs = temp.dirs(3);
    let (manager, _) = start(&dirs);
    for partition in 0..6 {
        create(&manager, &tp("t", partition));
    }
    let partitions = |number: usize| names(&dirs[number]).into_iter().filter(|name| name.starts_with("t-")).count();
    assert_eq!([partitions(0), partitions(1), partitions(2)], [2, 2, 2]);
    manager.set_cordoned_log_dirs(&dirs[..2]).unwrap();
    create(&manager, &tp("t", 6));
    create(&manager, &tp("t", 7));
    assert_eq!([partitions(0), partitions(1), partitions(2)], [2, 2, 4]);
    // With all of them cordoned there must be some place still.
    manager.set_cordoned_log_dirs(&dirs).unwrap();
    create(&manager, &tp("t", 8));
    assert_eq!(partitions(0), 3);
    assert!(manager.log_dirs().iter().all(|dir| dir.cordoned));
    assert!(matches!(manager.set_cordoned_log_dirs(&["elsewhere"]), Err(ManagerError::LogDirNotFound { .. })));
}

#[test]
fn a_directory_may_be_asked_for_by_its_id_or_its_path() {
    let temp = TempDir::new();
    let dirs = temp.dirs(3);
    fs::create_dir_all(&dirs[1]).unwrap();
    let id = "version=1\ncluster.id=c\nnode.id=1\ndirectory.id=AAAAAAAAQACAAAAAAAAAAg\n";
    fs::write(dirs[1].join("meta.properties"), id).unwrap();
    let (manager, _) = start(&dirs);
    let by_id = CreateLog { directory_id: Uuid::parse("AAAAAAAAQACAAAAAAAAAAg"), ..NEW };
    let log = manager.get_or_create_log(&tp("t", 0), by_id, NOW).unwrap();
    assert!(log.dir().starts_with(&dirs[1]));
    manager.set_preferred_log_dir(&tp("t", 1), &dirs[2]).unwrap();
    let log = manager.get_or_create_log(&tp("t", 1), by_id, NOW).unwrap();
    assert!(log.dir().starts_with(&dirs[2]));
}

#[test]
fn a_log_is_made_once_and_keeps_the_id_of_its_topic() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    let id = Uuid([7; 16]);
    let with_id = CreateLog { topic_id: Some(id), ..NEW };
    let log = manager.get_or_create_log(&tp("t", 0), with_id, NOW).unwrap();
    append(&log, 1);
    let again = manager.get_or_create_log(&tp("t", 0), NEW, NOW).unwrap();
    assert!(std::sync::Arc::ptr_eq(&log, &again));
    let other = CreateLog { topic_id: Some(Uuid([8; 16])), ..NEW };
    let error = manager.get_or_create_log(&tp("t", 0), other, NOW).unwrap_err();
    assert_eq!((error.exception(), error.code()), ("InconsistentTopicIdException", ErrorCode::InconsistentTopicId));
    drop((log, again));
    stop(manager);
    let (manager, _) = start(&dirs);
    assert_eq!(manager.get_log(&tp("t", 0)).unwrap().topic_id(), Some(id));
}

#[test]
fn a_deleted_log_goes_after_the_delay_also_across_a_restart() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    append(&create(&manager, &tp("t", 0)), 5);
    append(&create(&manager, &tp("t", 1)), 5);
    let deleted = manager.async_delete(&tp("t", 0), false, NOW).unwrap().unwrap();
    assert!(manager.get_log(&tp("t", 0)).is_none());
    let folder = deleted.dir().file_name().unwrap().to_str().unwrap().to_owned();
    assert!(folder.starts_with("t-0.") && folder.ends_with("-delete"), "{folder}");
    assert_eq!(checkpoint(&dirs[0], "recovery-point-offset-checkpoint"), ["t 1 0"]);
    // A new one of the same name does not mind.
    append(&create(&manager, &tp("t", 0)), 1);
    assert_eq!(manager.delete_due(NOW + 59_999), 0);
    assert_eq!(manager.delete_due(NOW + 60_000), 1);
    assert!(!names(&dirs[0]).contains(&folder));

    manager.async_delete(&tp("t", 1), false, NOW).unwrap();
    stop(manager);
    let (manager, report) = start(&dirs);
    assert_eq!((report.logs, manager.all_logs().len()), (2, 1));
    assert_eq!(manager.tick(NOW + 60_000).deleted_logs, 1);
    assert!(names(&dirs[0]).iter().all(|name| !name.ends_with("-delete")));
    assert!(manager.async_delete(&tp("t", 9), false, NOW).unwrap().is_none());
}

#[test]
fn a_name_that_no_folder_can_have_leaves_the_directories_online() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let longest = "x".repeat(249);
    create(&manager, &tp(&longest, 10_000));
    let error = manager.get_or_create_log(&tp(&longest, 1_000_000), NEW, NOW).unwrap_err();
    assert!(matches!(&error, ManagerError::FolderName { .. }), "{error}");
    assert_eq!(error.code(), ErrorCode::InvalidTopicException);
    assert!(manager.log_dirs().iter().all(|dir| dir.failure.is_none()));
    append(&create(&manager, &tp("t", 0)), 1);
}

#[test]
fn a_deleted_log_takes_no_records_while_its_topic_is_created_again() {
    let temp = TempDir::new();
    let (manager, _) = start(&temp.dirs(1));
    let log = create(&manager, &tp("t", 0));
    append(&log, 3);
    let slice = log.read(0, 1 << 20, FetchIsolation::HighWatermark, true).unwrap().records;
    let before = slice.read().unwrap();

    let writers = 4;
    let accepted: i64 = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..writers)
            .map(|_| {
                scope.spawn(|| {
                    let mut accepted = 0;
                    loop {
                        let bytes = batch(&[("k", "v")]);
                        match log.append_as_leader(&bytes, LeaderAppend::from_client(1), NOW) {
                            Ok(_) => accepted += 1,
                            Err(error) => {
                                assert_eq!(error.code(), ErrorCode::UnknownTopicOrPartition, "{error}");
                                assert!(matches!(error, AppendError::Storage(StorageError::Deleted { .. })));
                                return accepted;
                            }
                        }
                    }
                })
            })
            .collect();
        while log.log_end_offset() < 50 {
            std::thread::yield_now();
        }
        manager.async_delete(&tp("t", 0), false, NOW).unwrap();
        threads.into_iter().map(|thread| thread.join().unwrap()).sum()
    });
    // All that was accepted is in the log that was open; nothing came after.
    assert_eq!(log.log_end_offset(), 3 + accepted);
    assert_eq!(log.ended(), Some(Ended::Deleted));

    let again = create(&manager, &tp("t", 0));
    append(&again, 1);
    let refused = [
        log.read(0, 1 << 20, FetchIsolation::HighWatermark, true).map(drop),
        log.offset_for_timestamp(TimestampSpec::Latest, FetchIsolation::LogEnd).map(drop),
        log.update_high_watermark(1).map(drop),
        log.truncate_to(0, NOW).map(drop),
        log.roll(None, NOW).map(drop),
        log.flush(true, NOW),
        log.run_due(i64::MAX),
        log.release_idle(),
    ];
    for refused in refused {
        assert_eq!(refused.unwrap_err().code(), ErrorCode::UnknownTopicOrPartition);
    }
    assert_eq!(manager.delete_due(NOW + 60_000), 1);
    assert_eq!(slice.read().unwrap(), before);
    assert!(manager.log_dirs().iter().all(|dir| dir.failure.is_none()));
    assert_eq!(records(&again).len(), 1);
}

#[test]
fn a_log_that_moved_takes_no_records_where_it_was() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 3);
    let elsewhere = dirs.iter().find(|dir| !log.dir().starts_with(dir)).unwrap();
    manager.start_move(&tp("t", 0), elsewhere, NOW).unwrap();
    while !manager.copy_to_future_log(&tp("t", 0), 1 << 20, NOW).unwrap() {}
    let moved = manager.replace_current_with_future_log(&tp("t", 0), NOW).unwrap();
    let refused = log.append_as_leader(&batch(&[("k", "v")]), LeaderAppend::from_client(1), NOW).unwrap_err();
    assert!(matches!(refused, AppendError::Storage(StorageError::Closed { .. })));
    append(&moved, 1);
    assert_eq!(records(&moved).len(), 4);
}

#[test]
fn logs_that_do_not_belong_here_are_put_aside_and_kept() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    for topic in ["mine", "gone", "left"] {
        append(&create(&manager, &tp(topic, 0)), 4);
    }
    assert!(manager.async_delete_all(&[tp("left", 0), tp("unknown", 0)], true, NOW).is_empty());
    stop(manager);
    let unloaded = open(OsFs, &dirs, LogConfig::default()).unwrap();
    let is_stray = |log: &kafka_log::log::Log| log.topic_partition().topic() == "gone";
    let (manager, _) = unloaded.load(&Startup { is_stray: &is_stray, ..Startup::plain(NOW) }).unwrap();
    let mut stray: Vec<String> = manager.stray_logs().iter().map(|log| log.topic_partition().to_string()).collect();
    stray.sort();
    assert_eq!(stray, ["gone-0", "left-0"]);
    assert_eq!(manager.all_logs().len(), 1);
    manager.tick(NOW + 1_000_000);
    let on_disk: Vec<String> = names(&dirs[0]).into_iter().filter(|name| name.ends_with("-stray")).collect();
    assert_eq!(on_disk.len(), 2, "{on_disk:?}");
}

#[test]
fn many_logs_are_deleted_with_one_checkpoint() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let all: Vec<_> = (0..10).map(|partition| tp("t", partition)).collect();
    all.iter().for_each(|tp| drop(create(&manager, tp)));
    assert!(manager.async_delete_all(&all[..8], false, NOW).is_empty());
    assert_eq!(manager.all_logs().len(), 2);
    let left: usize = dirs.iter().map(|dir| checkpoint(dir, "recovery-point-offset-checkpoint").len()).sum();
    assert_eq!(left, 2);
    assert_eq!(manager.delete_due(NOW + 60_000), 8);
}
