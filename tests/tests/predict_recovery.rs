//! `predict` against what Kafka's own recovery left of each recorded partition, after a clean and an unclean stop: which
//! offsets, which files, which bytes, or which exception.
//!
//! The recorder did more than a start and a stop: before it closed a log it asked each segment for its next offset and the
//! entries of its indexes. That loads indexes which are cut to whole entries when the log is closed; and where an answer was an
//! exception it did not close the log at all. Files are compared after the same questions.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use kafka_log::audit::predict::{Outcome, PredictOptions, Stop, start};
use kafka_log::audit::{AuditOptions, verify_partition};
use kafka_log::format::checksum::crc32;
use kafka_log::fs::overlay::OverlayFs;
use kafka_log::fs::{Fs, OsFs, read_whole};
use kafka_log::log::Log;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::LogError;
use serde_json::Value;
use tests::fixtures;

/// Recoveries in which Kafka's tester, not its log, gave up.
const NOT_COMPARED: &[&str] = &["OutOfMemoryError"];

/// When the recoveries were recorded, or later: producers that had expired by then are gone.
const NOW_MS: i64 = 1_790_000_000_000;

fn recorded() -> Vec<Value> {
    let packed = fs::read(fixtures::root().join("fixtures/recovery.jsonl.zst")).unwrap();
    let text = String::from_utf8(zstd::decode_all(&packed[..]).unwrap()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[test]
fn every_recorded_recovery_is_predicted() {
    let mut wrong = Vec::new();
    let mut compared = 0;
    for record in recorded() {
        let text = |key: &str| record[key].as_str().unwrap_or_default().to_owned();
        let number = |key: &str| record[key].as_i64();
        if NOT_COMPARED.contains(&text("exception").as_str()) {
            continue;
        }
        let dir = fixtures::scenario(&text("scenario")).join(text("partition"));
        let before = verify_partition(&OsFs, &dir, &AuditOptions::default()).unwrap();
        let config = LogConfig {
            index_interval_bytes: number("index_interval_bytes").unwrap() as i32,
            segment_index_bytes: number("segment_index_bytes").unwrap() as i32,
            ..LogConfig::default()
        };
        let options = PredictOptions {
            stop: if text("stop") == "clean" { Stop::Clean } else { Stop::Unclean },
            config: Arc::new(config),
            log_start_offset: number("log_start_offset").unwrap(),
            recovery_point: 0,
            now_ms: NOW_MS,
            and_close: true,
        };
        let (prediction, _) = start(&OsFs, &dir, &before, &options).unwrap();
        compared += 1;
        let mut differs = Vec::new();
        match &prediction.outcome {
            Outcome::SetAside { why } => differs.push(why.clone()),
            Outcome::Refuses { exception, message } => {
                if record["exception"].is_null() {
                    differs.push(format!("refuses with {exception}: {message}; Kafka: {:?}", record["exception"]));
                }
            }
            Outcome::Opens(report) => {
                if !record["exception"].is_null() {
                    differs.push(format!("opens; Kafka: {}", record["exception"]));
                } else if (Some(report.log_start_offset), Some(report.log_end_offset))
                    != (number("start"), number("end"))
                {
                    let found = (report.log_start_offset, report.log_end_offset);
                    differs.push(format!("offsets {found:?}; Kafka: {} to {}", record["start"], record["end"]));
                }
            }
        }
        if record["exception"].is_null() && differs.is_empty() {
            let (after, is_closed) = as_recorded(&dir, &options).unwrap();
            differs.extend(files_differ(&after, is_closed, &dir, &record));
        }
        if !differs.is_empty() {
            let place = format!("{}/{} {}", text("scenario"), text("partition"), text("stop"));
            wrong.push(format!("{place}:\n    {}", differs.join("\n    ")));
        }
    }
    println!("{compared} recoveries compared");
    let shown: Vec<_> = wrong.iter().take(60).cloned().collect();
    assert!(wrong.is_empty(), "{} of {compared} differ\n{}", wrong.len(), shown.join("\n"));
}

/// Starts, asks what the recorder asked, and closes the log if that went well; says whether it did.
fn as_recorded(dir: &Path, options: &PredictOptions) -> Result<(OverlayFs<OsFs>, bool), Box<dyn std::error::Error>> {
    let after = OverlayFs::new(OsFs);
    let (log, _) = Log::open(after.clone(), dir, options.of_log())?;
    let is_read = ask_segments(&log).is_ok();
    if is_read {
        log.run_due(i64::MAX)?;
        log.close()?;
    }
    Ok((after, is_read))
}

fn ask_segments<F: Fs>(log: &Log<F>) -> Result<(), LogError> {
    let home = log.home();
    for segment in log.segments() {
        segment.read_next_offset(home)?;
        segment.offset_index_entries(home)?;
        segment.time_index_entries(home)?;
        segment.largest_record_timestamp(home)?;
    }
    Ok(())
}

fn files_differ<F: Fs>(after: &F, is_closed: bool, dir: &Path, record: &Value) -> Vec<String> {
    let index_bytes_max = record["segment_index_bytes"].as_u64().unwrap() as usize;
    let found: BTreeMap<String, Vec<u8>> = after
        .read_dir(dir)
        .unwrap()
        .into_iter()
        .filter(|entry| !entry.is_dir)
        .map(|entry| {
            let mut bytes = read_whole(after, &dir.join(&entry.name)).unwrap().unwrap();
            // Kafka keeps indexes that may grow at their largest size, filled up with zeros, until it closes them.
            if let Some(entry_len) = entry_len(&entry.name).filter(|_| !is_closed && is_active(&entry.name, dir)) {
                bytes.resize(index_bytes_max / entry_len * entry_len, 0);
            }
            (entry.name, bytes)
        })
        .collect();
    let expected: BTreeMap<String, (u64, Option<u64>)> = record["files"]
        .as_array()
        .unwrap()
        .iter()
        .map(|file| (file[0].as_str().unwrap().to_owned(), (file[1].as_u64().unwrap(), file[2].as_u64())))
        .collect();
    let mut differs = Vec::new();
    for (name, (size, sum)) in &expected {
        let Some(bytes) = found.get(name) else {
            differs.push(format!("{name} is missing"));
            continue;
        };
        let is_same = bytes.len() as u64 == *size && sum.is_none_or(|sum| sum == u64::from(crc32(bytes)));
        // The order of the producers means nothing, and no snapshot has two sizes for the same ones.
        let is_snapshot = name.ends_with(".snapshot") && bytes.len() as u64 == *size;
        if !is_same && !is_snapshot {
            differs.push(format!("{name}: {} bytes; Kafka: {size}", bytes.len()));
        }
    }
    let extra = found.keys().filter(|name| !expected.contains_key(*name) && !name.starts_with(".kafka"));
    differs.extend(extra.map(|name| format!("{name} is left")));
    differs
}

fn entry_len(name: &str) -> Option<usize> {
    [(".index", 8), (".timeindex", 12)].iter().find(|(extension, _)| name.ends_with(extension)).map(|(_, len)| *len)
}

/// Whether a file belongs to the last segment.
fn is_active(name: &str, dir: &Path) -> bool {
    let names = OsFs.read_dir(dir).unwrap().into_iter().map(|entry| entry.name);
    let last = names.filter(|name| name.ends_with(".log")).max().unwrap();
    name.split('.').next() == last.split('.').next()
}
