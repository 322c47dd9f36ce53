//! Directories that should be there: of partitions, which a start makes again and empty, and of the metadata log.

use super::checkpoints::LogDirCheckpoints;
use super::context::Node;
use super::evidence::{Evidence, Step};
use super::listing::LogDir;
use super::metadata::{DIR_NAME, MetadataLog};
use crate::audit::{Code, Finding, Remedy, Severity};
use crate::format::partition_dir::PartitionDirState;
use crate::fs::{self, Fs};

/// Judges whether the partitions that the metadata has in a log directory are there. One of which no consumer has seen a
/// record may not have been made yet.
pub(super) fn check(node: &Node, dir: &LogDir, checkpoints: &LogDirCheckpoints, evidence: &mut Evidence) {
    // Zeros at the end of the metadata log alone do not show that there was more.
    let is_whole = |log: &&MetadataLog| log.proof.is_none() && log.cut.as_ref().is_none_or(|cut| cut.is_zero);
    let log = node.metadata.as_ref().filter(is_whole).filter(|log| log.is_complete());
    let directory = dir.properties().and_then(|read| read.directory_id).or_else(|| super::meta::proven_id(node, dir));
    let (Some(log), Some(directory), Some(id)) = (log, directory, node.id) else { return };
    let exists = |topic: &str, partition| {
        let mut folders = node.folders_of(topic, partition);
        folders.any(|folder| matches!(folder.state, PartitionDirState::Live | PartitionDirState::Future))
    };
    let mut missing: Vec<_> = log
        .image
        .partitions_in(id, directory)
        .filter_map(|(topic, partition, replicas)| {
            let end = checkpoints.of(topic, partition).high_watermark.filter(|&end| end > 0)?;
            (!exists(topic, partition)).then_some((topic, partition, replicas, end))
        })
        .collect();
    missing.sort_unstable();
    for (topic, partition, replicas, end) in missing {
        let path = dir.path.join(format!("{topic}-{partition}"));
        let expected = format!("a partition, with records up to offset {}", end.saturating_sub(1));
        let finding = Finding::new(Code::PartitionMissing, &path, expected, "no directory").of(0, Some(end - 1));
        if replicas > 1 {
            evidence.findings.push(finding.graded(Severity::Warning).with(Remedy::Nothing));
            continue;
        }
        evidence.findings.push(finding);
        let what = "a start makes the partition again, empty";
        let advice = "do not start the node; put the directory back, from a backup or from where it was moved to";
        evidence.remain(&path, what, advice, None);
    }
}

/// Judges whether there is a metadata log where a node was formatted to have it.
pub(super) fn metadata_log<F: Fs>(fs: &F, node: &Node, evidence: &mut Evidence) {
    let is_formatted = |dir: &&LogDir| fs::exists(fs, &dir.path.join("bootstrap.checkpoint")).unwrap_or(false);
    let has_partitions = node.dirs.iter().any(|dir| !dir.folders.is_empty());
    let Some(dir) = node.dirs.iter().find(is_formatted).filter(|_| node.metadata.is_none() && has_partitions) else {
        return;
    };
    let path = dir.path.join(DIR_NAME);
    let expected = "the metadata log beside bootstrap.checkpoint";
    evidence.findings.push(Finding::new(Code::MetadataLogShort, &path, expected, "no directory"));
    let message = "without the metadata log the node does not know its controllers";
    evidence.refuse(Step::Registration, "CancellationException", &path, message);
    let what = "the metadata log is missing; if the node has to be a controller, the topics are lost with it";
    let advice = "do not start the node; put the directory back from a backup. A node that is a broker alone fetches it from the controllers";
    evidence.remain(&path, what, advice, None);
}
