//! The small files that are read as a whole, and what kind of damage one shows at first sight.

use std::io;
use std::path::Path;

use crate::fs::{Fs, FsFile, OpenMode, ReadAt};

/// Bytes of the largest file that is read as a whole.
const LEN_MAX: u64 = 64 * 1024 * 1024;

/// A small file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Small {
    /// No file.
    Missing,
    /// Its bytes.
    Bytes(Vec<u8>),
    /// Why it cannot be read.
    Unreadable(String),
}

impl Small {
    /// Reads a file.
    pub(super) fn read<F: Fs>(fs: &F, path: &Path) -> Small {
        let read = || {
            let found = fs.metadata(path)?;
            if found.is_dir {
                return Ok(Small::Unreadable("a directory".to_owned()));
            }
            if found.len > LEN_MAX {
                return Ok(Small::Unreadable(format!("{} bytes, more than {LEN_MAX}", found.len)));
            }
            let file = fs.open(path, OpenMode::Read)?;
            let len = usize::try_from(file.len()?.min(LEN_MAX)).unwrap_or(0);
            let mut bytes = vec![0; len];
            let got = file.read_full_at(&mut bytes, 0)?;
            bytes.truncate(got);
            Ok(Small::Bytes(bytes))
        };
        match read() {
            Ok(small) => small,
            Err(error) if is_missing(&error) => Small::Missing,
            Err(error) => Small::Unreadable(error.to_string()),
        }
    }
}

fn is_missing(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
}

/// What bytes look like that cannot be read, in words: `0 bytes`, zeros, or `otherwise`.
pub(super) fn looks(bytes: &[u8], otherwise: impl FnOnce() -> String) -> String {
    match bytes {
        [] => "an empty file, as after a power failure".to_owned(),
        _ if bytes.iter().all(|&byte| byte == 0) => format!("{} zeros, as after a power failure", bytes.len()),
        _ => otherwise(),
    }
}
