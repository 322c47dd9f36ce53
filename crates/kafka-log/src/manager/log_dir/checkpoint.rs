//! Offsets of partitions in a file at the top of a log directory (`OffsetCheckpointFile`).

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::format::offset_checkpoint::{PartitionOffset, read_offset_checkpoint, write_offset_checkpoint};
use crate::fs::{Fs, read_whole, write_atomically};
use crate::log::TopicPartition;
use crate::log::error::StorageError;

/// Offsets by partition, in the order in which they are written.
pub(crate) type Offsets = BTreeMap<TopicPartition, i64>;

/// A checkpoint file. Writers take turns.
#[derive(Debug)]
pub(crate) struct OffsetCheckpointFile {
    path: PathBuf,
    turn: Mutex<()>,
}

impl OffsetCheckpointFile {
    pub(crate) fn new(path: PathBuf) -> Self {
        OffsetCheckpointFile { path, turn: Mutex::new(()) }
    }

    /// What is in the file, nothing if there is none.
    ///
    /// # Errors
    /// `Io`, `Corrupt` for a file that is no checkpoint.
    pub(crate) fn read<F: Fs>(&self, fs: &F) -> Result<Offsets, StorageError> {
        let _turn = self.turn.lock();
        let bytes = read_whole(fs, &self.path).map_err(StorageError::io("read", &self.path))?.unwrap_or_default();
        let entries = read_offset_checkpoint(&bytes).map_err(StorageError::corrupt(&self.path))?;
        let mut last: Arc<str> = Arc::from("");
        let with_shared_topics = entries.into_iter().map(|entry| {
            if *last != *entry.topic {
                last = Arc::from(entry.topic);
            }
            (TopicPartition::on_disk(Arc::clone(&last), entry.partition), entry.offset)
        });
        Ok(with_shared_topics.collect())
    }

    /// Gives the file this content; it is on disk when this returns.
    ///
    /// # Errors
    /// `Io`; the file has then the old content or the new.
    pub(crate) fn write<F: Fs>(&self, fs: &F, offsets: &Offsets) -> Result<(), StorageError> {
        let entries: Vec<_> = offsets
            .iter()
            .map(|(tp, &offset)| PartitionOffset { topic: tp.topic(), partition: tp.partition(), offset })
            .collect();
        let mut bytes = Vec::new();
        write_offset_checkpoint(&entries, &mut bytes);
        let _turn = self.turn.lock();
        write_atomically(fs, &self.path, &bytes).map_err(StorageError::io("write", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fs::OsFs;

    #[test]
    fn offsets_survive_the_file_and_are_in_order_there() {
        let dir = crate::manager::testing::TempDir::new("checkpoint");
        let file = OffsetCheckpointFile::new(dir.path().join("recovery-point-offset-checkpoint"));
        assert_eq!(file.read(&OsFs).unwrap(), Offsets::default());
        let (b1, b0, a) =
            (TopicPartition::on_disk("b", 1), TopicPartition::on_disk("b", 0), TopicPartition::on_disk("a", 3));
        let offsets: Offsets = [(b1, 10), (a, 7), (b0, 9)].into_iter().collect();
        file.write(&OsFs, &offsets).unwrap();
        assert_eq!(std::fs::read_to_string(&file.path).unwrap(), "0\n3\na 3 7\nb 0 9\nb 1 10\n");
        assert_eq!(file.read(&OsFs).unwrap(), offsets);
    }

    #[test]
    fn a_file_that_is_no_checkpoint_is_said_to_be_corrupt() {
        let dir = crate::manager::testing::TempDir::new("checkpoint");
        let file = OffsetCheckpointFile::new(dir.path().join("cleaner-offset-checkpoint"));
        std::fs::write(&file.path, "0\n2\na 0 1\n").unwrap();
        assert!(matches!(file.read(&OsFs), Err(StorageError::Corrupt { .. })));
    }
}
