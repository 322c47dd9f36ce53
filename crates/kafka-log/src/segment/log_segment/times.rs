//! Timestamps of a segment: the largest so far, and how long it has been waiting for a roll.

use super::locate::broken_walk;
use super::walk::{BatchWalk, WalkError};
use super::{CompactOption, Home, LogSegment, SegmentError, SegmentState};
use crate::format::batch::NO_TIMESTAMP;
use crate::format::file_name::FileKind;
use crate::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex, TimestampOffset};
use crate::fs::Fs;
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::chain::{HeaderReader, NoBatch};
use crate::segment::error::StorageError;

/// Largest timestamp of a batch in ms, -1 none (`RecordBatch.maxTimestamp`); -1 where the header is not all there.
pub(crate) fn max_timestamp(batch: &RawBatch<'_>) -> i64 {
    match batch.parse() {
        Ok(Batch::Default(batch)) => batch.header().max_timestamp(),
        Ok(Batch::Legacy(message)) => message.timestamp(),
        Err(_) => NO_TIMESTAMP,
    }
}

impl<F: Fs> LogSegment<F> {
    /// Largest timestamp so far, in ms, and the last offset of the batch that has it (`readMaxTimestampAndOffsetSoFar`);
    /// -1 at the base offset where there is none.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn max_timestamp_so_far(&self, home: &Home<F>) -> Result<TimestampOffset, StorageError> {
        if let Some(known) = self.read_state().max_timestamp {
            return Ok(known);
        }
        self.max_timestamp_locked(home, &mut self.write_state())
    }

    pub(super) fn max_timestamp_locked(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
    ) -> Result<TimestampOffset, StorageError> {
        if let Some(known) = state.max_timestamp {
            return Ok(known);
        }
        self.load_time_index(home, state)?;
        let last = TimeIndex::new(self.base_offset, state.time_index.bytes()).last();
        state.max_timestamp = Some(last);
        Ok(last)
    }

    /// Largest timestamp of its records in ms, `None` without one (`largestRecordTimestamp`).
    ///
    /// # Errors
    /// I/O errors.
    pub fn largest_record_timestamp(&self, home: &Home<F>) -> Result<Option<i64>, StorageError> {
        Ok(Some(self.max_timestamp_so_far(home)?.timestamp).filter(|&timestamp| timestamp >= 0))
    }

    /// Largest timestamp of its records, or when the file was last modified if they have none; in ms (`largestTimestamp`).
    ///
    /// # Errors
    /// I/O errors.
    pub fn largest_timestamp(&self, home: &Home<F>) -> Result<i64, StorageError> {
        match self.largest_record_timestamp(home)? {
            Some(timestamp) => Ok(timestamp),
            None => self.last_modified_ms(home),
        }
    }

    /// When the log file last changed, in ms; 0 where there is none, as Java has it.
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn last_modified_ms(&self, home: &Home<F>) -> Result<i64, StorageError> {
        let path = home.path(self.name(FileKind::Log, &self.read_state()));
        match home.fs().metadata(&path) {
            Ok(found) => Ok(found.modified_ms),
            Err(e) if e.kind() == std::io::ErrorKind::NotFound => Ok(0),
            Err(e) => Err(StorageError::io("look at", &path)(e)),
        }
    }

    /// Largest timestamp of the first batch in ms, looked up once (`rollingBasedTimestamp`).
    fn first_batch_timestamp_known(&self, home: &Home<F>) -> Result<Option<i64>, SegmentError> {
        if let Some(known) = self.read_state().first_batch_timestamp.get() {
            return Ok(Some(known));
        }
        let (size, cuts) = {
            let state = self.read_state();
            (state.size, state.cuts)
        };
        if size == 0 {
            return Ok(None);
        }
        let file = self.file(home)?;
        let mut walk = BatchWalk::new(&*file, 0, size.into()).with_window(0);
        let first = match walk.next_batch() {
            Ok(Some(batch)) => Some(max_timestamp(&batch)),
            Ok(None) => None,
            Err(error) => return Err(broken_walk(self.log_path(home), error)),
        };
        if let Some(first) = first {
            let mut state = self.write_state();
            // Of another batch, if the segment was emptied in the meantime.
            if state.cuts == cuts {
                state.first_batch_timestamp = CompactOption(first);
            }
        }
        Ok(first)
    }

    /// How long the segment has been waiting to be rolled, in ms: from its first batch to `message_timestamp`, or from
    /// its making to now if its first batch has no timestamp (`timeWaitedForRoll`).
    ///
    /// # Errors
    /// I/O errors; a first batch that cannot be read.
    pub(crate) fn time_waited_for_roll(
        &self,
        home: &Home<F>,
        now_ms: i64,
        message_timestamp: i64,
    ) -> Result<i64, SegmentError> {
        Ok(match self.first_batch_timestamp_known(home)? {
            Some(first) if first >= 0 => message_timestamp.wrapping_sub(first),
            _ => now_ms.wrapping_sub(self.read_state().created_ms),
        })
    }

    /// Largest timestamp of the first batch in ms, `i64::MAX` without one (`getFirstBatchTimestamp`).
    ///
    /// # Errors
    /// I/O errors; a first batch that cannot be read.
    pub(crate) fn first_batch_timestamp(&self, home: &Home<F>) -> Result<i64, SegmentError> {
        Ok(self.first_batch_timestamp_known(home)?.filter(|&timestamp| timestamp >= 0).unwrap_or(i64::MAX))
    }

    /// The largest timestamp as the time index and the batches after its last entry say (`readLargestTimestamp`).
    pub(super) fn read_largest_timestamp(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
    ) -> Result<TimestampOffset, SegmentError> {
        self.load_time_index(home, state)?;
        let last = TimeIndex::new(self.base_offset, state.time_index.bytes()).last();
        let from = self.index_lookup_locked(home, state, last.offset)?.position;
        let file = self.file_locked(home, state)?;
        let mut largest = TimestampOffset { timestamp: NO_TIMESTAMP, offset: -1 };
        let mut walk = BatchWalk::new(&*file, u64::from(from.max(0).cast_unsigned()), state.size.into());
        loop {
            match walk.next_batch() {
                Ok(Some(batch)) => {
                    let timestamp = max_timestamp(&batch);
                    if timestamp > largest.timestamp {
                        largest = TimestampOffset { timestamp, offset: last_offset(&batch) };
                    }
                }
                Ok(None) => break,
                Err(error) => return Err(broken_walk(home.path(self.name(FileKind::Log, state)), error)),
            }
        }
        Ok(if largest.timestamp > last.timestamp { largest } else { last })
    }

    /// Adds the entry that a segment gets at its end, with the slot kept for it; without one where nothing is newer.
    pub(super) fn append_last_time_entry(
        &self,
        home: &Home<F>,
        state: &mut SegmentState<F>,
    ) -> Result<(), SegmentError> {
        let max = self.max_timestamp_locked(home, state)?;
        self.append_time_entry(home, state, max, true)
    }

    pub(super) fn load_time_index(&self, home: &Home<F>, state: &mut SegmentState<F>) -> Result<(), StorageError> {
        state.time_index_used = true;
        if !state.time_index.is_loaded() {
            let path = home.path(self.name(FileKind::TimeIndex, state));
            state.time_index.load(home.fs(), &path, TIME_INDEX_ENTRY_LEN)?;
        }
        Ok(())
    }

    /// Number of time index entries.
    ///
    /// # Errors
    /// I/O errors.
    pub fn time_index_entries(&self, home: &Home<F>) -> Result<usize, StorageError> {
        let mut state = self.write_state();
        self.load_time_index(home, &mut state)?;
        Ok(state.time_index.bytes().len() / TIME_INDEX_ENTRY_LEN)
    }

    /// The first batch whose largest timestamp is `timestamp` or later, from where the indexes say; and all after it
    /// are visited until `found` says that it has what it wants.
    ///
    /// # Errors
    /// I/O errors; a batch that cannot be read; what `found` gives.
    pub(crate) fn search_by_time<T>(
        &self,
        home: &Home<F>,
        from: i32,
        is_candidate: impl Fn(i64) -> bool,
        mut found: impl FnMut(&RawBatch<'_>) -> Result<Option<T>, SegmentError>,
    ) -> Result<Option<T>, SegmentError> {
        let file = self.file(home)?;
        let size = u64::from(self.size());
        let mut headers = HeaderReader::new(&*file, size);
        let mut bytes = Vec::new();
        let mut position = u64::from(from.max(0).cast_unsigned());
        loop {
            let place = match headers.batch_at(position, size) {
                Ok(place) => place,
                Err(NoBatch::End) => return Ok(None),
                Err(NoBatch::Corrupt(e)) => return Err(broken_walk(self.log_path(home), WalkError::Corrupt(e))),
                Err(NoBatch::Io(e)) => return Err(broken_walk(self.log_path(home), WalkError::Io(e))),
            };
            if is_candidate(headers.max_timestamp_at(position)) {
                let batch = headers
                    .read_batch(&place, &mut bytes)
                    .map_err(|e| broken_walk(self.log_path(home), WalkError::Io(e)))?;
                if let Some(answer) = found(&batch)? {
                    return Ok(Some(answer));
                }
            }
            position += place.size;
        }
    }

    /// Where to start a search for a time: the lower bound in the time index, then in the offset index
    /// (`findOffsetByTimestamp`).
    ///
    /// # Errors
    /// I/O errors.
    pub(crate) fn time_search_start(
        &self,
        home: &Home<F>,
        timestamp: i64,
        starting_offset: i64,
    ) -> Result<i32, SegmentError> {
        let mut state = self.write_state();
        self.load_time_index(home, &mut state)?;
        let entry = TimeIndex::new(self.base_offset, state.time_index.bytes()).lookup(timestamp);
        Ok(self.index_lookup_locked(home, &mut state, entry.offset.max(starting_offset))?.position)
    }
}

/// Last offset of a batch (`RecordBatch.lastOffset`); the offset in front where the header is not all there.
pub(crate) fn last_offset(batch: &RawBatch<'_>) -> i64 {
    match batch.parse() {
        Ok(Batch::Default(batch)) => batch.header().last_offset(),
        Ok(Batch::Legacy(message)) => message.offset(),
        Err(_) => batch.overhead.offset,
    }
}
