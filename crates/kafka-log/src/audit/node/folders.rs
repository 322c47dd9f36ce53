//! The directories in the log directories of a node: names that Kafka does not know, partitions that lie there twice, and
//! copies that a move between log directories has left.

use std::collections::{HashMap, HashSet};
use std::path::{Path, PathBuf};

use super::context::Node;
use super::evidence::{Evidence, Step, move_away};
use super::listing::{Folder, IdFile, LogDir};
use crate::audit::{Code, Finding, Remedy, Severity};
use crate::format::partition_dir::PartitionDirState;
use crate::format::uuid::Uuid;

/// Judges the names of directories, and which of them belong to one partition.
pub(super) fn check(node: &Node, evidence: &mut Evidence) {
    for dir in &node.dirs {
        if !node.is_no_log_dir(dir) {
            unknown(dir, evidence);
        }
        unlisted(dir, evidence);
        leftovers(dir, evidence);
    }
    metadata_twice(node, evidence);
    let set_aside: HashSet<PathBuf> = evidence.strays.iter().map(|stray| stray.path.clone()).collect();
    let mut live: HashMap<(&str, i32), (&LogDir, &Folder)> = HashMap::new();
    let mut future: HashMap<(&str, i32), (&LogDir, &Folder)> = HashMap::new();
    for dir in &node.dirs {
        for folder in &dir.folders {
            // What is set aside is out of the way before the others are compared, and what cannot be read ends the start.
            let is_set_aside = set_aside.contains(&folder.path);
            if is_set_aside || matches!(folder.id, IdFile::Empty | IdFile::Faulty(_)) {
                continue;
            }
            let places = match folder.state {
                PartitionDirState::Live => &mut live,
                PartitionDirState::Future => &mut future,
                PartitionDirState::Deleted | PartitionDirState::Stray => continue,
            };
            let key = (folder.topic.as_str(), folder.partition);
            match places.get(&key) {
                None => drop(places.insert(key, (dir, folder))),
                Some((first_dir, first)) => twice(node, (first_dir, first), (dir, folder), evidence),
            }
        }
    }
    let mut moves: Vec<_> = future.into_iter().collect();
    moves.sort_unstable_by_key(|(key, _)| *key);
    for (key, (dir, folder)) in moves {
        moving(node, dir, folder, live.get(&key).copied(), evidence);
    }
}

fn unknown(dir: &LogDir, evidence: &mut Evidence) {
    for name in &dir.unknown {
        let path = dir.path.join(name);
        let expected = "directories named after a partition, such as topic-0";
        evidence.findings.push(Finding::new(Code::UnknownDirectory, &path, expected, format!("{name:?}")));
        let message = format!("{name:?} is not the name of a partition");
        evidence.refuse(Step::Listing, "KafkaException", &path, message);
        let what = "Kafka does not start with such a directory in a log directory";
        let advice = "move it out of the log directory, or put the log directory one level deeper where it is the root of a disk";
        evidence.remain(&path, what, advice, Some(move_away(&dir.path, name)));
    }
}

fn unlisted(dir: &LogDir, evidence: &mut Evidence) {
    if let Some(why) = &dir.unlisted {
        evidence.findings.push(Finding::new(Code::ReadFailed, &dir.path, "a directory to list", why));
        evidence.take_offline(&dir.path, &dir.path, format!("the log directory cannot be listed: {why}"));
        evidence.remain(
            &dir.path,
            format!("it cannot be listed: {why}"),
            "look at the disk, and at the owner of the directory",
            None,
        );
    }
}

fn leftovers(dir: &LogDir, evidence: &mut Evidence) {
    for folder in &dir.folders {
        let found = match folder.state {
            PartitionDirState::Live | PartitionDirState::Future => continue,
            PartitionDirState::Deleted => "a partition that a start deletes",
            PartitionDirState::Stray => "a partition that an earlier start set aside",
        };
        evidence.findings.push(Finding::new(Code::DirectoryLeftover, &folder.path, "partitions in use", found));
    }
}

/// The metadata log lies in one log directory.
fn metadata_twice(node: &Node, evidence: &mut Evidence) {
    let mut holders = node.dirs.iter().filter_map(|dir| Some((dir, dir.metadata.as_ref()?)));
    let voter = node.voter().and_then(|voter| voter.directory);
    let Some((first, first_folder)) = holders.next() else { return };
    for (dir, folder) in holders {
        let is_voters = voter.is_some() && directory_id(dir) == voter;
        let (first, dir, folder) = if is_voters { (dir, first, first_folder) } else { (first, dir, folder) };
        let expected = format!("one metadata log, which {} has", first.path.display());
        evidence.findings.push(Finding::new(Code::DuplicatePartition, &folder.path, expected, "another one"));
        let message = format!("{} has a metadata log, too", first.path.display());
        evidence.refuse(Step::MetaProperties, "KafkaException", &folder.path, message);
        let what = format!("the metadata log lies here and in {}", first.path.display());
        let advice = "move away the one that is not in metadata.log.dir, or by default not in the first of log.dirs";
        evidence.remain(&folder.path, what, advice, Some(move_away(&dir.path, &folder.name)));
    }
}

/// Two directories of one partition, both in use or both on their way.
fn twice(node: &Node, first: (&LogDir, &Folder), second: (&LogDir, &Folder), evidence: &mut Evidence) {
    let assigned = assigned_dir(node, second.1);
    // Where the metadata tells in which log directory the partition is, the other copy is the one to go.
    let name = format!("{}-{}", first.1.topic, first.1.partition);
    let is_assigned = |dir: &LogDir| assigned.is_some() && directory_id(dir) == assigned;
    let (keep, go) = if (is_assigned(second.0), second.1.name == name) > (is_assigned(first.0), first.1.name == name) {
        (second, first)
    } else {
        (first, second)
    };
    let expected = format!("{name} once; {} has it, too", keep.1.path.display());
    evidence.findings.push(Finding::new(Code::DuplicatePartition, &go.1.path, expected, "a second copy"));
    let message = format!("{name} lies in {} and in {}", keep.1.path.display(), go.1.path.display());
    evidence.refuse(Step::Logs, "IllegalStateException", &go.1.path, &message);
    let advice = match assigned {
        Some(_) => format!("move this copy away; the metadata has the partition in {}", keep.0.path.display()),
        None => "compare both, keep the one with the later records, and move the other away".to_owned(),
    };
    evidence.remain(&go.1.path, message, advice, Some(move_away(&go.0.path, &go.1.name)));
}

/// A copy that is to take the place of a partition (KIP-113, KIP-858).
fn moving(node: &Node, dir: &LogDir, folder: &Folder, live: Option<(&LogDir, &Folder)>, evidence: &mut Evidence) {
    let name = format!("{}-{}", folder.topic, folder.partition);
    let assigned = assigned_dir(node, folder);
    let is_assigned_here = assigned.is_some() && directory_id(dir) == assigned;
    match live {
        Some((other, live)) if other.path == dir.path => {
            let expected = format!("a copy of {name} in another log directory than {name} itself");
            evidence.findings.push(Finding::new(Code::DuplicatePartition, &folder.path, expected, "both in one"));
            let message =
                format!("{} cannot take the place of {}, which is in the same log directory", folder.name, live.name);
            if is_assigned_here || assigned.is_none() {
                evidence.take_offline(&dir.path, &folder.path, &message);
            }
            let advice = format!("{} is the partition in use; move the copy away", live.name);
            evidence.remain(&folder.path, message, advice, Some(move_away(&dir.path, &folder.name)));
        }
        Some((_, live)) if is_assigned_here => {
            let found =
                format!("its copy, complete: a start puts it in the place of {} and deletes that", live.path.display());
            let finding = Finding::new(Code::DirectoryLeftover, &folder.path, "partitions in use", found);
            evidence.findings.push(finding.graded(Severity::Warning));
        }
        Some(_) => {
            let found = "one on its way from another log directory";
            evidence.findings.push(Finding::new(Code::DirectoryLeftover, &folder.path, "partitions in use", found));
        }
        None if is_assigned_here || node.metadata.is_none() => {
            let found = "one on its way from another log directory, which a start puts in its place";
            evidence.findings.push(Finding::new(Code::DirectoryLeftover, &folder.path, "partitions in use", found));
        }
        None => {
            let expected = format!("{name} in another log directory, of which this is a copy");
            let finding = Finding::new(Code::StrayPartition, &folder.path, expected, "the copy alone");
            evidence.findings.push(finding.with(Remedy::AskOperator));
            let what = format!("a start makes {name} empty, and cuts this copy to match it");
            let advice = format!("if no other log directory of the node has {name}, give this copy its name");
            let command = format!(
                "mv {} {}",
                super::evidence::quoted(&folder.path),
                super::evidence::quoted(&dir.path.join(&name))
            );
            evidence.remain(&folder.path, what, advice, Some(command));
        }
    }
}

/// Id of the log directory that the metadata has a partition in.
fn assigned_dir(node: &Node, folder: &Folder) -> Option<Uuid> {
    node.metadata.as_ref()?.image.partition(folder.id.id()?, folder.partition)?.directory(node.id?)
}

fn directory_id(dir: &LogDir) -> Option<Uuid> {
    dir.properties()?.directory_id
}

/// The name of a directory, for people.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
