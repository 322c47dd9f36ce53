//! Rebuilding the indexes of a segment from its batches, and cutting it where they end (`LogSegment.recover`).
//!
//! Checksums are computed by as many threads as the caller allows, each on windows of its own; everything that depends on
//! the order of the batches happens in turn.

use std::ops::{ControlFlow, Range};

use parking_lot::Mutex;

use super::{CompactOption, Home, LogSegment, SegmentError, SegmentState};
use crate::format::batch::{BatchHeader, NO_PARTITION_LEADER_EPOCH, NO_TIMESTAMP, RECORD_BATCH_OVERHEAD, RecordBatch};
use crate::format::file_name::FileKind;
use crate::format::time_index::TimestampOffset;
use crate::format::transaction_index::AbortedTxn;
use crate::fs::Fs;
use crate::segment::batch::{Batch, RawBatch};
use crate::segment::error::StorageError;
use crate::segment::scan::{BatchWorker, ScanEnd, Turn, scan};

/// Bytes of a segment that are worth another thread.
const BYTES_PER_THREAD: u32 = 4 * 1024 * 1024;

/// A good batch of magic 2, as far as the owner of the log needs it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplayBatch<'b> {
    /// Base offset.
    pub base_offset: i64,
    /// Last offset.
    pub last_offset: i64,
    /// Leader epoch, -1 unknown.
    pub partition_leader_epoch: i32,
    /// What it says of its producer, if it has one.
    pub producer: Option<ReplayProducer<'b>>,
}

/// A batch of a producer.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ReplayProducer<'b> {
    /// Data: the header is all there is to know.
    Data(BatchHeader<'b>),
    /// A marker, whole.
    Marker(RecordBatch<'b>),
}

/// What the owner of the log makes of a batch.
#[derive(Debug)]
pub(crate) enum ReplayedBatch {
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
pub(crate) struct SegmentRecovery {
    /// Bytes of good batches.
    pub valid_bytes: u32,
    /// Bytes that were cut after them.
    pub truncated_bytes: u32,
}

impl<F: Fs> LogSegment<F> {
    /// Reads all batches, checks them on up to `threads` threads, rebuilds all indexes, and cuts the file after the last
    /// good batch.
    ///
    /// From `ordered_from` on offsets must ascend from batch to batch. An offset lies before what the checksum covers, so a write that lost
    /// no more than that leaves a batch that looks good: it ends the segment like any other that is not whole.
    ///
    /// `replay` sees each good batch of magic 2 and above, in order. The memory is that of a window of 256 KiB a thread, of
    /// the largest batch, and of the indexes.
    ///
    /// # Errors
    /// I/O errors; an index that does not take an entry; an offset too far from the base offset; and as
    /// `replay` says.
    pub(crate) fn recover(
        &self,
        home: &Home<F>,
        threads: usize,
        ordered_from: i64,
        replay: &mut (dyn FnMut(&ReplayBatch<'_>) -> ReplayedBatch + Send),
    ) -> Result<SegmentRecovery, SegmentError> {
        let mut state = self.write_state();
        let state = &mut *state;
        self.reset_indexes(home, state)?;
        let max = TimestampOffset { timestamp: NO_TIMESTAMP, offset: self.base_offset };
        state.max_timestamp = Some(max);
        let path = home.path(self.name(FileKind::Log, state));
        let file = self.file_locked(home, state)?;
        let size = u64::from(state.size);
        let threads = threads.clamp(1, 1 + (state.size / BYTES_PER_THREAD) as usize);
        let in_order = Mutex::new(InOrder {
            segment: self,
            home,
            state,
            replay,
            max,
            ordered_from,
            next_offset: i64::MIN,
            valid_bytes: 0,
            last_entry: 0,
            failure: None,
        });
        let mut workers: Vec<_> = (0..threads).map(|_| Worker::new(&in_order)).collect();
        let scanned = scan(&*file, 0..size, size, &mut workers);
        drop(workers);
        let InOrder { state, valid_bytes, failure, .. } = in_order.into_inner();
        if let Some(failure) = failure {
            if matches!(failure, SegmentError::OffsetOverflow { .. }) {
                // There are index files now, so that the next start of the load comes as far as its segments.
                self.write_indexes_locked(home, state)?;
            }
            return Err(failure);
        }
        if let Some(ScanEnd::Io(source)) = scanned.map(|scanned| scanned.end) {
            return Err(StorageError::Io { op: "read", path, source }.into());
        }
        let truncated_bytes = self.cut_log(home, state, valid_bytes)?;
        self.append_last_time_entry(home, state)?;
        state.first_batch_timestamp = CompactOption::NOTHING;
        self.trim_indexes_locked(home, state)?;
        state.offset_index.release();
        state.time_index.release();
        Ok(SegmentRecovery { valid_bytes, truncated_bytes })
    }
}

/// What is done with the batches one after another.
struct InOrder<'r, F: Fs> {
    segment: &'r LogSegment<F>,
    home: &'r Home<F>,
    state: &'r mut SegmentState<F>,
    replay: &'r mut (dyn FnMut(&ReplayBatch<'_>) -> ReplayedBatch + Send),
    max: TimestampOffset,
    ordered_from: i64,
    next_offset: i64,
    valid_bytes: u32,
    last_entry: u32,
    failure: Option<SegmentError>,
}

/// A batch whose checksum is known.
struct Checked {
    is_valid: bool,
    is_replayed: bool,
    size: u32,
    base_offset: i64,
    last_offset: i64,
    max_timestamp: i64,
    partition_leader_epoch: i32,
    /// Where the header or the batch of a producer is among the copied bytes.
    producer: Option<Range<usize>>,
}

struct Worker<'w, 'r, F: Fs> {
    in_order: &'w Mutex<InOrder<'r, F>>,
    checked: Vec<Checked>,
    copied: Vec<u8>,
}

impl<'w, 'r, F: Fs> Worker<'w, 'r, F> {
    fn new(in_order: &'w Mutex<InOrder<'r, F>>) -> Self {
        Worker { in_order, checked: Vec::new(), copied: Vec::new() }
    }

    /// Keeps the bytes that the replay needs.
    fn copy(&mut self, batch: &RecordBatch<'_>) -> Option<Range<usize>> {
        let header = batch.header();
        if header.producer_id() < 0 {
            return None;
        }
        let bytes = batch.as_bytes();
        let len = if header.attributes().is_control() { bytes.len() } else { RECORD_BATCH_OVERHEAD };
        let at = self.copied.len();
        self.copied.extend_from_slice(&bytes[..len]);
        Some(at..at + len)
    }
}

impl<F: Fs> BatchWorker for Worker<'_, '_, F> {
    fn batch(&mut self, batch: &RawBatch<'_>, _turn: &mut Turn<'_>) -> ControlFlow<()> {
        let size = batch.overhead.size() as u32;
        let base_offset = batch.overhead.offset;
        let checked = match batch.parse() {
            Ok(Batch::Default(batch)) => {
                let header = batch.header();
                Checked {
                    is_valid: batch.is_valid(),
                    is_replayed: true,
                    size,
                    base_offset,
                    last_offset: header.last_offset(),
                    max_timestamp: header.max_timestamp(),
                    partition_leader_epoch: header.partition_leader_epoch(),
                    producer: self.copy(&batch),
                }
            }
            Ok(Batch::Legacy(message)) => Checked {
                is_valid: message.is_valid(),
                is_replayed: false,
                size,
                base_offset,
                last_offset: message.offset(),
                max_timestamp: message.timestamp(),
                partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
                producer: None,
            },
            Err(_) => Checked {
                is_valid: false,
                is_replayed: false,
                size,
                base_offset,
                last_offset: base_offset,
                max_timestamp: NO_TIMESTAMP,
                partition_leader_epoch: NO_PARTITION_LEADER_EPOCH,
                producer: None,
            },
        };
        self.checked.push(checked);
        ControlFlow::Continue(())
    }

    fn window_done(&mut self) -> ControlFlow<()> {
        let mut in_order = self.in_order.lock();
        for checked in &self.checked {
            let taken = in_order.take(checked, &self.copied);
            match taken {
                Ok(ControlFlow::Continue(())) => {}
                Ok(ControlFlow::Break(())) => return ControlFlow::Break(()),
                Err(failure) => {
                    in_order.failure = Some(failure);
                    return ControlFlow::Break(());
                }
            }
        }
        self.checked.clear();
        self.copied.clear();
        ControlFlow::Continue(())
    }
}

impl<F: Fs> InOrder<'_, F> {
    /// The next batch; `Break` after the last good one.
    fn take(&mut self, batch: &Checked, copied: &[u8]) -> Result<ControlFlow<()>, SegmentError> {
        if !batch.is_valid {
            return Ok(ControlFlow::Break(()));
        }
        if batch.base_offset < self.next_offset && self.next_offset >= self.ordered_from {
            return Ok(ControlFlow::Break(()));
        }
        self.next_offset = batch.last_offset.wrapping_add(1);
        let (segment, home) = (self.segment, self.home);
        if !segment.can_hold(batch.last_offset) {
            let (offset, base_offset) = (batch.last_offset, segment.base_offset);
            return Err(SegmentError::OffsetOverflow { offset, base_offset });
        }
        if batch.max_timestamp > self.max.timestamp {
            self.max = TimestampOffset { timestamp: batch.max_timestamp, offset: batch.last_offset };
            self.state.max_timestamp = Some(self.max);
        }
        if self.valid_bytes - self.last_entry > segment.index_interval_bytes {
            segment.append_offset_entry(home, self.state, batch.last_offset, self.valid_bytes)?;
            segment.append_time_entry(home, self.state, self.max, false)?;
            self.last_entry = self.valid_bytes;
        }
        self.valid_bytes += batch.size;
        if !batch.is_replayed {
            return Ok(ControlFlow::Continue(()));
        }
        let producer = batch.producer.clone().map(|at| &copied[at]).and_then(|bytes| match RecordBatch::parse(bytes) {
            Ok(marker) if marker.header().attributes().is_control() => Some(ReplayProducer::Marker(marker)),
            _ => BatchHeader::split_first(bytes).ok().map(|(header, _)| ReplayProducer::Data(header)),
        });
        let replayed = (self.replay)(&ReplayBatch {
            base_offset: batch.base_offset,
            last_offset: batch.last_offset,
            partition_leader_epoch: batch.partition_leader_epoch,
            producer,
        });
        match replayed {
            ReplayedBatch::Done => {}
            ReplayedBatch::Aborted(txn) => segment.append_aborted_txn_locked(home, self.state, txn)?,
            ReplayedBatch::Failed => return Err(SegmentError::Replay),
            ReplayedBatch::Invalid => return Ok(ControlFlow::Break(())),
        }
        Ok(ControlFlow::Continue(()))
    }
}
