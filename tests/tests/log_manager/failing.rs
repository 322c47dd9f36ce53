use std::path::PathBuf;

use kafka_log::log::LeaderAppend;
use kafka_log::log::error::{ErrorCode, KafkaError as _};
use kafka_log::manager::{CallingThread, CreateLog, ManagerError};
use tests::sim::{Crash, Fault, SimFs};

use crate::support::*;

fn sim_dirs() -> Vec<PathBuf> {
    vec![PathBuf::from("/a"), PathBuf::from("/b")]
}

#[test]
fn a_bad_disk_takes_its_own_directory_along_and_no_other() {
    let (fs, dirs) = (SimFs::new(1), sim_dirs());
    let (manager, _) = start_on(fs.clone(), &dirs, small_segments());
    let logs: Vec<_> = (0..4).map(|partition| create(&manager, &tp("t", partition))).collect();
    logs.iter().for_each(|log| append(log, 1));
    let bad = logs[0].dir().parent().unwrap().to_path_buf();
    fs.fail_change(fs.changes() + 1, Fault::Eio);
    let error = logs[0].append_as_leader(&batch(&[("k", "v")]), LeaderAppend::from_client(1), NOW).unwrap_err();
    assert_eq!(error.code(), ErrorCode::KafkaStorageError);

    let report = manager.tick(NOW);
    assert_eq!(report.failed_dirs, std::slice::from_ref(&bad));
    assert_eq!(manager.tick(NOW).failed_dirs.len(), 0);
    assert!(!manager.is_log_dir_online(&bad).unwrap());
    assert_eq!(manager.all_logs().len(), 2);
    for (partition, log) in logs.iter().enumerate() {
        let is_on_bad = log.dir().starts_with(&bad);
        assert_eq!(manager.get_log(&tp("t", partition as i32)).is_none(), is_on_bad);
        let appended = log.append_as_leader(&batch(&[("k", "v")]), LeaderAppend::from_client(1), NOW);
        assert_eq!(appended.is_err(), is_on_bad);
    }

    // A log that is not known to be new may be on the bad disk.
    let error = manager.get_or_create_log(&tp("t", 0), CreateLog::default(), NOW).unwrap_err();
    assert!(matches!(error, ManagerError::LogDirsOffline { .. }));
    assert!(matches!(manager.async_delete(&tp("t", 0), false, NOW), Err(ManagerError::LogDirsOffline { .. })));
    assert!(!create(&manager, &tp("new", 0)).dir().starts_with(&bad));
    let report = manager.shutdown(&CallingThread, -1, NOW);
    assert_eq!(report.clean_dirs.len(), 1);
    assert!(!report.clean_dirs.contains(&bad));
}

#[test]
fn a_directory_that_takes_no_folder_is_passed_over() {
    let (fs, dirs) = (SimFs::new(2), sim_dirs());
    let (manager, _) = start_on(fs.clone(), &dirs, small_segments());
    fs.fail_change(fs.changes() + 1, Fault::Enospc);
    let log = create(&manager, &tp("t", 0));
    assert!(log.dir().starts_with("/b"));
    assert_eq!(manager.tick(NOW).failed_dirs, [PathBuf::from("/a")]);
    manager.fail_log_dir(&dirs[1], "for the test").unwrap();
    assert_eq!(manager.log_dirs()[1].failure.as_deref(), Some("for the test"));
    let create = CreateLog { is_new: true, ..CreateLog::default() };
    assert!(manager.get_or_create_log(&tp("t", 1), create, NOW).is_err());
}

#[test]
fn the_lock_of_a_failed_directory_is_let_go_of() {
    let temp = TempDir::new();
    let dirs = temp.dirs(2);
    let (manager, _) = start(&dirs);
    manager.fail_log_dir(&dirs[0], "for the test").unwrap();
    assert!(open(kafka_log::fs::OsFs, &dirs[..1], small_segments()).is_ok());
    assert!(open(kafka_log::fs::OsFs, &dirs[1..], small_segments()).is_err());
}

#[test]
fn what_was_flushed_survives_a_crash_at_any_moment_of_a_manager_s_life() {
    for seed in 0..60 {
        let (fs, dirs) = (SimFs::new(seed), sim_dirs());
        let (manager, _) = start_on(fs.clone(), &dirs, small_segments());
        let logs: Vec<_> = (0..4).map(|partition| create(&manager, &tp("t", partition))).collect();
        let mut flushed = [0; 4];
        for round in 0..6 {
            for (partition, log) in logs.iter().enumerate() {
                append(log, 3);
                if (seed as usize + round + partition).is_multiple_of(3) {
                    log.flush(false, NOW).unwrap();
                    flushed[partition] = log.log_end_offset();
                }
            }
            if round % 2 == 0 {
                manager.checkpoint_recovery_points();
            }
            manager.tick(NOW + round as i64 * 40_000);
        }
        let expected: Vec<_> = logs.iter().map(|log| records(log)).collect();
        let after = fs.crash(Crash::ALL[seed as usize % Crash::ALL.len()], seed);
        drop((logs, manager));
        let (manager, report) = start_on(after, &dirs, small_segments());
        assert_eq!(report.failed_dirs, [], "seed {seed}");
        for partition in 0..4 {
            let log = manager.get_log(&tp("t", partition as i32)).unwrap_or_else(|| panic!("seed {seed}"));
            let found = records(&log);
            let (whole, least) = (&expected[partition], flushed[partition] as usize);
            assert!(found.len() >= least && found[..] == whole[..found.len()], "seed {seed}, partition {partition}");
        }
    }
}
