//! `--dir`, the kinds of files that Kafka's tool does not know, and `--decode auto`.

#![expect(clippy::unwrap_used, reason = "a test that cannot run has failed")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process;
use std::time::Duration;

use serde_json::Value;
use tests::fixtures;
use tests::run::{Outcome, run};

const BINARY: &str = env!("CARGO_BIN_EXE_kafka-dump-log");

fn dump(args: &[&str], cwd: &Path) -> Outcome {
    let args: Vec<_> = args.iter().map(|&arg| arg.to_owned()).collect();
    run(Path::new(BINARY), &args, cwd, Duration::from_secs(60)).unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A folder of this test's own, removed after it.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Self {
        let folder = std::env::temp_dir().join(format!("kafka-dump-log-{name}-{}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Scratch(folder)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn partition_folders(scenario: &str) -> Vec<String> {
    let cwd = fixtures::scenario(scenario);
    let entries = fs::read_dir(cwd).unwrap().map(Result::unwrap).filter(|entry| entry.path().is_dir());
    let names = entries.map(|entry| entry.file_name().into_string().unwrap());
    names.filter(|name| !name.starts_with("expected")).collect()
}

/// The largest file of a scenario's first partition folder with this extension.
fn largest(scenario: &str, extension: &str) -> PathBuf {
    let folder = fixtures::scenario(scenario).join(partition_folders(scenario).remove(0));
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let fitting = files.filter(|path| path.extension().is_some_and(|found| found == extension));
    fitting.max_by_key(|path| (path.metadata().unwrap().len(), path.clone())).unwrap()
}

#[test]
fn a_folder_is_dumped_as_its_files_are_in_the_order_of_their_offsets() {
    let cwd = fixtures::scenario("broker-tiered");
    let got = dump(&["--dir", "us.users.a75-0"], &cwd);
    let out = text(&got.out);
    let dumped: Vec<_> = out.lines().filter_map(|line| line.strip_prefix("Dumping us.users.a75-0/")).collect();
    let expected = [
        "leader-epoch-checkpoint",
        "partition.metadata",
        "00000000000000000212.log",
        "00000000000000000212.index",
        "00000000000000000212.timeindex",
        "00000000000000000212.snapshot",
        "00000000000000000241.log",
        "00000000000000000241.index",
        "00000000000000000241.timeindex",
        "00000000000000000241.snapshot",
        "00000000000000000260.snapshot",
    ];
    assert_eq!(dumped, expected);
    let files: Vec<_> = expected[2..].iter().map(|name| format!("us.users.a75-0/{name}")).collect();
    let by_name = dump(&["--files", &files.join(",")], &cwd);
    assert!(out.ends_with(&text(&by_name.out)));
    assert_eq!((got.code, got.err), (Some(0), by_name.err));
}

#[test]
fn every_file_that_a_broker_keeps_has_objects_in_json() {
    for scenario in fixtures::names().iter().filter(|name| name.starts_with("broker-")) {
        let cwd = fixtures::scenario(scenario);
        for folder in partition_folders(scenario) {
            let got = dump(&["--dir", &folder, "--output", "json"], &cwd);
            let objects: Vec<Value> = text(&got.out).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
            let files = objects.iter().filter(|object| object["kind"] == "file").count();
            assert_eq!(files, fs::read_dir(cwd.join(&folder)).unwrap().count(), "{scenario}/{folder}");
            assert_eq!((&objects[0]["kind"], &objects[0]["schema_version"]), (&"run".into(), &1.into()));
            assert!(objects[1..].iter().all(|object| object["path"].is_string()));
            assert!(!objects.iter().any(|object| object["code"] == "unknown-file"), "{scenario}/{folder}");
        }
    }
}

/// The name as Kafka spells it.
fn camel(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap().to_owned();
    first + &words.map(|word| word[..1].to_uppercase() + &word[1..]).collect::<String>()
}

#[test]
fn entries_in_json_say_what_the_lines_say() {
    let cwd = fixtures::scenario("broker-transactions");
    let mut compared = 0;
    for folder in partition_folders("broker-transactions") {
        for file in fs::read_dir(cwd.join(&folder)).unwrap() {
            let file = format!("{folder}/{}", file.unwrap().file_name().into_string().unwrap());
            if !["index", "timeindex", "txnindex", "checkpoint"].iter().any(|end| file.ends_with(end)) {
                continue;
            }
            let lines = text(&dump(&["--files", &file, "--strict"], &cwd).out);
            let objects = text(&dump(&["--files", &file, "--output", "json"], &cwd).out);
            let from_objects = objects.lines().skip(2).map(|line| {
                let object: serde_json::Map<String, Value> = serde_json::from_str(line).unwrap();
                let pairs = object.iter().skip(2).map(|(name, value)| format!("{}: {value}", camel(name)));
                pairs.collect::<Vec<_>>().join(" ")
            });
            let expected: Vec<_> = lines.lines().skip(1).filter(|line| !line.ends_with(" is empty.")).collect();
            assert_eq!(from_objects.collect::<Vec<_>>(), expected, "{file}");
            compared += expected.len();
        }
    }
    assert!(compared > 10);
}

#[test]
fn decode_auto_takes_the_decoder_that_the_folder_asks_for() {
    for (scenario, option) in [
        ("broker-consumer-offsets", "--offsets-decoder"),
        ("broker-transaction-state", "--transaction-log-decoder"),
        ("broker-share-group-state", "--share-group-state-decoder"),
        ("broker-cluster-metadata", "--cluster-metadata-decoder"),
        ("broker-remote-log-metadata", "--remote-log-metadata-decoder"),
        ("broker-codec-none", "--print-data-log"),
    ] {
        let cwd = fixtures::scenario(scenario);
        for folder in partition_folders(scenario) {
            let folder = cwd.join(folder);
            for file in fs::read_dir(&folder).unwrap() {
                let file = file.unwrap().file_name().into_string().unwrap();
                if !file.ends_with(".log") && !file.ends_with(".checkpoint") {
                    continue;
                }
                let named = dump(&[option, "--files", &file], &folder);
                let auto = dump(&["--decode", "auto", "--files", &file], &folder);
                assert!(named.out == auto.out, "{scenario}: {file}");
                assert_eq!(named.code, auto.code);
            }
        }
    }
}

#[test]
fn a_file_whose_name_says_nothing_is_known_by_its_bytes() {
    let scratch = Scratch::new("bytes");
    let source = fixtures::scenario("broker-transactions").join("edge.emails.ec9-0");
    let metadata = fixtures::scenario("broker-data-dir");
    for (file, copy, contents) in [
        (largest("format-v0-gzip", "log"), "a.bin", "log"),
        (largest("format-v2-zstd", "log"), "a.bin", "log"),
        (largest("many-index-entries", "index"), "b.bin", "offset-index"),
        (largest("many-index-entries", "timeindex"), "b.bin", "time-index"),
        (largest("broker-transactions", "txnindex"), "b.bin", "transaction-index"),
        (largest("broker-transactions", "snapshot"), "b.bin", "producer-snapshot"),
        (source.join("leader-epoch-checkpoint"), "c.bin", "leader-epoch-checkpoint"),
        (source.join("partition.metadata"), "d.bin", "partition-metadata"),
        (metadata.join("replication-offset-checkpoint"), "e.bin", "offset-checkpoint"),
        (metadata.join("meta.properties"), "f.bin", "meta-properties"),
        (metadata.join(".kafka_cleanshutdown"), "g.bin", "clean-shutdown"),
        (metadata.join("bootstrap.checkpoint"), "h.bin", "log"),
    ] {
        fs::copy(&file, scratch.0.join(copy)).unwrap();
        let got = dump(&["--files", copy, "--output", "json"], &scratch.0);
        let first: Value = serde_json::from_str(text(&got.out).lines().nth(1).unwrap()).unwrap();
        assert_eq!(first["contents"], contents, "{}", file.display());
        let plain = dump(&["--files", copy], &scratch.0);
        assert_eq!(
            text(&plain.err),
            format!("Ignoring unknown file {copy}\n"),
            "Kafka's options alone know names only"
        );
    }
}

#[test]
fn a_segment_on_its_way_out_is_checked_against_the_log_that_leaves_with_it() {
    let scratch = Scratch::new("deleted");
    let log = largest("many-index-entries", "log");
    for extension in ["log", "index", "timeindex"] {
        let live = log.with_extension(extension);
        let name = format!("{}.deleted", live.file_name().unwrap().to_string_lossy());
        fs::copy(live, scratch.0.join(name)).unwrap();
    }
    let here = scratch.0.to_str().unwrap();
    let got = dump(&["--dir", here, "--strict"], &scratch.0);
    assert_eq!((got.code, text(&got.err)), (Some(0), String::new()));
    assert!(text(&got.out).contains(".index.deleted\noffset: "));
    fs::remove_file(scratch.0.join(format!("{}.deleted", log.file_name().unwrap().to_string_lossy()))).unwrap();
    let got = dump(&["--dir", here, "--strict"], &scratch.0);
    assert_eq!(got.code, Some(2));
    assert!(text(&got.err).contains(": segment-missing: "));
}

#[cfg(unix)]
#[test]
fn what_is_no_file_is_passed_by_without_waiting_for_it() {
    let scratch = Scratch::new("obstacles");
    let folder = scratch.0.join("orders-0");
    fs::create_dir_all(&folder).unwrap();
    assert!(process::Command::new("mkfifo").arg(folder.join("00000000000000000000.log")).status().unwrap().success());
    std::os::unix::fs::symlink("..", folder.join("loop")).unwrap();
    std::os::unix::fs::symlink("nowhere", folder.join("00000000000000000005.log")).unwrap();
    let _socket = std::os::unix::net::UnixListener::bind(folder.join("s")).unwrap();
    let here = scratch.0.to_str().unwrap();
    let got = dump(&["--dir", here, "--strict"], &scratch.0);
    let err = text(&got.err);
    let told = ["damage", "damage", "note", "not dumped again"];
    assert_eq!(err.lines().count(), told.len(), "{err}");
    assert!(err.lines().zip(told).all(|(line, what)| line.contains(what)), "{err}");
    assert!(err.contains("read-failed: expected a regular file, found a pipe"), "{err}");
    assert_eq!((got.code, got.out.len()), (Some(2), 0));
    let fifo = folder.join("00000000000000000000.log");
    assert_eq!(dump(&["--files", fifo.to_str().unwrap(), "--strict"], &scratch.0).code, Some(2));
    assert_eq!(dump(&["--files", fifo.to_str().unwrap()], &scratch.0).code, Some(1));
}

#[test]
fn progress_goes_to_stderr_and_changes_nothing_on_stdout() {
    let cwd = fixtures::scenario("broker-codec-none");
    let folder = partition_folders("broker-codec-none").remove(0);
    let without = dump(&["--dir", &folder], &cwd);
    let with = dump(&["--dir", &folder, "--progress", "always"], &cwd);
    assert!(without.out == with.out);
}
