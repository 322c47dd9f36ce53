//! A manager's life, cut short at every change it makes to disk.

use std::path::PathBuf;

use kafka_log::fs::Fs;
use kafka_log::log::LeaderAppend;
use kafka_log::log::config::LogConfig;
use kafka_log::manager::{CallingThread, CreateLog, LogManager, ManagerError, Startup};
use tests::sim::{Crash, Fault, SimFs};

use crate::support::*;

const PARTITIONS: i32 = 4;

/// What is known of a partition: how many records were appended, and how many of these were flushed.
#[derive(Clone, Copy, Default)]
struct Known {
    appended: i64,
    flushed: i64,
    was_made: bool,
}

fn config(flush_messages: i64) -> LogConfig {
    LogConfig { file_delete_delay_ms: 1000, flush_messages, ..small_segments() }
}

/// `flush.messages` of logs that are flushed now and then.
const NEVER: i64 = i64::MAX;

fn dirs() -> Vec<PathBuf> {
    vec![PathBuf::from("/disks/a"), PathBuf::from("/disks/b")]
}

/// Everything a manager does, going on after whatever fails. Says too how many directories were offline at the end.
fn live(fs: &SimFs, flush_messages: i64) -> ([Known; PARTITIONS as usize], usize) {
    let mut known = [Known::default(); PARTITIONS as usize];
    let mut offline = 0;
    for round in 0..2 {
        if fs.faults() > 0 {
            break;
        }
        let Ok(unloaded) = open(fs.clone(), &dirs(), config(flush_messages)) else { return (known, offline) };
        let Ok((manager, _)) = unloaded.load(&Startup::plain(NOW)) else { return (known, offline) };
        for step in 0..3_i64 {
            let now_ms = NOW + step * 31_000;
            for partition in 0..PARTITIONS {
                let now_and_then = (step + i64::from(partition)) % 2 == 0;
                append_some(&manager, partition, &mut known[partition as usize], flush_messages, now_and_then);
            }
            manager.tick(now_ms);
        }
        let create = CreateLog { is_new: true, ..CreateLog::default() };
        if let Ok(log) = manager.get_or_create_log(&tp("gone", round), create, NOW) {
            let _ = log.append_as_leader(&batch(&[("k", "v")]), LeaderAppend::from_client(1), NOW);
            let _ = manager.async_delete(&tp("gone", round), false, NOW);
        }
        let _ = move_first(&manager);
        manager.tick(NOW + 200_000);
        if manager.shutdown(&CallingThread, -1, NOW).unclean_dirs.is_empty() {
            known.iter_mut().for_each(|known| known.flushed = known.appended);
        }
        offline = manager.log_dirs().iter().filter(|dir| dir.failure.is_some()).count();
    }
    (known, offline)
}

fn append_some<F: Fs>(manager: &LogManager<F>, partition: i32, known: &mut Known, flush_messages: i64, flush: bool) {
    let create = CreateLog { is_new: !known.was_made, ..CreateLog::default() };
    known.was_made = true;
    let Ok(log) = manager.get_or_create_log(&tp("t", partition), create, NOW) else { return };
    for _ in 0..3 {
        // What failed may have arrived, or not.
        known.appended = log.log_end_offset().max(known.flushed);
        let value = format!("value of {}", known.appended);
        known.appended += 1;
        if log.append_as_leader(&batch(&[("k", &value)]), LeaderAppend::from_client(1), NOW).is_err() {
            return;
        }
        if flush_messages == 1 {
            known.flushed = known.appended;
        }
    }
    if flush_messages == NEVER && flush && log.flush(false, NOW).is_ok() {
        known.flushed = known.appended;
    }
}

fn move_first<F: Fs>(manager: &LogManager<F>) -> Result<(), ManagerError> {
    let Some(current) = manager.get_log(&tp("t", 0)) else { return Ok(()) };
    let dirs = dirs();
    let target = dirs.iter().find(|dir| !current.dir().starts_with(dir)).unwrap();
    manager.start_move(&tp("t", 0), target, NOW)?;
    while !manager.copy_to_future_log(&tp("t", 0), 700, NOW)? {}
    manager.replace_current_with_future_log(&tp("t", 0), NOW).map(drop)
}

/// Starts again without faults: what was flushed is there, and nothing that was not appended.
fn check(fs: &SimFs, known: &[Known], what: &str) {
    let unloaded = open(fs.clone(), &dirs(), config(NEVER)).unwrap_or_else(|error| panic!("{what}: {error}"));
    let manager = match unloaded.load(&Startup::plain(NOW)) {
        Ok((manager, report)) => {
            assert_eq!(report.failed_dirs, [], "{what}");
            manager
        }
        // A move was cut short between its two renames. Kafka asks for a decision too.
        Err(ManagerError::DuplicatePartition { partition, .. }) if partition == tp("t", 0) => return,
        Err(error) => panic!("{what}: {error}"),
    };
    for (partition, known) in (0..).zip(known) {
        let found = manager.get_log(&tp("t", partition)).map(|log| records(&log)).unwrap_or_default();
        let offsets: Vec<i64> = found.iter().map(|(offset, ..)| *offset).collect();
        // After what was flushed a whole batch may be lost from the end of one segment and not from the next.
        let flushed = offsets.iter().take_while(|offset| **offset < known.flushed).count() as i64;
        assert_eq!(flushed, known.flushed, "{what}, partition {partition}: {offsets:?}");
        assert!(offsets.is_sorted() && offsets.last().is_none_or(|last| *last < known.appended), "{what}: {offsets:?}");
        assert!(found.iter().all(|(offset, _, value)| *value == format!("value of {offset}")), "{what}");
    }
}

#[test]
fn a_power_cut_at_any_moment_costs_nothing_that_was_flushed() {
    cut_the_power(NEVER);
}

#[test]
fn a_power_cut_at_any_moment_costs_nothing_that_was_acknowledged_with_flush_messages_1() {
    cut_the_power(1);
}

/// At each change in turn.
fn cut_the_power(flush_messages: i64) {
    let all = {
        let fs = SimFs::new(0);
        check(&fs, &live(&fs, flush_messages).0, "no fault");
        fs.changes()
    };
    assert!(all > 300, "{all}");
    for at in 1..=all {
        let crash = Crash::ALL[at as usize % Crash::ALL.len()];
        let fs = SimFs::new(at);
        fs.fail_change(at, Fault::PowerOff);
        let (known, _) = live(&fs, flush_messages);
        check(&fs.crash(crash, at), &known, &format!("power off at change {at}, {crash:?}"));
    }
}

#[test]
fn one_failing_call_at_any_moment_takes_one_directory_along_and_nothing_that_was_flushed() {
    let all = {
        let fs = SimFs::new(0);
        live(&fs, NEVER);
        fs.changes()
    };
    for at in 1..=all {
        let fs = SimFs::new(at);
        fs.fail_change(at, if at % 2 == 0 { Fault::Eio } else { Fault::Enospc });
        let (known, offline) = live(&fs, NEVER);
        assert!(offline <= 1, "fault at change {at}");
        let complaints = fs.complaints();
        assert!(complaints.is_empty(), "fault at change {at}: {complaints:?}");
        check(&fs.crash(Crash::Killed, at), &known, &format!("fault at change {at}"));
    }
}
