//! Second pass: what stays of a segment goes into a new one (`Cleaner.cleanInto`).

use super::error::FilterError;
use super::filter::{BatchFilter, BatchOutcome};
use super::lanes::{Applied, Pass};
use super::retention::{BatchVerdict, Retention, last_offset};
use super::source::{Source, Window};
use super::stats::CleanerStats;
use super::transactions::CleanedTransactionMetadata;
use crate::format::transaction_index::AbortedTxn;
use crate::fs::{Fs, FsFile};
use crate::log::error::LogError;
use crate::segment::batch::RawBatch;
use crate::segment::log_segment::{Home, LogSegment, SEGMENT_BYTES_MAX, SegmentError};

/// Bytes that are written before they are sent on their way to disk.
const WRITEBACK: u32 = 8 * 1024 * 1024;

/// What of a buffer is kept from round to round.
const OUT_KEPT: usize = 1024 * 1024;

/// Thins out the batches of a segment.
pub(crate) struct ThinOut<'a, F: Fs> {
    pub(crate) source: &'a Source<'a, F>,
    pub(crate) rules: &'a Retention<'a>,
}

/// What stays of a window.
#[derive(Default)]
pub(crate) struct OutLane {
    filter: BatchFilter,
    verdicts: Vec<BatchVerdict>,
    out: Vec<u8>,
    aborted_txns: Vec<AbortedTxn>,
    largest_offset: i64,
    stats: CleanerStats,
}

/// The segment that it goes into, which is not part of the log yet.
pub(crate) struct OutSink<'a, F: Fs> {
    pub(crate) home: &'a Home<F>,
    pub(crate) dest: &'a LogSegment<F>,
    /// Largest offset so far that comes from the segment at hand, -1 none.
    pub(crate) largest_offset: i64,
    /// How much of `dest` is on its way to disk.
    pub(crate) written_back: u32,
    pub(crate) stats: &'a mut CleanerStats,
}

impl OutLane {
    /// Lets go of memory that only an unusually large batch needed (`restoreBuffers`).
    pub(crate) fn restore(&mut self) {
        self.filter.restore();
        self.out.truncate(OUT_KEPT);
        self.out.shrink_to(OUT_KEPT);
    }
}

impl<F: Fs> Pass<OutSink<'_, F>> for ThinOut<'_, F> {
    type Lane = OutLane;

    fn begin(&self, lane: &mut OutLane) {
        lane.verdicts.clear();
        lane.out.clear();
        lane.aborted_txns.clear();
        lane.largest_offset = -1;
        lane.stats = CleanerStats::default();
    }

    fn plan(
        &self,
        transactions: &mut CleanedTransactionMetadata,
        lane: &mut OutLane,
        batch: &RawBatch<'_>,
    ) -> Result<(), FilterError> {
        lane.verdicts.push(lane.filter.check(batch, self.rules, transactions)?);
        Ok(())
    }

    fn work(&self, lane: &mut OutLane, window: &Window) -> Result<(), LogError> {
        let OutLane { filter, verdicts, out, aborted_txns, largest_offset, stats } = lane;
        for (batch, verdict) in window.batches().zip(verdicts) {
            aborted_txns.extend(verdict.aborted_txn);
            let outcome = filter
                .thin_out(&batch, verdict, self.rules, out, stats)
                .map_err(|e| self.source.refused(&batch, &e))?;
            if outcome != BatchOutcome::Removed {
                *largest_offset = last_offset(&batch).max(*largest_offset);
            }
        }
        Ok(())
    }

    fn apply(&self, sink: &mut OutSink<'_, F>, lane: &mut OutLane) -> Result<Applied, LogError> {
        let (home, dest) = (sink.home, sink.dest);
        sink.stats.add(&lane.stats);
        for txn in lane.aborted_txns.drain(..) {
            dest.append_aborted_txn(home, txn).map_err(|e| match e {
                SegmentError::Index(_) => LogError::IllegalArgument(e.to_string()),
                e => e.into(),
            })?;
        }
        sink.largest_offset = sink.largest_offset.max(lane.largest_offset);
        let bytes = lane.out.len() as u64;
        if u64::from(dest.size()) + bytes > SEGMENT_BYTES_MAX {
            let message = format!("{bytes} bytes do not fit after the {} of a segment", dest.size());
            return Err(LogError::IllegalArgument(message));
        }
        dest.append(home, sink.largest_offset, &lane.out)?;
        let behind = dest.size() - sink.written_back;
        if behind >= WRITEBACK {
            dest.file(home)?.start_writeback(sink.written_back.into(), behind.into());
            sink.written_back += behind;
        }
        Ok(Applied { bytes_written: bytes, stop_at: None })
    }
}
