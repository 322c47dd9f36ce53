//! The folders that are damaged: a partition by itself, a partition among the files of its log directory, and all that a
//! node keeps in one log directory. Apache Kafka wrote all of their files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use kafka_log::format::offset_checkpoint::{PartitionOffset, read_offset_checkpoint, write_offset_checkpoint};
use kafka_log::fs::{Fs, FsFile, OpenMode, OsFs, read_whole};
use tests::Random;
use tests::fixtures::scenario;
use tests::sim::{SimFs, copy_tree};

/// Partitions that a broker wrote, of one segment and of several.
const PARTITIONS: [(&str, &str); 13] = [
    ("broker-transactions", "edge.emails.ec9-0"),
    ("broker-transactions-open", "old.visits.ece-0"),
    ("broker-compacted", "test-scans.a0e-0"),
    ("broker-compacted-twice", "live-orders.a9-0"),
    ("broker-idempotent", "main.alerts.dad-0"),
    ("broker-leader-epochs", "main-tickets.75a-0"),
    ("broker-delete-records", "test.orders.494-0"),
    ("broker-unclean-transactions", "test-bids.226-0"),
    ("broker-codec-lz4", "live-prices.d3b-0"),
    ("broker-codec-zstd", "us-tickets.534-0"),
    ("broker-recompress", "old-carts.909-0"),
    ("format-v1-gzip", "live.payments-2"),
    ("format-v0-none", "raw-meters-1"),
];

/// Partitions of the broker whose data folder and metadata log were recorded, too.
const OF_THE_NODE: [(&str, &str); 6] = [
    ("broker-transactions", "edge.emails.ec9-0"),
    ("broker-transactions-open", "old.visits.ece-0"),
    ("broker-compacted", "test-scans.a0e-0"),
    ("broker-leader-epochs", "main-tickets.75a-0"),
    ("broker-delete-records", "test.orders.494-0"),
    ("broker-idempotent", "main.alerts.dad-0"),
];

/// The checkpoints of a log directory.
pub(crate) const CHECKPOINTS: [&str; 4] = [
    "recovery-point-offset-checkpoint",
    "log-start-offset-checkpoint",
    "replication-offset-checkpoint",
    "cleaner-offset-checkpoint",
];

/// All files below a directory, by their paths in it.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// The log directory of every folder.
pub(crate) const LOG_DIR: &str = "/logs";

/// What the tools are given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    Partition,
    LogDir,
}

/// A folder to be damaged.
pub(crate) struct Folder {
    pub(crate) fs: SimFs,
    pub(crate) target: Target,
    /// The path that the tools are given.
    pub(crate) path: PathBuf,
    /// The partitions in it, that of the metadata not among them.
    pub(crate) partitions: Vec<PathBuf>,
}

impl Folder {
    /// A healthy folder.
    pub(crate) fn draw(random: &mut Random) -> Self {
        match random.below(8) {
            0 | 1 => Folder::of_partition(random, false),
            2..=4 => Folder::of_partition(random, true),
            _ => Folder::of_node(random),
        }
    }

    /// A partition by itself.
    pub(crate) fn of(scenario_name: &str, partition: &str) -> Self {
        let fs = SimFs::new(1);
        let dir = Path::new(LOG_DIR).join(partition);
        copy_tree(&OsFs, &scenario(scenario_name).join(partition), &fs, &dir).expect("fixtures can be copied");
        Folder { fs, target: Target::Partition, path: dir.clone(), partitions: vec![dir] }
    }

    /// Any partition by itself.
    pub(crate) fn partition(random: &mut Random) -> Self {
        let (scenario_name, partition) = PARTITIONS[random.below(PARTITIONS.len())];
        Folder::of(scenario_name, partition)
    }

    fn of_partition(random: &mut Random, has_checkpoints: bool) -> Self {
        let Folder { fs, path: dir, .. } = Folder::partition(random);
        let partition = dir.file_name().expect("a partition has a name").to_string_lossy().into_owned();
        let target = if has_checkpoints && random.below(2) == 0 { Target::LogDir } else { Target::Partition };
        if has_checkpoints {
            let end = newest_snapshot(&fs, &dir);
            let (topic, number) = partition.rsplit_once('-').expect("the name of a partition");
            for name in ["recovery-point-offset-checkpoint", "replication-offset-checkpoint"] {
                if let Some(offset) = end.filter(|_| random.below(3) > 0) {
                    let entry = PartitionOffset { topic, partition: number.parse().expect("a number"), offset };
                    write(&fs, &Path::new(LOG_DIR).join(name), &checkpoint(&[entry]));
                }
            }
            if random.below(2) == 0 {
                write(&fs, &Path::new(LOG_DIR).join(".kafka_cleanshutdown"), b"{\"version\":0,\"brokerEpoch\":10}");
            }
        }
        let path = if target == Target::LogDir { PathBuf::from(LOG_DIR) } else { dir.clone() };
        Folder { fs, target, path, partitions: vec![dir] }
    }

    fn of_node(random: &mut Random) -> Self {
        let draw = |random: &mut Random| OF_THE_NODE[random.below(OF_THE_NODE.len())];
        let partitions: Vec<_> = (0..1 + random.below(2)).map(|_| draw(random)).collect();
        Folder::node(&partitions)
    }

    /// All that the recorded node keeps, with these of its partitions.
    pub(crate) fn node(recorded: &[(&str, &str)]) -> Self {
        let fs = SimFs::new(1);
        let log_dir = Path::new(LOG_DIR);
        copy_tree(&OsFs, &scenario("broker-data-dir"), &fs, log_dir).expect("fixtures can be copied");
        fs.remove_file(&log_dir.join("cases.json")).expect("a scenario has a list of cases");
        remove_tree(&fs, &log_dir.join("expected"));
        let metadata = scenario("broker-cluster-metadata").join("__cluster_metadata-0");
        copy_tree(&OsFs, &metadata, &fs, &log_dir.join("__cluster_metadata-0")).expect("fixtures can be copied");
        let mut partitions = Vec::new();
        for (scenario_name, partition) in recorded {
            let dir = log_dir.join(partition);
            if !partitions.contains(&dir) {
                copy_tree(&OsFs, &scenario(scenario_name).join(partition), &fs, &dir).expect("fixtures can be copied");
                partitions.push(dir);
            }
        }
        partitions.sort();
        // The other partitions of the broker were recorded without their batches, or not at all.
        for name in CHECKPOINTS {
            let path = log_dir.join(name);
            let bytes = read_whole(&fs, &path).expect("files in memory can be read").expect("a checkpoint");
            let mut entries = read_offset_checkpoint(&bytes).expect("what a broker wrote");
            entries.retain(|entry| partitions.contains(&log_dir.join(format!("{}-{}", entry.topic, entry.partition))));
            write(&fs, &path, &checkpoint(&entries));
        }
        Folder { fs, target: Target::LogDir, path: log_dir.to_owned(), partitions }
    }

    /// Every file of the log directory, but the lock that the tools take.
    pub(crate) fn files(&self) -> Files {
        let mut files = Files::new();
        read_tree(&self.fs, Path::new(LOG_DIR), "", &mut files);
        files.remove(".lock");
        files
    }

    /// A copy of all files, on a file system of its own.
    pub(crate) fn copy(&self) -> SimFs {
        let fs = SimFs::new(1);
        copy_tree(&self.fs, Path::new(LOG_DIR), &fs, Path::new(LOG_DIR)).expect("files in memory can be copied");
        fs
    }
}

/// Replaces the content of a file, or makes it.
pub(crate) fn write(fs: &SimFs, path: &Path, bytes: &[u8]) {
    let file = fs.open(path, OpenMode::Create).expect("files in memory can be made");
    file.set_len(0).expect("files in memory can be cut");
    file.write_all_at(bytes, 0).expect("files in memory can be written");
}

/// Removes a directory with all below it.
pub(crate) fn remove_tree(fs: &SimFs, dir: &Path) {
    for entry in fs.read_dir(dir).unwrap_or_default() {
        let path = dir.join(&entry.name);
        if entry.is_dir {
            remove_tree(fs, &path);
        } else {
            fs.remove_file(&path).expect("files in memory can be removed");
        }
    }
    let _ = fs.remove_dir(dir);
}

fn read_tree(fs: &SimFs, dir: &Path, prefix: &str, files: &mut Files) {
    for entry in fs.read_dir(dir).expect("directories in memory can be listed") {
        let (path, name) = (dir.join(&entry.name), format!("{prefix}{}", entry.name));
        if entry.is_dir {
            read_tree(fs, &path, &format!("{name}/"), files);
        } else {
            files.insert(name, read_whole(fs, &path).expect("files in memory can be read").unwrap_or_default());
        }
    }
}

/// A checkpoint file with these entries.
pub(crate) fn checkpoint(entries: &[PartitionOffset<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_offset_checkpoint(entries, &mut bytes);
    bytes
}

/// The offset of the newest producer snapshot, which a clean stop leaves at the log end offset.
fn newest_snapshot(fs: &SimFs, dir: &Path) -> Option<i64> {
    let names = fs.read_dir(dir).expect("directories in memory can be listed");
    names.iter().filter_map(|entry| entry.name.strip_suffix(".snapshot")?.parse().ok()).max()
}
