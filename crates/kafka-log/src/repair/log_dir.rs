//! The plan for a log directory.

use std::path::{Path, PathBuf};

use super::error::RepairError;
use super::partition::plan_audited;
use super::plan::{Options, PartitionPlan};
use crate::audit::directory::Directory;
use crate::audit::node::{CheckpointKind, audit_node};
use crate::audit::run::audit_alone;
use crate::audit::{Change, Code, Finding, NodeStart, Remaining, Severity, Silent};
use crate::format::partition_dir::PartitionDirName;
use crate::fs::Fs;
use crate::segment::error::StorageError;

/// The directory of the metadata log.
const METADATA_DIR: &str = "__cluster_metadata-0";

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub enum Place {
    /// A log directory: partition directories and checkpoints.
    LogDir,
    /// A partition directory.
    Partition,
}

/// The plan for a log directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogDirPlan {
    /// The directory.
    pub path: PathBuf,
    /// Plans of its partitions in the order of their names, those without anything to do among them.
    pub partitions: Vec<PartitionPlan>,
    /// What becomes of the files of the directory itself.
    pub changes: Vec<Change>,
    /// Damage that no repair can fix.
    pub remaining: Vec<Remaining>,
    /// What the next start of the node does before it opens a log, without the repair.
    pub start: Option<NodeStart>,
}

/// What is at `path`.
///
/// # Errors
/// `NotFound` where it is neither; I/O errors.
#[doc(hidden)]
pub fn place<F: Fs>(fs: &F, path: &Path) -> Result<Place, RepairError> {
    let expected = "a log directory or a partition directory";
    let not_found = || RepairError::NotFound { path: path.to_owned(), expected };
    let entries = match fs.read_dir(path) {
        Ok(entries) => entries,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound || e.kind() == std::io::ErrorKind::NotADirectory => {
            return Err(not_found());
        }
        Err(e) => return Err(StorageError::io("list", path)(e).into()),
    };
    let has_checkpoint = entries.iter().any(|entry| {
        !entry.is_dir && (CheckpointKind::of_file(&entry.name).is_some() || entry.name == "meta.properties")
    });
    let has_partition = entries.iter().any(|entry| entry.is_dir && PartitionDirName::parse(&entry.name).is_some());
    let has_files = entries.iter().any(|entry| !entry.is_dir && is_of_partition(&entry.name));
    if has_checkpoint || has_partition && !has_files {
        return Ok(Place::LogDir);
    }
    let is_named_so = path.file_name().is_some_and(|name| PartitionDirName::parse(&name.to_string_lossy()).is_some());
    if has_files || is_named_so { Ok(Place::Partition) } else { Err(not_found()) }
}

fn is_of_partition(name: &str) -> bool {
    use crate::format::file_name::{FileKind, FileName};
    FileName::parse(name).is_some_and(|name| {
        name.offset.is_some() || matches!(name.kind, FileKind::LeaderEpochCheckpoint | FileKind::PartitionMetadata)
    })
}

/// Plans the repair of a log directory. `siblings` are the other log directories of the same broker, which tell more of it.
/// Writes nothing.
///
/// # Errors
/// I/O errors.
pub fn plan_log_dir<F: Fs>(
    fs: &F,
    dir: &Path,
    siblings: &[&Path],
    options: &Options,
) -> Result<LogDirPlan, RepairError> {
    let others = siblings.iter().filter(|sibling| **sibling != dir);
    let log_dirs: Vec<&Path> = [dir].into_iter().chain(others.copied()).collect();
    let node = audit_node(fs, &log_dirs);
    let how = options.audit();
    let mut plan = LogDirPlan { path: dir.to_owned(), start: Some(node.start.clone()), ..LogDirPlan::default() };
    let Some(checkpoints) = node.checkpoints.iter().find(|of| of.path == dir) else { return Ok(plan) };
    let directory = Directory { fs, dir, checkpoints, start: &node.start, options: &how, observer: &Silent };
    let audited = directory.audit(|audit| {
        let start = audit.report.log_start_offset;
        let of_node = node.changes.iter().filter(|(of, _)| *of == audit.report.path).map(|(_, change)| change.clone());
        let of_node = of_node.collect();
        let planned = plan_audited(fs, audit, of_node, options);
        let end = planned.as_ref().map_or(i64::MAX, |plan| plan.log_end_offset);
        (planned, (start, end))
    });
    let audited = audited.map_err(StorageError::io("list", dir))?;
    for partition in audited.partitions {
        plan.partitions.push(partition?);
    }
    plan.changes = audited.changes;
    let damage = node.findings.iter().chain(&audited.findings).filter(|finding| finding.severity == Severity::Damage);
    plan.add_node(dir, node.changes.iter().cloned(), node.remaining.iter().filter(|left| left.path.starts_with(dir)));
    for finding in damage.filter(|finding| finding.path.starts_with(dir)) {
        plan.leave(finding);
    }
    Ok(plan)
}

/// Plans the repair of a partition directory, with what the files of the log directory around it say of it. Writes nothing.
///
/// # Errors
/// I/O errors.
pub fn plan_partition_alone<F: Fs>(fs: &F, dir: &Path, options: &Options) -> Result<PartitionPlan, RepairError> {
    let (audit, node) = audit_alone(fs, dir, &options.audit()).map_err(StorageError::io("list", dir))?;
    let of_node = node.changes.into_iter().filter(|(of, _)| of == dir).map(|(_, change)| change);
    plan_audited(fs, audit, of_node.collect(), options)
}

impl LogDirPlan {
    /// Takes over what is done and what is left about the files that a node reads at its start.
    fn add_node<'r>(
        &mut self,
        dir: &Path,
        changes: impl Iterator<Item = (PathBuf, Change)>,
        remaining: impl Iterator<Item = &'r Remaining>,
    ) {
        let planned: Vec<PathBuf> = self.partitions.iter().map(|plan| plan.path.clone()).collect();
        for (of, change) in changes.filter(|(of, _)| of.starts_with(dir) && !planned.contains(of)) {
            if of == dir {
                self.changes.push(change);
            } else {
                self.partition(&of).changes.push(change);
            }
        }
        self.remaining.extend(remaining.cloned());
    }

    fn partition(&mut self, dir: &Path) -> &mut PartitionPlan {
        let at = self.partitions.iter().position(|plan| plan.path == dir).unwrap_or_else(|| {
            self.partitions.push(PartitionPlan { path: dir.to_owned(), ..PartitionPlan::default() });
            self.partitions.len() - 1
        });
        &mut self.partitions[at]
    }

    /// Damage stays, unless something is done about it or a person is told what to do.
    fn leave(&mut self, finding: &Finding) {
        let dir = finding.path.parent().unwrap_or(&self.path);
        let is_about = |of: &Path| finding.path.starts_with(of);
        let of_dir = |change: &Change| self.path.join(&change.name) == finding.path;
        // A stray partition is told of with the metadata log that lacks its topic.
        let of_metadata = |left: &Remaining| left.path.starts_with(self.path.join(METADATA_DIR));
        let is_told = self.remaining.iter().any(|left| is_about(&left.path))
            || finding.code == Code::StrayPartition && self.remaining.iter().any(of_metadata)
            || self.changes.iter().any(of_dir)
            || self.partitions.iter().any(|plan| {
                let is_its = plan.path == dir || plan.path == finding.path;
                is_its && !(plan.changes.is_empty() && plan.remaining.is_empty())
            });
        if !is_told {
            self.remaining.push(Remaining {
                path: finding.path.clone(),
                what: format!("expected {}, found {}", finding.expected, finding.found),
                advice: finding.remedy.advice().to_owned(),
                command: None,
            });
        }
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.partitions.iter().all(PartitionPlan::is_empty)
    }
}
