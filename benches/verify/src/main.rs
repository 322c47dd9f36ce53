//! How fast a verification is: `verify-bench PARTITION_DIR... [--runs N] [--many N]`.
//!
//! For each directory, in turn and several times: a bare loop that reads each log and checks the CRC of every batch, then the
//! default verification of the directory (headers, checksums, offsets, epochs, both indexes, producers). With `--many N` a
//! log directory of N copies of the first partition is made beside it, and verified at level quick. One JSON object a line;
//! processor time, the best of the runs, because a busy machine only ever adds to it.
//!
//! `verify-bench --live N DIR` makes a log directory of N partitions in DIR, unless DIR is there, as a running broker has it, with
//! preallocated indexes, and verifies it at level quick and default: time, and bytes read. `verify-bench --tiny N DIR` makes a partition of N
//! segments without indexes in DIR, and measures a verification, a prediction of the next start, and the plans of both kinds of repair.

mod made;
mod shapes;

use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use cpu_time::ProcessTime;
use kafka_log::audit::{AuditOptions, Level, Silent, verify, verify_partition};
use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs};
use kafka_log::internal::BatchWalk;
use serde_json::json;

fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let (mut dirs, mut runs, mut many) = (Vec::new(), 5, 0);
    let (mut live, mut tiny) = (None, None);
    while let Some(arg) = args.next() {
        let mut number = || args.next().and_then(|n| n.parse::<u32>().ok()).ok_or("expected a number");
        match arg.as_str() {
            "--runs" => runs = number()?,
            "--many" => many = number()?,
            "--live" => live = Some(number()?),
            "--tiny" => tiny = Some(number()?),
            _ => dirs.push(PathBuf::from(arg)),
        }
    }
    if let Some(dir) = dirs.first().filter(|_| live.is_some() || tiny.is_some()) {
        live.map_or(Ok(()), |partitions| shapes::live(dir, partitions))?;
        return tiny.map_or(Ok(()), |segments| shapes::tiny(dir, segments));
    }
    for dir in &dirs {
        one(dir, runs)?;
    }
    match dirs.first() {
        Some(dir) if many > 0 => quick(dir, many),
        _ => Ok(()),
    }
}

/// The best of several runs.
#[derive(Clone, Copy)]
struct Best {
    cpu: Duration,
    wall: Duration,
}

impl Best {
    const NONE: Best = Best { cpu: Duration::MAX, wall: Duration::MAX };

    fn take(&mut self, run: impl FnOnce() -> Result<(), Box<dyn Error>>) -> Result<(), Box<dyn Error>> {
        let (cpu, wall) = (ProcessTime::now(), Instant::now());
        run()?;
        self.cpu = self.cpu.min(cpu.elapsed());
        self.wall = self.wall.min(wall.elapsed());
        Ok(())
    }
}

fn one(dir: &Path, runs: u32) -> Result<(), Box<dyn Error>> {
    let mut logs = Vec::new();
    for entry in fs::read_dir(dir)? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            logs.push(path);
        }
    }
    let bytes: u64 = logs.iter().map(|log| fs::metadata(log).map_or(0, |found| found.len())).sum();
    let (mut bare, mut verified, mut deep) = (Best::NONE, Best::NONE, Best::NONE);
    for _ in 0..runs {
        bare.take(|| {
            for log in &logs {
                let file = OsFs.open(log, OpenMode::Read)?;
                let mut batches = BatchWalk::new(&file, 0, file.len()?);
                while let Some(batch) = batches.next_batch().map_err(|error| format!("{}: {error:?}", log.display()))? {
                    assert!(batch.is_valid(), "{} is damaged", log.display());
                }
            }
            Ok(())
        })?;
        let at = |level| {
            move || -> Result<(), Box<dyn Error>> {
                verify_partition(&OsFs, dir, &AuditOptions { level, ..AuditOptions::default() })?;
                Ok(())
            }
        };
        verified.take(at(Level::Default))?;
        deep.take(at(Level::Deep))?;
    }
    let rate = |best: Best| bytes as f64 / best.cpu.as_secs_f64() / 1e9;
    let line = json!({
        "dir": dir.to_string_lossy(),
        "bytes": bytes,
        "bare_gb_per_cpu_s": rate(bare),
        "verify_gb_per_cpu_s": rate(verified),
        "deep_gb_per_cpu_s": rate(deep),
        "of_bare": bare.cpu.as_secs_f64() / verified.cpu.as_secs_f64(),
        "verify_wall_s": verified.wall.as_secs_f64(),
    });
    println!("{line}");
    Ok(())
}

/// A log directory of many partitions at level quick.
fn quick(dir: &Path, many: u32) -> Result<(), Box<dyn Error>> {
    let room = dir.with_extension("many");
    for i in 0..many {
        let copy = room.join(format!("many-{i}"));
        fs::create_dir_all(&copy)?;
        for entry in fs::read_dir(dir)? {
            let path = entry?.path();
            let target = copy.join(path.file_name().unwrap_or_default());
            if !target.exists() {
                fs::hard_link(&path, &target)?;
            }
        }
    }
    let mut best = Best::NONE;
    let mut segments = 0;
    for _ in 0..3 {
        best.take(|| {
            let options = AuditOptions { level: Level::Quick, ..AuditOptions::default() };
            let report = verify(&OsFs, std::slice::from_ref(&room), &options, &Silent)?;
            segments = report.all_segments().count();
            Ok(())
        })?;
    }
    fs::remove_dir_all(&room)?;
    let line = json!({
        "level": "quick", "partitions": many, "segments": segments, "cpu_s": best.cpu.as_secs_f64(),
        "wall_s": best.wall.as_secs_f64(),
    });
    println!("{line}");
    Ok(())
}
