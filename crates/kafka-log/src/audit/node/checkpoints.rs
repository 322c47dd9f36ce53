//! The offset checkpoints of a log directory: read once, checked once, and rewritten if they are wrong.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};

use super::evidence::Evidence;
use super::small::{Small, looks};
use crate::audit::{Change, Checkpoints, Code, Content, Finding, Severity};
use crate::format::checkpoint_file::{CheckpointException, exception_of};
use crate::format::offset_checkpoint::{PartitionOffset, read_offset_checkpoint, write_offset_checkpoint};
use crate::fs::{self, Fs};

/// Topic and number of a partition.
pub(crate) type TopicPartition = (String, i32);

/// Mark of a clean stop. What is in it decides nothing.
const CLEAN_STOP: &str = ".kafka_cleanshutdown";

/// A checkpoint file of a log directory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum CheckpointKind {
    /// Everything below was on disk.
    RecoveryPoint,
    /// Everything below was deleted.
    LogStart,
    /// Everything below was shown to consumers.
    HighWatermark,
    /// Everything below is compacted.
    FirstDirty,
}

impl CheckpointKind {
    /// Every kind.
    pub(crate) const ALL: [CheckpointKind; 4] =
        [Self::RecoveryPoint, Self::LogStart, Self::HighWatermark, Self::FirstDirty];

    /// The kind of a file of this name.
    pub(crate) fn of_file(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.file() == name)
    }

    /// Name of the file.
    pub(crate) const fn file(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery-point-offset-checkpoint",
            Self::LogStart => "log-start-offset-checkpoint",
            Self::HighWatermark => "replication-offset-checkpoint",
            Self::FirstDirty => "cleaner-offset-checkpoint",
        }
    }

    /// What its offsets are.
    const fn meaning(self) -> &'static str {
        match self {
            Self::RecoveryPoint => "recovery point",
            Self::LogStart => "log start offset",
            Self::HighWatermark => "high watermark",
            Self::FirstDirty => "first dirty offset",
        }
    }

    /// What Kafka does over a file in which a number is none.
    const fn without_numbers(self) -> (Severity, &'static str) {
        match self {
            Self::RecoveryPoint => (Severity::Warning, "a start recovers every log from its beginning"),
            Self::LogStart => (Severity::Warning, "a start brings records back that were deleted"),
            Self::HighWatermark => (Severity::Damage, "the broker starts, and serves no partition"),
            Self::FirstDirty => (Severity::Damage, "the cleaner ends, and nothing is compacted any more"),
        }
    }
}

/// The content of one file.
#[derive(Clone, Debug, Default)]
struct Checkpoint {
    /// In the order of the file.
    entries: Vec<(TopicPartition, i64)>,
    /// The same to look up; of two for one partition the later counts.
    offsets: HashMap<TopicPartition, i64>,
    /// What Kafka makes of it, if it cannot be read.
    fault: Option<String>,
}

/// The checkpoints of a log directory.
#[derive(Clone, Debug)]
pub struct LogDirCheckpoints {
    /// The log directory.
    pub path: PathBuf,
    files: BTreeMap<CheckpointKind, Checkpoint>,
    is_clean_stop: Option<bool>,
}

/// What follows from checkpoints and logs together.
#[derive(Clone, Debug, Default)]
pub(crate) struct CheckpointAudit {
    /// What is wrong.
    pub findings: Vec<Finding>,
    /// Files that a repair rewrites.
    pub changes: Vec<Change>,
    /// Partitions of which a start deletes every segment, for their log start offset is beyond their end.
    pub emptied: Vec<TopicPartition>,
}

impl Checkpoint {
    fn new(entries: Vec<(TopicPartition, i64)>, fault: Option<String>) -> Self {
        Checkpoint { offsets: entries.iter().cloned().collect(), entries, fault }
    }
}

impl LogDirCheckpoints {
    /// Reads the checkpoints of a log directory.
    pub(super) fn read<F: Fs>(fs: &F, dir: &Path, evidence: &mut Evidence) -> Self {
        let mut files = BTreeMap::new();
        for kind in CheckpointKind::ALL {
            let path = dir.join(kind.file());
            let checkpoint = match Small::read(fs, &path) {
                Small::Missing => continue,
                Small::Bytes(bytes) => parse(kind, &bytes, dir, &path, evidence),
                Small::Unreadable(why) => {
                    unreadable(dir, &path, &why, evidence);
                    Checkpoint::new(Vec::new(), Some(why))
                }
            };
            files.insert(kind, checkpoint);
        }
        let exists = |name: &str| fs::exists(fs, &dir.join(name)).unwrap_or(false);
        let is_marked = exists(CLEAN_STOP);
        let is_log_dir = is_marked || !files.is_empty() || exists("meta.properties");
        LogDirCheckpoints { path: dir.to_owned(), files, is_clean_stop: is_log_dir.then_some(is_marked) }
    }

    /// Reads the checkpoints of a log directory of which everything else is known.
    pub fn of_dir<F: Fs>(fs: &F, dir: &Path) -> Self {
        Self::read(fs, dir, &mut Evidence::default())
    }

    /// Whether the broker was stopped cleanly; `None` where nothing shows that this is a log directory.
    pub fn is_clean_stop(&self) -> Option<bool> {
        self.is_clean_stop
    }

    /// What they say of a partition.
    pub fn of(&self, topic: &str, partition: i32) -> Checkpoints {
        let partition = (topic.to_owned(), partition);
        let offset = |kind| self.files.get(&kind)?.offsets.get(&partition).copied();
        Checkpoints {
            recovery_point: offset(CheckpointKind::RecoveryPoint),
            log_start_offset: offset(CheckpointKind::LogStart),
            high_watermark: offset(CheckpointKind::HighWatermark),
            first_dirty_offset: offset(CheckpointKind::FirstDirty),
            is_clean_stop: self.is_clean_stop,
        }
    }

    /// Compares the offsets with the logs, as a repair leaves them: `ends` has the log start and the log end offset of
    /// every partition of the log directory in use.
    pub(crate) fn check(&self, ends: &HashMap<TopicPartition, (i64, i64)>) -> CheckpointAudit {
        let mut audit = CheckpointAudit::default();
        for (&kind, checkpoint) in &self.files {
            let path = self.path.join(kind.file());
            let mut entries = checkpoint.entries.clone();
            entries.retain_mut(|(partition, offset)| match ends.get(partition) {
                None => {
                    let found = format!("{} {offset} of {}-{}", kind.meaning(), partition.0, partition.1);
                    let expected = "partitions that are in the directory";
                    audit.findings.push(Finding::new(Code::CheckpointUnknown, &path, expected, found));
                    true
                }
                Some(&(start, end)) if *offset > end || *offset < 0 => {
                    audit.outside(kind, &path, partition, *offset, start, end);
                    // A log start or a first dirty offset that is wrong counts for nothing without its entry; for the
                    // other two the end of the log is the best that is left.
                    let stays = matches!(kind, CheckpointKind::RecoveryPoint | CheckpointKind::HighWatermark);
                    *offset = if *offset < 0 { start } else { end };
                    stays
                }
                Some(_) => true,
            });
            let why = match &checkpoint.fault {
                Some(fault) => fault.clone(),
                None if entries != checkpoint.entries => "it has offsets outside of their logs".to_owned(),
                None => continue,
            };
            let change = Change { name: kind.file().to_owned(), content: Some(Content::of(written(&entries))), why };
            audit.changes.push(change);
        }
        audit
    }
}

impl CheckpointAudit {
    fn outside(
        &mut self,
        kind: CheckpointKind,
        path: &Path,
        partition: &TopicPartition,
        offset: i64,
        start: i64,
        end: i64,
    ) {
        let expected = format!("an offset from {start} to {end}, where the log ends");
        let found = format!("{} {offset} of {}-{}", kind.meaning(), partition.0, partition.1);
        let deletes = kind == CheckpointKind::LogStart && offset > end;
        let (severity, found) = match deletes {
            true => (Severity::Damage, format!("{found}: a start deletes every segment of it")),
            false => (Code::CheckpointOutside.severity(), found),
        };
        let finding = Finding::new(Code::CheckpointOutside, path, expected, found).of(offset, Some(offset));
        self.findings.push(finding.graded(severity));
        if deletes {
            self.emptied.push(partition.clone());
        }
    }
}

fn parse(kind: CheckpointKind, bytes: &[u8], dir: &Path, path: &Path, evidence: &mut Evidence) -> Checkpoint {
    let error = match read_offset_checkpoint(bytes) {
        Ok(entries) => return Checkpoint::new(entries.iter().map(owned).collect(), None),
        Err(error) => error,
    };
    let what = looks(bytes, || error.to_string());
    if exception_of(&error) == CheckpointException::Io {
        unreadable(dir, path, &what, evidence);
    } else {
        let (severity, outcome) = kind.without_numbers();
        let found = format!("{what}: {outcome}");
        let finding = Finding::new(Code::CheckpointNumber, path, "topics, partitions and offsets", &*found);
        evidence.findings.push(finding.graded(severity));
        if kind == CheckpointKind::HighWatermark {
            evidence.leave_unserved(path, "NumberFormatException", format!("{} cannot be read: {what}", kind.file()));
        }
    }
    Checkpoint::new(readable_lines(bytes), Some(what))
}

fn unreadable(dir: &Path, path: &Path, what: &str, evidence: &mut Evidence) {
    evidence.findings.push(Finding::new(Code::CheckpointCorrupt, path, "topics, partitions and offsets", what));
    evidence.take_offline(dir, path, format!("{} cannot be read: {what}", super::folders::name_of(path)));
}

fn owned(entry: &PartitionOffset<'_>) -> (TopicPartition, i64) {
    ((entry.topic.to_owned(), entry.partition), entry.offset)
}

/// The lines of a damaged file that can be read as entries, each for itself.
fn readable_lines(bytes: &[u8]) -> Vec<(TopicPartition, i64)> {
    let lines = bytes.split(|&byte| byte == b'\n');
    let alone = lines.map(|line| [b"0\n1\n", line, b"\n"].concat());
    let entries = alone.filter_map(|line| read_offset_checkpoint(&line).ok()?.first().map(owned));
    entries.filter(|(_, offset)| *offset >= 0).collect()
}

fn written(entries: &[(TopicPartition, i64)]) -> Vec<u8> {
    let lines: Vec<PartitionOffset<'_>> = entries
        .iter()
        .map(|((topic, partition), offset)| PartitionOffset { topic, partition: *partition, offset: *offset })
        .collect();
    let mut bytes = Vec::new();
    write_offset_checkpoint(&lines, &mut bytes);
    bytes
}
