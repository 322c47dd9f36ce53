//! The offset checkpoints of a log directory against the logs in it.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use crate::format::checkpoint_file::{CheckpointException, exception_of};
use crate::format::file_name::FileKind;
use crate::format::offset_checkpoint::read_offset_checkpoint;
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::Fs;
use crate::verify::code::Code;
use crate::verify::finding::Finding;
use crate::verify::report::PartitionReport;
use crate::verify::small_file::read_small;

/// The checkpoints, and what the offset in each means.
const CHECKPOINTS: [(FileKind, &str, &str); 4] = [
    (FileKind::RecoveryPointOffsetCheckpoint, "recovery-point-offset-checkpoint", "recovery point"),
    (FileKind::LogStartOffsetCheckpoint, "log-start-offset-checkpoint", "log start offset"),
    (FileKind::ReplicationOffsetCheckpoint, "replication-offset-checkpoint", "high watermark"),
    (FileKind::CleanerOffsetCheckpoint, "cleaner-offset-checkpoint", "first dirty offset"),
];

type Partition = (String, i32);

/// Content of the checkpoints of a log directory.
#[derive(Default)]
pub(super) struct Checkpoints {
    offsets: HashMap<FileKind, HashMap<Partition, i64>>,
    paths: HashMap<FileKind, PathBuf>,
    /// Whether any checkpoint is there.
    pub(super) are_there: bool,
}

impl Checkpoints {
    /// Reads what is there.
    pub(super) fn read<F: Fs>(fs: &F, dir: &Path, findings: &mut Vec<Finding>) -> Self {
        let mut checkpoints = Checkpoints::default();
        for (kind, name, _) in CHECKPOINTS {
            let path = dir.join(name);
            let Some(bytes) = read_small(fs, &path, Code::CheckpointCorrupt, findings) else { continue };
            checkpoints.are_there = true;
            match read_offset_checkpoint(&bytes) {
                Ok(entries) => {
                    let offsets = entries.iter().map(|entry| ((entry.topic.to_owned(), entry.partition), entry.offset));
                    checkpoints.offsets.insert(kind, offsets.collect());
                }
                Err(error) => {
                    let expected = "topics, partitions and offsets";
                    let code = match exception_of(&error) {
                        CheckpointException::Io => Code::CheckpointCorrupt,
                        _ => Code::CheckpointNumber,
                    };
                    findings.push(Finding::new(code, &path, expected, error.to_string()));
                }
            }
            checkpoints.paths.insert(kind, path);
        }
        checkpoints
    }

    /// The offset of a partition.
    pub(super) fn get(&self, kind: FileKind, partition: &Partition) -> Option<i64> {
        self.offsets.get(&kind)?.get(partition).copied()
    }

    /// Compares the offsets with the logs. `names` are those of all partition directories.
    pub(super) fn check(&self, partitions: &[PartitionReport], names: &[String], findings: &mut Vec<Finding>) {
        let ends: HashMap<Partition, (i64, i64)> = partitions.iter().filter_map(range_of).collect();
        let known: HashSet<Partition> = names.iter().filter_map(|name| live(name)).collect();
        for (kind, _, meaning) in CHECKPOINTS {
            let (Some(offsets), Some(path)) = (self.offsets.get(&kind), self.paths.get(&kind)) else { continue };
            let mut offsets: Vec<_> = offsets.iter().collect();
            offsets.sort_unstable();
            for (partition, &offset) in offsets {
                let shown = format!("{meaning} {offset} of {}-{}", partition.0, partition.1);
                if !known.contains(partition) {
                    let expected = "partitions that are in the directory";
                    findings.push(Finding::new(Code::CheckpointUnknown, path, expected, shown));
                    continue;
                }
                let Some(&(start, end)) = ends.get(partition) else { continue };
                // A recovery point or a dirty offset before the start is older than the start, and counts as that.
                let least = if kind == FileKind::LogStartOffsetCheckpoint { i64::MIN } else { i64::from(i32::MIN) };
                if offset > end || offset < least || offset < 0 {
                    let expected = format!("an offset of {start} to {end}, where the log ends");
                    findings.push(Finding::new(Code::CheckpointOutside, path, expected, shown).of(offset, None));
                }
            }
        }
    }
}

fn range_of(report: &PartitionReport) -> Option<(Partition, (i64, i64))> {
    let name = report.path.file_name()?.to_str()?;
    Some((live(name)?, (report.log_start_offset, report.log_end_offset)))
}

fn live(name: &str) -> Option<Partition> {
    let name = PartitionDirName::parse(name).filter(|name| name.state == PartitionDirState::Live)?;
    Some((name.topic.to_owned(), name.partition))
}
