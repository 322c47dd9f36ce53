//! Runs the tool on logs of the fixtures, and reads its JSON strictly.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tests::fixtures;
use tests::run::{Outcome, run};

const BINARY: &str = env!("CARGO_BIN_EXE_kafka-dump-log");

/// Objects, one a line.
pub(crate) type Json = Vec<Value>;

/// The logs and KRaft snapshots of a scenario.
pub(crate) fn logs(scenario: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![fixtures::scenario(scenario)];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).expect("a folder of a scenario") {
            let path = entry.expect("an entry").path();
            let is_log = path.extension().is_some_and(|e| e == "log" || e == "checkpoint");
            if path.is_dir() && path.file_name().is_some_and(|name| name != "expected") {
                folders.push(path);
            } else if is_log {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The log that the README shows.
pub(crate) fn orders() -> PathBuf {
    fixtures::root().join("fixtures/orders-0/00000000000000000000.log")
}

/// An empty folder of this test's own.
pub(crate) fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    fs::create_dir_all(&folder).expect("a scratch folder");
    folder
}

pub(crate) fn dump(log: &Path, args: &[&str]) -> Outcome {
    let mut all = vec!["--files".to_owned(), log.to_string_lossy().into_owned()];
    all.extend(args.iter().map(|&arg| arg.to_owned()));
    run(Path::new(BINARY), &all, &fixtures::root(), Duration::from_secs(60)).expect("the tool runs")
}

pub(crate) fn text(log: &Path, args: &[&str]) -> String {
    String::from_utf8(dump(log, args).out).expect("UTF-8")
}

/// The objects of batches, records and findings of a file without damage.
pub(crate) fn json(log: &Path, args: &[&str]) -> Json {
    let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
    let outcome = dump(log, &args);
    assert_eq!(String::from_utf8_lossy(&outcome.err), "", "{}", log.display());
    read(&outcome.out)
}

/// The output for any file, as far as it goes.
pub(crate) fn json_of_any(log: &Path, args: &[&str]) -> Json {
    let args: Vec<&str> = args.iter().copied().chain(["--output", "json"]).collect();
    read(&dump(log, &args).out)
}

fn read(out: &[u8]) -> Json {
    let lines = out.split(|&byte| byte == b'\n').filter(|line| !line.is_empty());
    let objects: Json = lines.map(|line| serde_json::from_slice(line).expect("a line is an object")).collect();
    assert_eq!(objects.first().map(kind), Some("run"));
    assert!(!objects.iter().skip(1).any(|object| kind(object) == "run"));
    objects.iter().for_each(check);
    objects.into_iter().filter(|object| !["run", "file"].contains(&kind(object))).collect()
}

pub(crate) fn kind(object: &Value) -> &str {
    object["kind"].as_str().expect("a kind")
}

pub(crate) fn without_file(mut object: Value) -> Value {
    object.as_object_mut().expect("an object").remove("path");
    object
}

const BATCH: &[&str] = &[
    "position",
    "size",
    "magic",
    "base_offset",
    "last_offset",
    "count",
    "base_sequence",
    "last_sequence",
    "producer_id",
    "producer_epoch",
    "partition_leader_epoch",
    "is_transactional",
    "is_control",
    "delete_horizon_ms",
    "timestamp_type",
    "base_timestamp",
    "max_timestamp",
    "compression",
    "crc",
    "is_valid",
];
const MESSAGE: &[&str] =
    &["position", "size", "magic", "last_offset", "timestamp_type", "max_timestamp", "compression", "crc", "is_valid"];
const RECORD: &[&str] = &["offset", "timestamp_type", "timestamp", "key_size", "value_size", "sequence", "headers"];
const OLD_RECORD: &[&str] = &["offset", "timestamp_type", "timestamp", "key_size", "value_size", "crc", "is_valid"];
const FINDING: &[&str] = &[
    "kind",
    "code",
    "severity",
    "class",
    "path",
    "position",
    "bytes",
    "first_offset",
    "last_offset",
    "expected",
    "found",
    "remedy",
];
/// What a finding need not have.
const PLACE: &[&str] = &["position", "bytes", "first_offset", "last_offset"];
const FILE: &[&str] = &["contents", "base_offset", "end_offset", "epoch"];
/// What a record may have besides.
const CONTENTS: &[&str] = &["control", "key", "key_base64", "value", "value_base64", "decode_error"];

/// Every member is one that is documented, and in its place.
fn check(object: &Value) {
    let names: Vec<&str> = object.as_object().expect("an object").keys().map(String::as_str).collect();
    if kind(object) == "run" {
        assert_eq!(names, ["kind", "schema_version", "tool", "paths"]);
        assert_eq!((&object["schema_version"], &object["tool"]), (&1.into(), &"kafka-dump-log".into()));
        return;
    }
    if kind(object) == "finding" {
        let is_there = |name: &&str| object.get(*name).is_some() || !PLACE.contains(name);
        return assert_eq!(names, FINDING.iter().copied().filter(is_there).collect::<Vec<_>>());
    }
    let (head, names) = names.split_at(2);
    assert_eq!(head, ["kind", "path"]);
    match kind(object) {
        "batch" if object["magic"].as_i64() < Some(2) => assert_eq!(names, MESSAGE),
        "batch" => assert_eq!(names, BATCH),
        "record" => {
            let fixed = if names.contains(&"sequence") { RECORD } else { OLD_RECORD };
            let (fixed_names, contents) = names.split_at(fixed.len());
            assert_eq!(fixed_names, fixed);
            let mut places = contents.iter().map(|name| CONTENTS.iter().position(|c| c == name).expect("documented"));
            assert!(places.clone().zip(places.by_ref().skip(1)).all(|(a, b)| a < b), "{contents:?}");
            for header in object["headers"].as_array().into_iter().flatten() {
                let names: Vec<&str> = header.as_object().expect("an object").keys().map(String::as_str).collect();
                assert!(["key", "key_base64"].contains(&names[0]) && names[1] == "value_size", "{names:?}");
                assert!(matches!(names[2..], [] | ["value" | "value_base64"]), "{names:?}");
            }
        }
        kind => assert_eq!((kind, names), ("file", FILE)),
    }
}
