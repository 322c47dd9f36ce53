use std::sync::Arc;
use std::time::{Duration, Instant};

use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::manager::background::{Background, Clock, SystemClock};
use kafka_log::manager::{CallingThread, LogManager, LogManagerConfig, Startup, Unloaded};

use crate::support::*;

#[test]
fn a_tick_does_what_is_due_and_says_when_to_come_again() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start_on(OsFs, &dirs, LogConfig { retention_ms: 1000, ..small_segments() });
    let log = create(&manager, &tp("t", 0));
    append(&log, 40);
    let (segments, end) = (log.segments().len(), log.log_end_offset());
    assert!(segments > 3);
    // Flushes after rolls are due at once.
    let report = manager.tick(NOW);
    assert!(log.recovery_point() > 0 && log.recovery_point() < end);
    assert_eq!(report.next_ms, NOW + 5000);
    assert_eq!(checkpoint(&dirs[0], "replication-offset-checkpoint"), ["t 0 40"]);
    assert_eq!(checkpoint(&dirs[0], "recovery-point-offset-checkpoint").len(), 0);
    assert_eq!(manager.tick(NOW + 29_999).deleted_segments, 0);
    let report = manager.tick(NOW + 30_000);
    assert_eq!(report.deleted_segments, segments);
    assert_eq!(log.log_start_offset(), end);
    assert_eq!(checkpoint(&dirs[0], "recovery-point-offset-checkpoint"), [format!("t 0 {end}")]);
    assert!(names(&log.dir()).iter().any(|name| name.ends_with(".deleted")));
    manager.tick(NOW + 90_000);
    assert!(names(&log.dir()).iter().all(|name| !name.ends_with(".deleted")));
    assert_eq!(manager.tick(NOW + 90_001).deleted_segments, 0);
}

#[test]
fn logs_are_flushed_when_their_time_is_over() {
    let temp = TempDir::new();
    let config = LogManagerConfig { flush_check_ms: 100, initial_task_delay_ms: 0, ..manager_config() };
    let unloaded: Unloaded =
        LogManager::open(OsFs, &temp.dirs(1), LogConfig { flush_ms: 1000, ..LogConfig::default() }, config).unwrap();
    let (manager, _) = unloaded.load(&Startup::plain(NOW)).unwrap();
    let log = create(&manager, &tp("t", 0));
    append(&log, 2);
    manager.tick(NOW + 900);
    assert_eq!(log.recovery_point(), 0);
    manager.tick(NOW + 1000);
    assert_eq!(log.recovery_point(), 2);
}

#[test]
fn truncations_are_written_down_at_once() {
    let temp = TempDir::new();
    let dirs = temp.dirs(1);
    let (manager, _) = start(&dirs);
    let log = create(&manager, &tp("t", 0));
    append(&log, 40);
    log.flush(false, NOW).unwrap();
    manager.checkpoint_recovery_points();
    assert_eq!(checkpoint(&dirs[0], "recovery-point-offset-checkpoint"), ["t 0 40"]);
    manager.truncate_to(&[(tp("t", 0), 7), (tp("unknown", 0), 7)], false, NOW).unwrap();
    assert_eq!((log.log_end_offset(), log.high_watermark()), (7, 7));
    assert_eq!(checkpoint(&dirs[0], "recovery-point-offset-checkpoint"), ["t 0 7"]);
    manager.truncate_fully_and_start_at(&tp("t", 0), 50, false, Some(50), NOW).unwrap();
    assert_eq!((log.log_start_offset(), log.log_end_offset()), (50, 50));
    assert_eq!(checkpoint(&dirs[0], "recovery-point-offset-checkpoint"), ["t 0 7"]);
    assert!(manager.truncate_to(&[(tp("t", 0), -1)], false, NOW).is_err());
}

#[test]
fn a_manager_and_its_logs_are_shared_by_threads_and_count_together() {
    fn shared<T: Send + Sync>(_: &T) {}
    let temp = TempDir::new();
    let (manager, _) = start(&temp.dirs(2));
    shared(&manager);
    std::thread::scope(|scope| {
        for partition in 0..4 {
            let manager = &manager;
            scope.spawn(move || append(&create(manager, &tp("t", partition)), 25));
        }
    });
    shared(&manager.get_log(&tp("t", 0)).unwrap());
    let appended: u64 = manager.metrics().iter().map(|piece| piece.append_bytes.count()).sum();
    assert_eq!(appended, 100);
}

#[test]
fn threads_do_the_upkeep_by_themselves() {
    let temp = TempDir::new();
    let config = LogManagerConfig {
        initial_task_delay_ms: 0,
        retention_check_ms: 20,
        cleaner: kafka_log::manager::LogCleanerConfig {
            backoff_ms: 20,
            dedupe_buffer_bytes: 4 * 1024 * 1024,
            ..Default::default()
        },
        ..manager_config()
    };
    let default = LogConfig { file_delete_delay_ms: 0, retention_ms: 1000, ..small_segments() };
    let unloaded = LogManager::open(OsFs, &temp.dirs(2), default, config).unwrap();
    let (manager, _) = unloaded.load(&Startup::plain(SystemClock.now_ms())).unwrap();
    let manager = Arc::new(manager);
    manager.update_topic_config("c", [("cleanup.policy", "compact"), ("min.cleanable.dirty.ratio", "0")]).unwrap();
    let background = Background::start(Arc::clone(&manager), Arc::new(SystemClock)).unwrap();
    let (old, compacted) = (create(&manager, &tp("old", 0)), create(&manager, &tp("c", 0)));
    append(&old, 40);
    for round in 0..60 {
        append_record(&compacted, "same key", &format!("round {round}"));
    }
    let until = Instant::now() + Duration::from_secs(20);
    while Instant::now() < until && (!records(&old).is_empty() || records(&compacted).len() > 12) {
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(records(&old), []);
    assert!(records(&compacted).len() <= 12);
    assert_eq!(compacted.log_end_offset(), 60);
    background.stop();
    let report = manager.shutdown(&CallingThread, -1, NOW);
    assert_eq!(report.clean_dirs.len(), 2);
}
