//! Several appends of a leader with one write.

use super::prepare::{LeaderAppend, Prepared, ToWrite, prepare};
use super::scratch::{Scratch, Staging, with_scratch};
use super::write::check_producers;
use crate::fs::Fs;
use crate::log::Log;
use crate::log::config::LogConfig;
use crate::log::error::{AppendError, LogError, Refused, StorageError};
use crate::log::producers::ProducerAppends;
use crate::log::types::{AppendOrigin, LogAppendInfo, LogOffsetMetadata, SegmentPlace};
use crate::log::writer::Appender;

/// Bytes that gather at most before they are written.
const STAGED_MAX: usize = 1024 * 1024;

/// Longer records are written where they are, without a copy.
const COPIED_MAX: usize = 64 * 1024;

/// An append of a group, in a struct of the embedder's own: a request that waits for its answer, say.
pub trait GroupAppend {
    /// The records.
    fn records(&self) -> &[u8];

    /// How they are appended.
    fn terms(&self) -> LeaderAppend;

    /// Takes the answer. Called once, after the locks of the log are released.
    fn done(&mut self, answer: Answer);
}

/// What becomes of an append of a group.
pub type Answer = Result<LogAppendInfo, AppendError>;

/// An append of a group that keeps its answer.
#[derive(Debug)]
pub struct GroupedAppend<R> {
    /// The records.
    pub records: R,
    /// How they are appended.
    pub append: LeaderAppend,
    /// The answer, when it is there.
    pub answer: Option<Answer>,
}

impl<R: AsRef<[u8]>> GroupedAppend<R> {
    /// An append that is still to be done.
    pub const fn new(records: R, append: LeaderAppend) -> Self {
        GroupedAppend { records, append, answer: None }
    }
}

impl<R: AsRef<[u8]>> GroupAppend for GroupedAppend<R> {
    fn records(&self) -> &[u8] {
        self.records.as_ref()
    }

    fn terms(&self) -> LeaderAppend {
        self.append
    }

    fn done(&mut self, answer: Answer) {
        self.answer = Some(answer);
    }
}

impl<F: Fs> Log<F> {
    /// Appends for several producers at once: the same answers and the same bytes as from [`Log::append_as_leader`] one after the
    /// other, but small batches are gathered and written together. Where a system call costs more than all the rest, as it does
    /// for batches of a few hundred bytes, this is several times as fast. [`Combiner`](super::Combiner) makes such groups of
    /// appends that come from several threads.
    ///
    /// The records can be read when [`GroupAppend::done`] is called. A refused append does not keep the others from being written.
    /// Answers: those of [`Log::append_as_leader`]; after a failed write `Storage` for all that shared it.
    pub fn append_group_as_leader<A: GroupAppend>(&self, group: &mut [A], now_ms: i64) {
        let _told = self.tell_when_done();
        let config = self.config();
        let mut answers = with_scratch(|scratch| {
            let mut answers = std::mem::take(&mut scratch.answers);
            let mut appender = self.writer.lock_to_append();
            scratch.staging.batches.reserve(group.len());
            scratch.staging.waiting.reserve(group.len());
            // Each answer is written where it belongs: handing it on costs as much as a look at a batch.
            answers.resize_with(group.len(), || Ok(LogAppendInfo::nothing()));
            for (at, grouped) in group.iter().enumerate() {
                let led = self.lead_in_group(&mut appender, at, grouped, now_ms, &config, scratch, &mut answers);
                if let Err(refused) = led {
                    answers[at] = Err(*refused);
                }
            }
            self.write_staged(&mut appender, &mut scratch.staging, &mut answers);
            answers
        });
        self.count(&answers);
        answers.iter().for_each(|answer| self.watch(answer));
        if let Err(error) = self.flush_if_due(&config, now_ms) {
            for answer in answers.iter_mut().filter(|answer| answer.is_ok()) {
                *answer = Err(self.offline(&error));
            }
        }
        self.count_in(answers.iter().flatten());
        for (grouped, answer) in group.iter_mut().zip(answers.drain(..)) {
            grouped.done(answer);
        }
        with_scratch(|scratch| scratch.answers = answers);
    }

    /// A flush that `flush.messages` asked for failed: no records are known to be safe.
    fn offline(&self, error: &LogError) -> AppendError {
        tracing::error!(partition = %self.topic_partition(), %error, "cannot flush");
        AppendError::Storage(StorageError::Offline { path: self.dir().to_path_buf() })
    }

    /// The append that is the `at`th of its group. Gives the answer, unless it is an error.
    #[expect(clippy::too_many_arguments, reason = "what the appends of a group share")]
    #[inline(always)]
    fn lead_in_group<A: GroupAppend>(
        &self,
        appender: &mut Appender<F>,
        at: usize,
        grouped: &A,
        now_ms: i64,
        config: &LogConfig,
        scratch: &mut Scratch,
        answers: &mut [Answer],
    ) -> Result<(), Refused> {
        let (records, append) = (grouped.records(), grouped.terms());
        if append.origin == AppendOrigin::RaftLeader {
            let message = "a Raft leader assigns offsets itself, and so appends alone";
            return Err(AppendError::IllegalArgument(message.to_owned()).into());
        }
        self.check_usable()?;
        let Scratch { validation, producers, staging, .. } = scratch;
        let Some(mut prepared) = prepare(records, append, now_ms, config, validation)? else {
            return Err(AppendError::NothingToAppend.into());
        };
        let mut batch = prepared.batch(records, validation);
        if !self.stage(appender, at, &mut batch, &mut prepared, config, producers, staging, answers)? {
            self.write_staged(appender, staging, answers);
            answers[at] = Ok(self.lead_locked(appender, &mut batch, &mut prepared, config, producers)?);
        }
        Ok(())
    }

    /// Takes a batch into what is written together, and answers. Says no where it has to be written alone: it is long or a
    /// marker, or a new segment is due, or one of the indexes might become full.
    #[expect(clippy::too_many_arguments, reason = "what the appends of a group share")]
    #[inline(always)]
    fn stage(
        &self,
        appender: &mut Appender<F>,
        at: usize,
        batch: &mut ToWrite<'_>,
        prepared: &mut Prepared,
        config: &LogConfig,
        producers: &mut ProducerAppends,
        staging: &mut Staging,
        answers: &mut [Answer],
    ) -> Result<bool, Refused> {
        let room = STAGED_MAX.saturating_sub(staging.bytes.len()).min(COPIED_MAX);
        if prepared.is_control || batch.len() > room {
            return Ok(false);
        }
        self.write_metadata(&mut appender.writer)?;
        let (writer, active) = self.tail_of(appender)?;
        let (staged, position) = (staging.batches.len() as u32, active.state.size + staging.bytes.len() as u32);
        if active.state.size == 0 || active.state.index_room <= staged {
            return Ok(false);
        }
        let first_offset = if staged == 0 { active.log_end_offset } else { staging.end_offset };
        let write = prepared.place(batch, first_offset, config)?;
        if write.records.len() > usize::try_from(config.segment_bytes).unwrap_or(0)
            || self.should_roll(&active.segment, &active.state, position, config, &write.roll_params())?
        {
            return Ok(false);
        }
        self.note_epochs(writer, &write)?;
        let place = SegmentPlace { segment_base_offset: active.segment.base_offset(), position };
        let duplicate = check_producers(writer, place, &write, producers)?;
        if duplicate.is_none() {
            writer.producers.apply(producers);
            let [header, rest] = write.parts();
            staging.bytes.extend_from_slice(header);
            staging.bytes.extend_from_slice(rest);
            staging.end_offset = write.last_offset.wrapping_add(1);
            // Nothing is left of a batch without records that was rebuilt.
            if let Some(head) = write.heads.first() {
                staging.batches.push(head.indexed);
                staging.waiting.push(at);
            }
        } else if !staging.batches.is_empty() {
            // What it repeats may be among what is not written yet.
            staging.waiting.push(at);
        }
        answers[at] = Ok(prepared.answer(first_offset, duplicate));
        Ok(true)
    }

    /// Writes what was gathered; where that fails, so do the appends that wait for it.
    fn write_staged(&self, appender: &mut Appender<F>, staging: &mut Staging, answers: &mut [Answer]) {
        if staging.batches.is_empty() {
            return;
        }
        let written = self.write_staged_bytes(appender, staging);
        if let Err(error) = self.guard(written) {
            // The producers know of records that are not there: nothing goes on from here.
            self.health.set_offline();
            appender.tail = None;
            let mut error = Some(AppendError::from(error));
            for &at in &staging.waiting {
                let path = self.home.dir().to_path_buf();
                answers[at] = Err(error.take().unwrap_or(AppendError::Storage(StorageError::Offline { path })));
            }
        }
        staging.bytes.clear();
        staging.waiting.clear();
        staging.batches.clear();
    }

    fn write_staged_bytes(&self, appender: &mut Appender<F>, staging: &Staging) -> Result<(), LogError> {
        let (writer, active) = self.tail_of(appender)?;
        let batches = staging.batches.iter().copied();
        active.segment.append_to(&self.home, &mut active.state, [&staging.bytes, &[]], batches)?;
        let end = LogOffsetMetadata::at(staging.end_offset, active.segment.base_offset(), active.state.size);
        self.publish_end(writer, active, end)?;
        writer.producers.update_map_end_offset(staging.end_offset);
        self.update_first_unstable(writer)?;
        self.commit_if_sole(writer)
    }
}
