//! Removal of old snapshots, and of the records before them (`KafkaRaftLog.maybeClean`).

use std::path::Path;

use kafka_log::fs::{Fs, FsFile as _, OpenMode, ReadAt as _};
use kafka_log::log::LogStartOffsetReason;
use kafka_rpc::Message as _;
use kafka_rpc::stored::control::SnapshotHeaderRecord;

use super::{EntryKind, MetadataLog, MetadataLogError, SnapshotId, for_each_entry};

/// Bytes in which the header of a snapshot is: it stands in the first batch, with the voters.
const HEADER_BYTES_MAX: usize = 64 * 1024;

impl<F: Fs> MetadataLog<F> {
    /// Does what is due: removes snapshots that are too old or too much, but for the newest, with the records before those
    /// that stay.
    ///
    /// # Errors
    /// I/O errors.
    pub fn clean(&mut self, now_ms: i64) -> Result<(), MetadataLogError> {
        self.log.run_due(now_ms)?;
        while let [oldest, next, ..] = self.snapshots[..] {
            if !self.exceeds_size()? && !self.exceeds_age(oldest, now_ms)? {
                break;
            }
            self.log.maybe_increment_log_start_offset(next.offset, LogStartOffsetReason::SnapshotGenerated, now_ms)?;
            self.log.delete_old_segments(now_ms)?;
            let path = self.folder().join(oldest.to_string());
            self.fs.remove_file(&path).map_err(MetadataLogError::io("remove", &path))?;
            self.snapshots.remove(0);
        }
        Ok(())
    }

    fn exceeds_size(&self) -> Result<bool, MetadataLogError> {
        let Ok(retained) = u64::try_from(self.options.retention_bytes) else { return Ok(false) };
        let mut total = self.log.size();
        for id in &self.snapshots {
            let path = self.folder().join(id.to_string());
            total += self.fs.metadata(&path).map_err(MetadataLogError::io("look at", &path))?.len;
        }
        Ok(total > retained)
    }

    fn exceeds_age(&self, id: SnapshotId, now_ms: i64) -> Result<bool, MetadataLogError> {
        let retained = self.options.retention_ms;
        if retained < 0 {
            return Ok(false);
        }
        let path = self.folder().join(id.to_string());
        Ok(now_ms.saturating_sub(last_contained_ms(&self.fs, &path)?) > retained)
    }
}

/// The time of the last record that a snapshot holds.
fn last_contained_ms<F: Fs>(fs: &F, path: &Path) -> Result<i64, MetadataLogError> {
    let read = || {
        let file = fs.open(path, OpenMode::Read)?;
        let len = usize::try_from(file.len()?).unwrap_or(HEADER_BYTES_MAX).min(HEADER_BYTES_MAX);
        let mut bytes = vec![0; len];
        let got = file.read_full_at(&mut bytes, 0)?;
        bytes.truncate(got);
        Ok(bytes)
    };
    let bytes = read().map_err(MetadataLogError::io("read", path))?;
    let mut found = None;
    for_each_entry(path, &bytes, |entry| {
        if let EntryKind::Control(_, value) = entry.kind
            && found.is_none()
        {
            let header = SnapshotHeaderRecord::decode(value, 0);
            let control = |source| MetadataLogError::Control { path: path.to_owned(), offset: entry.offset, source };
            found = Some(header.map_err(control)?.0.last_contained_log_timestamp);
        }
        Ok(())
    })?;
    found.ok_or_else(|| MetadataLogError::IncompleteSnapshot { path: path.to_owned() })
}
