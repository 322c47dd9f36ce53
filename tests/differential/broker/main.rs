//! Reads and writes the data directories of a broker that is stopped: the other half of `BothWays.java`.
//!
//! `broker-differential SEED OUT clean|kill DIR...` opens them, writes all records to `OUT.before`, appends, compacts, moves a
//! partition to another directory, writes all records to `OUT.after`, and stops. `kill`: it says "ready" instead of stopping,
//! and goes on appending until somebody kills it.

mod append;
mod dump;

use std::io::{self, Write as _};
use std::path::PathBuf;
use std::sync::Mutex;

use kafka_log::fs::OsFs;
use kafka_log::log::config::LogConfig;
use kafka_log::log::{Log, LogStartOffsetReason, TopicPartition};
use kafka_log::manager::background::{Clock as _, SystemClock};
use kafka_log::manager::{LogManager, LogManagerConfig, Startup, StdThreads, Unloaded};
use tests::Random;

/// Topics and their partitions, in the order in which records are written out.
const TOPICS: [(&str, i32); 4] = [("appendtime", 1), ("codecs", 5), ("compacted", 2), ("transactions", 2)];

fn main() -> io::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [seed, out, end, dirs @ ..] = &args[..] else { return Err(other("SEED OUT clean|kill DIR...")) };
    let mut random = Random::new(seed.parse().map_err(other)?);
    let dirs: Vec<PathBuf> = dirs.iter().map(PathBuf::from).collect();
    let unloaded: Unloaded =
        LogManager::open(OsFs, &dirs, LogConfig::default(), LogManagerConfig::default()).map_err(other)?;
    let broker_epoch = unloaded.clean_shutdown_broker_epoch().unwrap_or(-1);
    let recovered = Mutex::new(0);
    let (manager, report) = unloaded
        .load(&Startup {
            topics: &topic_settings(),
            workers: &StdThreads,
            on_loaded: &|loaded| {
                if let Ok(mut count) = recovered.lock() {
                    *count += loaded.report.recovered_segments.len();
                }
            },
            ..Startup::plain(SystemClock.now_ms())
        })
        .map_err(other)?;
    let recovered = recovered.into_inner().unwrap_or_default();
    let how = if report.unclean_dirs.is_empty() { "clean" } else { "unclean" };
    eprintln!("ours: {} logs after a stop that was {how}, {recovered} segments recovered", report.logs);
    if report.unclean_dirs.is_empty() && recovered > 0 {
        return Err(other("segments were recovered after a clean stop"));
    }
    let logs = || partitions().map(|tp| manager.get_log(&tp).ok_or_else(|| other(format!("no log of {tp}"))));
    for log in logs() {
        let log = log?;
        log.update_high_watermark(log.log_end_offset()).map_err(other)?;
    }
    write_out(&format!("{out}.before"), &manager)?;
    append::append_everywhere(&manager, &mut random)?;
    append::compact(&manager)?;
    delete_records(&manager, &partition("codecs", random.below(5) as i32))?;
    move_partition(&manager, &partition("codecs", random.below(5) as i32), &dirs, &mut random)?;
    manager.tick(SystemClock.now_ms() + 60_000);
    write_out(&format!("{out}.after"), &manager)?;
    if end == "kill" {
        println!("ready");
        io::stdout().flush()?;
        append::append_until_killed(&manager, &mut random)?;
    }
    let report = manager.shutdown(&StdThreads, broker_epoch, SystemClock.now_ms());
    if report.clean_dirs.len() == dirs.len() { Ok(()) } else { Err(other(format!("{report:?}"))) }
}

fn partitions() -> impl Iterator<Item = TopicPartition> {
    TOPICS.into_iter().flat_map(|(topic, count)| (0..count).map(move |number| partition(topic, number)))
}

/// Lets a log start a little later, in the middle of a segment.
fn delete_records(manager: &LogManager, tp: &TopicPartition) -> io::Result<()> {
    let log = manager.get_log(tp).ok_or_else(|| other("no such log"))?;
    let to = log.log_start_offset() + 17;
    let reason = LogStartOffsetReason::ClientRecordDeletion;
    log.maybe_increment_log_start_offset(to, reason, SystemClock.now_ms()).map_err(other)?;
    // It is not written down before the next tick, which may not come.
    manager.checkpoint_log_start_offsets();
    Ok(())
}

/// Moves a partition to a directory where it is not.
fn move_partition(manager: &LogManager, tp: &TopicPartition, dirs: &[PathBuf], random: &mut Random) -> io::Result<()> {
    let current = manager.get_log(tp).ok_or_else(|| other("no such log"))?;
    let others: Vec<_> = dirs.iter().filter(|dir| !current.dir().starts_with(dir)).collect();
    let Some(target) = others.get(random.below(others.len())) else { return Ok(()) };
    let now_ms = SystemClock.now_ms();
    manager.start_move(tp, target, now_ms).map_err(other)?;
    while !manager.copy_to_future_log(tp, 20_000, now_ms).map_err(other)? {}
    manager.replace_current_with_future_log(tp, now_ms).map_err(other)?;
    Ok(())
}

fn topic_settings() -> Vec<(String, Vec<(String, String)>)> {
    let mut topics: Vec<(String, Vec<(String, String)>)> = Vec::new();
    for line in include_str!("topics").lines() {
        let Some([topic, name, value]) = line.split('\t').collect::<Vec<_>>().first_chunk().copied() else { continue };
        let setting = (name.to_owned(), value.to_owned());
        match topics.last_mut() {
            Some((last, settings)) if last == topic => settings.push(setting),
            _ => topics.push((topic.to_owned(), vec![setting])),
        }
    }
    topics
}

fn write_out(path: &str, manager: &LogManager) -> io::Result<()> {
    let mut out = io::BufWriter::new(std::fs::File::create(path)?);
    for is_committed in [false, true] {
        for tp in partitions() {
            let log: std::sync::Arc<Log> = manager.get_log(&tp).ok_or_else(|| other("no such log"))?;
            dump::dump(&log, is_committed, &mut out)?;
        }
    }
    out.flush()
}

fn other(error: impl ToString) -> io::Error {
    io::Error::other(error.to_string())
}

fn partition(topic: &str, number: i32) -> TopicPartition {
    TopicPartition::new(topic, number).expect("a name that Kafka takes")
}
