//! Writing the content of a new file, and comparing it with one that is there.

use std::io;
use std::ops::Range;
use std::path::Path;

use super::error::RepairError;
use crate::audit::{Content, Piece};
use crate::format::checksum::RunningChecksum;
use crate::fs::{self, Fs, FsFile, OpenMode, ReadAt};
use crate::segment::error::StorageError;

/// Bytes that are copied at once.
const CHUNK: usize = 1024 * 1024;

impl Content {
    /// Writes the content to a file that must not exist, synced, and returns its length and CRC-32C.
    pub(super) fn write<F: Fs>(&self, fs: &F, to: &Path) -> Result<(u64, u32), RepairError> {
        let file = fs.open(to, OpenMode::CreateNew).map_err(StorageError::io("make", to))?;
        let mut sum = RunningChecksum::of_magic(2);
        let mut at = 0;
        let mut put = |bytes: &[u8]| {
            file.write_all_at(bytes, at).map_err(StorageError::io("write", to))?;
            sum.update(bytes);
            at += bytes.len() as u64;
            Ok::<(), StorageError>(())
        };
        let mut buf = Vec::new();
        for piece in &self.pieces {
            match piece {
                Piece::Bytes(bytes) => put(bytes)?,
                Piece::Copy { from, bytes } => copy(fs, from, bytes.clone(), &mut buf, &mut put)?,
            }
        }
        file.sync().map_err(StorageError::io("sync", to))?;
        drop(file);
        if let Some(modified_ms) = self.modified_ms {
            fs.set_modified(to, modified_ms).map_err(StorageError::io("set the time of", to))?;
        }
        Ok((at, sum.value()))
    }
}

fn copy<F: Fs>(
    fs: &F,
    from: &Path,
    bytes: Range<u64>,
    buf: &mut Vec<u8>,
    put: &mut impl FnMut(&[u8]) -> Result<(), StorageError>,
) -> Result<(), RepairError> {
    let source = fs.open(from, OpenMode::Read).map_err(StorageError::io("open", from))?;
    let mut at = bytes.start;
    while at < bytes.end {
        let want = usize::try_from(bytes.end - at).unwrap_or(CHUNK).min(CHUNK);
        buf.resize(want, 0);
        let got = source.read_full_at(buf, at).map_err(StorageError::io("read", from))?;
        if got < want {
            let short = io::Error::new(
                io::ErrorKind::UnexpectedEof,
                format!("expected {} bytes as when the plan was made, found {}", bytes.end, at + got as u64),
            );
            return Err(StorageError::io("read", from)(short).into());
        }
        put(&buf[..got])?;
        at += got as u64;
    }
    Ok(())
}

/// Length and CRC-32C of a file; `None` where there is none.
pub(super) fn fingerprint<F: Fs>(fs: &F, path: &Path) -> Result<Option<(u64, u32)>, RepairError> {
    let len = match fs.metadata(path) {
        Ok(found) => found.len,
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(e) => return Err(StorageError::io("look at", path)(e).into()),
    };
    let mut sum = RunningChecksum::of_magic(2);
    copy(fs, path, 0..len, &mut Vec::new(), &mut |bytes| {
        sum.update(bytes);
        Ok(())
    })?;
    Ok(Some((len, sum.value())))
}

/// Whether a file has exactly this content already. Stretches of other files are not looked into.
///
/// # Errors
/// I/O errors.
pub(super) fn is_same<F: Fs>(fs: &F, path: &Path, content: &Content) -> Result<bool, RepairError> {
    let [Piece::Bytes(bytes)] = content.pieces.as_slice() else {
        let is_empty = content.is_empty() && fs.metadata(path).is_ok_and(|found| found.len == 0);
        return Ok(is_empty);
    };
    if !fs.metadata(path).is_ok_and(|found| found.len == bytes.len() as u64) {
        return Ok(false);
    }
    let file = fs.open(path, OpenMode::Read).map_err(StorageError::io("open", path))?;
    Ok(fs::is_same(&file, bytes.as_slice(), bytes.len() as u64).map_err(StorageError::io("read", path))?)
}
