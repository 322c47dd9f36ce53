//! Owner, group and permissions of files on the real file system.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::Path;

use rustix::fs::{Gid, OFlags, Uid, fchown};
use rustix::io::Errno;

/// Gives a file or directory the owner, the group and the permissions of another one.
pub(super) fn own_as(path: &Path, model: &Path) -> io::Result<()> {
    let model = fs::metadata(model)?;
    // Through the open file, so that no link can take its place meanwhile.
    let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
    let own = file.metadata()?;
    if (own.uid(), own.gid()) != (model.uid(), model.gid()) {
        give(&file, own.uid(), &model)?;
    }
    let mode = match (own.is_dir(), model.is_dir()) {
        (true, true) => model.mode() & 0o7777,
        (false, false) => model.mode() & 0o777,
        // What lets one enter a directory would make a file executable.
        (false, true) => model.mode() & 0o666,
        (true, false) => return Ok(()),
    };
    // A change of the owner may have cleared some bits.
    if file.metadata()?.mode() & 0o7777 != mode {
        file.set_permissions(Permissions::from_mode(mode))?;
    }
    Ok(())
}

fn give(file: &File, owner: u32, model: &fs::Metadata) -> io::Result<()> {
    match fchown(file, Some(Uid::from_raw(model.uid())), Some(Gid::from_raw(model.gid()))) {
        // The owner can do without the right group.
        Err(Errno::PERM | Errno::ACCESS) if owner == model.uid() => Ok(()),
        done => Ok(done?),
    }
}
