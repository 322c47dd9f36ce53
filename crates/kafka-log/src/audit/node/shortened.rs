//! A metadata log that ends too early: a start takes it for whole, and the topics after its end for deleted.

use super::context::Node;
use super::evidence::Evidence;
use super::metadata::MetadataLog;
use crate::audit::{Code, Finding, Remedy, Severity};
use crate::format::partition_dir::PartitionDirState;
use crate::fs::Fs;

/// Judges where the metadata log ends.
pub(super) fn check<F: Fs>(fs: &F, node: &Node, evidence: &mut Evidence) {
    let Some(log) = &node.metadata else { return };
    let Some((expected, proof)) = proof(fs, node, log) else { return };
    let path = match &log.cut {
        Some(cut) => cut.path.clone(),
        None => log.last_segment.clone().unwrap_or_else(|| log.dir.clone()),
    };
    let found = match &log.cut {
        Some(cut) if cut.is_zero && cut.position == 0 => "zeros, as after a power failure".to_owned(),
        Some(cut) if cut.is_zero => format!("offset {}, and zeros after it, as after a power failure", log.end),
        Some(cut) => format!("offset {}, and damage after it, at byte {}", log.end, cut.position),
        None if log.last_segment.is_none() => "no segment".to_owned(),
        None if log.end == log.start => "no record".to_owned(),
        None => format!("offset {}", log.end),
    };
    let finding = Finding::new(Code::MetadataLogShort, &path, format!("{expected}, as {proof} shows"), &*found);
    if node.has_other_voters() {
        evidence.findings.push(finding.graded(Severity::Warning).with(Remedy::Nothing));
        return;
    }
    evidence.findings.push(finding.with(Remedy::AskOperator));
    let set_aside = evidence.strays.len();
    let what = match set_aside {
        0 => "the metadata log ends too early; what was changed last in the cluster is lost with it".to_owned(),
        1 => "the metadata log ends too early; a start sets 1 partition aside as stray".to_owned(),
        many => format!("the metadata log ends too early; a start sets {many} partitions aside as stray"),
    };
    let advice = format!(
        "do not start the node; put {} back from another controller of the cluster or from a backup, copied while that node was stopped",
        log.dir.display()
    );
    evidence.remain(&path, what, advice, None);
}

/// What the log should reach, and the file that proves it.
fn proof<F: Fs>(fs: &F, node: &Node, log: &MetadataLog) -> Option<(String, String)> {
    if let Some(proof) = &log.proof {
        let expected = match proof.end {
            Some(end) => format!("records up to offset {}", end.saturating_sub(1)),
            None => "records".to_owned(),
        };
        return Some((expected, super::folders::name_of(&proof.path)));
    }
    if log.cut.is_none() && !log.image.is_without_topics() || !log.is_complete() {
        return None;
    }
    let is_proof = |folder: &&super::listing::Folder| {
        folder.state == PartitionDirState::Live
            && folder.id.id().is_some_and(|id| log.image.name_of(id).is_none() && !log.image.was_removed(id))
            && log.image.id_of(&folder.topic).is_none()
            && folder.has_records(fs)
    };
    let folder = node.dirs.iter().flat_map(|dir| &dir.folders).find(is_proof)?;
    Some((format!("topic {}", folder.topic), folder.name.clone()))
}
