//! Repairs and undos that are killed at random moments, on a real file system: the next one finishes, and an undo restores
//! every byte.

#![expect(clippy::unwrap_used, reason = "a failing step fails the test")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use kafka_log::fs::OsFs;
use support::{Files, damaged_log_dir, live, tool};
use tests::Random;
use tests::sim::copy_tree;

fn repair(arg: &str, dir: &Path) -> Command {
    let mut command = tool("repair", &[arg], &[dir]);
    command.stdout(Stdio::null()).stderr(Stdio::null());
    command
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
        damaged_log_dir(&base.join("damaged"));
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
    fn run(&self, seed: u64, before: &Files, after: &Files) {
        let mut random = Random::new(seed);
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
        assert_eq!(live(&dir), *after, "seed {seed}: the next repair finishes");
        assert_eq!(repair("--apply", &dir).status().unwrap().code(), Some(0), "seed {seed}: and leaves nothing to do");
        repair("--undo", &dir).status().unwrap();
        assert_eq!(live(&dir), *before, "seed {seed}: an undo restores every byte");
        fs::remove_dir_all(&dir).unwrap();
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.base);
    }
}

#[test]
fn a_repair_that_is_killed_is_finished_by_the_next_one() {
    let runs: u64 = std::env::var("KILL_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(20);
    let disk = Place::new(&std::env::temp_dir());
    // What a process wrote outlives it, synced or not, so a kill is the same in memory; only there is no disk to wait for.
    let shm = Path::new("/dev/shm");
    let can_be_had = fs::create_dir_all(Place::path(shm)).is_ok();
    let memory = can_be_had.then(|| Place::new(shm));
    let (before, after) = (live(&disk.base.join("damaged")), live(&disk.base.join("timed")));
    for seed in 0..runs {
        let place = memory.as_ref().filter(|_| seed % 10 != 0).unwrap_or(&disk);
        place.run(seed, &before, &after);
    }
}
