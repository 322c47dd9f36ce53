//! The checkpoints of the log directory, for its one partition.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::Path;

use kafka_log::format::clean_shutdown::write_clean_shutdown;
use kafka_log::format::offset_checkpoint::{PartitionOffset, read_offset_checkpoint, write_offset_checkpoint};
use kafka_log::fs::{OsFs, read_whole, write_atomically};

pub(crate) const RECOVERY_POINT: &str = "recovery-point-offset-checkpoint";
pub(crate) const LOG_START: &str = "log-start-offset-checkpoint";
pub(crate) const HIGH_WATERMARK: &str = "replication-offset-checkpoint";
pub(crate) const CLEANER: &str = "cleaner-offset-checkpoint";
const CLEAN_SHUTDOWN: &str = ".kafka_cleanshutdown";
const TOPIC: &str = "t";

/// What a checkpoint says, `None` when it says nothing.
pub(crate) fn read(root: &Path, name: &str) -> io::Result<Option<i64>> {
    let bytes = read_whole(&OsFs, &root.join(name))?.unwrap_or_default();
    let entries = read_offset_checkpoint(&bytes).map_err(io::Error::other)?;
    let entries: HashMap<_, _> = entries.iter().map(|e| ((e.topic, e.partition), e.offset)).collect();
    Ok(entries.get(&(TOPIC, 0)).copied())
}

/// Writes a checkpoint, without an entry for `None`.
pub(crate) fn write(root: &Path, name: &str, offset: Option<i64>) -> io::Result<()> {
    let entries: Vec<_> =
        offset.map(|offset| PartitionOffset { topic: TOPIC, partition: 0, offset }).into_iter().collect();
    let mut bytes = Vec::new();
    write_offset_checkpoint(&entries, &mut bytes);
    write_atomically(&OsFs, &root.join(name), &bytes)
}

/// Marks a clean stop.
pub(crate) fn mark_clean(root: &Path) -> io::Result<()> {
    let mut bytes = Vec::new();
    write_clean_shutdown(-1, &mut bytes);
    write_atomically(&OsFs, &root.join(CLEAN_SHUTDOWN), &bytes)
}

/// Whether the last stop was clean; the mark is gone then.
pub(crate) fn take_clean(root: &Path) -> io::Result<bool> {
    match fs::remove_file(root.join(CLEAN_SHUTDOWN)) {
        Ok(()) => Ok(true),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e),
    }
}
