//! Repairing a copy.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::fs::OsFs;
use kafka_log::repair::{Place, RepairError, check_target};

use super::super::Out;
use super::{Failure, Target, io_error};
use crate::visible;

/// Copies what is to be repaired into `into`, which must not hold it yet and must not lie in it.
pub(super) fn copy(source: &Target, into: &Path, to: &mut Out<'_>) -> Result<Target, Failure> {
    let into = check_target(&OsFs, &source.given, into)?;
    let target = match source.place {
        Place::LogDir => into.clone(),
        Place::Partition => into.join(source.dir.file_name().unwrap_or_default()),
    };
    let is_taken = fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        let source = io::Error::new(io::ErrorKind::AlreadyExists, "expected a directory that is empty or not there");
        return Err(io_error("copy to", &target)(source).into());
    }
    // All of the list before the first write: what is written must not be listed.
    let mut list = List::default();
    list.add(&source.dir, &target, (source.place == Place::LogDir).then_some(source.dir.as_path()))?;
    if let (Place::Partition, Some(log_dir)) = (source.place, &source.log_dir) {
        // What the checkpoints say of it counts for the copy, too.
        for entry in fs::read_dir(log_dir).map_err(io_error("list", log_dir))?.flatten() {
            let name = entry.file_name();
            let is_wanted = name.to_string_lossy().ends_with("-offset-checkpoint") || name == ".kafka_cleanshutdown";
            let place = into.join(&name);
            if is_wanted && entry.path().is_file() && !place.exists() {
                list.files.push((entry.path(), place));
            }
        }
    }
    for skipped in &list.skipped {
        writeln!(to.err, "kafka-log: {}: not copied, as it is no file and no folder", visible::path(skipped))?;
    }
    for dir in &list.dirs {
        fs::create_dir_all(dir).map_err(io_error("make", dir))?;
    }
    for (from, place) in &list.files {
        copy_file(from, place).map_err(io_error("copy", from))?;
    }
    Ok(Target::of(&target)?)
}

/// What is to be copied.
#[derive(Default)]
struct List {
    /// Folders to be made, those above first.
    dirs: Vec<PathBuf>,
    /// Files, and where they go.
    files: Vec<(PathBuf, PathBuf)>,
    /// Links to folders, pipes, sockets and devices.
    skipped: Vec<PathBuf>,
}

impl List {
    /// Adds a folder with all below it. Links to folders are not followed, but for the partitions of a log directory that lie
    /// outside of it.
    fn add(&mut self, from: &Path, to: &Path, log_dir: Option<&Path>) -> Result<(), RepairError> {
        self.dirs.push(to.to_owned());
        for entry in fs::read_dir(from).map_err(io_error("list", from))? {
            let entry = entry.map_err(io_error("list", from))?;
            let (name, path) = (entry.file_name(), entry.path());
            let place = to.join(&name);
            let name = name.to_string_lossy();
            if name == ".lock" || name.starts_with(".kafka-log-repair") {
                continue;
            }
            let is_link = entry.file_type().map_err(io_error("look at", &path))?.is_symlink();
            let is_partition = || PartitionDirName::parse(&name).is_some();
            if path.is_file() {
                self.files.push((path, place));
            } else if path.is_dir() && (!is_link || is_partition() && log_dir.is_some_and(|dir| is_apart(&path, dir))) {
                self.add(&path, &place, None)?;
            } else {
                self.skipped.push(path);
            }
        }
        Ok(())
    }
}

/// Whether a link leads to a folder that neither holds the log directory nor lies in it.
fn is_apart(link: &Path, log_dir: &Path) -> bool {
    fs::canonicalize(link).is_ok_and(|real| !real.starts_with(log_dir) && !log_dir.starts_with(&real))
}

/// Copies a file with its permissions and its time, to a name that nothing has.
fn copy_file(from: &Path, to: &Path) -> io::Result<()> {
    let mut source = File::open(from)?;
    let found = source.metadata()?;
    let mut target = File::options().write(true).create_new(true).open(to)?;
    io::copy(&mut source, &mut target)?;
    target.set_permissions(plain(found.permissions()))?;
    target.set_modified(found.modified()?)
}

/// Permissions without the set-user-ID and set-group-ID bits: the copy belongs to the user who runs the tool.
fn plain(permissions: fs::Permissions) -> fs::Permissions {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::Permissions::from_mode(permissions.mode() & 0o777)
    }
    #[cfg(not(unix))]
    permissions
}

/// Removes what the repair of a copy has replaced: the source still has it.
pub(super) fn drop_quarantine(target: &Target) -> Result<(), RepairError> {
    for room in target.rooms()? {
        let removed =
            if room.is_log_dir { drop_files(&room.dir) } else { drop_folder(&room.dir.join(".kafka-log-repair")) };
        removed.map_err(io_error("clear", &room.dir))?;
    }
    Ok(())
}

fn drop_folder(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e),
        _ => Ok(()),
    }
}

fn drop_files(dir: &Path) -> io::Result<()> {
    for entry in fs::read_dir(dir)?.flatten() {
        let is_ours = entry.file_name().to_string_lossy().starts_with(".kafka-log-repair.");
        if is_ours && entry.path().is_file() {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
