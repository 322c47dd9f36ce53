//! Repairs and undos that are killed at random moments, on a real file system: the next one finishes, and an undo restores
//! every byte.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kafka_log::fs::OsFs;
use tests::fixtures::scenario;
use tests::hostile::mutate::Random;
use tests::sim::copy_tree;

fn files(dir: &Path, below: &str, found: &mut BTreeMap<String, Vec<u8>>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = format!("{below}/{}", path.file_name().unwrap().to_string_lossy());
        if path.is_dir() { files(&path, &name, found) } else { drop(found.insert(name, fs::read(&path).unwrap())) }
    }
}

fn all(dir: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    files(dir, "", &mut found);
    found
}

fn repair(arg: &str, dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kafka-log"));
    command.args(["repair", arg]).arg(dir).stdout(Stdio::null()).stderr(Stdio::null());
    command
}

#[test]
fn a_repair_that_is_killed_is_finished_by_the_next_one() {
    let runs: u64 = std::env::var("KILL_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20);
    let base = std::env::temp_dir().join(format!("killed-repairs-{}", std::process::id()));
    let _ = fs::remove_dir_all(&base);
    let damaged = base.join("damaged");
    for partition in 0..3 {
        let dir = damaged.join(format!("orders-{partition}"));
        copy_tree(&OsFs, &scenario("broker-idempotent").join("main.alerts.dad-0"), &OsFs, &dir).unwrap();
        let log = dir.join("00000000000000000036.log");
        let mut bytes = fs::read(&log).unwrap();
        bytes[200] ^= 0xff;
        fs::write(log, bytes).unwrap();
        fs::remove_file(dir.join("00000000000000000000.index")).unwrap();
        fs::write(dir.join("leader-epoch-checkpoint"), "garbage").unwrap();
    }
    fs::write(damaged.join("replication-offset-checkpoint"), "0\n1\norders 0 9000\n").unwrap();
    fs::write(damaged.join(".lock"), "").unwrap();
    let before = all(&damaged);
    let after = {
        let dir = base.join("whole");
        copy_tree(&OsFs, &damaged, &OsFs, &dir).unwrap();
        assert_eq!(repair("--apply", &dir).status().unwrap().code(), Some(1));
        all(&dir)
    };
    // As long as one takes, and a bit.
    let started = std::time::Instant::now();
    let dir = base.join("timed");
    copy_tree(&OsFs, &damaged, &OsFs, &dir).unwrap();
    repair("--apply", &dir).status().unwrap();
    let longest = started.elapsed().as_micros() as usize + 2000;

    let live = |files: &BTreeMap<String, Vec<u8>>| -> BTreeMap<String, Vec<u8>> {
        files.clone().into_iter().filter(|(name, _)| !name.contains(".kafka-log-repair")).collect()
    };
    for seed in 0..runs {
        let mut random = Random(seed);
        let dir = base.join(format!("run-{seed}"));
        copy_tree(&OsFs, &damaged, &OsFs, &dir).unwrap();
        let is_undo = seed % 3 == 2;
        if is_undo {
            repair("--apply", &dir).status().unwrap();
        }
        let mut child = repair(if is_undo { "--undo" } else { "--apply" }, &dir).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(longest) as u64));
        let _ = child.kill();
        child.wait().unwrap();

        repair("--apply", &dir).status().unwrap();
        assert_eq!(live(&all(&dir)), live(&after), "seed {seed}: the next repair finishes");
        assert_eq!(repair("--apply", &dir).status().unwrap().code(), Some(0), "seed {seed}: and leaves nothing to do");
        repair("--undo", &dir).status().unwrap();
        assert_eq!(live(&all(&dir)), live(&before), "seed {seed}: an undo restores every byte");
        fs::remove_dir_all(&dir).unwrap();
    }
    fs::remove_dir_all(&base).unwrap();
}
