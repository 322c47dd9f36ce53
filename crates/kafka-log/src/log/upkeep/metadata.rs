//! The topic id of a log, and the file that keeps it.

use crate::format::file_name::{FileKind, FileName};
use crate::format::partition_metadata::PartitionMetadata;
use crate::fs::{Fs, exists, write_atomically};
use crate::log::Log;
use crate::log::error::StorageError;
use crate::log::writer::Writer;

impl<F: Fs> Log<F> {
    /// Writes `partition.metadata` if the topic id is not in it yet (`maybeFlushMetadataFile`).
    pub(in crate::log) fn write_metadata(&self, writer: &mut Writer) -> Result<(), StorageError> {
        let Some(topic_id) = writer.topic_id.filter(|_| writer.is_metadata_due) else { return Ok(()) };
        let dir = self.home.dir();
        let path = self.home.path(FileName::fixed(FileKind::PartitionMetadata));
        let written = exists(self.home.fs(), &dir).and_then(|is_there| {
            if !is_there {
                return Ok(());
            }
            let mut bytes = Vec::new();
            PartitionMetadata { version: 0, topic_id }.write(&mut bytes);
            write_atomically(self.home.fs(), &path, &bytes)
        });
        self.guard(written.map_err(StorageError::io("write", &path)))?;
        writer.is_metadata_due = false;
        Ok(())
    }
}
