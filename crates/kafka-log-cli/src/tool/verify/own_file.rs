//! The files that a run writes, `--state` and `--metrics`: never one of Kafka's, never one that something else wrote.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};

use kafka_log::format::file_name::FileName;

use crate::visible;

/// Refuses a place for a file that a run writes: the name of a file of Kafka's, or a directory that is verified.
///
/// # Errors
/// The place is refused, or its directory cannot be found.
pub(super) fn check_place(path: &Path, verified: &[PathBuf]) -> io::Result<()> {
    let Some(name) = path.file_name() else { return Err(refused(path, "expected the name of a file".into())) };
    if FileName::parse(&name.to_string_lossy()).is_some() {
        return Err(refused(path, "expected another name than that of a file of Kafka's".into()));
    }
    let above = path.parent().filter(|above| !above.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let above = fs::canonicalize(above).map_err(|error| named(path, &error))?;
    // What cannot be found is reported by the verification.
    for dir in verified.iter().filter_map(|path| fs::canonicalize(path).ok()) {
        let dir = if dir.is_dir() { dir.as_path() } else { dir.parent().unwrap_or(&dir) };
        if above.starts_with(dir) {
            return Err(refused(path, format!("expected a file outside of {}, which is verified", visible::path(dir))));
        }
    }
    Ok(())
}

/// Opens the file at `path`, `None` where there is none. Links are not followed, and only regular files are opened.
///
/// # Errors
/// There is something else than a file, or it cannot be opened.
pub(super) fn open_existing(path: &Path, how: &mut OpenOptions) -> io::Result<Option<File>> {
    match fs::symlink_metadata(path) {
        Ok(found) if !found.is_file() => return Err(refused(path, "expected a regular file".into())),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(named(path, &error)),
    }
    without_links(how).open(path).map(Some).map_err(|error| named(path, &error))
}

/// Flags for an open that fails if the path is a symbolic link, and does not block if it is a pipe.
#[cfg(unix)]
fn without_links(how: &mut OpenOptions) -> &mut OpenOptions {
    use rustix::fs::OFlags;
    use std::os::unix::fs::OpenOptionsExt;
    how.custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32)
}

#[cfg(not(unix))]
fn without_links(how: &mut OpenOptions) -> &mut OpenOptions {
    how
}

/// An error about the file at `path`.
pub(super) fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", visible::path(path)))
}

/// The error that a file is not what a run may write to.
pub(super) fn refused(path: &Path, what: String) -> io::Error {
    named(path, &io::Error::other(what))
}
