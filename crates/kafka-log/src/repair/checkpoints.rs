//! The checkpoints of a log directory: what they say of a partition, and what they must say after a repair.

use std::collections::BTreeMap;
use std::path::Path;

use super::apply::Change;
use super::content::Content;
use super::error::RepairError;
use super::plan::{Checkpoints, PartitionPlan};
use crate::format::FormatError;
use crate::format::checkpoint_file::{CheckpointException, exception_of};
use crate::format::offset_checkpoint::{PartitionOffset, read_offset_checkpoint, write_offset_checkpoint};
use crate::format::partition_dir::PartitionDirName;
use crate::fs::{self, Fs, read_whole};
use crate::segment::error::StorageError;

pub(super) const RECOVERY_POINT: &str = "recovery-point-offset-checkpoint";
pub(super) const LOG_START: &str = "log-start-offset-checkpoint";
pub(super) const REPLICATION: &str = "replication-offset-checkpoint";
pub(super) const CLEANER: &str = "cleaner-offset-checkpoint";
/// All of them.
pub(super) const FILES: [&str; 4] = [RECOVERY_POINT, LOG_START, REPLICATION, CLEANER];

/// Offsets by topic and partition, in the order of the file, and what Kafka makes of it if it cannot read it.
#[derive(Clone, Debug, Default)]
pub(super) struct Checkpoint {
    pub(super) entries: Vec<((String, i32), i64)>,
    pub(super) fault: Option<String>,
}

/// All checkpoints of a log directory.
#[derive(Clone, Debug, Default)]
pub struct DirCheckpoints {
    pub(super) files: BTreeMap<&'static str, Checkpoint>,
    pub(super) is_clean_stop: bool,
}

/// Reads the checkpoints of a log directory.
///
/// # Errors
/// Those of the medium.
pub fn read_checkpoints<F: Fs>(fs: &F, log_dir: &Path) -> Result<DirCheckpoints, RepairError> {
    let mut found = DirCheckpoints::default();
    for name in FILES {
        let path = log_dir.join(name);
        let Some(bytes) = read_whole(fs, &path).map_err(StorageError::io("read", &path))? else { continue };
        let (entries, fault) = match read_offset_checkpoint(&bytes) {
            Ok(entries) => (entries.iter().map(owned).collect(), None),
            Err(error) => (readable_lines(&bytes), Some(what_kafka_makes_of(&error))),
        };
        found.files.insert(name, Checkpoint { entries, fault });
    }
    let marker = log_dir.join(".kafka_cleanshutdown");
    found.is_clean_stop = fs::exists(fs, &marker).map_err(StorageError::io("look at", &marker))?;
    Ok(found)
}

fn what_kafka_makes_of(error: &FormatError) -> String {
    match exception_of(error) {
        CheckpointException::Io => format!("Kafka takes the directory offline over it: {error}"),
        _ => format!("for Kafka it is empty: {error}"),
    }
}

fn owned(entry: &PartitionOffset<'_>) -> ((String, i32), i64) {
    ((entry.topic.to_owned(), entry.partition), entry.offset)
}

/// The lines of a damaged checkpoint that can be read as entries, each on its own.
fn readable_lines(bytes: &[u8]) -> Vec<((String, i32), i64)> {
    let lines = bytes.split(|&byte| byte == b'\n');
    lines
        .filter_map(|line| {
            let alone = [b"0\n1\n", line, b"\n"].concat();
            read_offset_checkpoint(&alone).ok()?.first().map(owned)
        })
        .filter(|(_, offset)| *offset >= 0)
        .collect()
}

impl DirCheckpoints {
    /// What they say of a partition.
    pub fn of(&self, topic: &str, partition: i32) -> Checkpoints {
        let offset = |name: &str| {
            let entries = &self.files.get(name)?.entries;
            let found = entries.iter().rev().find(|((of, number), _)| of == topic && *number == partition);
            found.map(|(_, offset)| *offset)
        };
        Checkpoints {
            is_clean_stop: self.is_clean_stop,
            recovery_point: offset(RECOVERY_POINT),
            log_start_offset: offset(LOG_START),
            high_watermark: offset(REPLICATION),
        }
    }

    /// The checkpoints that have to change, given how the partitions end.
    pub(super) fn changes(&self, partitions: &[PartitionPlan]) -> Vec<Change> {
        let ends: BTreeMap<(String, i32), i64> =
            partitions.iter().filter_map(|plan| Some((key(plan)?, plan.log_end_offset))).collect();
        let mut changes = Vec::new();
        for (name, checkpoint) in &self.files {
            let mut entries = checkpoint.entries.clone();
            entries.retain_mut(|(partition, offset)| match ends.get(partition) {
                Some(&end) if *offset > end => {
                    *offset = end;
                    // These two name a batch to begin with; the base of the log stands in for one that is gone.
                    *name == RECOVERY_POINT || *name == REPLICATION
                }
                _ => true,
            });
            let why = match &checkpoint.fault {
                Some(fault) => fault.clone(),
                None if entries != checkpoint.entries => "it names offsets above the end of a log".to_owned(),
                None => continue,
            };
            let lines: Vec<PartitionOffset<'_>> = entries
                .iter()
                .map(|((topic, partition), offset)| PartitionOffset { topic, partition: *partition, offset: *offset })
                .collect();
            let mut bytes = Vec::new();
            write_offset_checkpoint(&lines, &mut bytes);
            changes.push(Change { name: (*name).to_owned(), content: Some(Content::of(bytes)), why });
        }
        changes
    }
}

fn key(plan: &PartitionPlan) -> Option<(String, i32)> {
    let name = plan.path.file_name()?.to_string_lossy().into_owned();
    PartitionDirName::parse(&name).map(|name| (name.topic.to_owned(), name.partition))
}
