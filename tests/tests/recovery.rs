//! Every recorded partition opened after a clean and after an unclean stop, then closed: the offsets, epochs and producers that
//! Kafka's loader found, the files that it left, and the errors that it did not start with.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use data_encoding::{BASE64, HEXLOWER};
use kafka_log::format::producer_snapshot::ProducerSnapshot;
use kafka_log::fs::OsFs;
use kafka_log::log::ProducerStateConfig;
use kafka_log::log::config::LogConfig;
use kafka_log::log::error::{KafkaError, LogError};
use kafka_log::log::{Log, LogOptions, OpenError};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use tests::fixtures::{root, scenario};

/// About when the records were made, in ms: which producers have expired depends on it.
const NOW_MS: i64 = 1_795_399_200_000;
/// Kafka ended in an OutOfMemoryError: a record count that its records do not have room for.
const OUT_OF_MEMORY: &str = "java.lang.OutOfMemoryError";

struct Recorded<'a> {
    folder: PathBuf,
    clean: bool,
    expected: &'a Value,
}

/// What Kafka did that opened this partition, differently from us; empty when it is the same.
fn differences(recorded: &Recorded<'_>, work: &Path) -> Vec<String> {
    let dir = work.join(recorded.folder.file_name().unwrap());
    copy(&recorded.folder, &dir);
    let expected = &recorded.expected["log"];
    let mut found = Vec::new();
    match (open(&dir, recorded), expected["opened"].as_bool() == Some(true)) {
        (Ok(log), true) => {
            let described = describe(&log).map(|ours| without_file_times(ours, expected));
            let kafkas = expected["error"].as_str();
            if let Ok(ours) = &described {
                for (name, value) in ours.as_object().unwrap() {
                    if expected.get(name).is_some_and(|kafkas| kafkas != value) {
                        found.push(format!("{name}: Kafka {}, ours {value}", expected[name]));
                    }
                }
            }
            if let Some(kafkas) = kafkas {
                // It opens, and then a segment cannot be read.
                match described {
                    Ok(_) => found.push(format!("Kafka fails with {kafkas}, ours reads all")),
                    Err(ours) if !names(kafkas, ours.exception()) => found.push(format!("Kafka {kafkas}, ours {ours}")),
                    Err(_) => {}
                }
                return found;
            }
            if let Err(error) = described {
                found.push(format!("ours cannot be read: {error}"));
            }
            if let Err(error) = close(log) {
                found.push(format!("ours cannot be closed: {error}"));
            }
            found.extend(different_files(&dir, recorded));
        }
        (Err(ours), false) => {
            let kafkas = expected["error"].as_str().unwrap();
            if !names(kafkas, ours.exception()) && !kafkas.starts_with(OUT_OF_MEMORY) {
                found.push(format!("Kafka refuses with {kafkas}, ours with {}: {ours}", ours.exception()));
            }
        }
        (Err(ours), true) => found.push(format!("ours refuses: {} {ours}", ours.exception())),
        (Ok(_), false) if expected["error"].as_str().unwrap().starts_with(OUT_OF_MEMORY) => {}
        (Ok(_), false) => found.push(format!("ours opens, Kafka refuses with {}", expected["error"])),
    }
    fs::remove_dir_all(&dir).unwrap();
    found
}

fn names(kafkas: &str, ours: &str) -> bool {
    kafkas.split(':').next().is_some_and(|class| class.rsplit('.').next() == Some(ours))
}

fn open(dir: &Path, recorded: &Recorded<'_>) -> Result<Log<OsFs>, OpenError> {
    let config = LogConfig {
        index_interval_bytes: recorded.expected["index_interval"].as_i64().unwrap() as i32,
        segment_index_bytes: 65536,
        retention_ms: -1,
        max_message_bytes: 64 << 20,
        ..LogConfig::default()
    };
    let options = LogOptions {
        config: Arc::new(config),
        log_start_offset: recorded.expected["start"].as_i64().unwrap(),
        recovery_point: if recorded.clean { i64::MAX } else { 0 },
        had_clean_shutdown: recorded.clean,
        refuse_like_kafka: true,
        producers: ProducerStateConfig { expiration_ms: i32::MAX.into(), ..ProducerStateConfig::default() },
        now_ms: NOW_MS,
        ..LogOptions::default()
    };
    Log::open(OsFs, dir, options).map(|(log, _)| log)
}

/// Looks at everything that the record has, and so at every index, which makes those that are not there yet.
fn describe(log: &Log<OsFs>) -> Result<Value, LogError> {
    let home = log.home();
    let mut segments = Vec::new();
    for segment in log.segments() {
        segments.push(json!({
            "baseOffset": segment.base_offset(),
            "size": segment.size(),
            "nextOffset": segment.read_next_offset(home)?,
            "indexEntries": segment.offset_index_entries(home)?,
            "timeIndexEntries": segment.time_index_entries(home)?,
            "largestTimestamp": segment.largest_record_timestamp(home)?,
        }));
    }
    let epochs = log.epochs();
    let epochs = epochs.iter().map(|entry| json!({ "epoch": entry.epoch, "startOffset": entry.start_offset }));
    let mut producers = Vec::new();
    log.for_each_producer(|id, state| {
        let batch = |batch: kafka_log::format::producer_snapshot::BatchMetadata| {
            json!({
                "firstSequence": batch.first_sequence,
                "lastSequence": batch.last_sequence,
                "firstOffset": batch.last_offset - i64::from(batch.offset_delta),
                "lastOffset": batch.last_offset,
                "timestamp": batch.timestamp,
            })
        };
        let shown = json!({
            "producerId": id,
            "producerEpoch": state.producer_epoch(),
            "batches": state.batches().map(batch).collect::<Vec<_>>(),
            "lastTimestamp": state.last_timestamp(),
            "coordinatorEpoch": state.coordinator_epoch(),
            "currentTxnFirstOffset": state.current_txn_first_offset().unwrap_or(-1),
        });
        producers.push((id, shown));
    });
    producers.sort_by_key(|(id, _)| *id);
    Ok(json!({
        "logStartOffset": log.log_start_offset(),
        "logEndOffset": log.log_end_offset(),
        "highWatermark": log.high_watermark(),
        "size": log.size(),
        "segments": segments,
        "leaderEpochs": epochs.collect::<Vec<_>>(),
        "producers": producers.into_iter().map(|(_, shown)| shown).collect::<Vec<_>>(),
    }))
}

/// Kafka gives the last-modified time of a segment without timestamps, which a copy does not have.
fn without_file_times(mut ours: Value, kafkas: &Value) -> Value {
    for (at, segment) in ours["segments"].as_array_mut().unwrap().iter_mut().enumerate() {
        if segment["largestTimestamp"].is_null() {
            segment["largestTimestamp"] = kafkas["segments"][at]["largestTimestamp"].clone();
        }
    }
    ours
}

fn close(log: Log<OsFs>) -> Result<(), LogError> {
    // Files that are to be deleted go at once.
    log.run_due(i64::MAX)?;
    log.close()
}

fn different_files(dir: &Path, recorded: &Recorded<'_>) -> Vec<String> {
    let mut left: Vec<_> = fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
    let mut found = Vec::new();
    for kafkas in recorded.expected["after"].as_array().unwrap() {
        let name = kafkas["name"].as_str().unwrap();
        left.retain(|other| other != name);
        let Ok(ours) = fs::read(dir.join(name)) else {
            found.push(format!("{name} is missing"));
            continue;
        };
        let has_sha = |bytes: &[u8]| kafkas["sha256"] == HEXLOWER.encode(&Sha256::digest(bytes)).as_str();
        // Content is recorded of new files. Others are as they were.
        let content = match kafkas["content"].as_str() {
            Some(content) => BASE64.decode(content.as_bytes()).ok(),
            None => fs::read(recorded.folder.join(name)).ok().filter(|before| has_sha(before)),
        };
        if !has_sha(&ours) && !content.is_some_and(|kafkas| is_same_snapshot(&kafkas, &ours)) {
            found.push(format!("{name}: Kafka {} bytes, ours {}, others", kafkas["size"], ours.len()));
        }
    }
    found.extend(left.into_iter().map(|name| format!("{name} should not be there")));
    found
}

/// The order of the producers in a snapshot means nothing.
fn is_same_snapshot(kafkas: &[u8], ours: &[u8]) -> bool {
    let entries = |bytes: &[u8]| {
        let mut entries: Vec<_> = ProducerSnapshot::read(bytes).ok()?.iter().collect();
        entries.sort_by_key(|entry| entry.producer_id);
        Some(entries)
    };
    entries(kafkas).is_some() && entries(kafkas) == entries(ours)
}

fn copy(from: &Path, to: &Path) {
    fs::remove_dir_all(to).ok();
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn opening_leaves_what_kafkas_loader_leaves() {
    let packed = fs::read(root().join("fixtures/recovery.json.zst")).unwrap();
    let recorded: Value = serde_json::from_slice(&zstd::decode_all(packed.as_slice()).unwrap()).unwrap();
    let work = Path::new(env!("CARGO_TARGET_TMPDIR")).join("recovery");
    let (mut count, mut different) = (0, Vec::new());
    for (name, partitions) in recorded.as_object().unwrap() {
        let scenario = scenario(name);
        for (partition, stops) in partitions.as_object().unwrap() {
            for (stop, expected) in stops.as_object().unwrap() {
                let recorded = Recorded { folder: scenario.join(partition), clean: stop == "clean", expected };
                count += 1;
                for difference in differences(&recorded, &work) {
                    different.push(format!("{name}/{partition} {stop}: {difference}"));
                }
            }
        }
    }
    assert_eq!(count, 764);
    assert!(different.is_empty(), "{} differences\n{}", different.len(), different.join("\n"));
}
