//! The plan for a log directory, and the lock that it takes to carry one out.

use std::path::{Path, PathBuf};

use super::apply::Change;
use super::checkpoints::{FILES, read_checkpoints};
use super::error::RepairError;
use super::partition::plan_partition;
use super::plan::{Checkpoints, Options, PartitionPlan};
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::{self, Fs};
use crate::segment::error::StorageError;

/// What a path is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// What becomes of the checkpoints.
    pub changes: Vec<Change>,
}

/// What is at `path`.
///
/// # Errors
/// `NotFound` where it is neither; those of the medium.
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
    let has_checkpoint = entries
        .iter()
        .any(|entry| !entry.is_dir && (FILES.contains(&entry.name.as_str()) || entry.name == "meta.properties"));
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

/// Plans the repair of a log directory. Writes nothing.
///
/// # Errors
/// Those of the medium.
pub fn plan_log_dir<F: Fs>(fs: &F, dir: &Path, options: &Options) -> Result<LogDirPlan, RepairError> {
    let checkpoints = read_checkpoints(fs, dir)?;
    let mut plan = LogDirPlan { path: dir.to_owned(), ..LogDirPlan::default() };
    let mut names: Vec<String> = fs
        .read_dir(dir)
        .map_err(StorageError::io("list", dir))?
        .into_iter()
        .filter(|entry| entry.is_dir)
        .map(|entry| entry.name)
        .collect();
    names.sort();
    for name in names {
        let Some(parsed) = PartitionDirName::parse(&name) else { continue };
        // What is on its way out or in is not to be kept or to be had again.
        if parsed.state == PartitionDirState::Live {
            let of_partition = checkpoints.of(parsed.topic, parsed.partition);
            plan.partitions.push(plan_partition(fs, &dir.join(&name), &of_partition, options)?);
        }
    }
    plan.changes = checkpoints.changes(&plan.partitions);
    Ok(plan)
}

/// What the checkpoints of the log directory around a partition directory say of it; nothing where there is none.
///
/// # Errors
/// Those of the medium.
pub fn checkpoints_around<F: Fs>(fs: &F, partition_dir: &Path) -> Result<Checkpoints, RepairError> {
    let (Some(log_dir), Some(name)) = (partition_dir.parent(), partition_dir.file_name()) else {
        return Ok(Checkpoints::default());
    };
    let name = name.to_string_lossy();
    match PartitionDirName::parse(&name) {
        Some(parsed) => Ok(read_checkpoints(fs, log_dir)?.of(parsed.topic, parsed.partition)),
        None => Ok(Checkpoints::default()),
    }
}

/// The held lock of a log directory. A lock file that was made for it goes when it is let go of.
pub struct LogDirLock<F: Fs> {
    fs: F,
    path: PathBuf,
    is_ours: bool,
    lock: Option<F::Lock>,
}

impl<F: Fs> LogDirLock<F> {
    /// Takes the lock of a log directory, as a broker does that runs on it.
    ///
    /// # Errors
    /// `Locked` where a broker holds it; those of the medium.
    pub fn take(fs: &F, log_dir: &Path) -> Result<Self, RepairError> {
        let path = log_dir.join(".lock");
        let is_ours = !fs::exists(fs, &path).map_err(StorageError::io("look at", &path))?;
        match fs.try_lock(&path).map_err(StorageError::io("lock", &path))? {
            Some(lock) => Ok(LogDirLock { fs: fs.clone(), path, is_ours, lock: Some(lock) }),
            None => Err(RepairError::Locked { path }),
        }
    }
}

impl<F: Fs> Drop for LogDirLock<F> {
    fn drop(&mut self) {
        if self.is_ours {
            // Nothing depends on it: a lock file that stays is in nobody's way.
            let _ = self.fs.remove_file(&self.path);
        }
        drop(self.lock.take());
    }
}
