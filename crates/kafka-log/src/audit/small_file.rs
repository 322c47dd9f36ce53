//! Files that are read as a whole: checkpoints, snapshots, transaction indexes.

use std::path::Path;

use super::code::Code;
use super::finding::{Finding, Remedy};
use crate::fs::{ENTRY_FILE_MAX, Fs, SMALL_FILE_MAX, TooLarge, read_at_most};

/// What a small file holds.
pub(crate) enum ReadSmall {
    Content(Vec<u8>),
    Missing,
    /// It is there, and cannot be read.
    Unreadable(Finding),
}

/// Reads a checkpoint or properties.
pub(crate) fn read_small<F: Fs>(fs: &F, path: &Path) -> ReadSmall {
    read(fs, path, SMALL_FILE_MAX)
}

/// Reads a producer snapshot or a transaction index.
pub(crate) fn read_entries<F: Fs>(fs: &F, path: &Path) -> ReadSmall {
    read(fs, path, ENTRY_FILE_MAX)
}

fn read<F: Fs>(fs: &F, path: &Path, limit: u64) -> ReadSmall {
    let error = match read_at_most(fs, path, limit) {
        Ok(Some(bytes)) => return ReadSmall::Content(bytes),
        Ok(None) => return ReadSmall::Missing,
        Err(error) => error,
    };
    ReadSmall::Unreadable(match TooLarge::of(&error) {
        Some(TooLarge { limit, found }) => {
            Finding::new(Code::ReadFailed, path, format!("a file of {limit} bytes or less"), found.to_string())
        }
        None => {
            let finding = Finding::new(Code::ReadFailed, path, "a file to read", error.to_string());
            finding.with(Remedy::AskOperator)
        }
    })
}

impl ReadSmall {
    /// The bytes; a file that cannot be read goes to `findings`.
    pub(crate) fn or_tell(self, findings: &mut Vec<Finding>) -> Option<Vec<u8>> {
        match self {
            ReadSmall::Content(bytes) => Some(bytes),
            ReadSmall::Missing => None,
            ReadSmall::Unreadable(finding) => {
                findings.push(finding);
                None
            }
        }
    }
}
