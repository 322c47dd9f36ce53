//! The snapshot files of a partition, `<offset>.snapshot` (`SnapshotFile`): state up to, not including, the offset.
//!
//! A snapshot is written in place, without a rename: its checksum tells a torn one, and a missing one costs a longer
//! replay.

use std::collections::{BTreeSet, HashSet};
use std::io;
use std::ops::RangeBounds;
use std::path::{Path, PathBuf};

use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::producer_snapshot::{ProducerEntry, ProducerSnapshot, write_producer_snapshot};
use crate::format::{FormatError, FormatErrorKind};
use crate::fs::{ENTRY_FILE_MAX, Fs, FsFile, OpenMode, read_at_most};
use crate::log::error::StorageError;

/// Path of the snapshot at `offset`.
pub fn snapshot_path(dir: &Path, offset: i64, state: FileState) -> PathBuf {
    let kind = FileKind::ProducerSnapshot;
    dir.join(FileName { kind, state, offset: Some(offset), epoch: None, remote_segment_id: None }.to_string())
}

/// Offsets of the snapshots that are on disk, ascending.
#[derive(Debug, Default)]
pub(super) struct Snapshots {
    offsets: BTreeSet<i64>,
}

impl Snapshots {
    /// Those found in a directory. None where the directory is not there.
    pub(super) fn find<F: Fs>(fs: &F, dir: &Path) -> Result<Self, StorageError> {
        let entries = match fs.read_dir(dir) {
            Ok(entries) => entries,
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Snapshots::default()),
            Err(e) => return Err(StorageError::io("list", dir)(e)),
        };
        Self::among(dir, entries.iter().filter(|entry| !entry.is_dir).map(|entry| entry.name.as_str()))
    }

    /// Those among the names of the files in a directory.
    pub(super) fn among<'n>(dir: &Path, names: impl Iterator<Item = &'n str>) -> Result<Self, StorageError> {
        let mut offsets = BTreeSet::new();
        for name in names.filter(|name| name.ends_with(".snapshot")) {
            // Kafka does not start either when such a name has no offset.
            let offset = FileName::parse(name).and_then(|name| name.offset).ok_or_else(|| {
                let kind = FormatErrorKind::Invalid {
                    expected: "a number before the first dot of the name",
                    found: "other text",
                };
                StorageError::corrupt(&dir.join(name))(FormatError::new(0, "offset of the snapshot", kind))
            })?;
            offsets.insert(offset);
        }
        Ok(Snapshots { offsets })
    }

    pub(super) fn latest(&self) -> Option<i64> {
        self.offsets.last().copied()
    }

    pub(super) fn oldest(&self) -> Option<i64> {
        self.offsets.first().copied()
    }

    pub(super) fn contains(&self, offset: i64) -> bool {
        self.offsets.contains(&offset)
    }

    /// Removes those that belong to no segment, save the last of them, and that too if it is below the last segment.
    pub(super) fn remove_strays<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        segment_base_offsets: &[i64],
    ) -> Result<(), StorageError> {
        let bases: HashSet<i64> = segment_base_offsets.iter().copied().collect();
        let mut strays: Vec<i64> = self.offsets.iter().copied().filter(|offset| !bases.contains(offset)).collect();
        let base_max = segment_base_offsets.iter().max();
        // Left by a clean shutdown at the log end.
        if strays.last().is_some_and(|last| base_max.is_none_or(|base| last >= base)) {
            strays.pop();
        }
        strays.into_iter().try_for_each(|offset| self.delete(fs, dir, offset))
    }

    /// Removes the files at these offsets, the largest first.
    pub(super) fn delete_range<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        offsets: impl RangeBounds<i64> + Clone,
    ) -> Result<(), StorageError> {
        while let Some(&offset) = self.offsets.range(offsets.clone()).next_back() {
            self.delete(fs, dir, offset)?;
        }
        Ok(())
    }

    /// Removes the file at `offset`, if there is one.
    pub(super) fn delete<F: Fs>(&mut self, fs: &F, dir: &Path, offset: i64) -> Result<(), StorageError> {
        if self.forget(offset) { remove_if_there(fs, &snapshot_path(dir, offset, FileState::Live)) } else { Ok(()) }
    }

    /// Gives the file at `offset` the suffix `.deleted`: its new path, `None` where there is no such file.
    pub(super) fn mark_for_deletion<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        offset: i64,
    ) -> Result<Option<PathBuf>, StorageError> {
        if !self.forget(offset) {
            return Ok(None);
        }
        let live = snapshot_path(dir, offset, FileState::Live);
        let deleted = snapshot_path(dir, offset, FileState::Deleted);
        match fs.rename(&live, &deleted) {
            Ok(()) => Ok(Some(deleted)),
            // Another manager of the same files has removed it, while the log was recovered.
            Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(e) => Err(StorageError::io("rename", &live)(e)),
        }
    }

    fn forget(&mut self, offset: i64) -> bool {
        self.offsets.remove(&offset)
    }

    /// Writes the file at `offset`. With `sync`, content and name are durable when this returns.
    pub(super) fn write<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        offset: i64,
        entries: impl ExactSizeIterator<Item = ProducerEntry>,
        sync: bool,
    ) -> Result<(), StorageError> {
        let path = snapshot_path(dir, offset, FileState::Live);
        let mut bytes = Vec::new();
        write_producer_snapshot(entries, &mut bytes);
        let file = fs.open(&path, OpenMode::Create).map_err(StorageError::io("create", &path))?;
        let written = file.set_len(0).and_then(|()| file.write_all_at(&bytes, 0));
        written.map_err(StorageError::io("write", &path))?;
        if sync {
            file.sync().map_err(StorageError::io("sync", &path))?;
            fs.sync_dir(dir).map_err(StorageError::io("sync", dir))?;
        }
        self.offsets.insert(offset);
        Ok(())
    }

    /// The latest that can be read, handed to `load` entry by entry, and its offset. Those that are corrupt are removed.
    pub(super) fn load_latest<F: Fs>(
        &mut self,
        fs: &F,
        dir: &Path,
        mut load: impl FnMut(ProducerEntry),
    ) -> Result<Option<i64>, StorageError> {
        while let Some(offset) = self.latest() {
            let path = snapshot_path(dir, offset, FileState::Live);
            let bytes = read_at_most(fs, &path, ENTRY_FILE_MAX).map_err(StorageError::io("read", &path))?;
            let bytes = bytes.ok_or_else(|| StorageError::io("read", &path)(io::ErrorKind::NotFound.into()))?;
            match ProducerSnapshot::read(&bytes) {
                Ok(snapshot) => {
                    snapshot.iter().for_each(&mut load);
                    return Ok(Some(offset));
                }
                Err(_) => self.delete(fs, dir, offset)?,
            }
        }
        Ok(None)
    }
}

fn remove_if_there<F: Fs>(fs: &F, path: &Path) -> Result<(), StorageError> {
    match fs.remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(StorageError::io("remove", path)(e)),
        _ => Ok(()),
    }
}
