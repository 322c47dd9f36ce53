//! Appending, as a leader or as a follower (`UnifiedLog.append`).

use std::cell::Cell;

use super::analyze::{Analysis, AnalyzeParams, analyze, unexpected_append_offset};
use super::config::LogConfig;
use super::error::{AppendError, LogError};
use super::producers::{AppendTerms, Checked, EndTransaction, ProducerAppends, TV_UNKNOWN, VerificationGuard};
use super::roll::RollParams;
use super::types::{AppendOrigin, LogAppendInfo, LogOffsetMetadata, SegmentPlace};
use super::validate::{Validated, ValidationParams, ValidationScratch, validate};
use super::{Log, Writer};
use crate::format::batch::{NO_TIMESTAMP, RecordBatch};
use crate::format::producer_snapshot::BatchMetadata;
use crate::fs::Fs;
use crate::segment::batch::{Batch, Batches, RawBatch};
use crate::segment::log_segment::{AppendState, AppendedBatch};

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
}

pub(super) fn with_scratch<T>(work: impl FnOnce(&mut Scratch) -> T) -> T {
    let mut scratch = SCRATCH.take().unwrap_or_default();
    let result = work(&mut scratch);
    SCRATCH.set(Some(scratch));
    result
}

/// Whole batches with their offsets, about to be written.
pub(super) struct Write {
    /// -1 where only decompression could tell.
    pub(super) first_offset: i64,
    pub(super) last_offset: i64,
    pub(super) max_timestamp: i64,
    pub(super) terms: AppendTerms,
    pub(super) now_ms: i64,
    /// What a leader writes is one batch of magic 2, of which this is known already.
    pub(super) only: Option<OnlyBatch>,
}

/// What is left to do with a batch that is the only one of its append.
#[derive(Clone, Copy)]
pub(super) struct OnlyBatch {
    pub(super) leader_epoch: i32,
    pub(super) has_producer: bool,
    pub(super) indexed: AppendedBatch,
}

impl Write {
    pub(super) fn roll_params(&self, size: usize) -> RollParams {
        RollParams {
            size,
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
    valid_bytes: usize,
    append: LeaderAppend,
    now_ms: i64,
}

/// Checks the records of a client or a coordinator without any lock; `None` where there is not a whole batch.
pub(super) fn prepare(
    records: &mut [u8],
    append: LeaderAppend,
    now_ms: i64,
    config: &LogConfig,
    scratch: &mut ValidationScratch,
) -> Result<Option<Prepared>, AppendError> {
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
    Ok(Some(Prepared { validated, valid_bytes, append, now_ms }))
}

impl Prepared {
    /// The bytes to write.
    pub(super) fn batch<'b>(&self, records: &'b mut [u8], scratch: &'b mut ValidationScratch) -> &'b mut [u8] {
        if self.validated.rebuilt { scratch.rebuilt_mut() } else { &mut records[..self.valid_bytes] }
    }

    /// Gives the batch its offsets, from `first_offset` on.
    pub(super) fn place(&self, batch: &mut [u8], first_offset: i64, config: &LogConfig) -> Result<Write, AppendError> {
        let last_offset = self.validated.assign_offsets(batch, first_offset, self.append.leader_epoch);
        if self.validated.rebuilt {
            check_sizes(batch, config)?;
        }
        let max_timestamp = self.validated.max_timestamp;
        let only = RecordBatch::parse(batch).ok().map(|batch| {
            let header = batch.header();
            let (max_timestamp, size) = (header.max_timestamp(), batch.as_bytes().len() as u32);
            OnlyBatch {
                leader_epoch: self.append.leader_epoch,
                has_producer: header.producer_id() >= 0,
                indexed: AppendedBatch { last_offset: header.last_offset(), max_timestamp, size },
            }
        });
        Ok(Write { first_offset, last_offset, max_timestamp, terms: self.append.terms(), now_ms: self.now_ms, only })
    }

    pub(super) fn answer(&self, write: &Write, duplicate: Option<BatchMetadata>) -> LogAppendInfo {
        let info = LogAppendInfo {
            first_offset: write.first_offset,
            last_offset: write.last_offset,
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
        let appended = with_scratch(|scratch| self.lead(records, append, now_ms, scratch));
        self.finish(appended, now_ms)
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
        let appended = with_scratch(|scratch| {
            self.take_as_given(records, leader_epoch, AppendTerms::REPLICATION, None, now_ms, scratch)
        });
        self.finish(appended, now_ms)
    }

    fn lead(
        &self,
        records: &mut [u8],
        append: LeaderAppend,
        now_ms: i64,
        scratch: &mut Scratch,
    ) -> Result<LogAppendInfo, AppendError> {
        let config = self.config();
        if append.origin == AppendOrigin::RaftLeader {
            let max = Some(config.max_message_bytes);
            return self.take_as_given(records, append.leader_epoch, append.terms(), max, now_ms, scratch);
        }
        self.check_usable()?;
        let Some(prepared) = prepare(records, append, now_ms, &config, &mut scratch.validation)? else {
            return Ok(LogAppendInfo::nothing());
        };
        let batch = prepared.batch(records, &mut scratch.validation);
        let mut writer = self.writer.lock();
        self.lead_locked(&mut writer, batch, &prepared, &config, &mut scratch.producers)
    }

    /// What a leader does under the lock.
    pub(super) fn lead_locked(
        &self,
        writer: &mut Writer,
        batch: &mut [u8],
        prepared: &Prepared,
        config: &LogConfig,
        appends: &mut ProducerAppends,
    ) -> Result<LogAppendInfo, AppendError> {
        self.check_usable()?;
        self.guard(self.write_metadata(writer))?;
        let write = prepared.place(batch, self.log_end_offset(), config)?;
        // Offline before the next one gets the lock.
        let duplicate = self.guard(self.write_locked(writer, batch, &write, config, appends))?;
        Ok(prepared.answer(&write, duplicate))
    }

    pub(super) fn take_as_given(
        &self,
        records: &[u8],
        leader_epoch: i32,
        terms: AppendTerms,
        max_message_bytes: Option<i32>,
        now_ms: i64,
        scratch: &mut Scratch,
    ) -> Result<LogAppendInfo, AppendError> {
        self.check_usable()?;
        let config = self.config();
        let params = AnalyzeParams { origin: terms.origin, leader_epoch, max_message_bytes, offsets_must_grow: true };
        let analysis = analyze(records, &params)?;
        let info = of_analysis(&analysis);
        if analysis.valid_bytes == 0 {
            return Ok(info);
        }
        let mut writer = self.writer.lock();
        self.check_usable()?;
        self.guard(self.write_metadata(&mut writer))?;
        let log_end_offset = self.log_end_offset();
        if analysis.first_or_last_offset_of_first_batch() < log_end_offset {
            return Err(unexpected_append_offset(records, &analysis, log_end_offset));
        }
        let records = &records[..analysis.valid_bytes];
        let write = Write {
            first_offset: analysis.first_offset,
            last_offset: analysis.last_offset,
            max_timestamp: analysis.max_timestamp,
            terms,
            now_ms,
            only: None,
        };
        let duplicate = self.guard(self.write_locked(&mut writer, records, &write, &config, &mut scratch.producers))?;
        Ok(duplicate.map_or(info, |duplicate| as_duplicate(info, duplicate)))
    }

    /// Everything from the epochs on; `records` are whole batches with their offsets. The batch that was there already,
    /// if it was.
    fn write_locked(
        &self,
        writer: &mut Writer,
        records: &[u8],
        write: &Write,
        config: &LogConfig,
        appends: &mut ProducerAppends,
    ) -> Result<Option<BatchMetadata>, AppendError> {
        self.note_epochs(writer, records, write)?;
        if records.len() > usize::try_from(config.segment_bytes).unwrap_or(0) {
            let max = usize::try_from(config.segment_bytes).unwrap_or(0);
            return Err(AppendError::RecordBatchTooLarge { size: records.len(), max });
        }
        let (active, AppendState { file, size, .. }) =
            self.segment_for(writer, config, &write.roll_params(records.len()))?;
        let segment_base_offset = active.base_offset();
        let place = SegmentPlace { segment_base_offset, position: size };
        if let Some(duplicate) = check_producers(writer, records, place, write, appends)? {
            return Ok(Some(duplicate));
        }
        if !active.can_hold(write.last_offset) {
            let offset = write.last_offset;
            return Err(LogError::SegmentOverflow { offset, base_offset: segment_base_offset }.into());
        }
        let only = write.only.map(|only| only.indexed);
        active.append_to(&self.home, &file, size, records, only).map_err(LogError::from)?;
        let end_offset = write.last_offset.wrapping_add(1);
        let end = LogOffsetMetadata::at(end_offset, segment_base_offset, size + records.len() as u32);
        self.publish_end(writer, end)?;
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

    /// Notes the leader epochs of batches; batches of magic 0 and 1, which have none, void what was known.
    pub(super) fn note_epochs(&self, writer: &mut Writer, records: &[u8], write: &Write) -> Result<(), AppendError> {
        if let Some(only) = write.only {
            return self.note_epoch(writer, only.leader_epoch, write.first_offset);
        }
        for batch in Batches::new(records) {
            let Ok(batch) = batch else { break };
            if let Ok(Batch::Default(batch)) = batch.parse() {
                let header = batch.header();
                self.note_epoch(writer, header.partition_leader_epoch(), header.base_offset())?;
            } else if !writer.epochs.entries().is_empty() {
                writer.epochs.clear_and_flush(self.home.fs(), &self.home.dir())?;
            }
        }
        Ok(())
    }

    fn note_epoch(&self, writer: &mut Writer, epoch: i32, start: i64) -> Result<(), AppendError> {
        let latest = writer.epochs.latest();
        if latest.is_none_or(|latest| latest.epoch != epoch || latest.start_offset > start) {
            writer.epochs.assign(self.home.fs(), &self.home.dir(), epoch, start)?;
        }
        Ok(())
    }

    /// Lets readers see what was written.
    pub(super) fn publish_end(&self, writer: &mut Writer, end: LogOffsetMetadata) -> Result<(), LogError> {
        let is_at_end = {
            let mut offsets = self.offsets.write();
            offsets.log_end = end;
            offsets.high_watermark.message_offset >= end.message_offset
        };
        if is_at_end { self.follow_log_end(writer) } else { Ok(()) }
    }

    /// Ends an append, without the writer's lock: takes the log offline if the medium failed, and flushes if it is time.
    fn finish(&self, appended: Result<LogAppendInfo, AppendError>, now_ms: i64) -> Result<LogAppendInfo, AppendError> {
        self.count(&appended);
        let info = self.guard(appended)?;
        if info.last_offset >= 0 && !info.is_duplicate {
            self.flush_if_due(now_ms)?;
        }
        Ok(info)
    }

    pub(super) fn count(&self, appended: &Result<LogAppendInfo, AppendError>) {
        match appended {
            Ok(info) if info.is_duplicate => self.metrics.duplicate_appends.add(1),
            Ok(info) if info.valid_bytes > 0 => self.metrics.append_bytes.record(info.valid_bytes as u64),
            Ok(_) => {}
            Err(_) => self.metrics.refused_appends.add(1),
        }
    }

    /// Flushes where `flush.messages` asks for it.
    pub(super) fn flush_if_due(&self, now_ms: i64) -> Result<(), LogError> {
        let flush_messages = self.config.read().flush_messages;
        let is_due =
            flush_messages < i64::MAX && self.log_end_offset() - self.promised_recovery_point() >= flush_messages;
        if is_due { self.flush(false, now_ms) } else { Ok(()) }
    }
}

/// Checks the producers of all batches (`analyzeAndValidateProducerState`).
pub(super) fn check_producers(
    writer: &mut Writer,
    records: &[u8],
    place: SegmentPlace,
    write: &Write,
    appends: &mut ProducerAppends,
) -> Result<Option<BatchMetadata>, AppendError> {
    appends.clear();
    if write.only.is_some_and(|only| !only.has_producer) {
        return Ok(None);
    }
    let mut place = place;
    for batch in Batches::new(records) {
        let Ok(batch) = batch else { break };
        if let Some(duplicate) = check_producer(writer, &batch, place, &write.terms, appends)? {
            return Ok(Some(duplicate));
        }
        place.position += batch.overhead.size() as u32;
    }
    Ok(None)
}

fn check_producer(
    writer: &mut Writer,
    batch: &RawBatch<'_>,
    place: SegmentPlace,
    terms: &AppendTerms,
    appends: &mut ProducerAppends,
) -> Result<Option<BatchMetadata>, AppendError> {
    let Ok(Batch::Default(batch)) = batch.parse() else { return Ok(None) };
    let header = batch.header();
    if header.producer_id() < 0 {
        return Ok(None);
    }
    let marker = EndTransaction::read(&batch)?;
    match writer.producers.check(&header, marker, Some(place), terms, appends)? {
        Checked::Accepted => Ok(None),
        Checked::Duplicate(duplicate) => Ok(Some(duplicate)),
    }
}

/// What was rewritten must not be larger than the topic allows.
fn check_sizes(records: &[u8], config: &LogConfig) -> Result<(), AppendError> {
    let max = usize::try_from(config.max_message_bytes).unwrap_or(0);
    match Batches::new(records).filter_map(Result::ok).map(|batch| batch.overhead.size()).find(|&size| size > max) {
        Some(size) => Err(AppendError::RecordTooLarge { size, max }),
        None => Ok(()),
    }
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
