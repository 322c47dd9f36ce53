//! The first look at the bytes of an append, of leaders and followers alike: the shape of the batches, their checksums, and
//! what the headers say together (`UnifiedLog.analyzeAndValidateRecords`). Nothing is allocated unless something is refused.

use crate::compression::Codec;
use crate::format::batch::{BatchHeader, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_ID, NO_TIMESTAMP};
use crate::log::error::{AppendError, Refused};
use crate::log::types::AppendOrigin;
use crate::log::validate::batches::{AppendedBatches, BatchView};
use crate::log::validate::every_record::check_every_record;
use crate::segment::log_segment::IndexedBatch;

/// What an append is measured against.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnalyzeParams {
    /// Who appends.
    pub origin: AppendOrigin,
    /// Epoch of the leader that appends, or whose records a follower appends.
    pub leader_epoch: i32,
    /// `max.message.bytes`, with the 12 bytes of offset and length; `None`: any size will do, as for followers.
    pub max_message_bytes: Option<i32>,
    /// Are the offsets taken as they are, and so must grow? True for followers and the Raft leader.
    pub offsets_must_grow: bool,
}

/// What the headers of an append say (`LogAppendInfo` before any offset is assigned).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Analysis {
    /// Base offset of the first batch if its magic is 2, else -1: finding it out takes decompression.
    pub first_offset: i64,
    /// Last offset of the first batch, -1 without one.
    pub last_offset_of_first_batch: i64,
    /// Last offset of the last batch, -1 without one.
    pub last_offset: i64,
    /// Largest timestamp in the headers in ms, -1 none.
    pub max_timestamp: i64,
    /// Leader epoch of the last batch, if it has one.
    pub last_leader_epoch: Option<i32>,
    /// Codec of the last compressed batch.
    pub source_codec: Codec,
    /// Bytes of the batches to append: what follows them is dropped.
    pub valid_bytes: usize,
    /// Number of these batches.
    pub batch_count: usize,
}

impl Analysis {
    /// First offset, or where that is not known last offset of the first batch
    /// (`LogAppendInfo.firstOrLastOffsetOfFirstBatch`).
    pub const fn first_or_last_offset_of_first_batch(&self) -> i64 {
        if self.first_offset >= 0 { self.first_offset } else { self.last_offset_of_first_batch }
    }
}

/// What an append needs to know of each batch that it writes.
#[derive(Clone, Copy, Debug)]
pub(super) struct BatchHead {
    /// With magic 2; else the last offset.
    pub(super) base_offset: i64,
    /// Size, last offset and timestamp.
    pub(super) indexed: IndexedBatch,
    /// `None` with magic 0 and 1.
    pub(super) leader_epoch: Option<i32>,
    pub(super) has_producer: bool,
}

impl BatchHead {
    /// Of a batch of magic 2.
    #[inline]
    pub(super) fn of(header: &BatchHeader<'_>, size: usize) -> Self {
        BatchHead {
            base_offset: header.base_offset(),
            indexed: IndexedBatch {
                last_offset: header.last_offset(),
                max_timestamp: header.max_timestamp(),
                size: size as u32,
            },
            leader_epoch: Some(header.partition_leader_epoch()),
            has_producer: header.producer_id() > NO_PRODUCER_ID,
        }
    }

    /// A batch of magic 2 with other offsets and another epoch.
    pub(super) fn move_to(&mut self, last_offset: i64, leader_epoch: i32) {
        let delta = self.indexed.last_offset.wrapping_sub(self.base_offset);
        self.base_offset = last_offset.wrapping_sub(delta);
        self.indexed.last_offset = last_offset;
        self.leader_epoch = Some(leader_epoch);
    }

    #[inline]
    fn of_view(view: &BatchView<'_>, last_offset: i64, size: usize) -> Self {
        match view {
            BatchView::Default(batch) => BatchHead::of(&batch.header(), size),
            BatchView::Legacy(record) => BatchHead {
                base_offset: last_offset,
                indexed: IndexedBatch { last_offset, max_timestamp: record.timestamp(), size: size as u32 },
                leader_epoch: None,
                has_producer: false,
            },
        }
    }
}

/// Looks through the batches in `records` (`UnifiedLog.analyzeAndValidateRecords`).
///
/// A batch that is not all there ends the call without a complaint, and so does, for a follower, the first one of a later
/// leader than the one it follows (KAFKA-18723): `Analysis::valid_bytes` says how much is left
/// (`UnifiedLog.trimInvalidBytes`).
///
/// # Errors
/// In the order of the batches, and for each in this order: `CorruptRecord` for a size below 14 or another magic than 0, 1,
/// 2; `InvalidRecord` for a wrong epoch from a Raft leader, and for a base offset other than 0 from a client;
/// `RecordTooLarge`; `CorruptRecord` for a wrong checksum; `OffsetsOutOfOrder`.
#[inline(always)]
pub fn analyze(records: &[u8], params: &AnalyzeParams) -> Result<Analysis, Refused> {
    analyze_each(records, params, |_| {})
}

/// As [`analyze`], and hands out each batch that counts.
#[inline(always)]
pub(super) fn analyze_each(
    records: &[u8],
    params: &AnalyzeParams,
    mut each: impl FnMut(BatchHead),
) -> Result<Analysis, Refused> {
    let mut found = Analysis {
        first_offset: -1,
        last_offset_of_first_batch: -1,
        last_offset: -1,
        max_timestamp: NO_TIMESTAMP,
        last_leader_epoch: None,
        source_codec: Codec::None,
        valid_bytes: 0,
        batch_count: 0,
    };
    let mut epoch = NO_PARTITION_LEADER_EPOCH;
    let mut offsets_grow = true;
    let mut skip = false;
    let mut batches = AppendedBatches::new(records);
    while let Some(batch) = batches.next_batch()? {
        let batch_epoch = batch.partition_leader_epoch();
        if params.origin == AppendOrigin::RaftLeader && batch_epoch != params.leader_epoch {
            return Err(wrong_raft_epoch(params.leader_epoch, batch_epoch));
        }
        if params.origin == AppendOrigin::Client && batch.magic() >= 2 && batch.stored_offset() != 0 {
            return Err(base_offset_not_zero(batch.stored_offset()));
        }
        skip |= params.origin == AppendOrigin::Replication
            && batch_epoch != NO_PARTITION_LEADER_EPOCH
            && batch_epoch > params.leader_epoch;
        if !skip {
            let last_offset = batch.last_offset()?;
            if found.batch_count == 0 {
                if batch.magic() >= 2 {
                    found.first_offset = batch.stored_offset();
                }
                found.last_offset_of_first_batch = last_offset;
            }
            offsets_grow &= found.last_offset < last_offset;
            found.last_offset = last_offset;
            epoch = batch_epoch;
            let size = batch.size();
            if let Some(max) = params.max_message_bytes
                && size as i64 > i64::from(max)
            {
                return Err(AppendError::RecordTooLarge { size, max: usize::try_from(max).unwrap_or(0) }.into());
            }
            let view = batch.check()?;
            found.max_timestamp = found.max_timestamp.max(view.max_timestamp());
            found.valid_bytes += size;
            found.batch_count += 1;
            each(BatchHead::of_view(&view, last_offset, size));
            match view.codec()? {
                Codec::None => {}
                codec => found.source_codec = codec,
            }
        }
        if params.offsets_must_grow && !offsets_grow {
            return Err(out_of_order(records, &found));
        }
    }
    found.last_leader_epoch = (epoch != NO_PARTITION_LEADER_EPOCH).then_some(epoch);
    Ok(found)
}

/// The error of a follower's append that starts below the log end (`UnexpectedAppendOffsetException`).
///
/// To name the first offsets Kafka reads the records, and what it trips over there it reports instead.
pub fn unexpected_append_offset(records: &[u8], analysis: &Analysis, log_end_offset: i64) -> Refused {
    const SHOWN: usize = 10;
    if analysis.first_offset == -1
        && let Err(error) = check_every_record(records, 1)
    {
        return error;
    }
    let refused = AppendError::UnexpectedAppendOffset {
        first_offset: analysis.first_or_last_offset_of_first_batch(),
        last_offset: analysis.last_offset,
        log_end_offset,
    };
    check_every_record(records, SHOWN).err().unwrap_or_else(|| refused.into())
}

/// As with [`unexpected_append_offset`]: Kafka's message names every offset in the call, so all of it must be readable.
#[cold]
fn out_of_order(records: &[u8], found: &Analysis) -> Refused {
    let refused = AppendError::OffsetsOutOfOrder {
        first_offset: found.first_or_last_offset_of_first_batch(),
        last_offset: found.last_offset,
    };
    check_every_record(records, usize::MAX).err().unwrap_or_else(|| refused.into())
}

#[cold]
fn wrong_raft_epoch(expected: i32, found: i32) -> Refused {
    invalid(format!("leader epoch of a batch from a Raft leader: expected {expected}, found {found}"))
}

#[cold]
fn base_offset_not_zero(found: i64) -> Refused {
    invalid(format!("base offset of a batch from a client: expected 0, found {found}"))
}

fn invalid(message: String) -> Refused {
    AppendError::InvalidRecord { message, records: Vec::new() }.into()
}

#[cfg(test)]
mod tests;
