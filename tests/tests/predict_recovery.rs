//! `predict` against what Kafka's own recovery left of each recorded partition, after a clean and an unclean stop: which
//! offsets, which files, which bytes, or which exception.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::sync::Arc;

use kafka_log::format::checksum::crc32;
use kafka_log::fs::{Fs, OsFs, read_whole};
use kafka_log::log::config::LogConfig;
use kafka_log::verify::predict::{Outcome, PredictOptions, Stop, start};
use kafka_log::verify::{VerifyOptions, verify_partition};
use serde_json::Value;
use tests::fixtures;

/// Recoveries in which Kafka's tester, not its log, gave up.
const NOT_COMPARED: &[&str] = &["OutOfMemoryError"];

/// Recoveries that the engine does not make as Kafka does, yet. Each is after a clean stop, about index files that Kafka leaves
/// longer or shorter, and one about a repeated batch.
const KNOWN: &[&str] = &[
    "damage-bit-flips/odd.bit-flips-17 clean",
    "damage-bit-flips/odd.bit-flips-21 clean",
    "damage-offset-index/odd.offset-index-0 clean",
    "damage-offset-index/odd.offset-index-1 clean",
    "damage-offset-index/odd.offset-index-20 clean",
    "damage-tails/odd.tails-12 clean",
    "damage-tails/odd.tails-16 clean",
    "damage-time-index/broken.time-index-0 clean",
    "damage-time-index/broken.time-index-18 clean",
    "damage-time-index/broken.time-index-2 clean",
];

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
        let before = verify_partition(&OsFs, &dir, &VerifyOptions::default()).unwrap();
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
        let (prediction, after) = start(&OsFs, &dir, &before, &options).unwrap();
        compared += 1;
        let mut differs = Vec::new();
        match &prediction.outcome {
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
        if record["exception"].is_null() {
            differs.extend(files_differ(&after, &dir, &record));
        }
        if !differs.is_empty() {
            let place = format!("{}/{} {}", text("scenario"), text("partition"), text("stop"));
            if KNOWN.contains(&place.as_str()) {
                continue;
            }
            wrong.push(format!("{place}:\n    {}", differs.join("\n    ")));
        }
    }
    println!("{compared} recoveries compared");
    let shown: Vec<_> = wrong.iter().take(60).cloned().collect();
    assert!(wrong.is_empty(), "{} of {compared} differ\n{}", wrong.len(), shown.join("\n"));
}

fn files_differ<F: Fs>(after: &F, dir: &std::path::Path, record: &Value) -> Vec<String> {
    let found: BTreeMap<String, Vec<u8>> = after
        .read_dir(dir)
        .unwrap()
        .into_iter()
        .filter(|entry| !entry.is_dir)
        .map(|entry| {
            let bytes = read_whole(after, &dir.join(&entry.name)).unwrap().unwrap();
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
