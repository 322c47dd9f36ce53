//! Faults made at random in healthy partitions, in memory.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::ops::Range;
use std::path::{Path, PathBuf};

use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs, ReadAt};
use kafka_log::segment::batch::Batches;

use crate::{Random, fixtures};

/// Healthy partitions of brokers: all codecs, transactions, several epochs, compacted and not.
pub const SCENARIOS: [&str; 10] = [
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

/// Place of the magic in a batch, whatever its format.
pub const MAGIC_AT: u64 = 16;
/// Place of the length in a batch.
pub const LENGTH_AT: u64 = 8;
/// Place of the leader epoch in a batch, and of the checksum in a message of magic 0 or 1.
pub const EPOCH_AT: u64 = 12;

/// What was done to a partition.
#[derive(Debug)]
pub enum Fault {
    /// A bit of a log, and the batch it is in.
    Bit {
        /// The file.
        file: PathBuf,
        /// Where.
        at: u64,
        /// The batch that it is in.
        batch: Range<u64>,
    },
    /// A stretch of zeros, where there were others.
    Zeros {
        /// The file.
        file: PathBuf,
        /// The bytes.
        bytes: Range<u64>,
        /// Whether one of those that were not zero is under the checksum of its batch.
        is_covered: bool,
    },
    /// The end of a log is gone.
    Cut {
        /// The file.
        file: PathBuf,
        /// Bytes left.
        len: u64,
        /// Whether they end within a batch.
        is_torn: bool,
    },
    /// Something after the end of a log.
    Tail {
        /// The file.
        file: PathBuf,
        /// Bytes added.
        len: u64,
    },
    /// A bit of a file beside the logs.
    Beside {
        /// The file.
        file: PathBuf,
        /// Where.
        at: u64,
    },
    /// A file is gone.
    Gone {
        /// The file.
        file: PathBuf,
    },
}

/// A healthy partition.
pub struct Partition {
    /// Its directory.
    pub dir: PathBuf,
    /// Its files and their sizes, but for empty ones and `partition.metadata`.
    pub files: Vec<(PathBuf, u64)>,
}

/// Every partition of the scenarios.
pub fn partitions() -> Vec<Partition> {
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
        Partition { dir, files }
    })
    .collect()
}

fn flip<F: Fs>(fs: &F, file: &Path, at: u64, bit: u64) {
    let open = fs.open(file, OpenMode::Write).unwrap();
    let mut byte = [0];
    open.read_full_at(&mut byte, at).unwrap();
    open.write_all_at(&[byte[0] ^ (1 << bit)], at).unwrap();
}

/// Whether a path is that of a log file.
pub fn is_log(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension == "log")
}

/// The bytes of each batch of a healthy log.
fn batches_of(log: &Path) -> (Vec<u8>, Vec<Range<u64>>) {
    let bytes = std::fs::read(log).unwrap();
    let batches = Batches::new(&bytes).map(|batch| batch.unwrap());
    let ranges = batches.map(|b| b.position..b.position + b.as_bytes().len() as u64).collect();
    (bytes, ranges)
}

/// Whether the checksum of one of the batches covers the byte at `at`: base offset, length, epoch and magic are before it.
fn is_covered(batches: &[Range<u64>], at: u64) -> bool {
    batches.iter().any(|batch| batch.contains(&at) && at - batch.start > MAGIC_AT)
}

/// Does something to a partition.
pub fn break_it<F: Fs>(fs: &F, partition: &Partition, random: &mut Random) -> Fault {
    let logs: Vec<_> = partition.files.iter().filter(|(path, _)| is_log(path)).collect();
    let beside: Vec<_> = partition.files.iter().filter(|(path, _)| !is_log(path)).collect();
    let (log, len) = logs[random.below(logs.len())].clone();
    match random.below(8) {
        0..=2 => {
            let (_, batches) = batches_of(&log);
            let batch = batches[random.below(batches.len())].clone();
            let at = batch.start + random.below((batch.end - batch.start) as usize) as u64;
            flip(fs, &log, at, random.below(8) as u64);
            Fault::Bit { file: log, at, batch }
        }
        3 => {
            let start = random.below(len as usize) as u64;
            let bytes = start..(start + 1 + random.below(600) as u64).min(len);
            let size = (bytes.end - bytes.start) as usize;
            let (before, batches) = batches_of(&log);
            let is_covered = bytes.clone().any(|at| before[at as usize] != 0 && is_covered(&batches, at));
            fs.open(&log, OpenMode::Write).unwrap().write_all_at(&vec![0; size], bytes.start).unwrap();
            Fault::Zeros { file: log, bytes, is_covered }
        }
        4 => {
            let cut = random.below(len as usize) as u64;
            fs.open(&log, OpenMode::Write).unwrap().set_len(cut).unwrap();
            let is_torn = batches_of(&log).1.iter().all(|batch| batch.start != cut);
            Fault::Cut { file: log, len: cut, is_torn }
        }
        5 => {
            let tail: Vec<u8> = (0..=random.below(300)).map(|_| random.below(256) as u8).collect();
            fs.open(&log, OpenMode::Write).unwrap().write_all_at(&tail, len).unwrap();
            Fault::Tail { file: log, len: tail.len() as u64 }
        }
        6 => {
            let (file, len) = beside[random.below(beside.len())].clone();
            let at = random.below(len as usize) as u64;
            flip(fs, &file, at, random.below(8) as u64);
            Fault::Beside { file, at }
        }
        _ => {
            // A snapshot that is missing is rebuilt without a word; all others are missed.
            let gone: Vec<_> = partition
                .files
                .iter()
                .filter(|(path, _)| path.extension().is_some_and(|extension| extension != "snapshot"))
                .filter(|(path, _)| path.extension().is_some())
                .collect();
            let (file, _) = gone[random.below(gone.len())].clone();
            fs.remove_file(&file).unwrap();
            Fault::Gone { file }
        }
    }
}
