//! Segments that go, and others that take their place (`LocalLog.deleteSegmentFiles`, `replaceSegments`).

use std::sync::Arc;

use crate::format::file_name::{FileKind, FileName, FileState};
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::LogError;
use crate::log::upkeep::Work;
use crate::log::writer::Writer;
use crate::segment::error::StorageError;
use crate::segment::log_segment::{Home, LogSegment, SegmentError};

/// Names of all files that a segment may have.
fn file_names(base_offset: i64, state: FileState) -> impl Iterator<Item = String> {
    [FileKind::Log, FileKind::OffsetIndex, FileKind::TimeIndex, FileKind::TransactionIndex]
        .into_iter()
        .map(move |kind| FileName::segment(kind, base_offset, state).to_string())
}

/// Renames the files of segments to end in `.deleted`; gives all their names.
pub(in crate::log) fn mark_deleted<F: Fs>(
    home: &Home<F>,
    segments: &[Arc<LogSegment<F>>],
) -> Result<Vec<String>, StorageError> {
    let mut names = Vec::new();
    for segment in segments {
        if segment.suffix() != FileState::Deleted {
            segment.change_suffix(home, FileState::Deleted)?;
        }
        names.extend(file_names(segment.base_offset(), FileState::Deleted));
    }
    Ok(names)
}

/// Gives `new` segments, which end in `.cleaned`, their plain names, and marks the `old` ones they stand for as deleted: the
/// names of these. `list` is told of each step. A crash at any point leaves either the old segments or, once all new ones
/// end in `.swap`, what the next start turns into the new ones.
pub(in crate::log) fn swap_in<F: Fs>(
    home: &Home<F>,
    new: &[Arc<LogSegment<F>>],
    old: &[Arc<LogSegment<F>>],
    mut list: impl FnMut(Change<'_, F>),
) -> Result<Vec<String>, SegmentError> {
    for segment in new.iter().rev() {
        segment.change_suffix(home, FileState::Swap)?;
        list(Change::Add(segment));
    }
    // Kafka relies on the order of renames here. Should the old names vanish in a crash and these not be there yet, the
    // next start would find neither.
    let dir = home.dir();
    home.fs().sync_dir(&dir).map_err(StorageError::io("sync", &dir))?;
    let mut names = Vec::new();
    for segment in old {
        if new.first().is_none_or(|first| first.base_offset() != segment.base_offset()) {
            list(Change::Remove(segment));
        }
        names.extend(mark_deleted(home, std::slice::from_ref(segment))?);
    }
    for segment in new {
        segment.change_suffix(home, FileState::Live)?;
    }
    home.fs().sync_dir(&dir).map_err(StorageError::io("sync", &dir))?;
    Ok(names)
}

/// A step of a swap.
pub(in crate::log) enum Change<'s, F: Fs> {
    Add(&'s Arc<LogSegment<F>>),
    Remove(&'s Arc<LogSegment<F>>),
}

impl<F: Fs> Log<F> {
    /// Renames the files of segments, and removes them when their time has come.
    pub(super) fn delete_segment_files(&self, segments: &[Arc<LogSegment<F>>], now_ms: i64) -> Result<(), LogError> {
        if segments.is_empty() {
            return Ok(());
        }
        self.metrics.deleted_segments.add(segments.len() as u64);
        let names = mark_deleted(&self.home, segments)?;
        self.remove_later(names, now_ms);
        Ok(())
    }

    fn remove_later(&self, names: Vec<String>, now_ms: i64) {
        let delay = self.config.read().file_delete_delay_ms;
        self.schedule(now_ms.saturating_add(delay), Work::RemoveFiles(names));
    }

    /// Takes segments out of the log and deletes their files (`removeAndDeleteSegments`).
    pub(super) fn remove_and_delete(&self, segments: &[Arc<LogSegment<F>>], now_ms: i64) -> Result<(), LogError> {
        if segments.is_empty() {
            return Ok(());
        }
        self.change_segments(|list| list.remove_all(segments));
        self.delete_segment_files(segments, now_ms)
    }

    /// Deletes the producer snapshots at the base offsets of segments (`deleteProducerSnapshots`).
    pub(in crate::log) fn delete_snapshots_of(
        &self,
        writer: &mut Writer,
        segments: &[Arc<LogSegment<F>>],
        now_ms: i64,
    ) -> Result<(), LogError> {
        let dir = self.home.dir();
        let mut names = Vec::new();
        for segment in segments {
            let path = writer.producers.mark_snapshot_for_deletion(self.home.fs(), &dir, segment.base_offset())?;
            names.extend(path.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())));
        }
        if !names.is_empty() {
            self.remove_later(names, now_ms);
        }
        Ok(())
    }

    /// Puts `new` segments, sealed, synced and named `.cleaned`, in the place of `old` ones (`replaceSegments`): what the
    /// cleaner ends with. Appends wait for the renames, readers do not.
    ///
    /// # Errors
    /// I/O errors; the log is offline then, and the next start finishes or undoes it.
    pub(in crate::log) fn replace_segments(
        &self,
        new: &[Arc<LogSegment<F>>],
        old: &[Arc<LogSegment<F>>],
        now_ms: i64,
    ) -> Result<(), LogError> {
        let mut writer = self.lock_usable()?;
        let replaced = self.replace_locked(&mut writer, new, old, now_ms);
        self.guard(replaced)
    }

    fn replace_locked(
        &self,
        writer: &mut Writer,
        new: &[Arc<LogSegment<F>>],
        old: &[Arc<LogSegment<F>>],
        now_ms: i64,
    ) -> Result<(), LogError> {
        let segments = Arc::clone(&self.segments.read());
        let mut new = new.to_vec();
        new.sort_by_key(|segment| segment.base_offset());
        let mut old: Vec<_> = old.iter().filter(|segment| segments.contains(segment.base_offset())).cloned().collect();
        old.sort_by_key(|segment| segment.base_offset());
        let names = swap_in(&self.home, &new, &old, |change| {
            self.change_segments(|list| match change {
                Change::Add(segment) => list.add(Arc::clone(segment)),
                Change::Remove(segment) => list.remove(segment.base_offset()),
            });
        })?;
        self.remove_later(names, now_ms);
        old.retain(|segment| new.iter().all(|new| new.base_offset() != segment.base_offset()));
        self.delete_snapshots_of(writer, &old, now_ms)
    }
}
