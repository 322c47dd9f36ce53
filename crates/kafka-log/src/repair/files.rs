//! The files of a partition as Kafka's loader would find them: leftovers of cleaning and splitting finished or rolled
//! back, names put right, indexes without a log set apart.

use std::collections::BTreeMap;
use std::path::Path;

use super::apply::Change;
use super::content::{Content, Piece};
use super::error::RepairError;
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::{Fs, FsFile, OpenMode};
use crate::segment::chain::HeaderReader;
use crate::segment::error::StorageError;

/// A file, and the name that it must have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Placed {
    pub(super) from: String,
    pub(super) to: String,
}

/// The files of one base offset.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct SegmentFiles {
    pub(super) log: Option<Placed>,
    pub(super) offset_index: Option<Placed>,
    pub(super) time_index: Option<Placed>,
    pub(super) txn_index: Option<Placed>,
}

impl SegmentFiles {
    fn of(&mut self, kind: FileKind) -> Option<&mut Option<Placed>> {
        match kind {
            FileKind::Log => Some(&mut self.log),
            FileKind::OffsetIndex => Some(&mut self.offset_index),
            FileKind::TimeIndex => Some(&mut self.time_index),
            FileKind::TransactionIndex => Some(&mut self.txn_index),
            _ => None,
        }
    }

    /// All files there are.
    pub(super) fn all(&self) -> impl Iterator<Item = &Placed> {
        [&self.log, &self.offset_index, &self.time_index, &self.txn_index].into_iter().flatten()
    }
}

/// What is in a partition directory.
#[derive(Debug, Default)]
pub(super) struct PartitionFiles {
    /// By base offset.
    pub(super) segments: BTreeMap<i64, SegmentFiles>,
    /// Producer snapshots by offset.
    pub(super) snapshots: BTreeMap<i64, Placed>,
    pub(super) has_epochs: bool,
    pub(super) has_metadata: bool,
    /// What becomes of the leftovers.
    pub(super) leftovers: Vec<Change>,
}

/// Lists a partition directory.
///
/// # Errors
/// Those of the medium.
pub(super) fn list<F: Fs>(fs: &F, dir: &Path) -> Result<PartitionFiles, RepairError> {
    let entries = fs.read_dir(dir).map_err(StorageError::io("list", dir))?;
    let mut names: Vec<String> = entries.into_iter().filter(|entry| !entry.is_dir).map(|entry| entry.name).collect();
    names.sort();
    let mut named: Vec<(String, FileName)> =
        names.into_iter().filter_map(|name| FileName::parse(&name).map(|parsed| (name, parsed))).collect();
    let mut files = PartitionFiles::default();
    settle_swaps(fs, dir, &mut named, &mut files)?;
    for (name, parsed) in named {
        let placed = Placed { to: FileName { state: FileState::Live, ..parsed }.to_string(), from: name };
        match (parsed.state, parsed.kind, parsed.offset) {
            (FileState::Live | FileState::Swap, FileKind::ProducerSnapshot, Some(offset)) => {
                files.snapshots.entry(offset).or_insert(placed);
            }
            (FileState::Live | FileState::Swap, kind, Some(base_offset)) if parsed.remote_segment_id.is_none() => {
                let segment = files.segments.entry(base_offset).or_default();
                if let Some(slot) = segment.of(kind) {
                    // The right name wins over one that Kafka reads as the same offset.
                    if slot.is_none() || placed.from == placed.to {
                        *slot = Some(placed);
                    }
                }
            }
            (FileState::Live, FileKind::LeaderEpochCheckpoint, _) => files.has_epochs = true,
            (FileState::Live, FileKind::PartitionMetadata, _) => files.has_metadata = true,
            _ => {}
        }
    }
    files.segments.retain(|_, segment| segment.all().next().is_some());
    Ok(files)
}

/// Finishes what is complete and rolls back what is not (`LogLoader.removeTempFilesAndCollectSwapFiles`, and what its
/// caller does with the swap files).
fn settle_swaps<F: Fs>(
    fs: &F,
    dir: &Path,
    named: &mut Vec<(String, FileName)>,
    files: &mut PartitionFiles,
) -> Result<(), RepairError> {
    let cleaned_from =
        named.iter().filter(|(_, name)| name.state == FileState::Cleaned).filter_map(|(_, name)| name.offset).min();
    let mut remove = |name: &str, why: &str| {
        files.leftovers.push(Change { name: name.to_owned(), content: None, why: why.to_owned() });
    };
    named.retain(|(name, parsed)| {
        let is_incomplete = parsed.state == FileState::Cleaned
            || parsed.state == FileState::Swap && cleaned_from.is_some_and(|from| parsed.offset >= Some(from));
        if is_incomplete {
            remove(name, "left by a cleaning or a split that did not finish");
        }
        !is_incomplete
    });
    let swapped: Vec<(String, i64)> = named
        .iter()
        .filter(|(_, name)| name.state == FileState::Swap && name.kind == FileKind::Log)
        .filter_map(|(path, name)| Some((path.clone(), name.offset?)))
        .collect();
    let Some(first) = swapped.iter().map(|(_, offset)| *offset).min() else { return Ok(()) };
    let mut end = first;
    for (name, base_offset) in &swapped {
        end = end.max(next_offset(fs, &dir.join(name), *base_offset)?);
    }
    let coming: Vec<(FileKind, Option<i64>)> = named
        .iter()
        .filter(|(_, name)| name.state == FileState::Swap)
        .map(|(_, name)| (name.kind, name.offset))
        .collect();
    let mut remove = |name: &str| {
        let why = "replaced by a cleaning or a split that was all but finished";
        files.leftovers.push(Change { name: name.to_owned(), content: None, why: why.to_owned() });
    };
    named.retain(|(name, parsed)| {
        let is_of_segment = matches!(
            parsed.kind,
            FileKind::Log | FileKind::OffsetIndex | FileKind::TimeIndex | FileKind::TransactionIndex
        );
        let is_replaced = parsed.state == FileState::Live
            && is_of_segment
            && parsed.offset.is_some_and(|offset| (first..end).contains(&offset));
        if is_replaced {
            // Where a new file gets this name, its change moves the old one away.
            if !coming.contains(&(parsed.kind, parsed.offset)) {
                remove(name);
            }
        }
        !is_replaced
    });
    Ok(())
}

/// The offset behind the last batch of a log file, by headers alone.
fn next_offset<F: Fs>(fs: &F, path: &Path, base_offset: i64) -> Result<i64, RepairError> {
    let file = fs.open(path, OpenMode::Read).map_err(StorageError::io("open", path))?;
    let len = file.len().map_err(StorageError::io("look at", path))?;
    let mut reader = HeaderReader::new(&file, len);
    let (mut at, mut next) = (0, base_offset);
    while let Ok(batch) = reader.batch_at(at, len) {
        let Ok(last) = batch.last_offset else { break };
        next = next.max(last.saturating_add(1));
        at += batch.size;
    }
    Ok(next)
}

/// What brings a file to its name, if it does not have it yet: a copy under the right name, and the old name removed.
pub(super) fn renaming<F: Fs>(
    fs: &F,
    dir: &Path,
    placed: &Placed,
    why: &str,
    changes: &mut Vec<Change>,
) -> Result<(), RepairError> {
    if placed.from == placed.to {
        return Ok(());
    }
    let path = dir.join(&placed.from);
    let found = fs.metadata(&path).map_err(StorageError::io("look at", &path))?;
    let mut content = Content { modified_ms: Some(found.modified_ms), ..Content::default() };
    content.push(Piece::Copy { from: path, bytes: 0..found.len });
    changes.push(Change { name: placed.to.clone(), content: Some(content), why: why.to_owned() });
    changes.push(Change { name: placed.from.clone(), content: None, why: why.to_owned() });
    Ok(())
}
