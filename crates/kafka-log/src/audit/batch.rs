//! What is remembered of a batch after its bytes are gone: the one summary that every decider works on.

mod header;
mod partial;
mod records;

use std::path::Path;
use std::sync::Arc;

pub(crate) use partial::Partial;

use super::code::Code;
use crate::compression::Decompressor;
use crate::format::FormatError;
use crate::format::batch::{
    Attributes, BatchHeader, HEADER_SIZE_UP_TO_MAGIC, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE,
    PARTITION_LEADER_EPOCH, RecordBatch,
};
use crate::format::legacy::LegacyRecord;
use crate::segment::batch::{Batch, RawBatch};

/// The newest version of batches.
const MAGIC: i8 = 2;

/// What a batch means to transactions.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Records outside of transactions, or control records of other kinds.
    Plain,
    /// Records of a transaction.
    Transactional,
    /// The end of a transaction.
    Marker { is_commit: bool, coordinator_epoch: i32 },
}

/// Whether a batch stays in the log, and why not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Kept,
    /// Its offsets do not fit in, and nothing tells what they were.
    Misplaced,
    /// All of its offsets are claimed by batches of this higher leader epoch.
    Superseded {
        by_epoch: i32,
    },
}

/// Something odd about a batch whose checksum holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Problem {
    pub(crate) code: Code,
    /// Whether readers cannot get all records because of it.
    pub(crate) is_loss: bool,
    pub(crate) expected: String,
    pub(crate) found: String,
}

impl Problem {
    /// Records that cannot be read.
    pub(crate) fn unreadable(code: Code, error: &FormatError) -> Self {
        Problem { code, is_loss: true, expected: error.expected(), found: error.found() }
    }

    /// A field that no reader checks.
    pub(crate) fn odd(code: Code, expected: impl Into<String>, found: impl ToString) -> Self {
        Problem { code, is_loss: false, expected: expected.into(), found: found.to_string() }
    }
}

/// What few batches have.
#[derive(Clone, Debug, Default)]
pub(crate) struct Rare {
    pub(crate) problems: Vec<Problem>,
    /// The file of another replica that it is taken from.
    pub(crate) origin: Option<Arc<Path>>,
    /// The bytes up to the magic as they must have been, where those in the file are wrong.
    pub(crate) restored: Option<[u8; HEADER_SIZE_UP_TO_MAGIC]>,
    /// The part of its records that is kept, if not all of them are.
    pub(crate) partial: Option<Partial>,
}

/// A batch whose checksum holds, without its bytes.
#[derive(Clone, Debug)]
pub(crate) struct BatchSummary {
    pub(crate) position: u64,
    /// Bytes; those of all batches that it stands for.
    pub(crate) size: u32,
    pub(crate) magic: i8,
    /// Of a compressed batch of magic 0 or 1 only the last offset is known without a look inside: then this is the last
    /// one, too.
    pub(crate) first_offset: i64,
    pub(crate) last_offset: i64,
    pub(crate) knows_first: bool,
    /// -1 where it has none.
    pub(crate) leader_epoch: i32,
    pub(crate) attributes: Attributes,
    pub(crate) base_timestamp: i64,
    pub(crate) max_timestamp: i64,
    pub(crate) producer_id: i64,
    pub(crate) producer_epoch: i16,
    pub(crate) base_sequence: i32,
    pub(crate) record_count: i32,
    /// The stored checksum.
    pub(crate) crc: u32,
    pub(crate) kind: Kind,
    /// Type of the first record of a control batch, -1 where there is none.
    pub(crate) control: i16,
    /// Number of batches in this summary (`runs`). The size covers all batches; the first fields describe the first batch.
    pub(crate) batches: u32,
    /// Whether offsets are missing between these.
    pub(crate) has_gaps: bool,
    /// Whether something before it was lost.
    pub(crate) follows_loss: bool,
    pub(crate) fate: Fate,
    pub(crate) rare: Option<Box<Rare>>,
}

impl BatchSummary {
    /// What there is to remember of a batch whose shape is right.
    #[inline]
    fn of(raw: &RawBatch<'_>, batch: &Batch<'_>) -> Self {
        match batch {
            Batch::Default(batch) => BatchSummary::of_default(raw.position, batch.as_bytes().len(), &batch.header()),
            Batch::Legacy(message) => BatchSummary::of_legacy(raw.position, raw.as_bytes().len(), message),
        }
    }

    #[inline]
    pub(crate) fn of_default(position: u64, size: usize, header: &BatchHeader<'_>) -> Self {
        let attributes = header.attributes();
        BatchSummary {
            position,
            size: size as u32,
            magic: header.magic(),
            first_offset: header.base_offset(),
            last_offset: header.last_offset(),
            knows_first: true,
            leader_epoch: header.partition_leader_epoch(),
            attributes,
            base_timestamp: header.base_timestamp(),
            max_timestamp: header.max_timestamp(),
            producer_id: header.producer_id(),
            producer_epoch: header.producer_epoch(),
            base_sequence: header.base_sequence(),
            record_count: header.record_count(),
            crc: header.crc(),
            kind: if attributes.is_transactional() && !attributes.is_control() {
                Kind::Transactional
            } else {
                Kind::Plain
            },
            control: -1,
            batches: 1,
            has_gaps: false,
            follows_loss: false,
            fate: Fate::Kept,
            rare: None,
        }
    }

    fn of_legacy(position: u64, size: usize, message: &LegacyRecord<'_>) -> Self {
        let attributes = Attributes(i16::from(message.attributes()) & 0x0f);
        BatchSummary {
            position,
            size: size as u32,
            magic: message.magic(),
            first_offset: message.offset(),
            last_offset: message.offset(),
            knows_first: attributes.codec_id() == 0,
            leader_epoch: NO_PARTITION_LEADER_EPOCH,
            attributes,
            base_timestamp: message.timestamp(),
            max_timestamp: message.timestamp(),
            producer_id: NO_PRODUCER_ID,
            producer_epoch: -1,
            base_sequence: NO_SEQUENCE,
            record_count: 1,
            crc: message.crc(),
            kind: Kind::Plain,
            control: -1,
            batches: 1,
            has_gaps: false,
            follows_loss: false,
            fate: Fate::Kept,
            rare: None,
        }
    }

    /// Position after it.
    pub(crate) fn end(&self) -> u64 {
        self.position + u64::from(self.size)
    }

    /// Distance of the last offset from the first, also where the offsets themselves are wrong.
    pub(crate) fn delta(&self) -> i64 {
        self.last_offset.wrapping_sub(self.first_offset)
    }

    /// The offset after it.
    pub(crate) fn end_offset(&self) -> i64 {
        self.last_offset.saturating_add(1)
    }

    /// Whether its offsets can be counted on from.
    pub(crate) fn has_end(&self) -> bool {
        (self.first_offset..i64::MAX).contains(&self.last_offset)
    }

    /// Whether a segment of this base offset can hold it.
    pub(crate) fn fits(&self, base_offset: i64) -> bool {
        self.last_offset.saturating_sub(base_offset) <= i64::from(i32::MAX)
    }

    pub(crate) fn is_kept(&self) -> bool {
        self.fate == Fate::Kept
    }

    /// Whether records are missing in it, as compaction leaves it.
    #[inline]
    pub(crate) fn is_compacted(&self) -> bool {
        self.magic >= 2
            && (self.attributes.has_delete_horizon() || i64::from(self.record_count) < self.delta().saturating_add(1))
    }

    /// Smallest timestamp that a record of it may have, as far as the header tells.
    pub(crate) fn least_timestamp(&self) -> i64 {
        if self.attributes.has_delete_horizon() {
            self.max_timestamp
        } else {
            self.base_timestamp.min(self.max_timestamp)
        }
    }

    pub(crate) fn problems(&self) -> &[Problem] {
        self.rare.as_ref().map_or(&[], |rare| &rare.problems)
    }

    /// The problem because of which not all of its records can be read.
    pub(crate) fn loss(&self) -> Option<&Problem> {
        self.problems().iter().find(|problem| problem.is_loss)
    }

    pub(crate) fn origin(&self) -> Option<&Arc<Path>> {
        self.rare.as_ref()?.origin.as_ref()
    }

    pub(crate) fn restored(&self) -> Option<&[u8; HEADER_SIZE_UP_TO_MAGIC]> {
        self.rare.as_ref()?.restored.as_ref()
    }

    pub(crate) fn partial(&self) -> Option<Partial> {
        self.rare.as_ref()?.partial
    }

    pub(crate) fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    fn complain(&mut self, problem: Problem) {
        self.rare_mut().problems.push(problem);
    }

    /// Whether the log must be written again for it.
    pub(crate) fn is_changed(&self) -> bool {
        self.fate != Fate::Kept
            || self
                .rare
                .as_ref()
                .is_some_and(|rare| rare.restored.is_some() || rare.partial.is_some() || rare.origin.is_some())
    }

    fn restore(&mut self, at: usize, value: &[u8], head: [u8; HEADER_SIZE_UP_TO_MAGIC]) {
        let restored = self.rare_mut().restored.get_or_insert(head);
        restored[at..at + value.len()].copy_from_slice(value);
    }

    /// The first bytes of the batch must be these, whatever is in the file.
    pub(crate) fn keep_head(&mut self, bytes: &[u8]) {
        self.rare_mut().restored = bytes.first_chunk().copied();
    }

    /// Moves the batch to where it must have been.
    pub(crate) fn move_to(&mut self, first_offset: i64, head: [u8; HEADER_SIZE_UP_TO_MAGIC]) {
        // Messages of magic 0 and 1 carry the offset of their last record.
        let last_offset = first_offset + self.delta();
        let field = if self.magic > 1 { first_offset } else { last_offset };
        self.restore(0, &field.to_be_bytes(), head);
        (self.first_offset, self.last_offset) = (first_offset, last_offset);
    }

    pub(crate) fn set_leader_epoch(&mut self, epoch: i32, head: [u8; HEADER_SIZE_UP_TO_MAGIC]) {
        self.restore(PARTITION_LEADER_EPOCH, &epoch.to_be_bytes(), head);
        self.leader_epoch = epoch;
    }
}

/// Turns batches into summaries.
pub(crate) struct Summarizer {
    is_deep: bool,
    decompressor: Decompressor,
}

impl Summarizer {
    /// `is_deep` asks for decoding every record, each batch decompressed to no more than `decompressed_max` bytes.
    pub(crate) fn new(is_deep: bool, decompressed_max: usize) -> Self {
        Summarizer { is_deep, decompressor: Decompressor::new(decompressed_max) }
    }

    /// A batch whose shape is right and whose checksum holds; `None` for another.
    #[inline]
    pub(crate) fn summarize(&mut self, raw: &RawBatch<'_>) -> Option<BatchSummary> {
        let batch = raw.parse().ok()?;
        let is_valid = match &batch {
            Batch::Default(batch) => batch.is_valid(),
            Batch::Legacy(message) => message.is_valid(),
        };
        is_valid.then(|| self.summarize_valid(raw, &batch))
    }

    /// A batch whose checksum is known to hold.
    #[inline]
    pub(crate) fn summarize_valid(&mut self, raw: &RawBatch<'_>, batch: &Batch<'_>) -> BatchSummary {
        let mut summary = BatchSummary::of(raw, batch);
        if summary.magic > MAGIC {
            // The checksum covers all that follows the magic, and there is no version after 2.
            let head = raw.as_bytes().first_chunk().copied();
            if let Some(head) = head {
                summary.restore(HEADER_SIZE_UP_TO_MAGIC - 1, &[MAGIC as u8], head);
            }
            summary.magic = MAGIC;
        }
        header::check(&mut summary);
        match batch {
            Batch::Default(batch) if summary.attributes.is_control() => {
                records::check_control(&mut summary, batch, &mut self.decompressor);
            }
            _ if self.is_deep && summary.loss().is_none() => {
                records::check(&mut summary, batch, &mut self.decompressor);
            }
            _ => {}
        }
        summary
    }

    /// The batch that `bytes` is, where only fields outside of its checksum are wrong: length, and magic (2). The bytes
    /// are changed to what they must have been.
    pub(crate) fn restore(&mut self, bytes: &mut [u8], position: u64) -> Option<BatchSummary> {
        use crate::format::batch::{BATCH_LENGTH_MIN, LENGTH, RECORD_BATCH_OVERHEAD};
        let length = bytes.len().checked_sub(12).and_then(|length| i32::try_from(length).ok())?;
        if length < BATCH_LENGTH_MIN || bytes.len() < RECORD_BATCH_OVERHEAD {
            return None;
        }
        bytes[LENGTH..LENGTH + 4].copy_from_slice(&length.to_be_bytes());
        bytes[HEADER_SIZE_UP_TO_MAGIC - 1] = MAGIC as u8;
        let is_valid = RecordBatch::parse(bytes).is_ok_and(|batch| batch.is_valid());
        let raw = RawBatch::split_first(bytes, position).ok().flatten().filter(|_| is_valid)?;
        let mut summary = self.summarize(&raw)?;
        summary.keep_head(bytes);
        Some(summary)
    }
}
