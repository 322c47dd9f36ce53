//! What a leader decides about an append without the lock: checks, and all but the offsets.

use super::analyze::{AnalyzeParams, BatchHead, analyze};
use super::write::Write;
use crate::format::batch::{BatchHeader, RECORD_BATCH_OVERHEAD};
use crate::format::producer_snapshot::BatchMetadata;
use crate::log::config::LogConfig;
use crate::log::error::{AppendError, Refused};
use crate::log::producers::{AppendTerms, TV_UNKNOWN, VerificationGuard};
use crate::log::types::{AppendOrigin, LogAppendInfo};
use crate::log::validate::{Validated, ValidationParams, ValidationScratch, validate_shared};

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
    /// Whether the append is refused where the log knows a later leader epoch (`FENCED_LEADER_EPOCH`). Kafka's log takes it and
    /// forgets the later epoch; there the caller checks (`Partition`).
    pub is_fenced: bool,
}

impl LeaderAppend {
    /// Records of a client, refused if a later leader is known.
    pub const fn from_client(leader_epoch: i32) -> Self {
        LeaderAppend {
            leader_epoch,
            origin: AppendOrigin::Client,
            verification_guard: VerificationGuard::SENTINEL,
            transaction_version: TV_UNKNOWN,
            is_fenced: true,
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

/// A leader's append that is checked and needs its offsets alone.
pub(super) struct Prepared {
    validated: Validated,
    /// The batch to write; `None` if it was rebuilt and has no records.
    head: Option<BatchHead>,
    pub(super) is_control: bool,
    valid_bytes: usize,
    append: LeaderAppend,
    now_ms: i64,
}

/// A batch that needs its offsets alone.
pub(super) enum ToWrite<'b> {
    /// The records of the caller, which are not changed, and the header to write instead of theirs.
    Shared { header: &'b mut [u8; RECORD_BATCH_OVERHEAD], records: &'b [u8] },
    /// A rebuilt batch; empty if it has no records.
    Rebuilt(&'b mut [u8]),
}

impl ToWrite<'_> {
    pub(super) fn len(&self) -> usize {
        match self {
            ToWrite::Shared { records, .. } => records.len(),
            ToWrite::Rebuilt(batch) => batch.len(),
        }
    }

    fn header_mut(&mut self) -> &mut [u8] {
        match self {
            ToWrite::Shared { header, .. } => &mut header[..],
            ToWrite::Rebuilt(batch) => batch,
        }
    }
}

/// Checks the records of a client or a coordinator without any lock; `None` where there is not a whole batch.
#[inline(always)]
pub(super) fn prepare(
    records: &[u8],
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
    let validated = validate_shared(&records[..valid_bytes], &params, scratch)?;
    let (header, rebuilt) = scratch.parts_mut();
    let (header, size) = if validated.rebuilt {
        (rebuilt.first_chunk().map(BatchHeader::of), rebuilt.len())
    } else {
        (Some(BatchHeader::of(header)), valid_bytes)
    };
    let is_control = header.is_some_and(|header| header.attributes().is_control());
    let head = header.map(|header| BatchHead::of(&header, size));
    Ok(Some(Prepared { validated, head, is_control, valid_bytes, append, now_ms }))
}

impl Prepared {
    /// What is to be written.
    pub(super) fn batch<'b>(&self, records: &'b [u8], scratch: &'b mut ValidationScratch) -> ToWrite<'b> {
        let (header, rebuilt) = scratch.parts_mut();
        if self.validated.rebuilt {
            ToWrite::Rebuilt(rebuilt)
        } else {
            ToWrite::Shared { header, records: &records[..self.valid_bytes] }
        }
    }

    /// Gives the batch its offsets, from `first_offset` on.
    #[inline(always)]
    pub(super) fn place<'w>(
        &'w mut self,
        batch: &'w mut ToWrite<'_>,
        first_offset: i64,
        config: &LogConfig,
    ) -> Result<Write<'w>, Refused> {
        let last_offset = self.validated.assign_offsets(batch.header_mut(), first_offset, self.append.leader_epoch);
        let (header, records) = match batch {
            ToWrite::Shared { header, records } => (&header[..], *records),
            ToWrite::Rebuilt(batch) => {
                check_size(batch, config)?;
                (&[][..], &**batch)
            }
        };
        if let Some(head) = &mut self.head {
            head.move_to(last_offset, self.append.leader_epoch);
        }
        Ok(Write {
            header,
            records,
            heads: self.head.as_slice(),
            first_offset,
            last_offset,
            max_timestamp: self.validated.max_timestamp,
            terms: self.append.terms(),
            is_fenced: self.append.is_fenced,
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

/// What was rewritten must not be larger than the topic allows.
fn check_size(batch: &[u8], config: &LogConfig) -> Result<(), Refused> {
    let (size, max) = (batch.len(), usize::try_from(config.max_message_bytes).unwrap_or(0));
    if size > max { Err(AppendError::RecordTooLarge { size, max }.into()) } else { Ok(()) }
}

pub(super) fn as_duplicate(info: LogAppendInfo, duplicate: BatchMetadata) -> LogAppendInfo {
    LogAppendInfo {
        first_offset: duplicate.last_offset - i64::from(duplicate.offset_delta),
        last_offset: duplicate.last_offset,
        log_append_time: duplicate.timestamp,
        is_duplicate: true,
        ..info
    }
}
