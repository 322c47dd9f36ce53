//! Partitions that a start sets aside: those whose topic id the metadata does not have for them
//! (`LogManager.isStrayKraftReplica`).

use std::collections::BTreeSet;
use std::path::Path;

use super::context::Node;
use super::evidence::{Evidence, Step, Stray, move_away, quoted};
use super::listing::{Folder, IdFile};
use crate::audit::{Code, Finding, Remedy, Severity};
use crate::format::partition_dir::PartitionDirState;
use crate::format::partition_metadata::PartitionMetadata;
use crate::format::uuid::Uuid;
use crate::fs::Fs;

const NAME: &str = "partition.metadata";
/// Version of `partition.metadata`.
const VERSION: i32 = 0;

/// Judges the topic id of a partition. `log_dir` is where it lies.
pub(super) fn check<F: Fs>(fs: &F, node: &Node, log_dir: &Path, folder: &Folder, evidence: &mut Evidence) {
    match folder.state {
        PartitionDirState::Live | PartitionDirState::Future => {}
        // Neither is compared with the metadata, and yet the file is read.
        PartitionDirState::Stray | PartitionDirState::Deleted => {
            if refuses(log_dir, folder, evidence) {
                evidence.change(
                    &folder.path,
                    NAME,
                    None,
                    "the directory is not in use, and a start does not miss the file",
                );
            }
            return;
        }
    }
    if refuses(log_dir, folder, evidence) {
        return match node.twin(folder) {
            Some(twin) => {
                let why =
                    format!("{} has the partition; without the file a start sets this copy aside", twin.path.display());
                evidence.change(&folder.path, NAME, None, why);
            }
            None => mend(node, folder, evidence),
        };
    }
    if !node.is_kraft() {
        return;
    }
    match folder.id.id() {
        None => missing(fs, node, folder, evidence),
        Some(id) => compare(fs, node, log_dir, folder, id, evidence),
    }
}

/// Judges the topic id of the metadata log itself, which is a constant.
pub(super) fn check_metadata_log(log_dir: &Path, folder: &Folder, evidence: &mut Evidence) {
    let other = folder.id.id().filter(|id| *id != super::metadata::TOPIC_ID);
    if let Some(id) = other {
        let path = folder.path.join(NAME);
        let expected = format!("{}, the id of the metadata log", super::metadata::TOPIC_ID);
        evidence.findings.push(Finding::new(Code::TopicIdMismatch, &path, expected, id.to_string()));
        let message = format!("the metadata log has topic id {id}");
        evidence.refuse(Step::Metadata, "InconsistentTopicIdException", path, message);
    }
    if refuses(log_dir, folder, evidence) || other.is_some() {
        let why = "the topic id of the metadata log is the same in every cluster";
        write(folder, super::metadata::TOPIC_ID, why, evidence);
    }
}

/// A file that is there and cannot be read.
fn refuses(log_dir: &Path, folder: &Folder, evidence: &mut Evidence) -> bool {
    let path = folder.path.join(NAME);
    let found = match &folder.id {
        IdFile::Missing | IdFile::Good(_) => return false,
        IdFile::Empty => {
            let found = "an empty file, as after a power failure";
            evidence.refuse(Step::Logs, "NullPointerException", &path, format!("{NAME} cannot be read: {found}"));
            found
        }
        IdFile::Faulty(found) => {
            evidence.take_offline(log_dir, &path, format!("{NAME} cannot be read: {found}"));
            found
        }
    };
    evidence.findings.push(Finding::new(Code::PartitionMetadataCorrupt, path, "a version and a topic id", found));
    true
}

/// There is no topic id: the start sets the directory aside, whatever the metadata has.
fn missing<F: Fs>(fs: &F, node: &Node, folder: &Folder, evidence: &mut Evidence) {
    let path = folder.path.join(NAME);
    if folder.entries.is_empty() {
        let finding = Finding::new(Code::PartitionMetadataMissing, &folder.path, "the files of a partition", "no file");
        evidence.findings.push(finding.graded(Severity::Note).with(Remedy::Nothing));
        evidence.strays.push(stray(folder, false, "it is empty"));
        return;
    }
    let has_records = folder.has_records(fs);
    let is_needed = has_records && node.twin(folder).is_none();
    let severity = if is_needed { Severity::Damage } else { Severity::Warning };
    let expected = "the topic id, without which a start sets the partition aside as stray";
    evidence.findings.push(Finding::new(Code::PartitionMetadataMissing, path, expected, "no file").graded(severity));
    evidence.strays.push(stray(folder, has_records, "it has no topic id"));
    if is_needed || node.proof(folder).is_some() {
        mend(node, folder, evidence);
    }
}

/// There is a topic id: does the metadata have this partition of it for this node?
fn compare<F: Fs>(fs: &F, node: &Node, log_dir: &Path, folder: &Folder, id: Uuid, evidence: &mut Evidence) {
    let Some(log) = node.metadata.as_ref().filter(|log| log.is_complete()) else { return };
    let image = &log.image;
    let path = folder.path.join(NAME);
    let of_name = image.id_of(&folder.topic);
    match image.partition(id, folder.partition) {
        Some(assignment) if node.id.is_none_or(|id| assignment.replicas.contains(&id)) => {
            if of_name != Some(id) {
                return renamed(node, log_dir, folder, id, evidence);
            }
            if log.unfinished.as_ref().is_some_and(|image| image.partition(id, folder.partition).is_none()) {
                evidence.strays.push(stray(
                    folder,
                    folder.has_records(fs),
                    "the newest snapshot of the metadata, which was not finished, lacks its topic",
                ));
            }
        }
        Some(assignment) => {
            let found = format!("a partition of the brokers {}", list(&assignment.replicas));
            let expected = format!("a partition of this node, {}", node.id.unwrap_or(-1));
            let finding = Finding::new(Code::StrayPartition, &folder.path, expected, &*found);
            evidence.findings.push(finding.graded(Severity::Warning).with(Remedy::Nothing));
            evidence.strays.push(stray(folder, folder.has_records(fs), &format!("it is {found}")));
        }
        None => unknown(fs, node, log_dir, folder, id, path.as_path(), evidence),
    }
}

/// The id is that of a topic with another name: Kafka keeps the directory, and then fails over it.
fn renamed(node: &Node, log_dir: &Path, folder: &Folder, id: Uuid, evidence: &mut Evidence) {
    let image = node.metadata.as_ref().map(|log| &log.image);
    let other = image.and_then(|image| image.name_of(id)).unwrap_or_default().to_owned();
    let own = node.topic_id(&folder.topic);
    let path = folder.path.join(NAME);
    let found = format!("{id}, the id of topic {other}");
    let expected = match own {
        Some(own) => format!("{own}, the id of topic {} in the metadata", folder.topic),
        None => format!("the id of topic {}, which the metadata does not have", folder.topic),
    };
    let original = format!("{other}-{}", folder.partition);
    let has_original = node.has_folder(&original, id);
    // A copy of another partition does no harm under a name that no topic has.
    let severity = if own.is_none() && has_original { Severity::Warning } else { Severity::Damage };
    let remedy = match (own, has_original) {
        (Some(_), true) => Remedy::RestorePartitionMetadata,
        _ => Remedy::AskOperator,
    };
    let finding = Finding::new(Code::TopicIdMismatch, &path, expected, &*found);
    evidence.findings.push(finding.graded(severity).with(remedy));
    if own.is_some() {
        evidence.leave_unserved(&path, "InconsistentTopicIdException", format!("{} has {found}", folder.name));
    }
    match (own, has_original) {
        // The directory of the other topic is there, so this one is not that under another name.
        (Some(own), true) => {
            let why = format!("the metadata has this id for topic {}", folder.topic);
            write(folder, own, &why, evidence);
        }
        (None, true) => {}
        (_, false) => {
            let what =
                format!("the directory is named after topic {}, and the id in it is that of {other}", folder.topic);
            let advice = format!(
                "if it is {original} under another name, give it its name back; else move it out of the log directory"
            );
            let command = format!("mv {} {}", quoted(&folder.path), quoted(&log_dir.join(&original)));
            evidence.remain(&folder.path, what, advice, Some(command));
        }
    }
}

/// The metadata does not have this partition of the id.
fn unknown<F: Fs>(
    fs: &F,
    node: &Node,
    log_dir: &Path,
    folder: &Folder,
    id: Uuid,
    path: &Path,
    evidence: &mut Evidence,
) {
    let Some(log) = &node.metadata else { return };
    let is_short = log.may_lack_topics();
    let may_come = node.has_other_voters() && log.image.id_of(&folder.topic).is_none();
    let has_records = folder.has_records(fs);
    let known = log.image.name_of(id);
    let of_name = log.image.id_of(&folder.topic);
    let (why, severity) = if log.image.was_removed(id) {
        (format!("its topic, {id}, was deleted"), Severity::Warning)
    } else if let Some(twin) = node.twin(folder).filter(|twin| twin.id.id() == of_name) {
        (format!("it is not the partition of that name, which is {}", twin.path.display()), Severity::Warning)
    } else if let Some(name) = known {
        (format!("topic {name} has no partition {}", folder.partition), Severity::Damage)
    } else if may_come {
        (
            format!("the metadata log of this node does not have its topic, {id}; other controllers may"),
            Severity::Warning,
        )
    } else if of_name.is_none() && is_short {
        (format!("the metadata log ends too early to have its topic, {id}"), Severity::Damage)
    } else {
        (format!("the metadata does not have its topic, {id}"), Severity::Damage)
    };
    let severity = if has_records { severity } else { severity.min(Severity::Warning) };
    let at = if of_name.is_some() { path } else { &folder.path };
    let expected = match of_name {
        Some(own) => format!("{own}, the id of topic {} in the metadata", folder.topic),
        None => "a topic that the metadata has".to_owned(),
    };
    let finding = Finding::new(Code::StrayPartition, at, expected, id.to_string());
    let remedy = match (severity, of_name) {
        (Severity::Damage, Some(_)) if known.is_none() => Remedy::RestorePartitionMetadata,
        (Severity::Damage, _) => Remedy::AskOperator,
        _ => Remedy::Nothing,
    };
    evidence.findings.push(finding.graded(severity).with(remedy));
    if !may_come || log.image.was_removed(id) || known.is_some() {
        evidence.strays.push(stray(folder, has_records, &why));
    }
    if severity < Severity::Damage {
        return;
    }
    match of_name {
        Some(own) if known.is_none() && log.image.partition(own, folder.partition).is_some() => {
            let why = format!("the metadata has this id for topic {}", folder.topic);
            write(folder, own, &why, evidence);
        }
        // What is said of the metadata log is enough for all of them.
        None if is_short && known.is_none() => {}
        _ => {
            let what = format!("a start sets the partition aside: {why}");
            let advice =
                "if its records are wanted, do not start the node; else move the directory out of the log directory";
            evidence.remain(&folder.path, what, advice, Some(move_away(log_dir, &folder.name)));
        }
    }
}

/// Writes the id that something proves, or leaves it to a person.
fn mend(node: &Node, folder: &Folder, evidence: &mut Evidence) {
    match node.proof(folder) {
        Some((id, why)) => write(folder, id, &why, evidence),
        None => {
            let what = "nothing here tells the topic id of the partition";
            let advice = format!(
                "do not start the node as it is; get the id of topic {} from another broker (kafka-topics --describe \
                 --topic {}), and write it into {NAME}: two lines, \"version: 0\" and \"topic_id: ID\"",
                folder.topic, folder.topic
            );
            evidence.remain(folder.path.join(NAME), what, advice, None);
        }
    }
}

fn write(folder: &Folder, topic_id: Uuid, why: &str, evidence: &mut Evidence) {
    let mut bytes = Vec::new();
    PartitionMetadata { version: VERSION, topic_id }.write(&mut bytes);
    evidence.change(&folder.path, NAME, Some(bytes), why);
}

fn stray(folder: &Folder, has_records: bool, why: &str) -> Stray {
    Stray {
        path: folder.path.clone(),
        topic: folder.topic.clone(),
        partition: folder.partition,
        topic_id: folder.id.id(),
        has_records,
        why: why.to_owned(),
    }
}

fn list(ids: &[i32]) -> String {
    let ids: BTreeSet<_> = ids.iter().collect();
    ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}
