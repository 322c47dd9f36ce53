//! The files of a partition as Kafka's loader would find them: leftovers of cleaning and splitting finished or rolled
//! back, names put right, indexes without a log set apart.

use std::collections::BTreeMap;
use std::path::Path;

use super::apply::Change;
use super::content::{Content, Piece};
use super::error::RepairError;
use crate::format::batch::{BatchHeader, LOG_OVERHEAD, RECORD_BATCH_OVERHEAD};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::{Fs, FsFile, OpenMode, ReadAt};
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
    settle_names(fs, dir, &mut files)?;
    Ok(files)
}

/// Gives files their base offset back whose batches are not where their name puts them.
fn settle_names<F: Fs>(fs: &F, dir: &Path, files: &mut PartitionFiles) -> Result<(), RepairError> {
    let named: Vec<i64> = files.segments.keys().copied().collect();
    for &base_offset in &named {
        let Some(log) = files.segments.get(&base_offset).and_then(|segment| segment.log.clone()) else { continue };
        let Some((first, second_end)) = first_batches(fs, &dir.join(&log.from))? else { continue };
        // A gap in front of the first batch is nothing odd, unless another segment is in it.
        let is_higher = named.iter().any(|&other| base_offset < other && other <= first);
        if second_end >= base_offset && !is_higher || first == base_offset {
            continue;
        }
        if files.segments.get(&first).is_some_and(|segment| segment.log.is_some()) {
            continue;
        }
        let Some(moved) = files.segments.remove(&base_offset) else { continue };
        let segment = files.segments.entry(first).or_default();
        let kinds = [
            (FileKind::Log, moved.log),
            (FileKind::OffsetIndex, moved.offset_index),
            (FileKind::TimeIndex, moved.time_index),
            (FileKind::TransactionIndex, moved.txn_index),
        ];
        for (kind, placed) in kinds {
            let Some(slot) = segment.of(kind) else { continue };
            match placed {
                Some(Placed { from, .. }) if slot.is_none() => {
                    *slot = Some(Placed { from, to: super::layout::name(kind, first) });
                }
                Some(Placed { from, .. }) => {
                    let why = "the name of its log is put right".to_owned();
                    files.leftovers.push(Change { name: from, content: None, why });
                }
                None => {}
            }
        }
    }
    Ok(())
}

/// The first offset of a log file and the last of its second batch, if the two follow each other.
fn first_batches<F: Fs>(fs: &F, path: &Path) -> Result<Option<(i64, i64)>, RepairError> {
    let file = fs.open(path, OpenMode::Read).map_err(StorageError::io("open", path))?;
    let len = file.len().map_err(StorageError::io("look at", path))?;
    let header_at = |at: u64| {
        let mut bytes = [0; RECORD_BATCH_OVERHEAD];
        let got = file.read_full_at(&mut bytes, at).map_err(StorageError::io("read", path))?;
        let header = BatchHeader::split_first(&bytes[..got]).ok().map(|(header, _)| header);
        let plausible = header.filter(|header| header.magic() == 2 && header.last_offset_delta() >= 0);
        let found = plausible.map(|header| (header.base_offset(), header.last_offset(), header.length()));
        Ok::<_, RepairError>(found)
    };
    let Some((first, first_end, length)) = header_at(0)? else { return Ok(None) };
    let second_at = LOG_OVERHEAD as u64 + u64::try_from(length).unwrap_or(len);
    let Some((second, second_end, _)) = (if second_at < len { header_at(second_at)? } else { None }) else {
        return Ok(None);
    };
    // The very next, so that one wrong offset is not taken for a wrong name.
    let follow = 0 <= first && first <= first_end && first_end.checked_add(1) == Some(second) && second <= second_end;
    Ok(follow.then_some((first, second_end)))
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
