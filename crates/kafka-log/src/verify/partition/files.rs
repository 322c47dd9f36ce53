//! The files of a partition directory, sorted by what they are.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::Fs;

/// Files of a partition.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Logs by base offset.
    pub(super) logs: BTreeMap<i64, PathBuf>,
    /// Other files of segments by base offset: offset, time and transaction indexes.
    pub(super) indexes: BTreeMap<i64, Vec<(FileKind, PathBuf)>>,
    /// Producer snapshots by offset.
    pub(super) snapshots: BTreeMap<i64, PathBuf>,
    /// KRaft snapshots.
    pub(super) kraft_snapshots: Vec<PathBuf>,
    /// `leader-epoch-checkpoint`
    pub(super) epochs: Option<PathBuf>,
    /// `partition.metadata`
    pub(super) metadata: Option<PathBuf>,
    /// `quorum-state`
    pub(super) quorum_state: Option<PathBuf>,
    /// Files on their way in or out.
    pub(super) leftovers: Vec<(FileName, PathBuf)>,
    /// Base offsets of logs on their way in or out.
    pub(super) logs_in_transit: BTreeSet<i64>,
    /// What is none of Kafka's.
    pub(super) unknown: Vec<PathBuf>,
}

impl Files {
    /// Lists a directory.
    ///
    /// # Errors
    /// Those of the medium.
    pub(super) fn list<F: Fs>(fs: &F, dir: &Path) -> io::Result<Self> {
        let mut files = Files::default();
        let mut entries = fs.read_dir(dir)?;
        entries.sort_unstable();
        for entry in entries {
            let path = dir.join(&entry.name);
            match FileName::parse(&entry.name) {
                Some(name) if !entry.is_dir => files.add(name, path),
                _ => files.unknown.push(path),
            }
        }
        Ok(files)
    }

    fn add(&mut self, name: FileName, path: PathBuf) {
        if name.state != FileState::Live {
            if let (FileKind::Log, Some(offset)) = (name.kind, name.offset) {
                self.logs_in_transit.insert(offset);
            }
            return self.leftovers.push((name, path));
        }
        match (name.kind, name.offset) {
            (FileKind::Log, Some(offset)) => drop(self.logs.insert(offset, path)),
            (kind @ (FileKind::OffsetIndex | FileKind::TimeIndex | FileKind::TransactionIndex), Some(offset)) => {
                self.indexes.entry(offset).or_default().push((kind, path));
            }
            (FileKind::ProducerSnapshot, Some(offset)) => drop(self.snapshots.insert(offset, path)),
            (FileKind::KRaftSnapshot, _) => self.kraft_snapshots.push(path),
            (FileKind::LeaderEpochCheckpoint, _) => self.epochs = Some(path),
            (FileKind::PartitionMetadata, _) => self.metadata = Some(path),
            (FileKind::QuorumState, _) => self.quorum_state = Some(path),
            _ => self.unknown.push(path),
        }
    }

    /// The transaction index of a segment.
    pub(super) fn transaction_index(&self, base_offset: i64) -> Option<&Path> {
        let files = self.indexes.get(&base_offset)?;
        files.iter().find(|(kind, _)| *kind == FileKind::TransactionIndex).map(|(_, path)| path.as_path())
    }
}
