//! Files that are read as a whole: checkpoints, snapshots, transaction indexes.

use std::path::Path;

use super::code::Code;
use super::finding::Finding;
use crate::fs::{Fs, FsFile, OpenMode, ReadAt};

/// Bytes of the largest file that is read as a whole.
pub(super) const SMALL_FILE_MAX: u64 = 64 * 1024 * 1024;

/// The bytes of a file; `None` where it is gone, or where a finding tells why it cannot be read.
pub(super) fn read_small<F: Fs>(fs: &F, path: &Path, code: Code, findings: &mut Vec<Finding>) -> Option<Vec<u8>> {
    let file = match fs.open(path, OpenMode::Read) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => {
            findings.push(Finding::new(Code::ReadFailed, path, "a file to read", error.to_string()));
            return None;
        }
    };
    let read = file.len().and_then(|len| {
        if len > SMALL_FILE_MAX {
            return Ok(None);
        }
        let mut bytes = vec![0; len as usize];
        let got = file.read_full_at(&mut bytes, 0)?;
        bytes.truncate(got);
        Ok(Some(bytes))
    });
    match read {
        Ok(Some(bytes)) => return Some(bytes),
        Ok(None) => {
            let expected = format!("a file of {SMALL_FILE_MAX} bytes or less");
            findings.push(Finding::new(code, path, expected, "more"));
        }
        Err(error) => findings.push(Finding::new(Code::ReadFailed, path, "a file to read", error.to_string())),
    }
    None
}
