//! `leader-epoch-checkpoint` of a partition (`LeaderEpochCheckpointFile`): lines of `epoch startOffset`.

use std::fmt;

use super::checkpoint_file::Malformed;
use super::java_number::{parse_java_int, parse_java_long};
use super::{FormatError, checkpoint_file, text};

/// Start of a leader epoch (`EpochEntry`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EpochEntry {
    /// Leader epoch.
    pub epoch: i32,
    /// Offset of the first record with that epoch.
    pub start_offset: i64,
}

impl fmt::Display for EpochEntry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.epoch, self.start_offset)
    }
}

/// Reads a whole file: the entries in file order, none in an empty file.
///
/// # Errors
/// A version other than 0, a malformed line, another number of entries than announced, text that is not UTF-8.
pub fn read_leader_epoch_checkpoint(bytes: &[u8]) -> Result<Vec<EpochEntry>, FormatError> {
    checkpoint_file::read(bytes, "epoch entry", |line| {
        let [epoch, start_offset] = text::fields(line).ok_or(Malformed::Fields("an epoch and an offset"))?;
        let numbers = parse_java_int(epoch).zip(parse_java_long(start_offset));
        numbers.map(|(epoch, start_offset)| EpochEntry { epoch, start_offset }).ok_or(Malformed::NotANumber)
    })
}

/// Appends a whole file to `out`.
pub fn write_leader_epoch_checkpoint(entries: &[EpochEntry], out: &mut Vec<u8>) {
    checkpoint_file::write(entries.iter(), out);
}
