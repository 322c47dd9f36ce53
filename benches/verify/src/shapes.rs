//! Directories of a shape that once took long: many preallocated indexes, many segments without indexes.

use std::error::Error;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use kafka_log::audit::Checkpoints;
use kafka_log::audit::predict::{PredictOptions, Stop, predict_partition};
use kafka_log::audit::{AuditOptions, Level, Silent, verify, verify_partition};
use kafka_log::fs::OsFs;
use kafka_log::log::LogOptions;
use kafka_log::log::config::LogConfig;
use kafka_log::repair::{Options, plan_like_kafka, plan_partition};
use serde_json::json;
use tests::segments::write_tiny;

use crate::made;

/// Bytes that this process has read so far, from wherever they came; unknown elsewhere than on Linux.
fn bytes_read() -> Option<u64> {
    let counters = fs::read_to_string("/proc/self/io").ok()?;
    counters.lines().find_map(|line| line.strip_prefix("rchar: ")?.parse().ok())
}

/// Runs `work` and prints what it took.
fn measured<T>(what: &str, count: u32, work: impl FnOnce() -> Result<T, Box<dyn Error>>) -> Result<T, Box<dyn Error>> {
    let (before, start) = (bytes_read(), Instant::now());
    let done = work()?;
    let (wall_s, bytes) = (start.elapsed().as_secs_f64(), bytes_read().zip(before).map(|(now, before)| now - before));
    println!("{}", json!({ "what": what, "count": count, "wall_s": wall_s, "bytes_read": bytes }));
    Ok(done)
}

/// A log directory as a running broker has it.
pub(crate) fn live(dir: &Path, partitions: u32) -> Result<(), Box<dyn Error>> {
    if !dir.exists() {
        made::live(dir, partitions)?;
    }
    for level in [Level::Quick, Level::Default] {
        measured(&format!("{level:?} of a live directory"), partitions, || {
            let options = AuditOptions { level, ..AuditOptions::default() };
            Ok(verify(&OsFs, &[dir.to_owned()], &options, &Silent)?)
        })?;
    }
    Ok(())
}

/// A partition of many segments without indexes.
pub(crate) fn tiny(dir: &Path, segments: u32) -> Result<(), Box<dyn Error>> {
    if !dir.exists() {
        write_tiny(dir, segments)?;
    }
    let report = measured("verify", segments, || Ok(verify_partition(&OsFs, dir, &AuditOptions::default())?))?;
    let options = PredictOptions {
        stop: Stop::Unclean,
        config: Arc::new(LogConfig::default()),
        log_start_offset: 0,
        recovery_point: 0,
        now_ms: 0,
        and_close: false,
    };
    measured("predict", segments, || Ok(predict_partition(&OsFs, dir, &report, &options)?))?;
    measured("plan", segments, || Ok(plan_partition(&OsFs, dir, &Checkpoints::default(), &Options::default())?))?;
    measured("plan like Kafka", segments, || {
        Ok(plan_like_kafka(&OsFs, dir, LogOptions { refuse_like_kafka: true, ..LogOptions::default() })?)
    })?;
    Ok(())
}
