//! A log in memory, with what a crash may take from it.

use std::cell::RefCell;

use kafka_log::internal::LeaderEpochCache;
use kafka_log::log::error::{AppendError, LogError};
use kafka_log::log::types::Watermarks;

use crate::replication::{Appended, Offsets, Replica, ReplicaError};

/// A batch: one value for each record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) base: i64,
    pub(super) epoch: i32,
    pub(super) values: Vec<u64>,
}

impl Batch {
    fn end(&self) -> i64 {
        self.base + self.values.len() as i64
    }

    fn checksum(&self) -> u64 {
        self.values.iter().fold(self.epoch as u64, |sum, value| sum.wrapping_mul(31).wrapping_add(*value))
    }
}

/// The bytes of batches.
pub(super) fn encode(batches: &[Batch]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for batch in batches {
        bytes.extend(batch.base.to_be_bytes());
        bytes.extend(batch.epoch.to_be_bytes());
        bytes.extend((batch.values.len() as u32).to_be_bytes());
        bytes.extend(batch.checksum().to_be_bytes());
        batch.values.iter().for_each(|value| bytes.extend(value.to_be_bytes()));
    }
    bytes
}

fn take<const N: usize>(bytes: &mut &[u8]) -> [u8; N] {
    let (taken, rest) = bytes.split_first_chunk().unwrap();
    *bytes = rest;
    *taken
}

fn decode(mut bytes: &[u8]) -> Result<Vec<Batch>, AppendError> {
    let mut batches = Vec::new();
    while !bytes.is_empty() {
        let (base, epoch) = (i64::from_be_bytes(take(&mut bytes)), i32::from_be_bytes(take(&mut bytes)));
        let (count, checksum) = (u32::from_be_bytes(take(&mut bytes)), u64::from_be_bytes(take(&mut bytes)));
        let values = (0..count).map(|_| u64::from_be_bytes(take(&mut bytes))).collect();
        let batch = Batch { base, epoch, values };
        if batch.checksum() != checksum {
            return Err(AppendError::CorruptRecord("the checksum is wrong".to_owned()));
        }
        batches.push(batch);
    }
    Ok(batches)
}

#[derive(Debug, Default)]
struct State {
    batches: Vec<Batch>,
    epochs: LeaderEpochCache,
    log_start: i64,
    high_watermark: i64,
    log_end: i64,
    /// The end of what a power failure leaves.
    synced: i64,
    /// The high watermark in the checkpoint.
    checkpoint: i64,
}

/// A log in memory.
#[derive(Debug, Default)]
pub(super) struct MemoryLog(RefCell<State>);

impl MemoryLog {
    pub(super) fn watermarks(&self) -> Watermarks {
        let state = self.0.borrow();
        let high_watermark = state.high_watermark;
        Watermarks { log_start: state.log_start, last_stable: high_watermark, high_watermark, log_end: state.log_end }
    }

    /// A record with its epoch; `None` where there is none.
    pub(super) fn at(&self, offset: i64) -> Option<(i32, u64)> {
        let state = self.0.borrow();
        let after = state.batches.partition_point(|batch| batch.base <= offset);
        let batch = state.batches.get(after.checked_sub(1)?)?;
        Some((batch.epoch, *batch.values.get(usize::try_from(offset - batch.base).ok()?)?))
    }

    /// Some batches, the first of which has `offset`.
    pub(super) fn read(&self, offset: i64, max: usize) -> Vec<Batch> {
        let state = self.0.borrow();
        let first = state.batches.partition_point(|batch| batch.end() <= offset);
        state.batches[first..].iter().take(max).cloned().collect()
    }

    /// Appends as the leader of an epoch.
    pub(super) fn lead(&self, epoch: i32, values: Vec<u64>) {
        let base = self.0.borrow().log_end;
        self.push(Batch { base, epoch, values });
    }

    pub(super) fn begin_epoch(&self, epoch: i32) {
        let state = &mut *self.0.borrow_mut();
        state.epochs.announce(epoch, state.log_end).unwrap();
    }

    fn push(&self, batch: Batch) {
        let state = &mut *self.0.borrow_mut();
        if state.epochs.latest_epoch().is_none_or(|latest| latest < batch.epoch) {
            state.epochs.announce(batch.epoch, batch.base).unwrap();
        }
        state.log_end = batch.end();
        state.batches.push(batch);
    }

    /// Writes to disk what the page cache has.
    pub(super) fn flush(&self) {
        let state = &mut *self.0.borrow_mut();
        state.synced = state.log_end;
    }

    /// Writes the checkpoint of the high watermark.
    pub(super) fn checkpoint(&self) {
        let state = &mut *self.0.borrow_mut();
        state.checkpoint = state.high_watermark;
    }

    /// What the next start finds. Without power the page cache is gone.
    pub(super) fn crash(&self, loses_power: bool) {
        let (synced, log_start) = (self.0.borrow().synced, self.0.borrow().log_start);
        if loses_power && synced < log_start {
            // What is left is deleted already.
            self.start_at(log_start);
        } else if loses_power {
            self.cut(synced);
        }
        let state = &mut *self.0.borrow_mut();
        // An epoch without records is not in the file.
        state.epochs.truncate_from_end(state.log_end);
        state.high_watermark = state.checkpoint.clamp(state.log_start, state.log_end);
    }

    fn start_at(&self, offset: i64) {
        let checkpoint = self.0.borrow().checkpoint;
        let (log_start, high_watermark, log_end, synced) = (offset, offset, offset, offset);
        *self.0.borrow_mut() = State { log_start, high_watermark, log_end, synced, checkpoint, ..State::default() };
    }

    fn cut(&self, offset: i64) {
        let state = &mut *self.0.borrow_mut();
        state.epochs.truncate_from_end(offset);
        while let Some(last) = state.batches.last_mut().filter(|last| last.end() > offset) {
            match usize::try_from(offset - last.base) {
                Ok(left @ 1..) => last.values.truncate(left),
                _ => drop(state.batches.pop()),
            }
        }
        state.log_end = state.log_end.min(offset);
        state.log_start = state.log_start.min(offset);
        state.synced = state.synced.min(offset);
        state.high_watermark = state.high_watermark.min(offset);
    }

    /// Deletes what is below an offset.
    pub(super) fn delete_to(&self, offset: i64) {
        let state = &mut *self.0.borrow_mut();
        state.log_start = state.log_start.max(offset);
        let start = state.log_start;
        state.epochs.truncate_from_start(start);
        state.batches.retain(|batch| batch.end() > start);
    }

    pub(super) fn set_high_watermark(&self, to: i64) {
        let state = &mut *self.0.borrow_mut();
        state.high_watermark = to.clamp(state.log_start, state.log_end);
    }
}

impl Replica for MemoryLog {
    fn offsets(&self) -> Result<Offsets, ReplicaError> {
        let Watermarks { log_start, high_watermark, log_end, .. } = self.watermarks();
        Ok(Offsets { log_start, high_watermark, log_end })
    }

    fn latest_epoch(&self) -> Result<Option<i32>, ReplicaError> {
        Ok(self.0.borrow().epochs.latest_epoch())
    }

    fn end_offset_for_epoch(&self, epoch: i32) -> Result<Option<(i32, i64)>, ReplicaError> {
        let state = self.0.borrow();
        Ok(state.epochs.end_offset_for(epoch, state.log_end))
    }

    fn append(&self, records: &[u8], _now_ms: i64) -> Result<Appended, ReplicaError> {
        let batches = decode(records).map_err(ReplicaError::Append)?;
        let log_end_offset = self.0.borrow().log_end;
        let (first, last) = (batches.first().unwrap(), batches.last().unwrap());
        let (first_offset, last_offset, last_epoch) = (first.base, last.end() - 1, Some(last.epoch));
        if first_offset < log_end_offset {
            let error = AppendError::UnexpectedAppendOffset { first_offset, last_offset, log_end_offset };
            return Err(ReplicaError::Append(error));
        }
        batches.into_iter().for_each(|batch| self.push(batch));
        Ok(Appended { last_offset, last_epoch, bytes: records.len() })
    }

    fn truncate_to(&self, offset: i64, _now_ms: i64) -> Result<(), ReplicaError> {
        if offset < 0 {
            return Err(ReplicaError::Log(LogError::IllegalArgument("a negative offset".to_owned())));
        }
        self.cut(offset);
        Ok(())
    }

    fn truncate_fully_and_start_at(&self, offset: i64, _now_ms: i64) -> Result<(), ReplicaError> {
        self.start_at(offset);
        Ok(())
    }

    fn take_over(&self, high_watermark: i64, log_start_offset: i64, _now_ms: i64) -> Result<(), ReplicaError> {
        self.set_high_watermark(high_watermark);
        let known = self.0.borrow().high_watermark;
        self.delete_to(log_start_offset.min(known));
        Ok(())
    }
}
