//! The front of a batch as it is judged before its checksum is.

use crate::format::batch::{
    ATTRIBUTES, BATCH_LENGTH_MIN, BatchHeader, HEADER_SIZE_UP_TO_MAGIC, LENGTH, LOG_OVERHEAD, MAGIC,
    RECORD_BATCH_OVERHEAD,
};
use crate::format::bytes::{i32_in, i64_in};
use crate::format::checksum::RunningChecksum;
use crate::format::legacy;

/// Smallest record of magic 2, in bytes: each of its seven fields takes one.
const RECORD_LEN_MIN: i32 = 7;
/// Bits of the attributes that no version uses.
const UNUSED_ATTRIBUTES: i16 = !0x7f;

/// The offsets that a file can hold: the first, and how many follow it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Offsets {
    pub(super) first: i64,
    pub(super) behind: u64,
}

impl Offsets {
    #[inline]
    pub(super) fn contains(self, offset: i64) -> bool {
        offset >= self.first && offset.wrapping_sub(self.first) as u64 <= self.behind
    }
}

/// What the first bytes of a batch say, whether it is one or not.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// Of the whole batch, in bytes.
    pub(super) size: u64,
    length: i32,
    magic: i8,
    pub(super) first_offset: i64,
    pub(super) last_offset: i64,
    /// Is `first_offset` what it says? That of a wrapper message is in its compressed part.
    pub(super) knows_first: bool,
    pub(super) crc: u32,
    /// Do all fields but the length make sense, given the offsets that the file can hold?
    pub(super) is_plausible: bool,
    /// Can a batch of its version be this long?
    pub(super) has_length: bool,
    /// Is there room for as many records as it counts?
    pub(super) has_room: bool,
}

impl Head {
    /// Reads the front of a batch, of which `bytes` are the first 61 or all that the file has; `None` where there are
    /// too few for any batch.
    pub(super) fn read(bytes: &[u8], offsets: Offsets) -> Option<Self> {
        let length = i32_in(bytes, LENGTH)?;
        let first_offset = i64_in(bytes, 0)?;
        let magic = *bytes.get(MAGIC)? as i8;
        let size = LOG_OVERHEAD as u64 + u64::try_from(length).unwrap_or(0);
        let head = Head {
            size,
            length,
            magic,
            first_offset,
            last_offset: first_offset,
            knows_first: true,
            crc: 0,
            is_plausible: false,
            has_length: length >= BATCH_LENGTH_MIN,
            has_room: true,
        };
        if magic > 1 { head.of_default(bytes, length, offsets) } else { head.of_legacy(bytes, length, offsets) }
    }

    fn of_default(self, bytes: &[u8], length: i32, offsets: Offsets) -> Option<Self> {
        let (header, _) = BatchHeader::split_first(bytes).ok()?;
        let attributes = header.attributes();
        let records_len = length.saturating_sub((RECORD_BATCH_OVERHEAD - LOG_OVERHEAD) as i32);
        let is_plausible = self.magic == 2
            && attributes.codec().is_ok()
            && attributes.0 & UNUSED_ATTRIBUTES == 0
            && header.last_offset_delta() >= 0
            // More records than offsets are what old brokers stored for old producers.
            && header.record_count() >= 0
            && offsets.contains(header.base_offset())
            && offsets.contains(header.last_offset())
            && header.partition_leader_epoch() >= -1
            && header.producer_id() >= -1
            && header.producer_epoch() >= -1
            && header.base_sequence() >= -1;
        let has_room = attributes.codec_id() != 0 || header.record_count() <= records_len / RECORD_LEN_MIN;
        let has_length = self.has_length && records_len >= 0;
        Some(Head { last_offset: header.last_offset(), crc: header.crc(), is_plausible, has_length, has_room, ..self })
    }

    fn of_legacy(self, bytes: &[u8], length: i32, offsets: Offsets) -> Option<Self> {
        let content = bytes.get(LOG_OVERHEAD..)?;
        let (key_length_at, least) = if self.magic == 0 { (6, BATCH_LENGTH_MIN) } else { (14, BATCH_LENGTH_MIN + 8) };
        let key_length = i32_in(content, key_length_at)?;
        let attributes = *content.get(legacy::ATTRIBUTES)?;
        let is_plausible = self.magic >= 0
            && attributes & 0xf0 == 0
            && attributes & 0x07 <= 3
            && offsets.contains(self.first_offset)
            && key_length >= -1;
        let has_length = self.has_length && length >= least && key_length <= length - least;
        let knows_first = attributes & 0x07 == 0;
        Some(Head { crc: i32_in(content, 0)? as u32, knows_first, is_plausible, has_length, ..self })
    }

    /// The length field.
    pub(super) fn length(&self) -> i32 {
        self.length
    }

    /// The checksum over nothing yet of what the batch's checksum covers.
    pub(super) fn running_checksum(&self) -> RunningChecksum {
        RunningChecksum::of_magic(self.magic)
    }

    /// Where the bytes begin that the checksum covers, from the start of the batch.
    pub(super) fn covered_from(&self) -> u64 {
        if self.magic > 1 { ATTRIBUTES as u64 } else { (LOG_OVERHEAD + legacy::MAGIC) as u64 }
    }
}

/// Bytes that a batch has at least.
pub(super) const SIZE_MIN: u64 = LOG_OVERHEAD as u64 + BATCH_LENGTH_MIN as u64;
const _: () = assert!(SIZE_MIN as usize > HEADER_SIZE_UP_TO_MAGIC);
