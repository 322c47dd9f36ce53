//! What is remembered of a batch once its bytes are gone.

use crate::format::FormatError;
use crate::format::batch::{Attributes, BatchHeader, NO_PARTITION_LEADER_EPOCH, NO_PRODUCER_ID, NO_SEQUENCE};
use crate::format::control::{ControlRecordType, EndTransactionMarker};
use crate::format::legacy::LegacyRecord;
use crate::segment::batch::{Batch, RawBatch};
use crate::verify::code::Code;

/// A control record that ends a transaction.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::verify) struct Marker {
    pub(in crate::verify) is_commit: bool,
    pub(in crate::verify) coordinator_epoch: i32,
}

/// Something wrong with a batch whose checksum holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::verify) struct Problem {
    pub(in crate::verify) code: Code,
    /// Whether the batch cannot be used because of it.
    pub(in crate::verify) is_loss: bool,
    pub(in crate::verify) expected: String,
    pub(in crate::verify) found: String,
}

impl Problem {
    /// What a format error says, from "expected" on.
    pub(super) fn of(code: Code, error: &FormatError) -> Self {
        let text = error.to_string();
        let (expected, found) = text.split_once(", found ").unwrap_or(("bytes that can be read", &text));
        let expected = expected.replace(": expected ", ": ");
        Problem { code, is_loss: true, expected, found: found.to_owned() }
    }
}

/// A batch whose checksum holds, without its bytes.
#[derive(Clone, Debug)]
pub(in crate::verify) struct Seen {
    pub(in crate::verify) position: u64,
    pub(in crate::verify) size: u32,
    pub(in crate::verify) magic: i8,
    /// Of a compressed batch of magic 0 or 1 only the last offset is known: then this is the last one, too.
    pub(in crate::verify) first_offset: i64,
    pub(in crate::verify) last_offset: i64,
    pub(in crate::verify) knows_first: bool,
    pub(in crate::verify) epoch: i32,
    pub(in crate::verify) attributes: Attributes,
    pub(in crate::verify) base_timestamp: i64,
    pub(in crate::verify) max_timestamp: i64,
    pub(in crate::verify) producer_id: i64,
    pub(in crate::verify) producer_epoch: i16,
    pub(in crate::verify) base_sequence: i32,
    pub(in crate::verify) record_count: i32,
    pub(in crate::verify) marker: Option<Marker>,
    /// Type of the first record of a control batch.
    pub(in crate::verify) control: Option<i16>,
    pub(in crate::verify) problems: Vec<Problem>,
    /// Stretches without a batch directly before it.
    pub(super) holes_before: u32,
    /// The length field in the file, where it is another than the true one.
    pub(super) wrong_length: Option<i32>,
    /// The magic in the file, where it is another than the true one.
    pub(super) wrong_magic: Option<i8>,
}

impl Seen {
    /// What there is to remember of a batch whose shape is right.
    #[inline]
    pub(super) fn of(raw: &RawBatch<'_>, batch: &Batch<'_>) -> Self {
        match batch {
            Batch::Default(batch) => Seen::of_default(raw.position, batch.as_bytes().len(), &batch.header()),
            Batch::Legacy(message) => Seen::of_legacy(raw.position, raw.as_bytes().len(), message),
        }
    }

    #[inline]
    fn of_default(position: u64, size: usize, header: &BatchHeader<'_>) -> Self {
        Seen {
            position,
            size: size as u32,
            magic: 2,
            first_offset: header.base_offset(),
            last_offset: header.last_offset(),
            knows_first: true,
            epoch: header.partition_leader_epoch(),
            attributes: header.attributes(),
            base_timestamp: header.base_timestamp(),
            max_timestamp: header.max_timestamp(),
            producer_id: header.producer_id(),
            producer_epoch: header.producer_epoch(),
            base_sequence: header.base_sequence(),
            record_count: header.record_count(),
            marker: None,
            control: None,
            problems: Vec::new(),
            holes_before: 0,
            wrong_length: None,
            wrong_magic: (header.magic() != 2).then(|| header.magic()),
        }
    }

    /// A batch of magic 2 in whose place of the magic another stands.
    pub(super) fn with_magic(position: u64, size: usize, header: &BatchHeader<'_>, found: i8) -> Self {
        let mut seen = Seen::of_default(position, size, header);
        super::header::check(&mut seen);
        seen.wrong_magic = Some(found);
        seen
    }

    fn of_legacy(position: u64, size: usize, message: &LegacyRecord<'_>) -> Self {
        let attributes = Attributes(i16::from(message.attributes()) & 0x0f);
        Seen {
            position,
            size: size as u32,
            magic: message.magic(),
            first_offset: message.offset(),
            last_offset: message.offset(),
            knows_first: attributes.codec_id() == 0,
            epoch: NO_PARTITION_LEADER_EPOCH,
            attributes,
            base_timestamp: message.timestamp(),
            max_timestamp: message.timestamp(),
            producer_id: NO_PRODUCER_ID,
            producer_epoch: -1,
            base_sequence: NO_SEQUENCE,
            record_count: 1,
            marker: None,
            control: None,
            problems: Vec::new(),
            holes_before: 0,
            wrong_length: None,
            wrong_magic: None,
        }
    }

    /// Position behind it.
    pub(in crate::verify) fn end(&self) -> u64 {
        self.position + u64::from(self.size)
    }

    /// Distance of the last offset from the first.
    pub(in crate::verify) fn delta(&self) -> i64 {
        self.last_offset.wrapping_sub(self.first_offset)
    }

    /// Whether a newer cleaner, or any, has been at it: records are missing, or it holds a horizon.
    pub(in crate::verify) fn is_compacted(&self) -> bool {
        self.magic == 2
            && (self.attributes.has_delete_horizon() || i64::from(self.record_count) < self.delta().saturating_add(1))
    }

    pub(super) fn complain(&mut self, problem: Problem) {
        self.problems.push(problem);
    }
}

/// The marker in the first record of a control batch that has a producer.
pub(super) fn marker(key: Option<&[u8]>, value: Option<&[u8]>) -> Result<Option<Marker>, FormatError> {
    let is_commit = match ControlRecordType::parse(key)? {
        ControlRecordType::Commit => true,
        ControlRecordType::Abort => false,
        _ => return Ok(None),
    };
    let EndTransactionMarker { coordinator_epoch } = EndTransactionMarker::parse(value)?;
    Ok(Some(Marker { is_commit, coordinator_epoch }))
}
