//! The recipes of docs/repair.md, each run on a log directory with the damage that its symptom stands for.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use kafka_log::fs::{Fs, OsFs};
use kafka_log_cli::tool::{Terminals, run};
use tests::fixtures::{root, scenario};
use tests::sim::copy_tree;

const PARTITION: &str = "orders-0";
/// Log end offset of the partition, which has segments at 0, 36 and 74.
const END: i64 = 80;

/// A log directory of its own for a test; gone with it.
struct LogDir(PathBuf);

impl LogDir {
    fn new() -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let dir = std::env::temp_dir().join(format!("runbook-{}-{number}", std::process::id()));
        let data = dir.join("data");
        copy_tree(&OsFs, &scenario("broker-idempotent").join("main.alerts.dad-0"), &OsFs, &data.join(PARTITION))
            .unwrap();
        copy_tree(&OsFs, &data.join(PARTITION), &OsFs, &dir.join("donor").join(PARTITION)).unwrap();
        fs::write(data.join("meta.properties"), "version=1\ncluster.id=AAAAAAAAQACAAAAAAAAAAQ\nnode.id=1\n").unwrap();
        for name in ["recovery-point-offset-checkpoint", "replication-offset-checkpoint"] {
            fs::write(data.join(name), format!("0\n1\norders 0 {END}\n")).unwrap();
        }
        for name in ["log-start-offset-checkpoint", "cleaner-offset-checkpoint"] {
            fs::write(data.join(name), "0\n0\n").unwrap();
        }
        fs::write(data.join(".kafka_cleanshutdown"), r#"{"version":0,"brokerEpoch":5}"#).unwrap();
        LogDir(dir)
    }

    fn data(&self) -> PathBuf {
        self.0.join("data")
    }

    fn path(&self, name: &str) -> PathBuf {
        self.data().join(PARTITION).join(name)
    }

    fn change(&self, name: &str, change: impl FnOnce(&mut Vec<u8>)) {
        let mut bytes = fs::read(self.path(name)).unwrap();
        change(&mut bytes);
        fs::write(self.path(name), bytes).unwrap();
    }

    /// Runs a command as it stands in the runbook: exit code and output.
    fn run(&self, command: &str) -> (u8, String) {
        let runbook = fs::read_to_string(root().join("docs/repair.md")).unwrap();
        let is_there = runbook.lines().any(|line| line.strip_prefix("    ") == Some(command));
        assert!(is_there, "docs/repair.md has no line: {command}");
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let args = command.split(' ').map(|word| match word {
            "DATA" => self.data().into_os_string(),
            "DONOR" => self.0.join("donor").into_os_string(),
            "COPY" => self.0.join("copy").into_os_string(),
            word => word.into(),
        });
        let code = run(args, &mut out, &mut err, Terminals::default());
        (code, String::from_utf8_lossy(&out).into_owned() + &String::from_utf8_lossy(&err))
    }

    /// Runs the repair, and sees that nothing is left to be done.
    fn repair(&self, command: &str) -> String {
        let (code, said) = self.run(command);
        assert_eq!(code, 1, "{said}");
        self.is_clean();
        said
    }

    fn is_clean(&self) {
        let (code, said) = self.run("kafka-log repair DATA");
        assert_eq!(code, 0, "{said}");
        let (code, said) = self.run("kafka-log verify DATA");
        assert!(code < 2, "{said}");
    }

    fn files(&self, below: &str) -> BTreeMap<String, Vec<u8>> {
        let mut files = BTreeMap::new();
        for entry in fs::read_dir(self.0.join(below)).unwrap() {
            let entry = entry.unwrap();
            let name = entry.file_name().to_string_lossy().into_owned();
            if entry.path().is_dir() {
                let inner = self.files(&format!("{below}/{name}"));
                files.extend(inner.into_iter().map(|(inner, bytes)| (format!("{name}/{inner}"), bytes)));
            } else {
                files.insert(name, fs::read(entry.path()).unwrap());
            }
        }
        files
    }
}

impl Drop for LogDir {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn flip_payload(log: &mut [u8]) {
    log[200] ^= 0xff;
}

const APPLY: &str = "kafka-log repair --apply DATA";

#[test]
fn a_consumer_is_stuck() {
    let dir = LogDir::new();
    dir.change("00000000000000000036.log", |log| flip_payload(log));
    let (code, said) = dir.run("kafka-log verify DATA");
    assert_eq!(code, 2, "{said}");
    let before = dir.files("data");
    let (code, said) = dir.run("kafka-log repair DATA");
    assert_eq!(code, 1, "{said}");
    assert!(said.contains("lost") && said.contains("offsets 36 to 47"), "{said}");
    assert!(said.contains("leave damage that readers run into"), "{said}");
    assert_eq!(dir.files("data"), before, "a plan changes nothing");
    dir.repair(APPLY);
}

#[test]
fn the_start_would_cut_and_delete() {
    let dir = LogDir::new();
    dir.change("00000000000000000000.log", |log| flip_payload(log));
    fs::remove_file(dir.data().join(".kafka_cleanshutdown")).unwrap();
    fs::remove_file(dir.data().join("recovery-point-offset-checkpoint")).unwrap();
    let said = dir.repair(APPLY);
    assert!(said.contains("alone would lose 70 good records"), "{said}");
    assert!(said.contains("offsets 0 to 9"), "{said}");
}

#[test]
fn a_base_offset_is_wrong() {
    let dir = LogDir::new();
    dir.change("00000000000000000036.log", |log| log[0] ^= 0xff);
    for name in ["00000000000000000000.index", "00000000000000000036.index"] {
        fs::remove_file(dir.path(name)).unwrap();
    }
    let said = dir.repair(APPLY);
    assert!(said.contains("would not start"), "{said}");
    assert!(said.contains("0 offsets lost"), "{said}");
    let (ours, donor) = (dir.files("data/orders-0"), dir.files("donor/orders-0"));
    assert_eq!(ours["00000000000000000036.log"], donor["00000000000000000036.log"]);
}

#[test]
fn the_epoch_file_is_garbage() {
    for garbage in [&[0; 17][..], b"0\n1\nnot an epoch\n", b"7\n1\n0 0\n", b""] {
        let dir = LogDir::new();
        fs::write(dir.path("leader-epoch-checkpoint"), garbage).unwrap();
        dir.repair(APPLY);
        assert_eq!(fs::read(dir.path("leader-epoch-checkpoint")).unwrap(), b"0\n1\n0 0\n");
    }
}

#[test]
fn indexes_are_gone_or_wrong() {
    let dir = LogDir::new();
    fs::remove_file(dir.path("00000000000000000000.index")).unwrap();
    fs::remove_file(dir.path("00000000000000000036.timeindex")).unwrap();
    dir.change("00000000000000000036.index", |index| index.resize(10 << 20, 0));
    dir.repair(APPLY);
}

#[test]
fn a_segment_is_gone_and_a_replica_has_it() {
    let dir = LogDir::new();
    fs::remove_file(dir.path("00000000000000000036.log")).unwrap();
    dir.repair("kafka-log repair --apply --donor DONOR DATA");
    let (ours, donor) = (dir.files("data/orders-0"), dir.files("donor/orders-0"));
    assert_eq!(ours["00000000000000000036.log"], donor["00000000000000000036.log"]);
}

#[test]
fn a_segment_is_gone_for_good() {
    let dir = LogDir::new();
    fs::remove_file(dir.path("00000000000000000036.log")).unwrap();
    let said = dir.repair(APPLY);
    assert!(said.contains("offsets 36 to 73"), "{said}");
}

#[test]
fn producer_snapshots_cannot_be_read() {
    let dir = LogDir::new();
    dir.change("00000000000000000074.snapshot", |snapshot| snapshot[12] ^= 1);
    let said = dir.repair(APPLY);
    assert!(said.contains("0 offsets lost"), "{said}");
}

#[test]
fn the_end_of_the_log_is_gone() {
    let cut = |dir: &LogDir| dir.change("00000000000000000074.log", |log| log.truncate(100));
    let dir = LogDir::new();
    cut(&dir);
    let said = dir.repair(APPLY);
    assert!(said.contains("offsets 74 to 79 were handed out"), "{said}");
    let dir = LogDir::new();
    cut(&dir);
    let (code, said) = dir.run("kafka-log repair --apply --may-end-lower DATA");
    assert_eq!(code, 1, "{said}");
    assert_eq!(fs::metadata(dir.path("00000000000000000074.log")).unwrap().len(), 0);
}

#[test]
fn a_copy_is_repaired_and_the_source_only_read() {
    let dir = LogDir::new();
    dir.change("00000000000000000036.log", |log| flip_payload(log));
    let before = dir.files("data");
    let (code, said) = dir.run("kafka-log repair --into COPY DATA");
    assert_eq!(code, 1, "{said}");
    assert_eq!(dir.files("data"), before);
    let copy = dir.files("copy");
    assert!(copy.keys().all(|name| !name.contains(".kafka-log-repair")), "{:?}", copy.keys());
    assert_ne!(copy["orders-0/00000000000000000036.log"], before["orders-0/00000000000000000036.log"]);
}

#[test]
fn a_repair_is_taken_back() {
    let dir = LogDir::new();
    dir.change("00000000000000000036.log", |log| flip_payload(log));
    fs::write(dir.path("leader-epoch-checkpoint"), "garbage").unwrap();
    fs::write(dir.data().join("replication-offset-checkpoint"), "0\n1\norders 0 9000\n").unwrap();
    let before = dir.files("data");
    dir.repair(APPLY);
    let (code, said) = dir.run("kafka-log repair --undo DATA");
    assert_eq!(code, 1, "{said}");
    assert_eq!(dir.files("data"), before);
}

#[test]
fn what_kafka_would_do_is_seen_before_it_happens() {
    let dir = LogDir::new();
    dir.change("00000000000000000000.log", |log| flip_payload(log));
    let before = dir.files("data");
    let (code, said) = dir.run("kafka-log repair --like-kafka --stop unclean DATA");
    assert_eq!(code, 1, "{said}");
    assert_eq!(dir.files("data"), before);
}

#[test]
fn good_records_are_taken_out() {
    let dir = LogDir::new();
    dir.change("00000000000000000036.log", |log| flip_payload(log));
    let before = dir.files("data");
    let (code, said) = dir.run("kafka-log extract --to COPY DATA");
    assert_eq!(code, 2, "the source has damage: {said}");
    assert!(said.contains("offsets 0 to 79"), "{said}");
    fs::remove_dir_all(dir.0.join("copy")).unwrap();
    let (_, said) = dir.run("kafka-log extract --to COPY --offset 40..=60 DATA");
    assert!(said.contains("offsets 48 to"), "{said}");
    assert_eq!(dir.files("data"), before);
}

#[test]
fn a_running_broker_is_noticed() {
    let dir = LogDir::new();
    dir.change("00000000000000000036.log", |log| flip_payload(log));
    let before = dir.files("data");
    let lock = OsFs.try_lock(&dir.data().join(".lock")).unwrap();
    assert!(lock.is_some());
    let (code, said) = dir.run(APPLY);
    assert_eq!(code, 3, "{said}");
    assert!(said.contains("is locked"), "{said}");
    drop(lock);
    fs::remove_file(dir.data().join(".lock")).unwrap();
    assert_eq!(dir.files("data"), before);
}

#[test]
fn every_command_of_the_runbook_is_run_here() {
    let (runbook, here) =
        (fs::read_to_string(root().join("docs/repair.md")).unwrap(), include_str!("repair_runbook.rs"));
    let commands =
        runbook.lines().filter_map(|line| line.strip_prefix("    ")).filter(|line| line.starts_with("kafka-log "));
    let missing: Vec<&str> = commands.filter(|command| !here.contains(&format!("\"{command}\""))).collect();
    assert!(missing.is_empty(), "{missing:?}");
    assert!(Path::new(&root()).join("docs/repair.md").exists());
}

#[test]
fn programs_read_the_plan_as_json() {
    let dir = LogDir::new();
    dir.change("00000000000000000036.log", |log| flip_payload(log));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let data = dir.data().into_os_string();
    let args = ["kafka-log".into(), "repair".into(), "--output".into(), "json".into(), data];
    assert_eq!(run(args, &mut out, &mut err, Terminals::default()), 1);
    let lines: Vec<serde_json::Value> =
        String::from_utf8(out).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let kinds: Vec<&str> = lines.iter().map(|line| line["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["run", "partition", "log_dir", "summary"]);
    assert_eq!((&lines[0]["schema_version"], &lines[0]["tool"]), (&1.into(), &"kafka-log repair".into()));
    let lost = &lines[1]["lost"][0];
    assert_eq!((lost["first_offset"].as_i64(), lost["last_offset"].as_i64()), (Some(36), Some(47)));
    assert_eq!(lines[1]["kafka_alone"]["records_lost"].as_u64(), Some(0));
    assert_eq!(lines[3]["offsets_lost"].as_u64(), Some(12));
}
