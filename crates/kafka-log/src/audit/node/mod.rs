//! What a node does at its start before it opens an ordinary log, judged from the files of its log directories.
//!
//! A start reads, in this order: `meta.properties` of every log directory, `bootstrap.checkpoint`, `quorum-state`, the
//! metadata log with its snapshots, the names of the directories, and in each directory of a partition the names of its
//! files and its topic id. Each has its judge here; `docs/judgement.md` has what Kafka 4.3.0 does over each.

mod checkpoints;
mod context;
mod evidence;
mod folders;
mod image;
mod listing;
mod meta;
mod metadata;
mod missing;
mod names;
mod quorum;
mod shortened;
mod small;
mod snapshot;
mod snapshots;
mod strays;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use crate::audit::{Change, Code, Finding};
use crate::fs::Fs;
pub use checkpoints::LogDirCheckpoints;
pub(crate) use checkpoints::{CheckpointKind, TopicPartition};
use context::Node;
use evidence::Evidence;
pub use evidence::{NodeStart, Refusal, Remaining, Stray};
use listing::{Folder, LogDir};
use metadata::MetadataLog;

/// What is wrong with the files of a node that it reads before it opens an ordinary log.
#[derive(Clone, Debug)]
pub(crate) struct NodeAudit {
    /// What is wrong, graded.
    pub findings: Vec<Finding>,
    /// What the next start does.
    pub start: NodeStart,
    /// What a repair does: a directory, and what becomes of a file in it.
    pub changes: Vec<(PathBuf, Change)>,
    /// Damage that no repair can fix.
    pub remaining: Vec<Remaining>,
    /// The checkpoints of each log directory, to be compared with its logs once these are known.
    pub checkpoints: Vec<LogDirCheckpoints>,
}

/// Judges the files of the log directories of one node. Reads; a file that cannot be read is a finding.
pub(crate) fn audit_node<F: Fs>(fs: &F, log_dirs: &[&Path]) -> NodeAudit {
    let mut evidence = Evidence::default();
    let node = judge(fs, log_dirs, |_| true, &mut evidence);
    let mut checkpoints = Vec::with_capacity(log_dirs.len());
    for dir in &node.dirs {
        let read = LogDirCheckpoints::read(fs, &dir.path, &mut evidence);
        if read.is_clean_stop() == Some(false) && !dir.folders.is_empty() {
            let expected = "the mark of a clean stop, or a broker at work";
            evidence.findings.push(Finding::new(Code::UncleanStop, &dir.path, expected, "no .kafka_cleanshutdown"));
        }
        missing::check(&node, dir, &read, &mut evidence);
        checkpoints.push(read);
    }
    let start = evidence.start(log_dirs);
    let Evidence { findings, changes, remaining, .. } = evidence;
    NodeAudit { findings, start, changes, remaining, checkpoints }
}

/// Judges the directory of one partition as a part of the log directory around it, if that is one: what is about this
/// partition, and no other.
pub(crate) fn audit_partition_in_node<F: Fs>(fs: &F, partition_dir: &Path) -> NodeAudit {
    let mut evidence = Evidence::default();
    let log_dir = match partition_dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    };
    let name = folders::name_of(partition_dir);
    judge(fs, &[log_dir], |folder| folder.name == name, &mut evidence);
    let mut beside = Evidence::default();
    let checkpoints = vec![LogDirCheckpoints::read(fs, log_dir, &mut beside)];
    evidence.keep_below(&log_dir.join(&name));
    evidence.refer_to(log_dir);
    let start = evidence.start(&[log_dir]);
    let Evidence { findings, changes, remaining, .. } = evidence;
    NodeAudit { findings, start, changes, remaining, checkpoints }
}

/// Judges everything but the checkpoints, and of the partitions only those that are wanted.
fn judge<F: Fs>(fs: &F, log_dirs: &[&Path], is_wanted: impl Fn(&Folder) -> bool, evidence: &mut Evidence) -> Node {
    let dirs: Vec<LogDir> = log_dirs.iter().map(|dir| LogDir::read(fs, dir)).collect();
    let metadata_dir = dirs.iter().find_map(|dir| Some((dir, dir.metadata.as_ref()?)));
    let metadata = metadata_dir.and_then(|(_, folder)| MetadataLog::read(fs, &folder.path));
    let mut quorum = None;
    if let Some((_, folder)) = metadata_dir {
        quorum = quorum::read(fs, folder);
    }
    let state = quorum.as_ref().and_then(|read| read.as_ref().ok());
    let node = Node::new(dirs, metadata, state);
    meta::check(&node, state, evidence);
    for dir in &node.dirs {
        snapshots::bootstrap(fs, &dir.path, node.metadata.as_ref(), evidence);
        if let Some(folder) = &dir.metadata {
            strays::check_metadata_log(&dir.path, folder, evidence);
            names::check(folder, true, evidence);
            if let Some(Err(found)) = &quorum {
                quorum::check(folder, found, node.has_other_voters(), evidence);
            }
        }
        for folder in dir.folders.iter().filter(|folder| is_wanted(folder)) {
            names::check(folder, false, evidence);
            strays::check(fs, &node, &dir.path, folder, evidence);
        }
    }
    if let Some(log) = &node.metadata {
        snapshots::of_metadata_log(log, evidence);
    }
    shortened::check(fs, &node, evidence);
    missing::metadata_log(fs, &node, evidence);
    folders::check(&node, evidence);
    node
}
