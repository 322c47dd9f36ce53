//! Faults made at random in healthy partitions, in memory.

#![expect(clippy::unwrap_used, reason = "a fixture that cannot be read fails the test")]

use std::ops::Range;
use std::path::{Path, PathBuf};

use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs, ReadAt};
use kafka_log::segment::batch::Batches;

use crate::fixtures;

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

/// A generator whose numbers depend on its seed alone.
pub struct Random(pub u64);

impl Random {
    /// A number below `n`.
    pub fn below(&mut self, n: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (z ^ (z >> 31)) % n.max(1)
    }
}

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
        /// Whether the checksum covers it.
        is_covered: bool,
    },
    /// A stretch of zeros, where there were others.
    Zeros {
        /// The file.
        file: PathBuf,
        /// The bytes.
        bytes: Range<u64>,
    },
    /// The end of a log is gone.
    Cut {
        /// The file.
        file: PathBuf,
        /// Bytes left, or added.
        len: u64,
    },
    /// Something behind the end of a log.
    Tail {
        /// The file.
        file: PathBuf,
        /// Bytes left, or added.
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

/// Does something to a partition.
pub fn break_it<F: Fs>(fs: &F, partition: &Partition, random: &mut Random) -> Fault {
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
