//! Making a log durable.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

use super::tasks::Work;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::{LogError, StorageError};
use crate::segment::log_segment::LogSegment;
use crate::sync::{AtomicI64, Monitor, yield_now};

/// How often a sync lets others append first.
const TURNS_GIVEN: usize = 32;

/// One sync at a time. Its end wakes all who wait, and not one after another as a lock would: those whose records it made
/// durable go on at once, and do not wait for the sync of a thread that got the lock before them.
#[derive(Debug, Default)]
pub(in crate::log) struct Syncs {
    is_running: Monitor<bool>,
    /// How often a segment below the active one may have changed: was sealed, or recovered.
    sealed_changes: AtomicI64,
    /// How many of these changes are on disk.
    sealed_synced: AtomicI64,
}

/// The turn to sync, until dropped.
struct SyncTurn<'t>(&'t Syncs);

impl Syncs {
    pub(in crate::log) fn note_sealed_change(&self) {
        self.sealed_changes.fetch_add(1, Ordering::AcqRel);
    }

    fn sealed_changes(&self) -> i64 {
        self.sealed_changes.load(Ordering::Acquire)
    }

    fn is_sealed_unsynced(&self) -> bool {
        self.sealed_synced.load(Ordering::Acquire) != self.sealed_changes()
    }

    /// Waits for the turn to sync, or until nothing is left to do.
    fn wait(&self, is_done: impl Fn() -> bool) -> Option<SyncTurn<'_>> {
        let mut is_running = self.is_running.lock();
        loop {
            if is_done() {
                return None;
            }
            if !*is_running {
                *is_running = true;
                return Some(SyncTurn(self));
            }
            is_running = self.is_running.wait(is_running);
        }
    }
}

impl Drop for SyncTurn<'_> {
    fn drop(&mut self) {
        *self.0.is_running.lock() = false;
        self.0.is_running.notify_all();
    }
}

impl<F: Fs> Log<F> {
    /// Returns when everything that was appended before is on disk (`flush`). Callers that come at the same time share
    /// one sync. `force` includes the active segment also when it is empty.
    ///
    /// # Errors
    /// I/O errors: the log is offline then, and it is not known what a failed sync has left.
    pub fn flush(&self, force: bool, now_ms: i64) -> Result<(), LogError> {
        self.flush_to(None, force, now_ms)
    }

    /// Returns when everything below `offset` is on disk (`flushUptoOffsetExclusive`).
    ///
    /// # Errors
    /// As [`Log::flush`].
    pub fn flush_up_to_exclusive(&self, offset: i64, now_ms: i64) -> Result<(), LogError> {
        self.flush_to(Some(offset), false, now_ms)
    }

    /// Makes everything durable that the cleaner is about to rely on. The recovery point stays where Kafka has it.
    pub(in crate::log) fn sync_for_cleaning(&self) -> Result<(), LogError> {
        let _turn = self.syncs.wait(|| false);
        self.check_usable()?;
        let before = *self.offsets.read();
        let synced = self.sync_segments(before.recovery_point, before.log_end_offset(), false);
        Ok(self.guard(synced)?)
    }

    /// Up to an offset, or to the log end.
    fn flush_to(&self, offset: Option<i64>, inclusive: bool, now_ms: i64) -> Result<(), LogError> {
        self.check_usable()?;
        let flush_offset = |offset: i64| if inclusive { offset.saturating_add(1) } else { offset };
        let is_needed = |offset: i64| flush_offset(offset) > self.recovery_point() || self.syncs.is_sealed_unsynced();
        let asked_for = offset.unwrap_or_else(|| self.log_end_offset());
        if !is_needed(asked_for) {
            return Ok(());
        }
        let began = Instant::now();
        // A thread that waits here finds, most often, that the one before it has synced its records as well.
        let turn = self.syncs.wait(|| self.check_usable().is_err() || !is_needed(asked_for));
        self.check_usable()?;
        let Some(_turn) = turn else { return Ok(()) };
        // A sync serves the threads that wait, too. Others may be about to append, and file systems hold up writes to a file
        // while it is synced: they go first, as long as they come.
        let mut end = self.log_end_offset();
        for _ in 0..TURNS_GIVEN {
            yield_now();
            let grown = self.log_end_offset();
            if grown == end {
                break;
            }
            end = grown;
        }
        let before = *self.offsets.read();
        // A roll asked for more than there is since a truncation, and what is appended from here on no sync has to reach. Only the base
        // of the active segment may lie above the end.
        let end = before.log_end_offset().max(self.active_segment()?.base_offset());
        let offset = offset.unwrap_or(before.log_end_offset()).min(end);
        loop {
            let sealed_changes = self.syncs.sealed_changes();
            let flushed = self.sync_segments(before.recovery_point, flush_offset(offset), inclusive);
            self.guard(flushed)?;
            let mut offsets = self.offsets.write();
            if self.syncs.sealed_changes() != sealed_changes {
                // What was synced as the active segment no longer is: no start will recover it once all of it is promised.
                continue;
            }
            // A truncation meanwhile may have made room for other records at the same offsets.
            if offset > offsets.recovery_point && offsets.truncations == before.truncations {
                offsets.recovery_point = offset;
                self.last_flush_ms.store(now_ms, Ordering::Relaxed);
            }
            break;
        }
        self.metrics.flush_us.record_us(began.elapsed());
        Ok(())
    }

    /// Syncs what lies between two offsets, sealed segments before that changed since they were synced, and the names of
    /// all files. Of the active segment, which each start after a crash recovers, the indexes only with `all_indexes`.
    fn sync_segments(&self, recovery_point: i64, flush_offset: i64, all_indexes: bool) -> Result<(), StorageError> {
        // Before the segments are looked at: what is sealed from here on asks for another look.
        let sealed_changes = self.syncs.sealed_changes();
        let segments = Arc::clone(&self.segments.read());
        let range = segments.range(recovery_point, flush_offset);
        let look_back = self.syncs.is_sealed_unsynced();
        let recovered = segments.last().filter(|active| !all_indexes && !active.is_sealed());
        let is_recovered = |segment: &Arc<LogSegment<F>>| recovered.is_some_and(|active| Arc::ptr_eq(active, segment));
        for segment in range {
            if is_recovered(segment) {
                segment.sync_recoverable(&self.home)?;
            } else {
                segment.files_to_sync(&self.home)?.sync()?;
            }
        }
        let mut is_all = true;
        let is_due = |segment: &Arc<LogSegment<F>>| look_back && !is_recovered(segment) && segment.is_unsynced();
        for segment in segments.all().iter().filter(|segment| is_due(segment)) {
            if segment.base_offset() < flush_offset {
                // Kafka does not sync it here, and so makes no index files for it.
                segment.existing_files_to_sync(&self.home)?.sync()?;
            } else {
                is_all = false;
            }
        }
        self.home.sync_names()?;
        if is_all {
            self.syncs.sealed_synced.store(sealed_changes, Ordering::Release);
        }
        Ok(())
    }

    /// The recovery point as it will be when the flushes that rolls asked for are done.
    pub(in crate::log) fn promised_recovery_point(&self) -> i64 {
        let promised = self
            .tasks
            .lock()
            .iter()
            .map(|task| match task.work {
                Work::FlushUpTo { offset, .. } => offset,
                _ => 0,
            })
            .max();
        self.recovery_point().max(promised.unwrap_or(0))
    }
}
