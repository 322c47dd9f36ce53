//! Symbolic links on the real file system.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// As many links as Linux follows.
const LINKS_MAX: usize = 40;

/// Whether `path` itself is a link; `false` where nothing is there.
pub(super) fn is_link(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(found.is_symlink()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// The paths from `path` through links to the real path, each with its directory resolved.
pub(super) fn resolve(path: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths = Vec::new();
    let mut at = std::path::absolute(path)?;
    for _ in 0..LINKS_MAX {
        let here = match (at.parent(), at.file_name()) {
            (Some(dir), Some(name)) => real(dir)?.join(name),
            _ => real(&at)?,
        };
        paths.push(here.clone());
        if !is_link(&here)? {
            return Ok(paths);
        }
        let target = fs::read_link(&here)?;
        at = here.parent().map_or_else(|| target.clone(), |dir| dir.join(&target));
    }
    Err(io::Error::new(io::ErrorKind::InvalidInput, "symbolic links that lead in a circle"))
}

/// The path without links in it, as far as it exists.
fn real(path: &Path) -> io::Result<PathBuf> {
    match fs::canonicalize(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {}
        found => return found,
    }
    let Some(dir) = path.parent() else { return Err(io::ErrorKind::NotFound.into()) };
    let mut found = real(dir)?;
    match path.file_name() {
        Some(name) => found.push(name),
        // The path ends in `..`, and the directory before it does not exist.
        None => drop(found.pop()),
    }
    Ok(found)
}

#[cfg(all(test, unix))]
mod tests;
