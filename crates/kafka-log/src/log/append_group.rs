//! Several appends of a leader with one write.

use super::append::{LeaderAppend, Prepared, Scratch, check_producers, prepare, with_scratch};
use super::config::LogConfig;
use super::error::{AppendError, LogError, StorageError};
use super::producers::ProducerAppends;
use super::types::{AppendOrigin, LogAppendInfo, LogOffsetMetadata, SegmentPlace};
use super::{Log, Writer};
use crate::format::batch::RecordBatch;
use crate::fs::Fs;

/// Bytes that gather at most before they are written.
const STAGED_MAX: usize = 1024 * 1024;

/// Longer records are written where they are, without a copy.
const COPIED_MAX: usize = 64 * 1024;

/// An append of a group.
#[derive(Debug)]
pub struct GroupedAppend<'r> {
    /// The records, changed in place.
    pub records: &'r mut [u8],
    /// How they are appended.
    pub append: LeaderAppend,
}

/// Batches that are decided but not written.
#[derive(Default)]
struct Staging {
    bytes: Vec<u8>,
    batches: u32,
    /// Offset behind the last of them.
    end_offset: i64,
    /// Where the answers are that wait for the write.
    waiting: Vec<usize>,
}

type Answer = Result<LogAppendInfo, AppendError>;

impl<F: Fs> Log<F> {
    /// Appends for several producers at once: the same answers, in order, and the same bytes as from
    /// [`Log::append_as_leader`] one after the other, but small batches are gathered and written together. Where a system
    /// call costs more than all the rest, as it does for batches of a few hundred bytes, this is several times as fast.
    ///
    /// The records can be read when this returns. A refused append does not keep the others from being written.
    ///
    /// # Errors
    /// Each answer: those of [`Log::append_as_leader`]; after a failed write `Storage` for all that shared it.
    pub fn append_group_as_leader(&self, group: &mut [GroupedAppend<'_>], now_ms: i64) -> Vec<Answer> {
        let mut answers = Vec::with_capacity(group.len());
        let mut staging = Staging::default();
        with_scratch(|scratch| {
            let mut writer = self.writer.lock();
            for grouped in group.iter_mut() {
                let answer = self.lead_in_group(&mut writer, grouped, now_ms, scratch, &mut staging, &mut answers);
                answers.push(answer);
            }
            self.write_staged(&mut writer, &mut staging, &mut answers);
        });
        answers.iter().for_each(|answer| self.count(answer));
        let answers: Vec<Answer> = answers.into_iter().map(|answer| self.guard(answer)).collect();
        if let Err(error) = self.flush_if_due(now_ms) {
            return answers.into_iter().map(|answer| answer.and_then(|_| Err(self.offline(&error)))).collect();
        }
        answers
    }

    /// A flush that `flush.messages` asked for failed: nobody's records are known to be safe.
    fn offline(&self, error: &LogError) -> AppendError {
        tracing::error!(partition = %self.topic_partition(), %error, "cannot flush");
        AppendError::Storage(StorageError::Offline { path: self.dir().to_path_buf() })
    }

    fn lead_in_group(
        &self,
        writer: &mut Writer,
        grouped: &mut GroupedAppend<'_>,
        now_ms: i64,
        scratch: &mut Scratch,
        staging: &mut Staging,
        answers: &mut [Answer],
    ) -> Answer {
        let append = grouped.append;
        if append.origin == AppendOrigin::RaftLeader {
            let message = "a Raft leader assigns offsets itself, and so appends alone";
            return Err(AppendError::IllegalArgument(message.to_owned()));
        }
        self.check_usable()?;
        let config = self.config();
        let Some(prepared) = prepare(grouped.records, append, now_ms, &config, &mut scratch.validation)? else {
            return Ok(LogAppendInfo::nothing());
        };
        let batch = prepared.batch(grouped.records, &mut scratch.validation);
        let producers = &mut scratch.producers;
        if let Some(answer) = self.stage(writer, batch, &prepared, &config, producers, staging)? {
            if !answer.is_duplicate {
                staging.waiting.push(answers.len());
            }
            return Ok(answer);
        }
        self.write_staged(writer, staging, answers);
        self.lead_locked(writer, batch, &prepared, &config, producers)
    }

    /// Takes a batch into what is written together; `None` where it has to be written alone: it is long or a marker, or a
    /// new segment is due, or one of the indexes might become full.
    fn stage(
        &self,
        writer: &mut Writer,
        batch: &mut [u8],
        prepared: &Prepared,
        config: &LogConfig,
        producers: &mut ProducerAppends,
        staging: &mut Staging,
    ) -> Result<Option<LogAppendInfo>, AppendError> {
        let is_marker = RecordBatch::parse(batch).is_ok_and(|batch| batch.header().attributes().is_control());
        let room = STAGED_MAX.saturating_sub(staging.bytes.len()).min(COPIED_MAX);
        if is_marker || batch.len() > room {
            return Ok(None);
        }
        self.write_metadata(writer)?;
        let active = self.active_segment()?;
        let mut state = active.append_state(&self.home)?;
        if state.size == 0 || state.index_room <= staging.batches {
            return Ok(None);
        }
        state.size += staging.bytes.len() as u32;
        let first_offset = if staging.batches == 0 { self.log_end_offset() } else { staging.end_offset };
        let write = prepared.place(batch, first_offset, config)?;
        if batch.len() > usize::try_from(config.segment_bytes).unwrap_or(0)
            || self.should_roll(&active, &state, config, &write.roll_params(batch.len()))?
        {
            return Ok(None);
        }
        self.note_epochs(writer, batch, &write)?;
        let place = SegmentPlace { segment_base_offset: active.base_offset(), position: state.size };
        let duplicate = check_producers(writer, batch, place, &write, producers)?;
        if duplicate.is_none() {
            writer.producers.apply(producers);
            staging.bytes.extend_from_slice(batch);
            staging.batches += 1;
            staging.end_offset = write.last_offset.wrapping_add(1);
        }
        Ok(Some(prepared.answer(&write, duplicate)))
    }

    /// Writes what was gathered; where that fails, so do the appends that wait for it.
    fn write_staged(&self, writer: &mut Writer, staging: &mut Staging, answers: &mut [Answer]) {
        if staging.batches == 0 {
            return;
        }
        let written = self.write_staged_bytes(writer, staging);
        if let Err(error) = self.guard(written) {
            // The producers know of records that are not there: nothing goes on from here.
            self.health.set_offline();
            let mut error = Some(AppendError::from(error));
            for &at in &staging.waiting {
                let path = self.home.dir().to_path_buf();
                answers[at] = Err(error.take().unwrap_or(AppendError::Storage(StorageError::Offline { path })));
            }
        }
        staging.bytes.clear();
        staging.waiting.clear();
        staging.batches = 0;
    }

    fn write_staged_bytes(&self, writer: &mut Writer, staging: &Staging) -> Result<(), LogError> {
        let active = self.active_segment()?;
        let state = active.append_state(&self.home)?;
        active.append_to(&self.home, &state.file, state.size, &staging.bytes, None)?;
        let position = state.size + staging.bytes.len() as u32;
        let end = LogOffsetMetadata::at(staging.end_offset, active.base_offset(), position);
        self.publish_end(writer, end)?;
        writer.producers.update_map_end_offset(staging.end_offset);
        self.update_first_unstable(writer)
    }
}
