//! Recovery after an unclean stop.

use std::sync::Arc;

use super::{Loader, OpenError, RecoveredSegment, RecoveryReason};
use crate::fs::Fs;
use crate::log::epochs::LeaderEpochCache;
use crate::log::error::{AppendError, LogError};
use crate::log::producers::{EndTransaction, ProducerAppends, ProducerStateManager};
use crate::log::segments::{mark_deleted, rebuild_producer_state};
use crate::segment::log_segment::{LogSegment, ReplayBatch, ReplayProducer, ReplayedBatch};

impl<F: Fs> Loader<'_, F> {
    /// Rebuilds the indexes of a segment from its batches, cuts it after the last good one, and takes a producer snapshot
    /// at its end (`recoverSegment`); says how many bytes were cut.
    pub(super) fn recover_segment(
        &mut self,
        segment: &Arc<LogSegment<F>>,
        reason: RecoveryReason,
    ) -> Result<u32, OpenError> {
        let span = tracing::info_span!("recover_segment", base_offset = segment.base_offset(), ?reason);
        let _entered = span.enter();
        let (home, dir) = (self.home, self.home.dir());
        let mut producers = match self.recovered_producers.take() {
            Some(before) => before.with_snapshots_alone(),
            None => ProducerStateManager::open(home.fs(), &dir, self.options.producers)?,
        };
        rebuild_producer_state(
            &mut producers,
            home,
            &self.segments,
            self.producers_from(segment.base_offset()),
            segment.base_offset(),
            false,
            self.options.now_ms,
        )?;
        // Kafka takes what is torn for a batch: it empties the segment then, or looks for the log end in the wrong place.
        let ordered_from = if self.options.refuse_like_kafka { i64::MAX } else { self.options.recovery_point };
        let mut replay = Replay { producers, epochs: &mut self.epochs, appends: ProducerAppends::new(), failure: None };
        let recovered = segment.recover(home, self.options.recovery_threads, ordered_from, &mut |batch| {
            replay.batch(home.fs(), &dir, batch)
        });
        let Replay { mut producers, failure, .. } = replay;
        if let Some(failure) = failure {
            return Err(failure.into());
        }
        let recovered = recovered.map_err(LogError::from)?;
        producers.take_snapshot(home.fs(), &dir, true)?;
        self.recovered_producers = Some(producers);
        // There may be more segments than files that a process may have open.
        segment.release_idle(home)?;
        let truncated_bytes = recovered.truncated_bytes;
        self.options.metrics.recovered_segments.add(1);
        self.options.metrics.recovery_truncated_bytes.add(truncated_bytes.into());
        self.report.recovered_segments.push(RecoveredSegment {
            base_offset: segment.base_offset(),
            reason,
            truncated_bytes,
        });
        Ok(truncated_bytes)
    }

    /// Where the producers begin that a segment at `base_offset` is recovered with. A snapshot from before the first segment
    /// is left of a truncation that did not come to its end: with nothing to replay between, transactions of then would
    /// be open for good. Kafka takes it.
    fn producers_from(&self, base_offset: i64) -> i64 {
        let first = self.segments.first().map_or(base_offset, |first| first.base_offset());
        let log_start = self.options.log_start_offset;
        if self.options.refuse_like_kafka { log_start } else { log_start.max(first.saturating_sub(1)) }
    }

    /// Recovers what lies after the recovery point, unless the shutdown was clean; gives the recovery point and the log
    /// end offset (`recoverLog`).
    pub(super) fn recover_log(&mut self) -> Result<(i64, i64), OpenError> {
        if !self.options.had_clean_shutdown {
            let unflushed = self.segments.range(self.options.recovery_point, i64::MAX).to_vec();
            // Sealed when all in it was flushed already, perhaps, and then not synced any more.
            if let Some(before) = unflushed.first().and_then(|first| self.segments.lower(first.base_offset())) {
                before.note_unsynced();
            }
            for (at, segment) in unflushed.iter().enumerate() {
                let truncated = match self.recover_segment(segment, RecoveryReason::UncleanShutdown) {
                    Ok(truncated) => truncated,
                    // Kafka does so also when a read fails, and loses what may be there: here that fails the opening.
                    Err(OpenError::Log(LogError::InvalidOffset(_))) => self.empty_segment(segment)?,
                    Err(error) => return Err(error),
                };
                if truncated > 0 {
                    self.delete_segments(&unflushed[at + 1..])?;
                    // What was cut must not come back: once the recovery point is at the end of this segment, it is
                    // not looked at again.
                    self.home.sync_names()?;
                    segment.sync_batches(self.home)?;
                    break;
                }
            }
        }
        let log_end = self.log_end_unless_below_start()?;
        if self.segments.is_empty() {
            self.add_empty_segment(self.options.log_start_offset)?;
        }
        if let Some(log_end) = log_end.filter(|_| self.options.had_clean_shutdown) {
            return Ok((log_end, log_end));
        }
        let log_end = match (log_end, self.segments.last()) {
            (Some(log_end), _) => log_end,
            (None, Some(last)) => last.read_next_offset(self.home).map_err(LogError::from)?,
            (None, None) => self.options.log_start_offset,
        };
        Ok((self.options.recovery_point.min(log_end), log_end))
    }

    /// A segment whose offsets are out of order, or that cannot be read, is emptied and starts again.
    fn empty_segment(&mut self, segment: &Arc<LogSegment<F>>) -> Result<u32, OpenError> {
        let max = self.segment_options.index_bytes_max;
        let base_offset = segment.base_offset();
        let truncated =
            segment.truncate_to(self.home, base_offset, max, self.options.now_ms).map_err(LogError::from)?;
        self.report.recovered_segments.push(RecoveredSegment {
            base_offset,
            reason: RecoveryReason::OffsetsOutOfOrder,
            truncated_bytes: truncated,
        });
        Ok(truncated)
    }

    /// The log end; `None` where it is below the log start, which costs all segments
    /// (`deleteSegmentsIfLogStartGreaterThanLogEnd`).
    fn log_end_unless_below_start(&mut self) -> Result<Option<i64>, OpenError> {
        let Some(last) = self.segments.last() else { return Ok(None) };
        let log_end = last.read_next_offset(self.home).map_err(LogError::from)?;
        if log_end >= self.options.log_start_offset {
            return Ok(Some(log_end));
        }
        let all = self.segments.all().to_vec();
        self.delete_segments(&all)?;
        let dir = self.home.dir();
        self.epochs.clear_and_flush(self.home.fs(), &dir)?;
        self.recovered_producers = None;
        self.producers.truncate_fully_and_start_at(self.home.fs(), &dir, self.options.log_start_offset)?;
        Ok(None)
    }

    /// (`removeAndDeleteSegmentsAsync`)
    fn delete_segments(&mut self, segments: &[Arc<LogSegment<F>>]) -> Result<(), OpenError> {
        if segments.is_empty() {
            return Ok(());
        }
        self.segments.remove_all(segments);
        self.report.deleted_segments.extend(segments.iter().map(|segment| segment.base_offset()));
        let mut names = Vec::new();
        for segment in segments {
            names.extend(mark_deleted(self.home, std::slice::from_ref(segment))?);
            segment.release_unread();
        }
        self.schedule_removal(names);
        self.delete_snapshots_of(segments)
    }

    /// (`deleteProducerSnapshotsAsync`)
    pub(super) fn delete_snapshots_of(&mut self, segments: &[Arc<LogSegment<F>>]) -> Result<(), OpenError> {
        let dir = self.home.dir();
        self.recovered_producers = None;
        let mut names = Vec::new();
        for segment in segments {
            let marked = self.producers.mark_snapshot_for_deletion(self.home.fs(), &dir, segment.base_offset())?;
            names.extend(marked.and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())));
        }
        self.schedule_removal(names);
        Ok(())
    }
}

/// What a recovery makes of the batches (`LogSegment.updateProducerState`).
struct Replay<'e> {
    producers: ProducerStateManager,
    epochs: &'e mut LeaderEpochCache,
    appends: ProducerAppends,
    failure: Option<LogError>,
}

impl Replay<'_> {
    fn batch<F: Fs>(&mut self, fs: &F, dir: &std::path::Path, batch: &ReplayBatch<'_>) -> ReplayedBatch {
        match self.try_batch(fs, dir, batch) {
            Ok(replayed) => replayed,
            Err(AppendError::InvalidRecord { .. } | AppendError::CorruptRecord(_)) => ReplayedBatch::Invalid,
            Err(error) => {
                self.failure = Some(error.into());
                ReplayedBatch::Failed
            }
        }
    }

    fn try_batch<F: Fs>(
        &mut self,
        fs: &F,
        dir: &std::path::Path,
        batch: &ReplayBatch<'_>,
    ) -> Result<ReplayedBatch, AppendError> {
        let epoch = batch.partition_leader_epoch;
        if epoch >= 0 && self.epochs.latest_epoch().is_none_or(|latest| epoch > latest) {
            self.epochs.assign(fs, dir, epoch, batch.base_offset)?;
        }
        let (header, marker) = match batch.producer {
            Some(ReplayProducer::Data(header)) => (header, None),
            Some(ReplayProducer::Marker(batch)) => (batch.header(), EndTransaction::read(&batch)?),
            None => {
                self.producers.update_map_end_offset(batch.last_offset.wrapping_add(1));
                return Ok(ReplayedBatch::Done);
            }
        };
        let completed = self.producers.replay(&header, marker, &mut self.appends)?;
        let aborted = completed.and_then(|(txn, last_stable_offset)| txn.aborted(last_stable_offset));
        Ok(aborted.map_or(ReplayedBatch::Done, ReplayedBatch::Aborted))
    }
}
