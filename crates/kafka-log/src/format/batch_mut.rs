//! What a broker changes in a batch in place: offsets, leader epoch, timestamps, checksum (`MutableRecordBatch`).

use super::batch::{
    ATTRIBUTES, Attributes, BASE_OFFSET, BatchHeader, BatchOverhead, CRC, HEADER_SIZE_UP_TO_MAGIC, LOG_OVERHEAD,
    MAX_TIMESTAMP, PARTITION_LEADER_EPOCH, RECORD_BATCH_OVERHEAD, RecordBatch, TimestampType,
};
use super::checksum::{RunningChecksum, crc32};
use super::legacy::{self, LegacyRecord};
use super::{FormatError, FormatErrorKind};

/// The header of a batch of magic 2, apart from the records after it, to be changed in place.
#[derive(Debug)]
pub struct BatchHeaderMut<'a>(&'a mut [u8; RECORD_BATCH_OVERHEAD]);

impl<'a> BatchHeaderMut<'a> {
    /// The header in `bytes`.
    #[inline]
    pub const fn new(bytes: &'a mut [u8; RECORD_BATCH_OVERHEAD]) -> Self {
        BatchHeaderMut(bytes)
    }

    /// The header at the start of `bytes`; `None` where fewer than 61 are there.
    #[inline]
    pub fn of(bytes: &'a mut [u8]) -> Option<Self> {
        bytes.first_chunk_mut().map(BatchHeaderMut)
    }

    fn view(&self) -> BatchHeader<'_> {
        BatchHeader::of(self.0)
    }

    /// Moves the batch so that its last offset is this one. The checksum does not cover the offset.
    #[inline]
    pub fn set_last_offset(&mut self, last_offset: i64) {
        let delta = self.view().last_offset_delta();
        put(self.0, BASE_OFFSET, &last_offset.wrapping_sub(delta.into()).to_be_bytes());
    }

    /// Sets the leader epoch. The checksum does not cover it.
    #[inline]
    pub fn set_partition_leader_epoch(&mut self, epoch: i32) {
        put(self.0, PARTITION_LEADER_EPOCH, &epoch.to_be_bytes());
    }

    /// Sets the timestamp type and the largest timestamp in ms, and computes the checksum again if one of them changes; `records` are the
    /// bytes after the header. Bits of the attributes that Kafka does not know are lost then, as in Kafka.
    ///
    /// # Errors
    /// `Invalid` for no timestamp type; `OutOfRange` where the attributes name no codec. The header is then as it was.
    #[inline]
    pub fn set_max_timestamp(
        &mut self,
        kind: TimestampType,
        max_timestamp: i64,
        records: &[u8],
    ) -> Result<(), FormatError> {
        let old = self.view().attributes();
        if kind == TimestampType::NoTimestampType {
            let kind = FormatErrorKind::Invalid { expected: "a timestamp type", found: "none" };
            return Err(FormatError::new(super::batch::MAGIC, "timestamp type", kind));
        }
        if old.timestamp_type() == kind && self.view().max_timestamp() == max_timestamp {
            return Ok(());
        }
        old.codec()?;
        let kept = i16::from(Attributes::CODEC_MASK)
            | Attributes::TRANSACTIONAL
            | Attributes::CONTROL
            | Attributes::DELETE_HORIZON;
        let log_append_time = kind == TimestampType::LogAppendTime;
        let new = old.0 & kept | if log_append_time { Attributes::TIMESTAMP_TYPE } else { 0 };
        put(self.0, ATTRIBUTES, &new.to_be_bytes());
        put(self.0, MAX_TIMESTAMP, &max_timestamp.to_be_bytes());
        let mut crc = RunningChecksum::of_magic(2);
        crc.update(&self.0[ATTRIBUTES..]);
        crc.update(records);
        put(self.0, CRC, &crc.value().to_be_bytes());
        Ok(())
    }
}

#[inline]
fn put(bytes: &mut [u8], at: usize, value: &[u8]) {
    bytes[at..at + value.len()].copy_from_slice(value);
}

/// A whole batch of any version, to be changed in place.
#[derive(Debug)]
pub struct BatchMut<'a> {
    bytes: &'a mut [u8],
    magic: i8,
}

impl<'a> BatchMut<'a> {
    /// The batch that `bytes` is, first byte to last.
    ///
    /// # Errors
    /// As [`RecordBatch::parse`] and [`LegacyRecord::parse`]; a magic other than 0, 1 and 2.
    #[inline]
    pub fn parse(bytes: &'a mut [u8]) -> Result<Self, FormatError> {
        let Some(overhead) = bytes.first_chunk::<HEADER_SIZE_UP_TO_MAGIC>() else {
            let kind =
                FormatErrorKind::Truncated { needed: HEADER_SIZE_UP_TO_MAGIC as u64, available: bytes.len() as u64 };
            return Err(FormatError::new(0, "record batch", kind));
        };
        let magic = BatchOverhead::parse(overhead)?.magic;
        match magic {
            0 | 1 => LegacyRecord::parse(bytes).map(|_| ())?,
            2 => RecordBatch::parse(bytes).map(|_| ())?,
            found => {
                let kind = FormatErrorKind::OutOfRange { min: 0, max: 2, found: found.into() };
                return Err(FormatError::new(super::batch::MAGIC, "magic", kind));
            }
        }
        Ok(BatchMut { bytes, magic })
    }

    /// Moves the batch so that its last offset is this one. The checksum does not cover the offset.
    #[inline]
    pub fn set_last_offset(&mut self, last_offset: i64) {
        match BatchHeaderMut::of(self.bytes) {
            Some(mut header) if self.magic == 2 => header.set_last_offset(last_offset),
            _ => put(self.bytes, BASE_OFFSET, &last_offset.to_be_bytes()),
        }
    }

    /// Sets the leader epoch. The checksum does not cover it.
    ///
    /// # Errors
    /// `Invalid` for magic 0 and 1, which have none.
    #[inline]
    pub fn set_partition_leader_epoch(&mut self, epoch: i32) -> Result<(), FormatError> {
        if self.magic < 2 {
            let kind = FormatErrorKind::Invalid { expected: "magic 2", found: "a version without leader epochs" };
            return Err(FormatError::new(super::batch::MAGIC, "magic", kind));
        }
        put(self.bytes, PARTITION_LEADER_EPOCH, &epoch.to_be_bytes());
        Ok(())
    }

    /// Sets the timestamp type and the largest timestamp in ms, and the checksum again where one of them changes. Bits of
    /// the attributes that Kafka does not know are lost then, as in Kafka.
    ///
    /// # Errors
    /// `Invalid` for magic 0, which has no timestamps, and for no timestamp type where there must be one; `OutOfRange`
    /// where the attributes name no codec. The batch is then as it was.
    #[inline]
    pub fn set_max_timestamp(&mut self, kind: TimestampType, max_timestamp: i64) -> Result<(), FormatError> {
        if kind == TimestampType::NoTimestampType && self.magic > 0 {
            let kind = FormatErrorKind::Invalid { expected: "a timestamp type", found: "none" };
            return Err(FormatError::new(super::batch::MAGIC, "timestamp type", kind));
        }
        match self.magic {
            2 => {
                let (head, records) = self.bytes.split_at_mut(RECORD_BATCH_OVERHEAD);
                if let Some(mut header) = BatchHeaderMut::of(head) {
                    header.set_max_timestamp(kind, max_timestamp, records)?;
                }
            }
            1 => {
                let old = LegacyRecord::parse(self.bytes)?;
                if old.timestamp_type() == kind && old.timestamp() == max_timestamp {
                    return Ok(());
                }
                let attributes = legacy::attributes(old.codec()?, kind);
                put(self.bytes, LOG_OVERHEAD + legacy::ATTRIBUTES, &[attributes]);
                put(self.bytes, LOG_OVERHEAD + legacy::TIMESTAMP, &max_timestamp.to_be_bytes());
                let crc = crc32(&self.bytes[LOG_OVERHEAD + legacy::MAGIC..]);
                put(self.bytes, LOG_OVERHEAD, &crc.to_be_bytes());
            }
            _ => {
                let kind = FormatErrorKind::Invalid { expected: "magic 1 or 2", found: "a version without timestamps" };
                return Err(FormatError::new(super::batch::MAGIC, "magic", kind));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
