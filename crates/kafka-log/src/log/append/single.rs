//! One append, of a leader or a follower (`UnifiedLog.append`).

use super::analyze::{Analysis, AnalyzeParams, analyze_each, unexpected_append_offset};
use super::prepare::{LeaderAppend, Prepared, ToWrite, as_duplicate, prepare};
use super::scratch::{Scratch, with_scratch};
use super::write::Write;
use crate::format::batch::NO_TIMESTAMP;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::config::LogConfig;
use crate::log::error::{AppendError, LogError, Refused};
use crate::log::producers::{AppendTerms, ProducerAppends};
use crate::log::types::{AppendOrigin, LogAppendInfo};
use crate::log::writer::Appender;

impl<F: Fs> Log<F> {
    /// Appends a batch of a client or a coordinator (`appendAsLeader`): checks it, gives it offsets, the leader's epoch and,
    /// where the topic wants that, the time or another codec, and writes it. `records` may be a part of a request: the header with
    /// these changes is written in the place of theirs, and they are neither changed nor copied.
    ///
    /// Bytes after the last whole batch are left out. When this returns the records
    /// can be read, and survive the end of the process; for them to survive the machine's, [`Log::flush`].
    ///
    /// # Errors
    /// Whatever is wrong with the records: nothing is written then. `NothingToAppend` without a whole batch; `FencedLeaderEpoch`
    /// where a later leader is known. As in Kafka a refused append may leave a new leader
    /// epoch or a new segment. After `Storage` the log is offline.
    pub fn append_as_leader(
        &self,
        records: &[u8],
        append: LeaderAppend,
        now_ms: i64,
    ) -> Result<LogAppendInfo, AppendError> {
        let _told = self.tell_when_done();
        let config = self.config();
        let appended = with_scratch(|scratch| self.lead(records, append, now_ms, &config, scratch));
        let info = self.finish(appended, &config, now_ms)?;
        self.count_in(std::iter::once(&info));
        Ok(info)
    }

    /// Appends what a leader has (`appendAsFollower`): offsets and epochs stay as they are. Batches from the first one on
    /// that a later leader than `leader_epoch` wrote are left out.
    ///
    /// # Errors
    /// `NothingToAppend` where there is no whole batch, or none of this leader; `CorruptRecord`, `OffsetsOutOfOrder`, `UnexpectedAppendOffset` below the log end, `RecordBatchTooLarge`; after
    /// `Storage` the log is offline.
    pub fn append_as_follower(
        &self,
        records: &[u8],
        leader_epoch: i32,
        now_ms: i64,
    ) -> Result<LogAppendInfo, AppendError> {
        let _told = self.tell_when_done();
        let config = self.config();
        let appended = with_scratch(|scratch| {
            self.take_as_given(records, leader_epoch, AppendTerms::REPLICATION, None, now_ms, &config, scratch)
        });
        Ok(self.finish(appended, &config, now_ms)?)
    }

    fn lead(
        &self,
        records: &[u8],
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
            return Err(AppendError::NothingToAppend.into());
        };
        let mut batch = prepared.batch(records, &mut scratch.validation);
        self.lead_locked(&mut self.writer.lock_to_append(), &mut batch, &mut prepared, config, &mut scratch.producers)
    }

    /// What a leader does under the lock.
    pub(super) fn lead_locked(
        &self,
        appender: &mut Appender<F>,
        batch: &mut ToWrite<'_>,
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
            return Err(AppendError::NothingToAppend.into());
        }
        let mut appender = self.writer.lock_to_append();
        self.check_usable()?;
        self.guard(self.write_metadata(&mut appender.writer))?;
        let log_end_offset = self.log_end_offset();
        if analysis.first_or_last_offset_of_first_batch() < log_end_offset {
            return Err(unexpected_append_offset(records, &analysis, log_end_offset));
        }
        let write = Write {
            header: &[],
            records: &records[..analysis.valid_bytes],
            heads: &scratch.heads,
            first_offset: analysis.first_offset,
            last_offset: analysis.last_offset,
            max_timestamp: analysis.max_timestamp,
            terms,
            is_fenced: false,
            now_ms,
        };
        let duplicate = self.guard(self.write_locked(&mut appender, &write, config, &mut scratch.producers))?;
        Ok(duplicate.map_or(info, |duplicate| as_duplicate(info, duplicate)))
    }

    /// Ends an append, without the writer's lock: takes the log offline if the disk failed, and flushes if it is due.
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

    /// Counts what a producer has sent.
    pub(super) fn count_in<'i>(&self, appended: impl Iterator<Item = &'i LogAppendInfo>) {
        let (mut records, mut bytes) = (0, 0);
        for info in appended.filter(|info| !info.is_duplicate) {
            records += (info.last_offset - info.first_offset + 1).cast_unsigned();
            bytes += info.valid_bytes as u64;
        }
        self.traffic.records_in.add(records);
        self.traffic.bytes_in.add(bytes);
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

    /// Flushes if `flush.messages` requires it.
    pub(super) fn flush_if_due(&self, config: &LogConfig, now_ms: i64) -> Result<(), LogError> {
        let is_due = config.flush_messages < i64::MAX
            && self.log_end_offset() - self.promised_recovery_point() >= config.flush_messages;
        if is_due { self.flush(false, now_ms) } else { Ok(()) }
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
