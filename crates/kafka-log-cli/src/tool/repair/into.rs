//! Repairing a copy.

use std::fs;
use std::io;
use std::path::Path;

use kafka_log::repair::{Place, RepairError};
use kafka_log::segment::error::StorageError;

use super::Target;

/// Copies what is to be repaired into `into`, which must not hold it yet.
pub(super) fn copy(source: &Target, into: &Path) -> Result<Target, RepairError> {
    let into = std::path::absolute(into).unwrap_or_else(|_| into.to_owned());
    let target = match source.place {
        Place::LogDir => into.clone(),
        Place::Partition => into.join(source.dir.file_name().unwrap_or_default()),
    };
    let error = |op: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| StorageError::Io { op, path, source }
    };
    let is_taken = fs::read_dir(&target).is_ok_and(|mut entries| entries.next().is_some());
    if is_taken {
        let source = io::Error::new(io::ErrorKind::AlreadyExists, "expected a directory that is empty or not there");
        return Err(error("copy to", &target)(source).into());
    }
    copy_tree(&source.dir, &target).map_err(error("copy to", &target))?;
    if let (Place::Partition, Some(log_dir)) = (source.place, &source.log_dir) {
        // What the checkpoints say of it counts for the copy, too.
        for entry in fs::read_dir(log_dir).map_err(error("list", log_dir))?.flatten() {
            let name = entry.file_name();
            let is_wanted = name.to_string_lossy().ends_with("-offset-checkpoint") || name == ".kafka_cleanshutdown";
            let place = into.join(&name);
            if is_wanted && !place.exists() {
                fs::copy(entry.path(), &place).map_err(error("copy to", &place))?;
            }
        }
    }
    Target::of(&target)
}

fn copy_tree(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        if name == ".lock" || name.to_string_lossy().starts_with(".kafka-log-repair") {
            continue;
        }
        let target = to.join(&name);
        if entry.path().is_dir() {
            copy_tree(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            fs::File::options().write(true).open(&target)?.set_modified(entry.metadata()?.modified()?)?;
        }
    }
    Ok(())
}

/// Removes what the repair of a copy has replaced: the source still has it.
pub(super) fn drop_quarantine(target: &Target) -> Result<(), RepairError> {
    for (dir, is_log_dir) in target.rooms()? {
        let removed = if is_log_dir { drop_files(&dir) } else { drop_folder(&dir.join(".kafka-log-repair")) };
        removed.map_err(|source| StorageError::Io { op: "clear", path: dir, source })?;
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
