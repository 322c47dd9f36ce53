//! One segment of a log: the batches from a base offset on, and the indexes of them (`LogSegment`).
//!
//! Names: the base offset in 20 digits and `.log`, `.index`, `.timeindex`, `.txnindex`; while a segment is on its way in or
//! out a suffix follows (`.cleaned`, `.swap`, `.deleted`). The log file is made with the segment, index files when
//! they are first asked for something.
//!
//! An unused segment holds no open file and no heap besides itself: all of that is fetched when it is
//! needed and let go of by [`LogSegment::release_idle`]. All its state is behind one lock, held over memory operations
//! and, the first time, over opening a file; never over a write, a read of batches or a sync.

mod append;
mod error;
mod files;
mod home;
mod index_memory;
mod locate;
mod recover;
mod times;
mod truncate;
mod verified_entries;
mod walk;

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;

pub(crate) use append::{AppendState, IndexedBatch};
pub(crate) use error::SegmentError;
pub(crate) use files::remove_segment_files;
pub(crate) use home::Home;
pub(crate) use locate::broken_walk;
pub(crate) use recover::{ReplayBatch, ReplayProducer, ReplayedBatch};
pub(crate) use times::last_offset;
pub use walk::BatchWalk;
pub(crate) use walk::WalkError;

use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::time_index::TimestampOffset;
use crate::fs::{Fs, OpenMode};
use crate::segment::error::StorageError;
use crate::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use index_memory::IndexMemory;

/// Largest size of a segment file in bytes: Kafka counts positions in an int32.
pub(crate) const SEGMENT_BYTES_MAX: u64 = i32::MAX as u64;

/// What a segment is made with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SegmentOptions {
    /// Largest size of an index file in bytes, `segment.index.bytes`.
    pub index_bytes_max: u32,
    /// Bytes between two index entries, `index.interval.bytes`.
    pub index_interval_bytes: u32,
    /// How much earlier than `segment.ms` it rolls, in ms.
    pub roll_jitter_ms: i64,
    /// Size in bytes to make the log file with, `preallocate`.
    pub preallocate_bytes: Option<u64>,
}

/// One segment of a log (`LogSegment`).
pub struct LogSegment<F: Fs> {
    base_offset: i64,
    index_interval_bytes: u32,
    roll_jitter_ms: i64,
    state: RwLock<SegmentState<F>>,
}

/// A number that may not be known, in 8 bytes: there are many segments. The smallest number stands for none.
#[derive(Clone, Copy)]
struct CompactOption(i64);

impl CompactOption {
    const NOTHING: CompactOption = CompactOption(i64::MIN);

    fn get(self) -> Option<i64> {
        (self.0 != i64::MIN).then_some(self.0)
    }
}

pub(crate) struct SegmentState<F: Fs> {
    /// Bytes of batches: what readers may see of the log file.
    size: u32,
    /// `segment.index.bytes` at the time the segment became active.
    index_bytes_max: u32,
    bytes_since_index_entry: u32,
    /// Bytes of the transaction index.
    txn_bytes: u32,
    /// How often batches were removed, counted before the log file is cut.
    cuts: u32,
    suffix: FileState,
    /// Which index files exist or must before the segment is closed.
    offset_index_used: bool,
    time_index_used: bool,
    txn_index_open: bool,
    /// Largest timestamp so far; `None`: as the last entry of the time index says.
    max_timestamp: Option<TimestampOffset>,
    /// Largest timestamp of the first batch, once looked at.
    first_batch_timestamp: CompactOption,
    /// When the segment was made or emptied, in ms.
    created_ms: i64,
    last_aborted_offset: CompactOption,
    /// Something was written or cut since the files were last handed out to be synced.
    unsynced: bool,
    /// Its indexes were rebuilt, or cut at the end, since.
    rebuilt: bool,
    /// It was the active segment, and got its last batch.
    sealed: bool,
    /// The log file was made longer than its batches, to be written to.
    is_extended: bool,
    file: Option<Arc<F::File>>,
    offset_index: IndexMemory,
    time_index: IndexMemory,
}

impl<F: Fs> LogSegment<F> {
    /// Makes a segment with an empty log file. Files of indexes are made when they are needed.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn create(
        home: &Home<F>,
        base_offset: i64,
        suffix: FileState,
        options: &SegmentOptions,
        now_ms: i64,
    ) -> Result<Self, SegmentError> {
        let path = home.path(FileName::segment(FileKind::Log, base_offset, suffix));
        let file = home.fs().open(&path, OpenMode::Create).map_err(StorageError::io("create", &path))?;
        home.note_names();
        let mut segment = Self::with_size(base_offset, suffix, options, 0, now_ms);
        segment.state.get_mut().file = Some(Arc::new(file));
        if let Some(bytes) = options.preallocate_bytes {
            segment.preallocate(home, bytes)?;
        }
        Ok(segment)
    }

    /// A segment whose files exist; nothing is opened and nothing read but their lengths, that of the transaction index
    /// only if the caller knows that there is one.
    ///
    /// # Errors
    /// I/O errors; [`SegmentError::TooLarge`] above 2 GiB.
    pub(crate) fn open(
        home: &Home<F>,
        base_offset: i64,
        suffix: FileState,
        options: &SegmentOptions,
        has_txn_index: bool,
        now_ms: i64,
    ) -> Result<Self, SegmentError> {
        let len = |kind| {
            let path = home.path(FileName::segment(kind, base_offset, suffix));
            match home.fs().metadata(&path) {
                Ok(found) => Ok((found.len, path)),
                Err(e) => Err(StorageError::io("look at", &path)(e)),
            }
        };
        let (size, path) = len(FileKind::Log)?;
        if size > SEGMENT_BYTES_MAX {
            return Err(SegmentError::TooLarge { path, len: size });
        }
        let mut segment = Self::with_size(base_offset, suffix, options, size as u32, now_ms);
        if has_txn_index {
            let state = segment.state.get_mut();
            state.txn_bytes = u32::try_from(len(FileKind::TransactionIndex)?.0).unwrap_or(u32::MAX);
            state.txn_index_open = true;
        }
        Ok(segment)
    }

    fn with_size(base_offset: i64, suffix: FileState, options: &SegmentOptions, size: u32, now_ms: i64) -> Self {
        LogSegment {
            base_offset,
            index_interval_bytes: options.index_interval_bytes,
            roll_jitter_ms: options.roll_jitter_ms,
            state: RwLock::new(SegmentState {
                size,
                index_bytes_max: options.index_bytes_max,
                bytes_since_index_entry: 0,
                txn_bytes: 0,
                cuts: 0,
                suffix,
                offset_index_used: false,
                time_index_used: false,
                txn_index_open: false,
                max_timestamp: None,
                first_batch_timestamp: CompactOption::NOTHING,
                created_ms: now_ms,
                last_aborted_offset: CompactOption::NOTHING,
                unsynced: false,
                rebuilt: false,
                sealed: false,
                is_extended: false,
                file: None,
                offset_index: IndexMemory::default(),
                time_index: IndexMemory::default(),
            }),
        }
    }

    /// Base offset, which names the files.
    pub fn base_offset(&self) -> i64 {
        self.base_offset
    }

    /// Bytes of batches.
    pub fn size(&self) -> u32 {
        self.state.read().size
    }

    /// How much earlier than `segment.ms` it rolls, in ms.
    pub(crate) fn roll_jitter_ms(&self) -> i64 {
        self.roll_jitter_ms
    }

    /// The suffix of its files.
    pub(crate) fn suffix(&self) -> FileState {
        self.state.read().suffix
    }

    /// Whether an offset can be written relative to the base offset (`canConvertToRelativeOffset`).
    pub(crate) fn can_hold(&self, offset: i64) -> bool {
        offset.checked_sub(self.base_offset).is_some_and(|relative| (0..=i64::from(i32::MAX)).contains(&relative))
    }

    /// The log file, opened if it is not.
    ///
    /// # Errors
    /// I/O errors.
    pub fn file(&self, home: &Home<F>) -> Result<Arc<F::File>, StorageError> {
        if let Some(file) = &self.state.read().file {
            return Ok(Arc::clone(file));
        }
        self.file_locked(home, &mut self.state.write())
    }

    fn file_locked(&self, home: &Home<F>, state: &mut SegmentState<F>) -> Result<Arc<F::File>, StorageError> {
        if let Some(file) = &state.file {
            return Ok(Arc::clone(file));
        }
        let path = home.path(self.name(FileKind::Log, state));
        let file = home.fs().open(&path, OpenMode::Write).map_err(StorageError::io("open", &path))?;
        let file = Arc::new(file);
        state.file = Some(Arc::clone(&file));
        Ok(file)
    }

    fn name(&self, kind: FileKind, state: &SegmentState<F>) -> FileName {
        FileName::segment(kind, self.base_offset, state.suffix)
    }

    /// Path of the log file.
    pub(crate) fn log_path(&self, home: &Home<F>) -> PathBuf {
        home.path(self.name(FileKind::Log, &self.state.read()))
    }

    fn read_state(&self) -> RwLockReadGuard<'_, SegmentState<F>> {
        self.state.read()
    }

    fn write_state(&self) -> RwLockWriteGuard<'_, SegmentState<F>> {
        self.state.write()
    }
}

impl<F: Fs> fmt::Debug for LogSegment<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = self.state.read();
        f.debug_struct("LogSegment")
            .field("base_offset", &self.base_offset)
            .field("size", &state.size)
            .field("suffix", &state.suffix)
            .field("max_timestamp", &state.max_timestamp)
            .finish_non_exhaustive()
    }
}
