//! A batch that survived: what the plan has to know of it once its bytes are out of memory.

use std::path::Path;
use std::sync::Arc;

use crate::compression::Decompressor;
use crate::format::batch::{
    BATCH_LENGTH_MIN, HEADER_SIZE_UP_TO_MAGIC, LENGTH, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE,
    PARTITION_LEADER_EPOCH, RecordBatch,
};
use crate::format::control::{ControlRecordType, EndTransactionMarker};
use crate::format::{FormatError, FormatErrorKind};
use crate::segment::batch::{Batch, RawBatch};

/// What a batch means to transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Records outside of transactions, or control records of other kinds.
    Plain,
    /// Records of a transaction.
    Transactional,
    /// The end of a transaction.
    Marker { is_commit: bool, coordinator_epoch: i32 },
}

/// A batch whose checksum holds.
#[derive(Clone, Debug)]
pub(super) struct Survivor {
    /// Where it is in its file.
    pub(super) position: u64,
    pub(super) size: u32,
    pub(super) magic: i8,
    pub(super) first_offset: i64,
    pub(super) last_offset: i64,
    /// -1 where it has none.
    pub(super) leader_epoch: i32,
    /// Of the first record, or the largest where that is not known.
    pub(super) base_timestamp: i64,
    pub(super) max_timestamp: i64,
    pub(super) producer_id: i64,
    pub(super) producer_epoch: i16,
    pub(super) base_sequence: i32,
    pub(super) kind: Kind,
    /// Whether records are missing in it, as compaction leaves it.
    pub(super) is_thinned: bool,
    /// The stored checksum.
    pub(super) crc: u32,
    /// How many batches it stands for (`runs`): its bytes are those of all of them, its first fields those of the first.
    pub(super) batches: u32,
    /// Whether offsets are missing between these.
    pub(super) has_gaps: bool,
    /// The file of another replica that it is taken from.
    pub(super) origin: Option<Arc<Path>>,
    /// The first bytes as they must have been, where those in the file are wrong.
    pub(super) restored: Option<[u8; HEADER_SIZE_UP_TO_MAGIC]>,
    /// Bytes before it in which no batch can be made out, or a batch that was lost.
    pub(super) follows_loss: bool,
    /// Whether its offsets do not fit in, and nothing tells what they were.
    pub(super) is_misplaced: bool,
}

impl Survivor {
    /// How far the last offset is from the first: as much as fits a segment, also where the offsets themselves are wrong.
    pub(super) fn delta(&self) -> i64 {
        self.last_offset.wrapping_sub(self.first_offset)
    }

    /// The offset behind it.
    pub(super) fn end_offset(&self) -> i64 {
        self.last_offset.saturating_add(1)
    }

    /// Whether there is an offset behind it.
    pub(super) fn has_end(&self) -> bool {
        (self.first_offset..i64::MAX).contains(&self.last_offset)
    }

    /// Whether a segment of this base offset can hold it.
    pub(super) fn fits(&self, base_offset: i64) -> bool {
        self.last_offset.saturating_sub(base_offset) <= i64::from(i32::MAX)
    }

    /// Whether a segment of this base offset has to be split for one of its batches.
    pub(super) fn need_split(batches: &[Survivor], base_offset: i64) -> bool {
        batches.iter().any(|batch| !batch.is_misplaced && !batch.fits(base_offset))
    }

    /// Puts right the first bytes.
    fn restore(&mut self, at: usize, value: &[u8], head: [u8; HEADER_SIZE_UP_TO_MAGIC]) {
        let restored = self.restored.get_or_insert(head);
        restored[at..at + value.len()].copy_from_slice(value);
    }

    /// Moves the batch to where it must have been.
    pub(super) fn move_to(&mut self, first_offset: i64, head: [u8; HEADER_SIZE_UP_TO_MAGIC]) {
        // Messages of magic 0 and 1 carry the offset of their last record.
        let last_offset = first_offset + self.delta();
        let field = if self.magic > 1 { first_offset } else { last_offset };
        self.restore(0, &field.to_be_bytes(), head);
        (self.first_offset, self.last_offset) = (first_offset, last_offset);
    }

    pub(super) fn set_leader_epoch(&mut self, epoch: i32, head: [u8; HEADER_SIZE_UP_TO_MAGIC]) {
        self.restore(PARTITION_LEADER_EPOCH, &epoch.to_be_bytes(), head);
        self.leader_epoch = epoch;
    }

    /// The batch, if its records can be read. `is_deep` asks for a look at each of them.
    ///
    /// # Errors
    /// Why they cannot be read; positions are relative to the batch.
    pub(super) fn read(
        batch: &RawBatch<'_>,
        is_deep: bool,
        decompressor: &mut Decompressor,
    ) -> Result<Self, FormatError> {
        match batch.parse()? {
            Batch::Default(parsed) => {
                let kind = read_default(&parsed, is_deep, decompressor)?;
                let header = parsed.header();
                let attributes = header.attributes();
                Ok(Survivor {
                    position: batch.position,
                    size: batch.overhead.size() as u32,
                    magic: header.magic(),
                    first_offset: header.base_offset(),
                    last_offset: header.last_offset(),
                    leader_epoch: header.partition_leader_epoch(),
                    base_timestamp: match header.delete_horizon_ms() {
                        Some(_) => header.max_timestamp(),
                        None => header.base_timestamp().min(header.max_timestamp()),
                    },
                    max_timestamp: header.max_timestamp(),
                    producer_id: header.producer_id(),
                    producer_epoch: header.producer_epoch(),
                    base_sequence: header.base_sequence(),
                    kind,
                    is_thinned: i64::from(header.record_count()) <= i64::from(header.last_offset_delta())
                        || attributes.has_delete_horizon(),
                    crc: header.crc(),
                    batches: 1,
                    has_gaps: false,
                    origin: None,
                    restored: None,
                    follows_loss: false,
                    is_misplaced: false,
                })
            }
            Batch::Legacy(message) => {
                let mut first_offset = message.offset();
                if is_deep {
                    let mut first = None;
                    let records = match message.records(decompressor) {
                        Ok(records) => Some(records),
                        Err(error) if is_excused(&error) => None,
                        Err(error) => return Err(error),
                    };
                    for record in records.into_iter().flatten() {
                        let record = record?;
                        record.key()?;
                        record.value()?;
                        first.get_or_insert(record.offset());
                    }
                    // Of a message with more offsets in it than a segment can hold, the last alone is believed.
                    let is_near = |first: &i64| (0..=i64::from(i32::MAX)).contains(&first_offset.wrapping_sub(*first));
                    first_offset = first.filter(is_near).unwrap_or(first_offset);
                }
                Ok(Survivor {
                    position: batch.position,
                    size: batch.overhead.size() as u32,
                    magic: message.magic(),
                    first_offset,
                    last_offset: message.offset(),
                    leader_epoch: NO_PARTITION_LEADER_EPOCH,
                    base_timestamp: message.timestamp(),
                    max_timestamp: message.timestamp(),
                    producer_id: NO_PRODUCER_ID,
                    producer_epoch: -1,
                    base_sequence: NO_SEQUENCE,
                    kind: Kind::Plain,
                    is_thinned: false,
                    crc: message.crc(),
                    batches: 1,
                    has_gaps: false,
                    origin: None,
                    restored: None,
                    follows_loss: false,
                    is_misplaced: false,
                })
            }
        }
    }
}

fn read_default(batch: &RecordBatch<'_>, is_deep: bool, decompressor: &mut Decompressor) -> Result<Kind, FormatError> {
    let header = batch.header();
    let attributes = header.attributes();
    let invalid = |what| FormatError::new(0, "batch header", FormatErrorKind::Invalid(what));
    if header.last_offset_delta() < 0 {
        return Err(invalid("expected a last offset delta of 0 and above, found a negative one"));
    }
    if attributes.is_control() {
        return read_control(batch, decompressor);
    }
    if is_deep {
        match batch.records(decompressor) {
            Ok(records) => {
                for record in records {
                    record?;
                }
            }
            Err(error) if is_excused(&error) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(if attributes.is_transactional() { Kind::Transactional } else { Kind::Plain })
}

/// What a control batch says. One that says nothing of transactions is none of our business, whatever is in it.
fn read_control(batch: &RecordBatch<'_>, decompressor: &mut Decompressor) -> Result<Kind, FormatError> {
    let header = batch.header();
    if header.producer_id() < 0 || header.record_count() == 0 {
        return Ok(Kind::Plain);
    }
    let Some(record) = batch.records(decompressor)?.next() else { return Ok(Kind::Plain) };
    let record = record?;
    let is_commit = match ControlRecordType::parse(record.key)? {
        ControlRecordType::Abort => false,
        ControlRecordType::Commit => true,
        _ => return Ok(Kind::Plain),
    };
    let marker = EndTransactionMarker::parse(record.value)?;
    Ok(Kind::Marker { is_commit, coordinator_epoch: marker.coordinator_epoch })
}

/// Whether a stream that was not decompressed may be a good one all the same.
fn is_excused(error: &FormatError) -> bool {
    use crate::compression::Problem;
    matches!(&error.kind, FormatErrorKind::Compression(e)
        if matches!(e.problem, Problem::TooLarge { .. } | Problem::Unsupported))
}

/// The batch that `bytes` would be if only the fields outside of the checksum were wrong: length and magic put right.
pub(super) fn with_length_and_magic(bytes: &mut [u8]) -> bool {
    let Some(length) = bytes.len().checked_sub(12).and_then(|length| i32::try_from(length).ok()) else { return false };
    if length < BATCH_LENGTH_MIN || bytes.len() < crate::format::batch::RECORD_BATCH_OVERHEAD {
        return false;
    }
    bytes[LENGTH..LENGTH + 4].copy_from_slice(&length.to_be_bytes());
    bytes[HEADER_SIZE_UP_TO_MAGIC - 1] = 2;
    RecordBatch::parse(bytes).is_ok_and(|batch| batch.is_valid())
}
