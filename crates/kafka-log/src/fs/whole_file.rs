//! Small files, read and written as a whole.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::{Fs, FsFile, OpenMode, ReadAt};

/// Whether there is anything at `path`.
///
/// # Errors
/// Those of the medium.
pub fn exists<F: Fs>(fs: &F, path: &Path) -> io::Result<bool> {
    match fs.metadata(path) {
        Ok(_) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}

/// The bytes of a file, `None` where there is none.
///
/// # Errors
/// Those of the medium.
pub fn read_whole<F: Fs>(fs: &F, path: &Path) -> io::Result<Option<Vec<u8>>> {
    let file = match fs.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(e),
    };
    let len = usize::try_from(file.len()?).map_err(|_| io::ErrorKind::OutOfMemory)?;
    let mut bytes = vec![0; len];
    let got = file.read_full_at(&mut bytes, 0)?;
    bytes.truncate(got);
    Ok(Some(bytes))
}

/// Gives a file new content as Kafka does for its checkpoints (`CheckpointFile.write`): into `path.tmp`, synced, renamed
/// over the old one, directory synced. A crash leaves the old content or the new, and perhaps a `.tmp`.
///
/// # Errors
/// Those of the medium.
pub fn write_atomically<F: Fs>(fs: &F, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = OsString::from(path);
    temporary.push(".tmp");
    let temporary = Path::new(&temporary);
    let file = fs.open(temporary, OpenMode::Create)?;
    file.set_len(0)?;
    file.write_all_at(bytes, 0)?;
    file.sync()?;
    drop(file);
    fs.rename(temporary, path)?;
    path.parent().map_or(Ok(()), |dir| fs.sync_dir(dir))
}
