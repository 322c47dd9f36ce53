//! Second pass: what stays of a segment goes into a new one (`Cleaner.cleanInto`).

use super::filter::{BatchFilter, BatchOutcome};
use super::hooks::CleanerHooks;
use super::io_buffer::IoBuffer;
use super::retention::{Retention, last_offset};
use super::source::Source;
use super::stats::CleanerStats;
use super::transactions::CleanedTransactionMetadata;
use crate::format::transaction_index::AbortedTxn;
use crate::fs::Fs;
use crate::log::error::LogError;
use crate::segment::log_segment::{Home, LogSegment, SEGMENT_BYTES_MAX, SegmentError};

/// Bytes written at once; a little more where the last batch is large.
const CHUNK: usize = 256 * 1024;

/// Buffers of the second pass.
#[derive(Default)]
pub(crate) struct CleanBuffers {
    pub(crate) filter: BatchFilter,
    pub(crate) window: Vec<u8>,
    out: Vec<u8>,
    aborted_txns: Vec<AbortedTxn>,
}

impl CleanBuffers {
    /// Lets go of memory that only an unusually large batch needed (`restoreBuffers`).
    pub(crate) fn restore(&mut self) {
        self.filter.restore();
        for buffer in [&mut self.window, &mut self.out] {
            buffer.truncate(4 * CHUNK);
            buffer.shrink_to(4 * CHUNK);
        }
    }
}

/// What is not for one segment, but for the whole round.
pub(crate) struct CleanState<'a> {
    pub(crate) transactions: &'a mut CleanedTransactionMetadata,
    pub(crate) io_buffer: &'a mut IoBuffer,
    pub(crate) stats: &'a mut CleanerStats,
}

/// Appends what stays of `source` to `dest`, which nobody else knows of yet.
pub(crate) fn clean_into<F: Fs>(
    source: &Source<'_, F>,
    dest: &LogSegment<F>,
    rules: &Retention<'_>,
    state: &mut CleanState<'_>,
    buffers: &mut CleanBuffers,
    hooks: &impl CleanerHooks,
) -> Result<(), LogError> {
    let CleanBuffers { filter, window, out, aborted_txns } = buffers;
    out.clear();
    aborted_txns.clear();
    let mut largest_offset = -1;
    source.for_each_batch(0, window, state.io_buffer, hooks, |batch| {
        let outcome = filter
            .filter(batch, rules, state.transactions, out, aborted_txns, state.stats)
            .map_err(|e| source.refused(batch, &e))?;
        if outcome != BatchOutcome::Removed {
            largest_offset = largest_offset.max(last_offset(batch));
        }
        for txn in aborted_txns.drain(..) {
            dest.append_aborted_txn(source.home, txn).map_err(|e| match e {
                SegmentError::Index(_) => LogError::IllegalArgument(e.to_string()),
                e => e.into(),
            })?;
        }
        if out.len() >= CHUNK {
            write(source.home, dest, largest_offset, out, hooks)?;
        }
        Ok(true)
    })?;
    write(source.home, dest, largest_offset, out, hooks)?;
    state.io_buffer.restore();
    Ok(())
}

fn write<F: Fs>(
    home: &Home<F>,
    dest: &LogSegment<F>,
    largest_offset: i64,
    out: &mut Vec<u8>,
    hooks: &impl CleanerHooks,
) -> Result<(), LogError> {
    if u64::from(dest.size()) + out.len() as u64 > SEGMENT_BYTES_MAX {
        let message = format!("{} bytes do not fit behind the {} of a segment", out.len(), dest.size());
        return Err(LogError::IllegalArgument(message));
    }
    dest.append(home, largest_offset, out)?;
    hooks.throttle(out.len() as u64);
    out.clear();
    Ok(())
}
