//! Files between the simulated file system and any other.

use std::io;
use std::path::Path;

use kafka_log::fs::{Fs, FsFile, OpenMode, read_whole};

/// Copies a directory with all below it, last-modified times too, from one file system to another.
///
/// # Errors
/// The errors of both.
pub fn copy_tree<A: Fs, B: Fs>(from: &A, source: &Path, to: &B, target: &Path) -> io::Result<()> {
    to.create_dir_all(target)?;
    for entry in from.read_dir(source)? {
        let (source, target) = (source.join(&entry.name), target.join(&entry.name));
        if entry.is_dir {
            copy_tree(from, &source, to, &target)?;
            continue;
        }
        let bytes = read_whole(from, &source)?.ok_or(io::ErrorKind::NotFound)?;
        to.open(&target, OpenMode::Create)?.write_all_at(&bytes, 0)?;
        to.set_modified(&target, from.metadata(&source)?.modified_ms)?;
    }
    Ok(())
}
