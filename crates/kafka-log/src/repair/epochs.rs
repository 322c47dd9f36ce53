//! `leader-epoch-checkpoint`: whether it agrees with the batches, and one that does.

use std::path::Path;

use super::error::RepairError;
use crate::format::leader_epoch_checkpoint::{EpochEntry, read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};
use crate::fs::{Fs, read_whole};
use crate::segment::error::StorageError;

/// Name of the file.
pub(super) const FILE: &str = "leader-epoch-checkpoint";

/// The entries of the file, or what is wrong with it; `None` where there is no file.
pub(super) fn read<F: Fs>(fs: &F, dir: &Path) -> Result<Option<Result<Vec<EpochEntry>, String>>, RepairError> {
    let path = dir.join(FILE);
    let Some(bytes) = read_whole(fs, &path).map_err(StorageError::io("read", &path))? else { return Ok(None) };
    let entries = match read_leader_epoch_checkpoint(&bytes) {
        Err(error) => Err(error.to_string()),
        Ok(entries) => {
            let grows = entries
                .windows(2)
                .all(|pair| pair[0].epoch < pair[1].epoch && pair[0].start_offset < pair[1].start_offset);
            let is_known = entries.iter().all(|entry| entry.epoch >= 0 && entry.start_offset >= 0);
            if grows && is_known { Ok(entries) } else { Err("its entries do not grow".to_owned()) }
        }
    };
    Ok(Some(entries))
}

/// Batches of one epoch that follow each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct EpochRun {
    pub(super) epoch: i32,
    /// First offset of the first batch.
    pub(super) first: i64,
    /// First offset of the last batch.
    pub(super) last: i64,
}

/// The entries that follow from the batches.
pub(super) fn of_batches(runs: impl IntoIterator<Item = EpochRun>) -> Vec<EpochEntry> {
    let mut entries: Vec<EpochEntry> = Vec::new();
    for run in runs {
        if entries.last().is_none_or(|last| run.epoch > last.epoch) {
            entries.push(EpochEntry { epoch: run.epoch, start_offset: run.first });
        }
    }
    entries
}

/// Whether the file gives each batch its epoch. Batches with a lower epoch than one before them, and those in front of all
/// entries, where records were deleted, say nothing.
pub(super) fn agree(filed: &[EpochEntry], runs: impl IntoIterator<Item = EpochRun>) -> bool {
    let first = filed.first().map(|first| (first.start_offset, first.epoch));
    let gives = |offset: i64, epoch: i32| match first {
        Some((start, first_epoch)) if offset < start => epoch <= first_epoch,
        _ => {
            filed.iter().take_while(|entry| entry.start_offset <= offset).last().map(|entry| entry.epoch) == Some(epoch)
        }
    };
    let mut highest = -1;
    runs.into_iter().all(|run| {
        let is_lower = run.epoch < highest;
        highest = highest.max(run.epoch);
        is_lower || gives(run.first, run.epoch) && gives(run.last, run.epoch)
    })
}

/// The file with these entries.
pub(super) fn file_of(entries: &[EpochEntry]) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_leader_epoch_checkpoint(entries, &mut bytes);
    bytes
}
