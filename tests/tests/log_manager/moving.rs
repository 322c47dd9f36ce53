use std::fs;

use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::manager::{CleaningOutcome, CreateLog, ManagerError, Startup};

use crate::support::*;

#[test]
fn a_partition_moves_with_all_it_has() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 40);
    let reason = kafka_log::log::LogStartOffsetReason::ClientRecordDeletion;
    log.maybe_increment_log_start_offset(3, reason, NOW).unwrap();
    let (from, to) = if log.dir().starts_with(&dirs[0]) { (&dirs[0], &dirs[1]) } else { (&dirs[1], &dirs[0]) };
    let before = records(&log);

    let future = manager.start_move(&tp("t", 0), to, NOW).unwrap().unwrap();
    assert!(future.dir().file_name().unwrap().to_str().unwrap().ends_with("-future"));
    let mut rounds = 0;
    while !manager.copy_to_future_log(&tp("t", 0), 1000, NOW).unwrap() {
        rounds += 1;
    }
    assert!(rounds > 2);
    let moved = manager.replace_current_with_future_log(&tp("t", 0), NOW).unwrap();
    assert!(moved.dir().ends_with("t-0") && moved.dir().starts_with(to));
    assert_eq!(records(&moved), before);
    assert_eq!((moved.log_start_offset(), moved.high_watermark()), (3, 40));
    assert_eq!(moved.epochs(), log.epochs());
    assert!(manager.get_future_log(&tp("t", 0)).is_none());
    assert_eq!(checkpoint(from, "recovery-point-offset-checkpoint").len(), 0);
    assert_eq!(checkpoint(to, "recovery-point-offset-checkpoint"), ["t 0 40"]);
    // The copy starts with a segment at the log start, so there is nothing to write down about it.
    assert_eq!(checkpoint(to, "log-start-offset-checkpoint").len(), 0);
    assert!(names(&moved.dir()).contains(&"00000000000000000003.log".to_owned()));
    assert_eq!(manager.delete_due(NOW + 60_000), 1);
    assert!(names(from).iter().all(|name| !name.starts_with("t-0")));

    append(&moved, 5);
    drop((log, future, moved));
    stop(manager);
    let (manager, _) = start(&dirs);
    assert_eq!(records(&manager.get_log(&tp("t", 0)).unwrap()).len(), 42);
}

#[test]
fn a_log_that_starts_in_the_middle_of_a_batch_moves_with_the_whole_batch() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    let records = batch(&[("a", "0"), ("b", "1"), ("c", "2"), ("d", "3")]);
    log.append_as_leader(&records, kafka_log::log::LeaderAppend::from_client(0), NOW).unwrap();
    log.update_high_watermark(4).unwrap();
    let reason = kafka_log::log::LogStartOffsetReason::ClientRecordDeletion;
    log.maybe_increment_log_start_offset(2, reason, NOW).unwrap();
    let to = if log.dir().starts_with(&dirs[0]) { &dirs[1] } else { &dirs[0] };

    manager.start_move(&tp("t", 0), to, NOW).unwrap();
    while !manager.copy_to_future_log(&tp("t", 0), 1000, NOW).unwrap() {}
    let moved = manager.replace_current_with_future_log(&tp("t", 0), NOW).unwrap();
    assert_eq!((moved.log_start_offset(), moved.log_end_offset()), (2, 4));
    assert!(names(&moved.dir()).contains(&"00000000000000000000.log".to_owned()));
}

#[test]
fn a_future_log_follows_truncations_and_retention_of_the_current_one() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 40);
    let to = if log.dir().starts_with(&dirs[0]) { &dirs[1] } else { &dirs[0] };
    manager.start_move(&tp("t", 0), to, NOW).unwrap();
    while !manager.copy_to_future_log(&tp("t", 0), 1000, NOW).unwrap() {}
    manager.truncate_to(&[(tp("t", 0), 20)], false, NOW).unwrap();
    append(&log, 2);
    assert!(manager.copy_to_future_log(&tp("t", 0), 1_000_000, NOW).is_ok());
    while !manager.copy_to_future_log(&tp("t", 0), 1000, NOW).unwrap() {}
    let future = manager.get_future_log(&tp("t", 0)).unwrap();
    assert_eq!(records(&future), records(&log));
    manager.truncate_fully_and_start_at(&tp("t", 0), 100, false, None, NOW).unwrap();
    append(&log, 3);
    while !manager.copy_to_future_log(&tp("t", 0), 1000, NOW).unwrap() {}
    let moved = manager.replace_current_with_future_log(&tp("t", 0), NOW).unwrap();
    assert_eq!(moved.log_start_offset(), 100);
    assert_eq!(records(&moved).len(), 3);
}

#[test]
fn a_move_can_be_given_up_and_cleaning_goes_on() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 10);
    let to = if log.dir().starts_with(&dirs[0]) { &dirs[1] } else { &dirs[0] };
    assert!(manager.start_move(&tp("t", 0), log.dir().parent().unwrap(), NOW).unwrap().is_none());
    manager.start_move(&tp("t", 0), to, NOW).unwrap().unwrap();
    manager.cancel_move(&tp("t", 0), NOW).unwrap();
    assert!(manager.get_future_log(&tp("t", 0)).is_none());
    assert!(matches!(manager.resume_cleaning(&tp("t", 0)), Err(ManagerError::IllegalState(_))));
    let error = manager.replace_current_with_future_log(&tp("t", 0), NOW).unwrap_err();
    assert!(matches!(error, ManagerError::NoSuchPartition { future: true, .. }));
}

#[test]
fn a_future_log_needs_a_directory_other_than_the_current_one() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    create(&manager, &tp("t", 0));
    let future = CreateLog { is_new: true, is_future: true, ..CreateLog::default() };
    let error = manager.get_or_create_log(&tp("t", 0), future, NOW).unwrap_err();
    assert!(matches!(error, ManagerError::IllegalState(_)));
}

#[test]
fn a_copy_left_behind_by_a_crash_is_found_again_and_taken_or_finished() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 20);
    let to = if log.dir().starts_with(&dirs[0]) { dirs[1].clone() } else { dirs[0].clone() };
    manager.start_move(&tp("t", 0), &to, NOW).unwrap();
    while !manager.copy_to_future_log(&tp("t", 0), 1000, NOW).unwrap() {}
    drop((log, manager));

    let (manager, _) = start(&dirs);
    let future = manager.get_future_log(&tp("t", 0)).unwrap();
    assert_eq!(records(&future), records(&manager.get_log(&tp("t", 0)).unwrap()));
    let recovered = manager.recover_abandoned_future_logs(|_, dir| dir == to, NOW).unwrap();
    assert_eq!(recovered, [tp("t", 0)]);
    assert!(manager.get_log(&tp("t", 0)).unwrap().dir().starts_with(&to));
    assert_eq!(manager.delete_due(NOW + 60_000), 1);
}

#[test]
fn two_copies_on_their_way_are_refused() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let id = "0123456789abcdef0123456789abcdef";
    for dir in &dirs {
        fs::create_dir_all(dir.join(format!("t-0.{id}-future"))).unwrap();
    }
    let error = open(OsFs, &dirs, LogConfig::default()).unwrap().load(&Startup::plain(NOW)).unwrap_err();
    assert!(matches!(error, ManagerError::DuplicatePartition { .. }));
}

#[test]
fn the_first_dirty_offset_moves_along() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let config = LogConfig { compact: true, delete: false, min_cleanable_dirty_ratio: 0.0, ..small_segments() };
    let (manager, _) = start_on(OsFs, &dirs, config);
    let log = create(&manager, &tp("t", 0));
    for round in 0..40 {
        append_record(&log, &format!("k{}", round % 3), &format!("round {round}"));
    }
    let mut cleaner = crate::cleaning::cleaner();
    assert!(matches!(manager.clean_filthiest_log(&mut cleaner, &(), NOW), CleaningOutcome::Cleaned { .. }));
    let cleaned_to = manager.cleaner_offset(&tp("t", 0)).unwrap();
    assert!(cleaned_to > 20);
    let to = if log.dir().starts_with(&dirs[0]) { &dirs[1] } else { &dirs[0] };
    manager.start_move(&tp("t", 0), to, NOW).unwrap();
    assert!(matches!(manager.clean_filthiest_log(&mut cleaner, &(), NOW), CleaningOutcome::NothingToDo));
    while !manager.copy_to_future_log(&tp("t", 0), 1000, NOW).unwrap() {}
    let before = records(&log);
    let moved = manager.replace_current_with_future_log(&tp("t", 0), NOW).unwrap();
    assert_eq!(records(&moved), before);
    assert_eq!(manager.cleaner_offset(&tp("t", 0)), Some(cleaned_to));
    assert_eq!(checkpoint(to, "cleaner-offset-checkpoint"), [format!("t 0 {cleaned_to}")]);
}
