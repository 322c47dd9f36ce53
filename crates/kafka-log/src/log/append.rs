//! Appending, as a leader or as a follower (`UnifiedLog.append`).

use std::cell::Cell;

use super::Log;
use super::analyze::{Analysis, AnalyzeParams, BatchHead, analyze, analyze_each, unexpected_append_offset};
use super::append_group::Staging;
use super::config::LogConfig;
use super::error::{AppendError, LogError, Refused};
use super::producers::{AppendTerms, Checked, EndTransaction, ProducerAppends, TV_UNKNOWN, VerificationGuard};
use super::roll::RollParams;
use super::types::{AppendOrigin, LogAppendInfo, LogOffsetMetadata, SegmentPlace};
use super::validate::{Validated, ValidationParams, ValidationScratch, validate};
use super::writer::{Appender, Tail, Writer};
use crate::format::batch::{NO_TIMESTAMP, RecordBatch};
use crate::format::producer_snapshot::BatchMetadata;
use crate::fs::Fs;

thread_local! {
    /// Buffers of the appends of a thread: there are fewer threads than logs, and no lock to take.
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// How a leader appends.
#[derive(Clone, Copy, Debug)]
pub struct LeaderAppend {
    /// Epoch of the leader, which is written into the batches.
    pub leader_epoch: i32,
    /// Who appends.
    pub origin: AppendOrigin,
    /// Guard of a transaction that was verified.
    pub verification_guard: VerificationGuard,
    /// Version of the transactions that markers end, -1 unknown.
    pub transaction_version: i16,
}

impl LeaderAppend {
    /// Records of a client.
    pub const fn from_client(leader_epoch: i32) -> Self {
        LeaderAppend {
            leader_epoch,
            origin: AppendOrigin::Client,
            verification_guard: VerificationGuard::SENTINEL,
            transaction_version: TV_UNKNOWN,
        }
    }

    pub(super) const fn terms(&self) -> AppendTerms {
        AppendTerms {
            origin: self.origin,
            verification_guard: self.verification_guard,
            transaction_version: self.transaction_version,
        }
    }
}

/// Buffers of an append.
#[derive(Default)]
pub(super) struct Scratch {
    pub(super) validation: ValidationScratch,
    pub(super) producers: ProducerAppends,
    pub(super) staging: Staging,
    heads: Vec<BatchHead>,
}

pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = work(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}

/// Whole batches with their offsets, about to be written.
pub(super) struct Write<'w> {
    pub(super) records: &'w [u8],
    /// What is in them.
    pub(super) heads: &'w [BatchHead],
    /// -1 where only decompression could tell.
    pub(super) first_offset: i64,
    pub(super) last_offset: i64,
    pub(super) max_timestamp: i64,
    pub(super) terms: AppendTerms,
    pub(super) now_ms: i64,
}

impl Write<'_> {
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

/// A leader's append that is checked and needs its offsets alone.
pub(super) struct Prepared {
    validated: Validated,
    /// The one batch that is left of it; `None` where that has no records and was to be built anew.
    head: Option<BatchHead>,
    pub(super) is_control: bool,
    valid_bytes: usize,
    append: LeaderAppend,
    now_ms: i64,
}

/// Checks the records of a client or a coordinator without any lock; `None` where there is not a whole batch.
#[inline(always)]
pub(super) fn prepare(
    records: &mut [u8],
    append: LeaderAppend,
    now_ms: i64,
    config: &LogConfig,
    scratch: &mut ValidationScratch,
) -> Result<Option<Prepared>, Refused> {
    let params = AnalyzeParams {
        origin: append.origin,
        leader_epoch: append.leader_epoch,
        max_message_bytes: Some(config.max_message_bytes),
        offsets_must_grow: false,
    };
    let analysis = analyze(records, &params)?;
    let valid_bytes = analysis.valid_bytes;
    if valid_bytes == 0 {
        return Ok(None);
    }
    let params = ValidationParams::new(config, analysis.source_codec, append.origin, now_ms);
    let validated = validate(&mut records[..valid_bytes], &params, scratch)?;
    let batch = RecordBatch::parse(if validated.rebuilt { scratch.rebuilt() } else { &records[..valid_bytes] }).ok();
    let is_control = batch.is_some_and(|batch| batch.header().attributes().is_control());
    let head = batch.as_ref().map(BatchHead::of);
    Ok(Some(Prepared { validated, head, is_control, valid_bytes, append, now_ms }))
}

impl Prepared {
    /// The bytes to write.
    pub(super) fn batch<'b>(&self, records: &'b mut [u8], scratch: &'b mut ValidationScratch) -> &'b mut [u8] {
        if self.validated.rebuilt { scratch.rebuilt_mut() } else { &mut records[..self.valid_bytes] }
    }

    /// Gives the batch its offsets, from `first_offset` on.
    #[inline(always)]
    pub(super) fn place<'w>(
        &'w mut self,
        batch: &'w mut [u8],
        first_offset: i64,
        config: &LogConfig,
    ) -> Result<Write<'w>, Refused> {
        let last_offset = self.validated.assign_offsets(batch, first_offset, self.append.leader_epoch);
        if self.validated.rebuilt {
            check_size(batch, config)?;
        }
        if let Some(head) = &mut self.head {
            head.move_to(last_offset, self.append.leader_epoch);
        }
        Ok(Write {
            records: batch,
            heads: self.head.as_slice(),
            first_offset,
            last_offset,
            max_timestamp: self.validated.max_timestamp,
            terms: self.append.terms(),
            now_ms: self.now_ms,
        })
    }

    /// The answer for what was placed at `first_offset`.
    #[inline(always)]
    pub(super) fn answer(&self, first_offset: i64, duplicate: Option<BatchMetadata>) -> LogAppendInfo {
        let info = LogAppendInfo {
            first_offset,
            last_offset: self.validated.last_offset(first_offset),
            max_timestamp: self.validated.max_timestamp,
            log_append_time: self.validated.log_append_time,
            valid_bytes: self.valid_bytes,
            is_duplicate: false,
        };
        duplicate.map_or(info, |duplicate| as_duplicate(info, duplicate))
    }
}

impl<F: Fs> Log<F> {
    /// Appends a batch of a client or a coordinator (`appendAsLeader`): checks it, gives it offsets, the leader's epoch and,
    /// where the topic wants that, the time or another codec, and writes it. `records` are changed in place.
    ///
    /// Bytes behind the last whole batch are left out; without a whole one nothing happens. When this returns the records
    /// can be read, and survive the end of the process; for them to survive the machine's, [`Log::flush`].
    ///
    /// # Errors
    /// Whatever is wrong with the records: nothing is written then. As in Kafka a refused append may leave a new leader
    /// epoch behind, or a new segment. After `Storage` the log is offline.
    pub fn append_as_leader(
        &self,
        records: &mut [u8],
        append: LeaderAppend,
        now_ms: i64,
    ) -> Result<LogAppendInfo, AppendError> {
        let config = self.config();
        let appended = with_scratch(|scratch| self.lead(records, append, now_ms, &config, scratch));
        Ok(self.finish(appended, &config, now_ms)?)
    }

    /// Appends what a leader has (`appendAsFollower`): offsets and epochs stay as they are. Batches from the first one on
    /// that a later leader than `leader_epoch` wrote are left out.
    ///
    /// # Errors
    /// `CorruptRecord`, `OffsetsOutOfOrder`, `UnexpectedAppendOffset` below the log end, `RecordBatchTooLarge`; after
    /// `Storage` the log is offline.
    pub fn append_as_follower(
        &self,
        records: &[u8],
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<LogAppendInfo, AppendError> {
        let config = self.config();
        let appended = with_scratch(|scratch| {
            self.take_as_given(records, leader_epoch, AppendTerms::REPLICATION, None, now_ms, &config, scratch)
        });
        Ok(self.finish(appended, &config, now_ms)?)
    }

    fn lead(
        &self,
        records: &mut [u8],
        append: LeaderAppend,
        now_ms: i64,
        config: &LogConfig,
        scratch: &mut Scratch,
    ) -> Result<LogAppendInfo, Refused> {
        if append.origin == AppendOrigin::RaftLeader {
            let max = Some(config.max_message_bytes);
            return self.take_as_given(records, append.leader_epoch, append.terms(), max, now_ms, config, scratch);
        }
        self.check_usable()?;
        let Some(mut prepared) = prepare(records, append, now_ms, config, &mut scratch.validation)? else {
            return Ok(LogAppendInfo::nothing());
        };
        let batch = prepared.batch(records, &mut scratch.validation);
        self.lead_locked(&mut self.writer.lock_to_append(), batch, &mut prepared, config, &mut scratch.producers)
    }

    /// What a leader does under the lock.
    pub(super) fn lead_locked(
        &self,
        appender: &mut Appender<F>,
        batch: &mut [u8],
        prepared: &mut Prepared,
        config: &LogConfig,
        appends: &mut ProducerAppends,
    ) -> Result<LogAppendInfo, Refused> {
        self.check_usable()?;
        self.guard(self.write_metadata(&mut appender.writer))?;
        let first_offset = appender.tail.as_ref().map_or_else(|| self.log_end_offset(), |tail| tail.log_end_offset);
        let write = prepared.place(batch, first_offset, config)?;
        // Offline before the next one gets the lock.
        let duplicate = self.guard(self.write_locked(appender, &write, config, appends))?;
        Ok(prepared.answer(first_offset, duplicate))
    }

    #[expect(clippy::too_many_arguments, reason = "what a leader and a follower differ in")]
    fn take_as_given(
        &self,
        records: &[u8],
        leader_epoch: i32,
        terms: AppendTerms,
        max_message_bytes: Option<i32>,
        now_ms: i64,
        config: &LogConfig,
        scratch: &mut Scratch,
    ) -> Result<LogAppendInfo, Refused> {
        self.check_usable()?;
        let params = AnalyzeParams { origin: terms.origin, leader_epoch, max_message_bytes, offsets_must_grow: true };
        scratch.heads.clear();
        let analysis = analyze_each(records, &params, |head| scratch.heads.push(head))?;
        let info = of_analysis(&analysis);
        if analysis.valid_bytes == 0 {
            return Ok(info);
        }
        let mut appender = self.writer.lock_to_append();
        self.check_usable()?;
        self.guard(self.write_metadata(&mut appender.writer))?;
        let log_end_offset = self.log_end_offset();
        if analysis.first_or_last_offset_of_first_batch() < log_end_offset {
            return Err(unexpected_append_offset(records, &analysis, log_end_offset));
        }
        let write = Write {
            records: &records[..analysis.valid_bytes],
            heads: &scratch.heads,
            first_offset: analysis.first_offset,
            last_offset: analysis.last_offset,
            max_timestamp: analysis.max_timestamp,
            terms,
            now_ms,
        };
        let duplicate = self.guard(self.write_locked(&mut appender, &write, config, &mut scratch.producers))?;
        Ok(duplicate.map_or(info, |duplicate| as_duplicate(info, duplicate)))
    }

    /// Everything from the epochs on. The batch that was there already, if it was.
    fn write_locked(
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
        let appended = active.segment.append_to(&self.home, &mut active.state, write.records, indexed);
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
        Ok(None)
    }

    /// The writer, and the active segment that the next write goes to.
    pub(super) fn tail_of<'a>(
        &self,
        appender: &'a mut Appender<F>,
    ) -> Result<(&'a mut Writer, &'a mut Tail<F>), LogError> {
        let tail = match &mut appender.tail {
            Some(tail) => tail,
            none => {
                let segment = self.active_segment()?;
                let state = segment.append_state(&self.home)?.with_ahead(self.append_ahead_bytes);
                none.insert(Tail { segment, state, log_end_offset: self.log_end_offset() })
            }
        };
        Ok((&mut appender.writer, tail))
    }

    /// Notes the leader epochs of batches; batches of magic 0 and 1, which have none, void what was known.
    pub(super) fn note_epochs(&self, writer: &mut Writer, write: &Write<'_>) -> Result<(), Refused> {
        for head in write.heads {
            let latest = writer.epochs.latest();
            match head.leader_epoch {
                Some(epoch) if latest.is_some_and(|at| at.epoch == epoch && at.start_offset <= head.base_offset) => {}
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

    /// Ends an append, without the writer's lock: takes the log offline if the medium failed, and flushes if it is time.
    fn finish(
        &self,
        appended: Result<LogAppendInfo, Refused>,
        config: &LogConfig,
        now_ms: i64,
    ) -> Result<LogAppendInfo, Refused> {
        self.count(std::slice::from_ref(&appended));
        let info = self.guard(appended)?;
        if info.last_offset >= 0 && !info.is_duplicate {
            self.flush_if_due(config, now_ms)?;
        }
        Ok(info)
    }

    pub(super) fn count<E>(&self, answers: &[Result<LogAppendInfo, E>]) {
        match answers {
            [Ok(info)] if !info.is_duplicate && info.valid_bytes > 0 => {
                self.metrics.append_bytes.record(info.valid_bytes as u64);
            }
            several => self.count_several(several),
        }
    }

    #[inline(never)]
    fn count_several<E>(&self, answers: &[Result<LogAppendInfo, E>]) {
        let (mut duplicates, mut refused) = (0, 0);
        self.metrics.append_bytes.record_all(answers.iter().filter_map(|answer| {
            match answer {
                Ok(info) if !info.is_duplicate => return (info.valid_bytes > 0).then_some(info.valid_bytes as u64),
                Ok(_) => duplicates += 1,
                Err(_) => refused += 1,
            }
            None
        }));
        for (counter, n) in [(&self.metrics.duplicate_appends, duplicates), (&self.metrics.refused_appends, refused)] {
            if n > 0 {
                counter.add(n);
            }
        }
    }

    /// Flushes where `flush.messages` asks for it.
    pub(super) fn flush_if_due(&self, config: &LogConfig, now_ms: i64) -> Result<(), LogError> {
        let is_due = config.flush_messages < i64::MAX
            && self.log_end_offset() - self.promised_recovery_point() >= config.flush_messages;
        if is_due { self.flush(false, now_ms) } else { Ok(()) }
    }
}

/// Checks the producers of all batches (`analyzeAndValidateProducerState`).
pub(super) fn check_producers(
    writer: &mut Writer,
    mut place: SegmentPlace,
    write: &Write<'_>,
    appends: &mut ProducerAppends,
) -> Result<Option<BatchMetadata>, Refused> {
    appends.clear();
    let mut rest = write.records;
    for head in write.heads {
        let Some((batch, behind)) = rest.split_at_checked(head.indexed.size as usize) else { break };
        rest = behind;
        if head.has_producer
            && let Some(duplicate) = check_producer(writer, batch, place, &write.terms, appends)?
        {
            return Ok(Some(duplicate));
        }
        place.position += head.indexed.size;
    }
    Ok(None)
}

fn check_producer(
    writer: &mut Writer,
    batch: &[u8],
    place: SegmentPlace,
    terms: &AppendTerms,
    appends: &mut ProducerAppends,
) -> Result<Option<BatchMetadata>, Refused> {
    let Ok(batch) = RecordBatch::parse(batch) else { return Ok(None) };
    let marker = EndTransaction::read(&batch)?;
    match writer.producers.check(&batch.header(), marker, Some(place), terms, appends)? {
        Checked::Accepted => Ok(None),
        Checked::Duplicate(duplicate) => Ok(Some(duplicate)),
    }
}

/// What was rewritten must not be larger than the topic allows.
fn check_size(batch: &[u8], config: &LogConfig) -> Result<(), Refused> {
    let (size, max) = (batch.len(), usize::try_from(config.max_message_bytes).unwrap_or(0));
    if size > max { Err(AppendError::RecordTooLarge { size, max }.into()) } else { Ok(()) }
}

fn of_analysis(analysis: &Analysis) -> LogAppendInfo {
    LogAppendInfo {
        first_offset: analysis.first_offset,
        last_offset: analysis.last_offset,
        max_timestamp: analysis.max_timestamp,
        log_append_time: NO_TIMESTAMP,
        valid_bytes: analysis.valid_bytes,
        is_duplicate: false,
    }
}

fn as_duplicate(info: LogAppendInfo, duplicate: BatchMetadata) -> LogAppendInfo {
    LogAppendInfo {
        first_offset: duplicate.last_offset - i64::from(duplicate.offset_delta),
        last_offset: duplicate.last_offset,
        log_append_time: duplicate.timestamp,
        is_duplicate: true,
        ..info
    }
}
