//! New offset and time indexes, as Kafka's recovery builds them (`LogSegment.recover`).

use std::path::Path;

use super::error::RepairError;
use crate::audit::batch::BatchSummary;
use crate::audit::partition::evidence::SegmentEvidence;
use crate::audit::segment::runs::each;
use crate::format::offset_index::{OffsetIndex, OffsetIndexAppender};
use crate::format::time_index::{TimeIndex, TimeIndexAppender};
use crate::fs::{Fs, OpenMode};
use crate::segment::error::StorageError;

/// Bytes of log between two entries (`index.interval.bytes`).
const INDEX_INTERVAL_BYTES: u64 = 4096;
/// Bytes of an index at most (`segment.index.bytes`).
const INDEX_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A batch as the indexes need it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Indexed {
    pub(super) position: u64,
    pub(super) last_offset: i64,
    pub(super) max_timestamp: i64,
}

impl Indexed {
    pub(super) fn of(batch: &BatchSummary) -> Self {
        Indexed { position: batch.position, last_offset: batch.last_offset, max_timestamp: batch.max_timestamp }
    }
}

/// The offset index and the time index of a segment whose log stays as it is.
///
/// # Errors
/// I/O errors.
pub(super) fn build<F: Fs>(fs: &F, dir: &Path, segment: &SegmentEvidence) -> Result<(Vec<u8>, Vec<u8>), RepairError> {
    let mut builder = IndexBuilder::new(segment.base_offset);
    if let Some(log) = &segment.files.log {
        let path = dir.join(&log.from);
        let file = fs.open(&path, OpenMode::Read).map_err(StorageError::io("open", &path))?;
        for batch in &segment.batches {
            each(&file, &path, batch, &mut |one| builder.batch(&Indexed::of(&one)))?;
        }
    }
    Ok(builder.finish())
}

/// The offset and the time index over batches (`LogSegment.recover`).
pub(super) struct IndexBuilder {
    base_offset: i64,
    offsets: Vec<u8>,
    times: Vec<u8>,
    timestamp: i64,
    offset: i64,
    last_entry: u64,
}

impl IndexBuilder {
    pub(super) fn new(base_offset: i64) -> Self {
        let (offsets, times) = (Vec::new(), Vec::new());
        IndexBuilder { base_offset, offsets, times, timestamp: -1, offset: base_offset, last_entry: 0 }
    }

    pub(super) fn batch(&mut self, batch: &Indexed) {
        if batch.max_timestamp > self.timestamp {
            (self.timestamp, self.offset) = (batch.max_timestamp, batch.last_offset);
        }
        if batch.position - self.last_entry > INDEX_INTERVAL_BYTES {
            let position = i32::try_from(batch.position).unwrap_or(i32::MAX);
            let index = OffsetIndex::new(self.base_offset, &self.offsets);
            let mut appender = OffsetIndexAppender::new(index, INDEX_BYTES_MAX);
            // An entry that does not fit leaves a sparser index, which is as right as any.
            let _ = appender.append(batch.last_offset, position, &mut self.offsets);
            self.add_time(false);
            self.last_entry = batch.position;
        }
    }

    fn add_time(&mut self, use_reserved_slot: bool) {
        let index = TimeIndex::new(self.base_offset, &self.times);
        let mut appender = TimeIndexAppender::new(index, INDEX_BYTES_MAX);
        let _ = appender.maybe_append(self.timestamp, self.offset, use_reserved_slot, &mut self.times);
    }

    pub(super) fn finish(mut self) -> (Vec<u8>, Vec<u8>) {
        self.add_time(true);
        (self.offsets, self.times)
    }
}
