//! Rebuilding the indexes of a segment from its batches, and cutting it where they end (`LogSegment.recover`).

use super::times::{last_offset, max_timestamp};
use super::walk::{BatchWalk, WalkError};
use super::{Home, LogSegment, SegmentError, SegmentState};
use crate::format::batch::NO_TIMESTAMP;
use crate::format::file_name::FileKind;
use crate::format::time_index::TimestampOffset;
use crate::format::transaction_index::AbortedTxn;
use crate::fs::Fs;
use crate::segment::batch::RawBatch;
use crate::segment::error::StorageError;

/// What the owner of the log makes of a batch.
#[derive(Debug)]
pub enum ReplayedBatch {
    /// Nothing for the segment to do.
    Done,
    /// It ended a transaction that goes into the transaction index.
    Aborted(AbortedTxn),
    /// It cannot be replayed, and the recovery fails with [`SegmentError::Replay`].
    Failed,
    /// It makes no sense and is the last one (`InvalidRecordException`, `CorruptRecordException`); it stays.
    Invalid,
}

/// What a recovery found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentRecovery {
    /// Bytes of good batches.
    pub valid_bytes: u32,
    /// Bytes that were cut behind them.
    pub truncated_bytes: u32,
}

impl<F: Fs> LogSegment<F> {
    /// Reads all batches, checks them, rebuilds all indexes, and cuts the file behind the last good batch.
    ///
    /// `replay` sees each good batch of magic 2 and above in order. The memory is that of the largest batch or of a window
    /// of the file, and of the indexes.
    ///
    /// # Errors
    /// Those of the medium; an index that does not take an entry; an offset too far from the base offset; and as
    /// `replay` says.
    pub fn recover(
        &self,
        home: &Home<F>,
        replay: &mut dyn FnMut(&RawBatch<'_>) -> ReplayedBatch,
    ) -> Result<SegmentRecovery, SegmentError> {
        let mut state = self.write_state();
        let state = &mut *state;
        self.reset_indexes(home, state)?;
        let mut max = TimestampOffset { timestamp: NO_TIMESTAMP, offset: self.base_offset };
        state.max_timestamp = Some(max);
        let path = home.path(self.name(FileKind::Log, state));
        let file = self.file_locked(home, state)?;
        let mut walk = BatchWalk::new(&*file, 0, state.size.into());
        let (mut valid_bytes, mut last_entry) = (0_u32, 0_u32);
        loop {
            let batch = match walk.next_batch() {
                Ok(Some(batch)) => batch,
                Ok(None) | Err(WalkError::Corrupt(_)) => break,
                Err(WalkError::Io(source)) => return Err(StorageError::Io { op: "read", path, source }.into()),
            };
            if !batch.is_valid() {
                break;
            }
            let last = last_offset(&batch);
            if !self.can_hold(last) {
                return Err(SegmentError::OffsetOverflow { offset: last, base_offset: self.base_offset });
            }
            let timestamp = max_timestamp(&batch);
            if timestamp > max.timestamp {
                max = TimestampOffset { timestamp, offset: last };
                state.max_timestamp = Some(max);
            }
            if valid_bytes - last_entry > self.index_interval_bytes {
                self.append_offset_entry(home, state, last, valid_bytes)?;
                self.append_time_entry(home, state, max, false)?;
                last_entry = valid_bytes;
            }
            valid_bytes += batch.overhead.size() as u32;
            if batch.overhead.magic > 1 {
                match replay(&batch) {
                    ReplayedBatch::Done => {}
                    ReplayedBatch::Failed => return Err(SegmentError::Replay),
                    ReplayedBatch::Aborted(txn) => self.append_aborted_txn_locked(home, state, txn)?,
                    ReplayedBatch::Invalid => break,
                }
            }
        }
        let truncated_bytes = self.cut_log(home, state, valid_bytes)?;
        self.append_last_time_entry(home, state)?;
        self.finish_recovery(home, state)?;
        Ok(SegmentRecovery { valid_bytes, truncated_bytes })
    }

    fn finish_recovery(&self, home: &Home<F>, state: &mut SegmentState<F>) -> Result<(), SegmentError> {
        state.first_batch_timestamp = None;
        self.trim_indexes_locked(home, state)?;
        state.offset_index.release();
        state.time_index.release();
        Ok(())
    }
}
