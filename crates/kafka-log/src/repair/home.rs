//! Where a partition directory lies: a broker locks the log directory, and finds partitions in it through links.

use std::path::{Path, PathBuf};

use super::error::RepairError;
use super::log_dir::{Place, place};
use crate::audit::node::CheckpointKind;
use crate::fs::{self, Fs};
use crate::segment::error::StorageError;

/// Where a partition directory lies.
#[derive(Clone, Debug, PartialEq, Eq)]
#[doc(hidden)]
pub struct Home {
    /// Its path in the log directory, which has Kafka's name for it; its real path where it lies in none.
    pub dir: PathBuf,
    /// Its path without any symbolic link.
    pub real: PathBuf,
    /// The log directories that it lies in: several where a link in one leads to a directory in another.
    pub log_dirs: Vec<PathBuf>,
}

/// Finds out where a partition directory lies, following the links that lead to it one by one.
///
/// # Errors
/// I/O errors.
#[doc(hidden)]
pub fn home<F: Fs>(fs: &F, dir: &Path) -> Result<Home, RepairError> {
    home_in(fs, dir, None)
}

/// As [`home`]; `known` is a log directory, and is not looked at.
pub(super) fn home_in<F: Fs>(fs: &F, dir: &Path, known: Option<&Path>) -> Result<Home, RepairError> {
    let paths = fs.resolve(dir).map_err(StorageError::io("look at", dir))?;
    let real = paths.last().cloned().unwrap_or_else(|| dir.to_owned());
    let mut home = Home { dir: real.clone(), real, log_dirs: Vec::new() };
    let mut is_found = false;
    for path in paths {
        let Some(parent) = path.parent().filter(|parent| !parent.as_os_str().is_empty()) else { continue };
        let is_used = known == Some(parent) || is_used(fs, parent)?;
        if !is_used && !matches!(place(fs, parent), Ok(Place::LogDir)) {
            continue;
        }
        if !home.log_dirs.iter().any(|log_dir| log_dir == parent) {
            home.log_dirs.push(parent.to_owned());
        }
        // A folder that only happens to have a partition in it knows nothing about that partition.
        if is_used || !is_found {
            home.dir = path;
        }
        is_found |= is_used;
    }
    Ok(home)
}

/// The real path of a directory to be written, which may not exist yet. It must not lie in `source`, nor in the log directory
/// around it: Kafka refuses to start on a log directory with folders that are no partitions.
///
/// # Errors
/// [`RepairError::Inside`]; I/O errors.
#[doc(hidden)]
pub fn check_target<F: Fs>(fs: &F, source: &Path, target: &Path) -> Result<PathBuf, RepairError> {
    let real_path = |path: &Path| -> Result<PathBuf, StorageError> {
        let paths = fs.resolve(path).map_err(StorageError::io("look at", path))?;
        Ok(paths.last().cloned().unwrap_or_else(|| path.to_owned()))
    };
    let target = real_path(target)?;
    let Home { real, log_dirs, .. } = home(fs, source)?;
    let mut around = vec![real];
    for log_dir in log_dirs {
        // A folder that only happens to have a partition in it may get a second one.
        if is_used(fs, &log_dir)? {
            around.push(log_dir);
        }
    }
    match around.into_iter().find(|dir| target.starts_with(dir)) {
        Some(around) => Err(RepairError::Inside { path: target, around }),
        None => Ok(target),
    }
}

/// Whether a broker has used this as a log directory.
fn is_used<F: Fs>(fs: &F, dir: &Path) -> Result<bool, RepairError> {
    for name in CheckpointKind::ALL.map(CheckpointKind::file).iter().chain(&["meta.properties", ".lock"]) {
        let path = dir.join(name);
        if fs::exists(fs, &path).map_err(StorageError::io("look at", &path))? {
            return Ok(true);
        }
    }
    Ok(false)
}
