//! Interrupted replacements of segments: `.swap`, `.cleaned` and `.deleted` files (`LogLoader.removeTempFilesAndCollectSwapFiles`).
//!
//! Kafka takes every swap file for whole, and deletes what it replaces. Here it is read first. A whole one replaces the
//! originals, as Kafka would do. A torn or empty one goes if the originals are there, under their names or as `.deleted`.

use std::path::Path;

use super::files::{Front, Named, PartitionFiles, swap_finding};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::{Fs, FsFile, OpenMode};
use crate::segment::log_segment::BatchWalk;

/// What a log file on its way in or out holds.
struct Extent {
    name: String,
    base_offset: i64,
    /// Offset after its last good batch.
    end: i64,
    /// Whether good batches fill the file to its end, and there is at least one.
    is_whole: bool,
}

/// Settles the files of interrupted replacements: the names that are left make up the log.
pub(super) fn settle<F: Fs>(fs: &F, dir: &Path, named: &mut Vec<Named>, files: &mut PartitionFiles) {
    let cleaned_from =
        named.iter().filter(|(_, name)| name.state == FileState::Cleaned).filter_map(|(_, name)| name.offset).min();
    // A start removes them unread. It does so with swap files, too, whose originals may be gone all the same.
    let live = live_logs(named);
    let incomplete = named.extract_if(.., |(_, parsed)| {
        parsed.state == FileState::Cleaned
            || parsed.state == FileState::Swap
                && cleaned_from.is_some_and(|from| parsed.offset >= Some(from))
                && parsed.offset.is_some_and(|offset| live.contains(&offset))
    });
    for (name, parsed) in incomplete.collect::<Vec<_>>() {
        files.leave(dir, name, parsed);
    }
    let swaps = extents(fs, dir, named, FileState::Swap, files);
    if swaps.is_empty() {
        return;
    }
    if swaps.iter().all(|swap| swap.is_whole) {
        finish(dir, named, &swaps, files);
    } else {
        keep_originals(fs, dir, named, &swaps, files);
    }
}

/// Lets whole swap files replace the segments in their range, as Kafka does.
fn finish(dir: &Path, named: &mut Vec<Named>, swaps: &[Extent], files: &mut PartitionFiles) {
    let first = swaps.iter().map(|swap| swap.base_offset).min().unwrap_or(0);
    let end = swaps.iter().map(|swap| swap.end).max().unwrap_or(first);
    for swap in swaps {
        let found = format!("a whole file that replaces offsets {first} to {}", end - 1);
        files.findings.push(swap_finding(&dir.join(&swap.name), true, found));
    }
    let coming: Vec<(FileKind, Option<i64>)> = named
        .iter()
        .filter(|(_, name)| name.state == FileState::Swap)
        .map(|(_, name)| (name.kind, name.offset))
        .collect();
    let replaced = named.extract_if(.., |(_, parsed)| {
        parsed.state == FileState::Live
            && is_of_segment(parsed)
            && parsed.offset.is_some_and(|offset| (first..end).contains(&offset))
    });
    for (name, parsed) in replaced.collect::<Vec<_>>() {
        // Where a new file gets this name, its change moves the old one away.
        if !coming.contains(&(parsed.kind, parsed.offset)) {
            files.remove(dir, name, "replaced by a cleaning or a split that was all but finished");
        }
    }
}

/// Sets swap files aside that cannot be trusted, if what they would replace is there.
fn keep_originals<F: Fs>(fs: &F, dir: &Path, named: &mut Vec<Named>, swaps: &[Extent], files: &mut PartitionFiles) {
    let first = swaps.iter().map(|swap| swap.base_offset).min().unwrap_or(0);
    let live: Vec<i64> = live_logs(named);
    // The active segment is never replaced.
    let end = live.last().copied().unwrap_or(i64::MAX);
    let deleted = extents(fs, dir, named, FileState::Deleted, files);
    let is_missing = |original: &&Extent| {
        let next = live.iter().copied().find(|&base| base > original.base_offset);
        (first..end).contains(&original.base_offset)
            && original.is_whole
            && !live.contains(&original.base_offset)
            && next.is_none_or(|next| original.end <= next)
    };
    let restored: Vec<i64> = deleted.iter().filter(is_missing).map(|original| original.base_offset).collect();
    // An original may be there under a wrong name.
    let logs = named.iter().filter(|(_, name)| name.state == FileState::Live && name.kind == FileKind::Log);
    let fronts = logs.filter_map(|(name, _)| Front::read(fs, &dir.join(name)).ok().flatten());
    let starts: Vec<i64> =
        fronts.map(|front| front.first).chain(live.iter().copied()).chain(restored.clone()).collect();
    let has_originals = |swap: &Extent| starts.contains(&swap.base_offset);
    for swap in swaps {
        let found = match (swap.is_whole, has_originals(swap)) {
            (true, _) => "a whole file beside a torn one",
            (false, true) => "a torn file, and the segments that it was to replace",
            (false, false) => "a torn file in place of the segments that it replaced",
        };
        files.findings.push(swap_finding(&dir.join(&swap.name), false, found.to_owned()));
    }
    let set_aside = named.extract_if(.., |(_, parsed)| {
        let of = swaps.iter().find(|swap| parsed.offset == Some(swap.base_offset));
        parsed.state == FileState::Swap && of.is_none_or(&has_originals)
    });
    for (name, _) in set_aside.collect::<Vec<_>>() {
        files.remove(dir, name, "torn, and the originals are there");
    }
    for (_, parsed) in named.iter_mut() {
        let is_restored = parsed.offset.is_some_and(|offset| restored.contains(&offset));
        if parsed.state == FileState::Deleted && is_of_segment(parsed) && is_restored {
            parsed.state = FileState::Live;
        }
    }
}

fn live_logs(named: &[Named]) -> Vec<i64> {
    let logs = named.iter().filter(|(_, name)| name.state == FileState::Live && name.kind == FileKind::Log);
    let mut bases: Vec<i64> = logs.filter_map(|(_, name)| name.offset).collect();
    bases.sort_unstable();
    bases
}

fn is_of_segment(parsed: &FileName) -> bool {
    matches!(parsed.kind, FileKind::Log | FileKind::OffsetIndex | FileKind::TimeIndex | FileKind::TransactionIndex)
}

fn extents<F: Fs>(fs: &F, dir: &Path, named: &[Named], state: FileState, files: &mut PartitionFiles) -> Vec<Extent> {
    let logs = named.iter().filter(|(_, name)| name.state == state && name.kind == FileKind::Log);
    let logs = logs.filter_map(|(name, parsed)| Some((name, parsed.offset?)));
    logs.map(|(name, base_offset)| {
        let (end, is_whole) = extent(fs, &dir.join(name), base_offset).unwrap_or_else(|_| {
            files.is_incomplete = true;
            (base_offset, false)
        });
        Extent { name: name.clone(), base_offset, end, is_whole }
    })
    .collect()
}

/// The offset after the last good batch of a log file, and whether good batches fill it.
fn extent<F: Fs>(fs: &F, path: &Path, base_offset: i64) -> std::io::Result<(i64, bool)> {
    let file = fs.open(path, OpenMode::Read)?;
    let len = file.len()?;
    let mut walk = BatchWalk::new(&file, 0, len);
    let (mut end, mut position) = (base_offset, 0);
    while let Ok(Some(batch)) = walk.next_batch() {
        if !batch.is_valid() {
            break;
        }
        let next = batch.header().map_or(batch.overhead.offset, |header| match batch.overhead.magic {
            0 | 1 => batch.overhead.offset,
            _ => header.last_offset(),
        });
        end = end.max(next.saturating_add(1));
        position = batch.position + batch.as_bytes().len() as u64;
    }
    Ok((end, position == len && len > 0))
}
