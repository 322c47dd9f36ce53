//! `verify` on faults made anew: one or two at random places of healthy partitions, each of which must be found, and classed.
//!
//! `VERIFY_SEED` repeats a run, `VERIFY_FAULTS` says how many there are.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a fixture that cannot be read fails the test")]

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use kafka_log::fs::overlay::OverlayFs;
use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs, ReadAt};
use kafka_log::segment::batch::Batches;
use kafka_log::verify::{Class, Finding, Level, PartitionReport, VerifyOptions, verify_partition};
use tests::fixtures;

/// Healthy partitions of brokers: all codecs, transactions, several epochs, compacted and not.
const SCENARIOS: [&str; 10] = [
    "broker-codec-none",
    "broker-codec-gzip",
    "broker-codec-lz4",
    "broker-codec-zstd",
    "broker-idempotent",
    "broker-transactions",
    "broker-leader-epochs",
    "broker-compacted",
    "broker-log-append-time",
    "format-v2-none",
];

/// A generator whose numbers depend on its seed alone.
struct Random(u64);

impl Random {
    fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}

/// What was done to a partition.
#[derive(Debug)]
#[expect(dead_code, reason = "some fields are there to be shown when the test fails")]
enum Fault {
    /// A bit of a log, and the batch it is in.
    Bit { file: PathBuf, at: u64, batch: Range<u64>, is_covered: bool },
    /// A stretch of zeros, where there were others.
    Zeros { file: PathBuf, bytes: Range<u64> },
    /// The end of a log is gone.
    Cut { file: PathBuf, len: u64 },
    /// Something behind the end of a log.
    Tail { file: PathBuf, len: u64 },
    /// A bit of a file beside the logs.
    Beside { file: PathBuf, at: u64 },
    /// A file is gone.
    Gone { file: PathBuf },
}

struct Partition {
    dir: PathBuf,
    files: Vec<(PathBuf, u64)>,
    before: Vec<Finding>,
}

fn partitions() -> Vec<Partition> {
    let dirs = SCENARIOS.iter().flat_map(|name| {
        let scenario = fixtures::scenario(name);
        let entries = OsFs.read_dir(&scenario).unwrap().into_iter();
        entries.filter(|entry| entry.is_dir && entry.name != "expected").map(move |entry| scenario.join(entry.name))
    });
    dirs.map(|dir| {
        let files = OsFs.read_dir(&dir).unwrap().into_iter().map(|entry| {
            let path = dir.join(entry.name);
            let len = OsFs.metadata(&path).unwrap().len;
            (path, len)
        });
        let files = files.filter(|(path, len)| *len > 0 && path.file_name().unwrap() != "partition.metadata").collect();
        let before = verified(&OsFs, &dir).all_findings().cloned().collect();
        Partition { dir, files, before }
    })
    .collect()
}

fn verified<F: Fs>(fs: &F, dir: &Path) -> PartitionReport {
    verify_partition(fs, dir, &VerifyOptions { level: Level::Deep, ..VerifyOptions::default() }).unwrap()
}

fn flip<F: Fs>(fs: &F, file: &Path, at: u64, bit: u64) {
    let open = fs.open(file, OpenMode::Write).unwrap();
    let mut byte = [0];
    open.read_full_at(&mut byte, at).unwrap();
    open.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
}

fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

/// Does something to a partition.
fn break_it<F: Fs>(fs: &F, partition: &Partition, random: &mut Random) -> Fault {
    let logs: Vec<_> = partition.files.iter().filter(|(path, _)| is_log(path)).collect();
    let beside: Vec<_> = partition.files.iter().filter(|(path, _)| !is_log(path)).collect();
    let (log, len) = logs[random.below(logs.len() as u64) as usize].clone();
    match random.below(8) {
        0..=2 => {
            let bytes = std::fs::read(&log).unwrap();
            let batches = Batches::new(&bytes).map(|batch| batch.unwrap());
            let batches: Vec<_> = batches.map(|b| b.position..b.position + b.as_bytes().len() as u64).collect();
            let batch = batches[random.below(batches.len() as u64) as usize].clone();
            let at = batch.start + random.below(batch.end - batch.start);
            flip(fs, &log, at, random.below(8));
            // Base offset, length, epoch and magic are not under the checksum.
            let is_covered = at - batch.start >= 17;
            Fault::Bit { file: log, at, batch, is_covered }
        }
        3 => {
            let start = random.below(len);
            let bytes = start..(start + 1 + random.below(600)).min(len);
            let size = (bytes.end - bytes.start) as usize;
            fs.open(&log, OpenMode::Write).unwrap().write_all_at(&vec![0; size], bytes.start).unwrap();
            Fault::Zeros { file: log, bytes }
        }
        4 => {
            let cut = random.below(len);
            fs.open(&log, OpenMode::Write).unwrap().set_len(cut).unwrap();
            Fault::Cut { file: log, len: cut }
        }
        5 => {
            let tail: Vec<u8> = (0..=random.below(300)).map(|_| random.below(256) as u8).collect();
            fs.open(&log, OpenMode::Write).unwrap().write_all_at(&tail, len).unwrap();
            Fault::Tail { file: log, len: tail.len() as u64 }
        }
        6 => {
            let (file, len) = beside[random.below(beside.len() as u64) as usize].clone();
            let at = random.below(len);
            flip(fs, &file, at, random.below(8));
            Fault::Beside { file, at }
        }
        _ => {
            // A snapshot that is missing is made anew without a word; all others are missed.
            let gone: Vec<_> = partition
                .files
                .iter()
                .filter(|(path, _)| path.extension().is_some_and(|extension| extension != "snapshot"))
                .filter(|(path, _)| path.extension().is_some())
                .collect();
            let (file, _) = gone[random.below(gone.len() as u64) as usize].clone();
            fs.remove_file(&file).unwrap();
            Fault::Gone { file }
        }
    }
}

/// Whether the findings about a fault are of a class that fits it, where it is alone.
fn is_classed(fault: &Fault, report: &PartitionReport, new: &[&Finding]) -> bool {
    let has = |classes: &[Class]| new.iter().any(|finding| classes.contains(&finding.class));
    match fault {
        Fault::Bit { file, at, batch, is_covered: true } => {
            let segment = report.segments.iter().find(|segment| segment.path == *file).unwrap();
            let is_there = segment.faults.iter().any(|fault| fault.bytes.contains(at) && fault.bytes.end >= batch.end);
            is_there && has(&[Class::Damage, Class::TornTail])
        }
        Fault::Bit { is_covered: false, .. } => {
            has(&[Class::Damage, Class::TornTail, Class::OddButLegal, Class::MetadataOnly])
        }
        // A stretch may hit a length alone, or be zero before.
        Fault::Zeros { .. } | Fault::Cut { .. } => {
            has(&[Class::Damage, Class::TornTail, Class::IndexOnly, Class::MetadataOnly, Class::OddButLegal])
        }
        Fault::Tail { .. } => has(&[Class::TornTail, Class::Damage]),
        Fault::Beside { file, .. } => {
            let is_index = file
                .extension()
                .is_some_and(|extension| ["index", "timeindex", "txnindex"].iter().any(|index| extension == *index));
            if is_index {
                has(&[Class::IndexOnly]) && report.segments.iter().all(|segment| segment.faults.is_empty())
            } else {
                has(&[Class::MetadataOnly, Class::Damage])
            }
        }
        Fault::Gone { .. } => has(&[Class::IndexOnly, Class::Damage, Class::MetadataOnly]),
    }
}

#[test]
fn every_fault_made_at_random_is_found_and_classed() {
    let number = |name: &str| std::env::var(name).ok().and_then(|text| text.parse().ok());
    let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |now| now.as_nanos() as u64);
    let seed = number("VERIFY_SEED").unwrap_or(now);
    let count = number("VERIFY_FAULTS").unwrap_or(2000);
    println!("VERIFY_SEED={seed}");
    let partitions = partitions();
    let mut missed = Vec::new();
    for i in 0..count {
        let mut random = Random(seed.wrapping_add(i));
        let partition = &partitions[random.below(partitions.len() as u64) as usize];
        let fs = OverlayFs::new(OsFs);
        let mut faults = vec![break_it(&fs, partition, &mut random)];
        // The second one of a double fault is elsewhere: on the same bytes they might undo each other.
        if random.below(3) == 0 {
            let other = OverlayFs::new(OsFs);
            let second = break_it(&other, partition, &mut random);
            let touched: Vec<_> = fs.changes().into_iter().map(|change| change.path).collect();
            if other.changes().iter().all(|change| !touched.contains(&change.path)) {
                for change in other.changes() {
                    copy(&other, &fs, &change.path);
                }
                faults.push(second);
            }
        }
        if fs.changes().is_empty() || is_same(&fs) {
            continue;
        }
        let report = verified(&fs, &partition.dir);
        let new: Vec<&Finding> = report.all_findings().filter(|finding| !partition.before.contains(finding)).collect();
        let is_found = !new.is_empty();
        let is_classed = faults.len() > 1 || is_classed(&faults[0], &report, &new);
        if !is_found || !is_classed {
            let told: Vec<_> = new.iter().map(|f| format!("    {}: {f}", f.class.name())).collect();
            missed.push(format!("seed {} {faults:?}\n{}", seed.wrapping_add(i), told.join("\n")));
        }
    }
    let shown: Vec<_> = missed.iter().take(10).cloned().collect();
    assert!(missed.is_empty(), "VERIFY_SEED={seed}: {} of {count}\n{}", missed.len(), shown.join("\n"));
}

/// Whether the bytes are what they were, as after zeros over zeros.
fn is_same<F: Fs>(fs: &OverlayFs<F>) -> bool {
    fs.changes().iter().all(|change| {
        let read = |bytes: Option<Vec<u8>>| bytes.unwrap_or_else(|| panic!("{} vanished", change.path.display()));
        change.after.is_some()
            && read(kafka_log::fs::read_whole(fs, &change.path).unwrap())
                == read(kafka_log::fs::read_whole(&OsFs, &change.path).unwrap())
    })
}

fn copy<F: Fs>(from: &OverlayFs<F>, to: &OverlayFs<F>, path: &Path) {
    match kafka_log::fs::read_whole(from, path).unwrap() {
        None => to.remove_file(path).unwrap(),
        Some(bytes) => {
            let file = to.open(path, OpenMode::Write).unwrap();
            file.set_len(bytes.len() as u64).unwrap();
            file.write_all_at(&bytes, 0).unwrap();
        }
    }
}
