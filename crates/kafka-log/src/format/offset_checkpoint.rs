//! The offset checkpoints of a log directory (`OffsetCheckpointFile`): lines of `topic partition offset`.
//!
//! `recovery-point-offset-checkpoint`, `log-start-offset-checkpoint`, `replication-offset-checkpoint` (high watermarks)
//! and `cleaner-offset-checkpoint` (first dirty offsets) all have this form.

use std::fmt;

use super::checkpoint_file::Malformed;
use super::java_number::{parse_java_int, parse_java_long};
use super::{FormatError, checkpoint_file, text};

/// The offset of a partition in an offset checkpoint (`TopicPartitionOffset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PartitionOffset<'a> {
    /// Topic; empty if the line starts with white space, which Kafka accepts.
    pub topic: &'a str,
    /// Partition.
    pub partition: i32,
    /// Offset.
    pub offset: i64,
}

impl fmt::Display for PartitionOffset<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} {}", self.topic, self.partition, self.offset)
    }
}

/// Reads a whole file: the entries in file order, none in an empty file. Of two for one partition, the later counts.
///
/// # Errors
/// A version other than 0, a malformed line, another number of entries than announced, text that is not UTF-8.
pub fn read_offset_checkpoint(bytes: &[u8]) -> Result<Vec<PartitionOffset<'_>>, FormatError> {
    checkpoint_file::read(bytes, "partition offset", |line| {
        let [topic, partition, offset] =
            text::fields(line).ok_or(Malformed::Fields("a topic, a partition and an offset"))?;
        let numbers = parse_java_int(partition).zip(parse_java_long(offset));
        numbers.map(|(partition, offset)| PartitionOffset { topic, partition, offset }).ok_or(Malformed::NotANumber)
    })
}

/// Appends a whole file to `out`.
pub fn write_offset_checkpoint(entries: &[PartitionOffset<'_>], out: &mut Vec<u8>) {
    checkpoint_file::write(entries.iter(), out);
}
