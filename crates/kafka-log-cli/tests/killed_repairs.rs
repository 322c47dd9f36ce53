//! Repairs and undos that are killed at random moments, on a real file system: the next one finishes, and an undo restores
//! every byte.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

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

fn damage(damaged: &Path) {
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
}

/// A directory to repair in, and how long a repair takes there.
struct Place {
    base: PathBuf,
    longest_us: u64,
}

impl Place {
    fn path(above: &Path) -> PathBuf {
        above.join(format!("killed-repairs-{}", std::process::id()))
    }

    fn new(above: &Path) -> Self {
        let base = Self::path(above);
        let _ = fs::remove_dir_all(&base);
        fs::create_dir_all(&base).unwrap();
        damage(&base.join("damaged"));
        let mut place = Place { base, longest_us: 0 };
        for name in ["warm", "timed"] {
            let dir = place.copy(name);
            let began = Instant::now();
            assert_eq!(repair("--apply", &dir).status().unwrap().code(), Some(1));
            place.longest_us = began.elapsed().as_micros() as u64 + 2000;
        }
        place
    }

    fn copy(&self, name: &str) -> PathBuf {
        let dir = self.base.join(name);
        copy_tree(&OsFs, &self.base.join("damaged"), &OsFs, &dir).unwrap();
        dir
    }

    /// Kills a repair, or an undo, at a moment that the seed tells; what comes after must not show it.
    fn run(&self, seed: u64, before: &BTreeMap<String, Vec<u8>>, after: &BTreeMap<String, Vec<u8>>) {
        let mut random = Random(seed);
        let dir = self.copy(&format!("run-{seed}"));
        let is_undo = seed % 3 == 2;
        if is_undo {
            repair("--apply", &dir).status().unwrap();
        }
        let mut child = repair(if is_undo { "--undo" } else { "--apply" }, &dir).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(random.below(self.longest_us as usize) as u64));
        let _ = child.kill();
        child.wait().unwrap();

        repair("--apply", &dir).status().unwrap();
        assert_eq!(live(&all(&dir)), *after, "seed {seed}: the next repair finishes");
        assert_eq!(repair("--apply", &dir).status().unwrap().code(), Some(0), "seed {seed}: and leaves nothing to do");
        repair("--undo", &dir).status().unwrap();
        assert_eq!(live(&all(&dir)), *before, "seed {seed}: an undo restores every byte");
        fs::remove_dir_all(&dir).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.base);
    }
}

fn live(files: &BTreeMap<String, Vec<u8>>) -> BTreeMap<String, Vec<u8>> {
    files.clone().into_iter().filter(|(name, _)| !name.contains(".kafka-log-repair")).collect()
}

#[test]
fn a_repair_that_is_killed_is_finished_by_the_next_one() {
    let runs: u64 = std::env::var("KILL_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20);
    let disk = Place::new(&std::env::temp_dir());
    // What a process wrote outlives it, synced or not, so a kill is the same in memory; only there is no disk to wait for.
    let shm = Path::new("/dev/shm");
    let can_be_had = fs::create_dir_all(Place::path(shm)).is_ok();
    let memory = can_be_had.then(|| Place::new(shm));
    let (before, after) = (live(&all(&disk.base.join("damaged"))), live(&all(&disk.base.join("timed"))));
    for seed in 0..runs {
        let place = memory.as_ref().filter(|_| seed % 10 != 0).unwrap_or(&disk);
        place.run(seed, &before, &after);
    }
}
