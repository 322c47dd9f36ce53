//! What an append does under the lock: epochs, a roll if one is due, producers, the write, what readers see.

use super::analyze::BatchHead;
use crate::format::batch::{BatchHeader, RecordBatch};
use crate::format::producer_snapshot::BatchMetadata;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::config::LogConfig;
use crate::log::error::{AppendError, LogError, Refused};
use crate::log::producers::{AppendTerms, Checked, EndTransaction, ProducerAppends};
use crate::log::segments::RollParams;
use crate::log::types::{LogOffsetMetadata, SegmentPlace};
use crate::log::writer::{Appender, Tail, Writer};

/// Whole batches with their offsets, about to be written.
pub(super) struct Write<'w> {
    /// What is written instead of the first bytes of `records`, which are the caller's: the header of their one batch. Empty where
    /// they are written as they are.
    pub(super) header: &'w [u8],
    pub(super) records: &'w [u8],
    /// What is in them.
    pub(super) heads: &'w [BatchHead],
    /// -1 where only decompression could tell.
    pub(super) first_offset: i64,
    pub(super) last_offset: i64,
    pub(super) max_timestamp: i64,
    pub(super) terms: AppendTerms,
    /// Whether to refuse it where a later leader epoch is known.
    pub(super) is_fenced: bool,
    pub(super) now_ms: i64,
}

impl Write<'_> {
    /// What goes into the file, in this order.
    #[inline(always)]
    pub(super) fn parts(&self) -> [&[u8]; 2] {
        [self.header, &self.records[self.header.len()..]]
    }

    pub(super) fn roll_params(&self) -> RollParams {
        RollParams {
            size: self.records.len(),
            max_timestamp: self.max_timestamp,
            last_offset: self.last_offset,
            first_offset: self.first_offset,
            now_ms: self.now_ms,
        }
    }
}

impl<F: Fs> Log<F> {
    /// Everything from the epochs on. The batch that was there already, if it was.
    pub(super) fn write_locked(
        &self,
        appender: &mut Appender<F>,
        write: &Write<'_>,
        config: &LogConfig,
        appends: &mut ProducerAppends,
    ) -> Result<Option<BatchMetadata>, Refused> {
        self.note_epochs(&mut appender.writer, write)?;
        let (size, max) = (write.records.len(), usize::try_from(config.segment_bytes).unwrap_or(0));
        if size > max {
            return Err(AppendError::RecordBatchTooLarge { size, max }.into());
        }
        self.roll_if_due(appender, config, &write.roll_params())?;
        let (writer, active) = self.tail_of(appender)?;
        let place = SegmentPlace { segment_base_offset: active.segment.base_offset(), position: active.state.size };
        if let Some(duplicate) = check_producers(writer, place, write, appends)? {
            return Ok(Some(duplicate));
        }
        if !active.segment.can_hold(write.last_offset) {
            let (offset, base_offset) = (write.last_offset, place.segment_base_offset);
            return Err(LogError::SegmentOverflow { offset, base_offset }.into());
        }
        let indexed = write.heads.iter().map(|head| head.indexed);
        let appended = active.segment.append_to(&self.home, &mut active.state, write.parts(), indexed);
        if let Err(error) = appended {
            appender.tail = None;
            return Err(LogError::from(error).into());
        }
        let end_offset = write.last_offset.wrapping_add(1);
        let end = LogOffsetMetadata::at(end_offset, place.segment_base_offset, place.position + size as u32);
        self.publish_end(writer, active, end)?;
        let active = &active.segment;
        writer.producers.apply(appends);
        for completed in appends.completed() {
            let last_stable_offset = writer.producers.last_stable_offset(completed);
            if let Some(txn) = completed.aborted(last_stable_offset) {
                active.append_aborted_txn(&self.home, txn).map_err(LogError::from)?;
            }
            writer.producers.complete_txn(completed)?;
        }
        writer.producers.update_map_end_offset(end_offset);
        self.update_first_unstable(writer)?;
        self.commit_if_sole(writer)?;
        Ok(None)
    }

    /// Notes the leader epochs of batches; batches of magic 0 and 1, which have none, void what was known.
    pub(super) fn note_epochs(&self, writer: &mut Writer, write: &Write<'_>) -> Result<(), Refused> {
        for head in write.heads {
            let latest = writer.epochs.latest();
            match head.leader_epoch {
                Some(epoch) if writer.epochs.is_latest(epoch, head.base_offset) => {}
                Some(epoch) if write.is_fenced && latest.is_some_and(|at| at.epoch > epoch) => {
                    let latest = latest.map_or(epoch, |at| at.epoch);
                    return Err(AppendError::FencedLeaderEpoch { epoch, latest }.into());
                }
                Some(epoch) => {
                    writer.epochs.assign(self.home.fs(), &self.home.dir(), epoch, head.base_offset)?;
                }
                None if latest.is_some() => writer.epochs.clear_and_flush(self.home.fs(), &self.home.dir())?,
                None => {}
            }
        }
        Ok(())
    }

    /// Lets readers see what was written, and the next append where it goes.
    pub(super) fn publish_end(
        &self,
        writer: &mut Writer,
        tail: &mut Tail<F>,
        end: LogOffsetMetadata,
    ) -> Result<(), LogError> {
        tail.log_end_offset = end.message_offset;
        let is_at_end = {
            let mut offsets = self.offsets.write();
            offsets.log_end = end;
            offsets.high_watermark.message_offset >= end.message_offset
        };
        if is_at_end { self.follow_log_end(writer) } else { Ok(()) }
    }
}

/// Checks the producers of all batches (`analyzeAndValidateProducerState`).
#[inline]
pub(super) fn check_producers(
    writer: &mut Writer,
    mut place: SegmentPlace,
    write: &Write<'_>,
    appends: &mut ProducerAppends,
) -> Result<Option<BatchMetadata>, Refused> {
    appends.clear();
    if let [head] = write.heads
        && let Some(header) = write.header.first_chunk()
    {
        let header = BatchHeader::of(header);
        return if head.has_producer {
            check_producer(writer, header, write.records, place, &write.terms, appends)
        } else {
            Ok(None)
        };
    }
    let mut rest = write.records;
    for head in write.heads {
        let Some((batch, behind)) = rest.split_at_checked(head.indexed.size as usize) else { break };
        rest = behind;
        if head.has_producer
            && let Ok((header, _)) = BatchHeader::split_first(batch)
            && let Some(duplicate) = check_producer(writer, header, batch, place, &write.terms, appends)?
        {
            return Ok(Some(duplicate));
        }
        place.position += head.indexed.size;
    }
    Ok(None)
}

fn check_producer(
    writer: &mut Writer,
    header: BatchHeader<'_>,
    batch: &[u8],
    place: SegmentPlace,
    terms: &AppendTerms,
    appends: &mut ProducerAppends,
) -> Result<Option<BatchMetadata>, Refused> {
    let Ok(batch) = RecordBatch::parse(batch) else { return Ok(None) };
    let marker = EndTransaction::read(&batch)?;
    match writer.producers.check(&header, marker, Some(place), terms, appends)? {
        Checked::Accepted => Ok(None),
        Checked::Duplicate(duplicate) => Ok(Some(duplicate)),
    }
}
