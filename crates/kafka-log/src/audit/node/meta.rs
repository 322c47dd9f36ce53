//! `meta.properties` of the log directories: the ids of cluster, node and directory (`MetaPropertiesEnsemble.verify`).

use std::path::Path;

use super::context::{Node, most_frequent};
use super::evidence::{Evidence, Step};
use super::listing::{LogDir, Meta, MetaFault};
use crate::audit::{Code, Finding, Remedy, Severity};
use crate::format::meta_properties::{MetaProperties, MetaPropertiesVersion};
use crate::format::quorum_state::QuorumState;
use crate::format::uuid::Uuid;

const NAME: &str = "meta.properties";
/// Ids of directories below this number have a meaning of their own (`DirectoryId.reserved`).
const RESERVED_IDS: u128 = 100;
/// What stands where Kafka has the time of writing.
const COMMENT: &str = "written by kafka-log repair";

/// Judges the files of all log directories.
pub(super) fn check(node: &Node, quorum: Option<&QuorumState>, evidence: &mut Evidence) {
    let stated = || node.dirs.iter().filter_map(LogDir::properties);
    let of_quorum = quorum.map(|state| state.cluster_id.clone()).filter(|id| !id.is_empty());
    let cluster_id = most_frequent(stated().filter_map(|read| read.cluster_id.clone())).or(of_quorum);
    for (at, dir) in node.dirs.iter().enumerate() {
        let path = dir.path.join(NAME);
        let fault = match &dir.meta {
            Meta::Good(properties) => {
                good(node, at, properties, cluster_id.as_deref(), evidence);
                continue;
            }
            Meta::Missing => None,
            Meta::Faulty(fault) => Some(fault),
        };
        let expected = "the ids of the cluster and the node";
        let (code, found) = match fault {
            None => (Code::MetaPropertiesMissing, "no file"),
            Some(fault) => (Code::MetaPropertiesCorrupt, fault.what()),
        };
        let finding = Finding::new(code, &path, expected, found);
        if node.is_no_log_dir(dir) {
            evidence.findings.push(finding.graded(Severity::Warning).with(Remedy::Nothing));
            continue;
        }
        let is_alone = node.dirs.len() == 1 || dir.metadata.is_some();
        match fault {
            // Kafka takes such a directory for a failed disk, and goes on without it unless the metadata log is there.
            Some(MetaFault::Unreadable(what)) if !is_alone => {
                evidence.take_offline(&dir.path, &path, format!("{NAME} cannot be read: {what}"));
            }
            Some(MetaFault::NoIds(what) | MetaFault::Unreadable(what)) => {
                let message = format!("{NAME} cannot be used: {what}");
                evidence.refuse(Step::MetaProperties, "RuntimeException", &path, message);
            }
            None => {
                let message = format!("there is no {NAME} in {}", dir.path.display());
                evidence.refuse(Step::MetaProperties, "RuntimeException", &path, message);
            }
        }
        let directory_id = directory_id(node, at);
        match (&cluster_id, node.id) {
            (Some(cluster_id), Some(node_id)) => {
                evidence.findings.push(finding.graded(Severity::Damage).with(Remedy::RewriteMetaProperties));
                let properties = MetaProperties {
                    version: MetaPropertiesVersion::V1,
                    cluster_id: Some(cluster_id.clone()),
                    node_id: Some(node_id),
                    directory_id,
                };
                write(&dir.path, &properties, "the other files of the node tell its ids", evidence);
            }
            _ => {
                evidence.findings.push(finding.graded(Severity::Damage).with(Remedy::AskOperator));
                by_hand(&path, found, cluster_id.as_deref(), node.id, directory_id, evidence);
            }
        }
    }
}

/// Compares a readable file with the files of the other directories and with the metadata.
fn good(node: &Node, at: usize, properties: &MetaProperties, cluster_id: Option<&str>, evidence: &mut Evidence) {
    let dir = &node.dirs[at];
    let path = dir.path.join(NAME);
    if properties.node_id != node.id || properties.cluster_id.as_deref() != cluster_id {
        let shown = |cluster: Option<&str>, node: Option<i32>| {
            let node = node.map_or("unknown".to_owned(), |id| id.to_string());
            format!("node {node} of cluster {}", cluster.unwrap_or("unknown"))
        };
        let expected = format!("{}, as in the other files of the node", shown(cluster_id, node.id));
        let found = shown(properties.cluster_id.as_deref(), properties.node_id);
        evidence.findings.push(Finding::new(Code::MetaPropertiesMismatch, &path, expected, &*found));
        let message = format!("the files of the node disagree on which it is: {found}");
        evidence.refuse(Step::MetaProperties, "RuntimeException", &path, message);
        if node.is_id_proven && properties.cluster_id.as_deref() == cluster_id {
            let corrected = MetaProperties { node_id: node.id, ..properties.clone() };
            write(&dir.path, &corrected, "the metadata has this log directory for that node", evidence);
            return;
        }
        let advice = "this log directory belongs to another node or cluster; take it out of log.dirs, or give the node its own disk back";
        evidence.remain(&path, format!("it is that of {found}"), advice, None);
        return;
    }
    let voter = node.voter().and_then(|voter| voter.directory).filter(|_| dir.metadata.is_some());
    let holder = node.dirs.iter().find(|other| {
        other.path != dir.path
            && voter.is_some()
            && voter != properties.directory_id
            && other.properties().is_some_and(|read| read.directory_id == voter)
    });
    if let (Some(holder), Some(folder)) = (holder, &dir.metadata) {
        // With a metadata log in both the one here is the copy, which is said where copies are.
        if holder.metadata.is_none() {
            misplaced(&folder.path, &holder.path, evidence);
        }
        return;
    }
    let own = properties.directory_id;
    let is_reserved = own.is_some_and(|id| u128::from_be_bytes(id.0) < RESERVED_IDS);
    let earlier = node.dirs[..at]
        .iter()
        .find(|other| own.is_some() && other.properties().is_some_and(|other| other.directory_id == own));
    let shown = own.map_or("no directory id".to_owned(), |id| id.to_string());
    let (expected, step, exception, message) = if is_reserved {
        let message = format!("directory id {shown} is reserved");
        ("an id that is not reserved".to_owned(), Step::MetaProperties, "RuntimeException", message)
    } else if let Some(other) = earlier {
        let message = format!("directory id {shown} is also that of {}", other.path.display());
        (
            format!("another directory id than {}", other.path.display()),
            Step::MetaProperties,
            "RuntimeException",
            message,
        )
    } else if let Some(voter) = voter.filter(|voter| Some(*voter) != own) {
        let message = format!("the controllers know this node by directory id {voter}, so it finds no quorum: {shown}");
        (
            format!("directory id {voter}, as in the list of voters"),
            Step::Registration,
            "CancellationException",
            message,
        )
    } else {
        return;
    };
    let code = Code::MetaPropertiesMismatch;
    evidence.findings.push(Finding::new(code, &path, expected, shown).with(Remedy::RewriteMetaProperties));
    evidence.refuse(step, exception, &path, message);
    let directory_id = directory_id(node, at).filter(|id| earlier.is_none() || Some(*id) != own);
    let why = match directory_id {
        Some(_) => "the metadata tells the id of the directory",
        None => "a start gives a directory without an id a new one, and assigns its partitions to it",
    };
    write(&dir.path, &MetaProperties { directory_id, ..properties.clone() }, why, evidence);
}

/// The metadata log lies in another log directory than the one that the controllers know.
fn misplaced(folder: &Path, holder: &Path, evidence: &mut Evidence) {
    let expected = format!("the metadata log in {}, which has the directory id of this controller", holder.display());
    evidence.findings.push(Finding::new(Code::MetaPropertiesMismatch, folder, expected, "it here"));
    let message = "the metadata log lies in another log directory than before";
    evidence.refuse(Step::MetaProperties, "KafkaException", folder, message);
    let command = format!("mv {} {}/", super::evidence::quoted(folder), super::evidence::quoted(holder));
    evidence.remain(folder, message, format!("move it back to {}", holder.display()), Some(command));
}

/// The id that a log directory without a readable `meta.properties` gets.
pub(super) fn proven_id(node: &Node, dir: &LogDir) -> Option<Uuid> {
    let at = node.dirs.iter().position(|other| other.path == dir.path)?;
    if dir.properties().is_some() { None } else { directory_id(node, at) }
}

/// The id of a log directory as the metadata tells it: that of the voter whose metadata log lies in it, or the one that
/// its partitions are assigned to.
fn directory_id(node: &Node, at: usize) -> Option<Uuid> {
    let dir = &node.dirs[at];
    if dir.metadata.is_some()
        && let Some(id) = node.voter().and_then(|voter| voter.directory)
    {
        return Some(id);
    }
    let (log, broker) = (node.metadata.as_ref()?, node.id?);
    let assigned = dir
        .folders
        .iter()
        .filter_map(|folder| log.image.partition(folder.id.id()?, folder.partition)?.directory(broker));
    let id = most_frequent(assigned.filter(|id| u128::from_be_bytes(id.0) >= RESERVED_IDS))?;
    let is_taken = node
        .dirs
        .iter()
        .enumerate()
        .any(|(other, dir)| other != at && dir.properties().is_some_and(|other| other.directory_id == Some(id)));
    (!is_taken).then_some(id)
}

fn write(dir: &Path, properties: &MetaProperties, why: &str, evidence: &mut Evidence) {
    let mut bytes = Vec::new();
    properties.write(COMMENT, &mut bytes);
    evidence.change(dir, NAME, Some(bytes), why);
}

/// What the operator has to write, because no file tells it.
fn by_hand(
    path: &Path,
    found: &str,
    cluster_id: Option<&str>,
    node_id: Option<i32>,
    directory_id: Option<Uuid>,
    evidence: &mut Evidence,
) {
    let cluster = cluster_id.unwrap_or("CLUSTER_ID");
    let node = node_id.map_or("NODE_ID".to_owned(), |id| id.to_string());
    let mut lines = format!("version=1\\ncluster.id={cluster}\\nnode.id={node}\\n");
    if let Some(id) = directory_id {
        lines.push_str(&format!("directory.id={id}\\n"));
    }
    let mut advice = String::from("write the file with the ids of this node");
    if cluster_id.is_none() {
        advice.push_str(
            "; CLUSTER_ID is in meta.properties of every other node, or what kafka-cluster cluster-id prints",
        );
    }
    if node_id.is_none() {
        advice.push_str("; NODE_ID is node.id of its server.properties");
    }
    let command = format!("printf '{lines}' > {}", super::evidence::quoted(path));
    evidence.remain(path, format!("nothing here tells all ids of the node: {found}"), advice, Some(command));
}
