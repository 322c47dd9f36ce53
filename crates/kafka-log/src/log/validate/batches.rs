//! The batches of an append, in memory (`ByteBufferLogInputStream`), with Kafka's answer to each way in which they can be
//! too short.

use super::refuse::{corrupt, invalid, trips};
use crate::compression::Codec;
use crate::format::batch::{
    BASE_OFFSET, BATCH_LENGTH_MIN, HEADER_SIZE_UP_TO_MAGIC, LAST_OFFSET_DELTA, LENGTH, LOG_OVERHEAD, MAGIC,
    NO_PARTITION_LEADER_EPOCH, PARTITION_LEADER_EPOCH, RECORD_BATCH_OVERHEAD, RecordBatch,
};
use crate::format::bytes::{i32_in, i64_in};
use crate::format::legacy::LegacyRecord;
use crate::log::error::{AppendError, Refused};

/// Walks through the batches of an append.
pub(crate) struct AppendedBatches<'b> {
    rest: &'b [u8],
}

impl<'b> AppendedBatches<'b> {
    pub(crate) fn new(records: &'b [u8]) -> Self {
        AppendedBatches { rest: records }
    }

    /// The next batch; `None` at the end, and where less than a whole batch is left. Its size and magic are possible ones.
    #[inline(always)]
    pub(crate) fn next_batch(&mut self) -> Result<Option<AppendedBatch<'b>>, Refused> {
        if self.rest.len() < LOG_OVERHEAD {
            return Ok(None);
        }
        let length = i32_in(self.rest, LENGTH).unwrap_or_default();
        if length < BATCH_LENGTH_MIN {
            return Err(too_short(length));
        }
        if self.rest.len() < HEADER_SIZE_UP_TO_MAGIC {
            return Ok(None);
        }
        let magic = self.rest[MAGIC] as i8;
        if !(0..=2).contains(&magic) {
            return Err(unknown_magic(magic));
        }
        if length > i32::MAX - LOG_OVERHEAD as i32 {
            return Err(too_long(length));
        }
        let Some((bytes, rest)) = self.rest.split_at_checked(LOG_OVERHEAD + length as usize) else { return Ok(None) };
        self.rest = rest;
        Ok(Some(AppendedBatch { bytes, magic }))
    }

    /// The first batch of an append that has been looked through, and whether there is another.
    #[inline(always)]
    pub(crate) fn first(records: &'b [u8]) -> Result<(BatchView<'b>, bool), Refused> {
        let mut batches = AppendedBatches::new(records);
        let Some(first) = batches.next_batch()? else { return Err(invalid("expected a batch, found none")) };
        Ok((first.view()?, batches.next_batch()?.is_some()))
    }
}

#[cold]
fn too_short(length: i32) -> Refused {
    corrupt(format!("size of a batch: expected at least {BATCH_LENGTH_MIN}, found {length}"))
}

/// Kafka adds the 12 bytes to it and has a negative size.
#[cold]
fn too_long(length: i32) -> Refused {
    AppendError::IllegalArgument(format!("size of a batch: {length} is too large")).into()
}

#[cold]
fn unknown_magic(magic: i8) -> Refused {
    corrupt(format!("magic of a batch: expected 0 to 2, found {magic}"))
}

#[cold]
fn wrong_checksum(stored: u32, computed: u32) -> Refused {
    corrupt(format!("checksum of a batch: expected {computed} (computed), found {stored}"))
}

/// A batch of a possible size and magic, 26 bytes or more.
#[derive(Clone, Copy)]
pub(crate) struct AppendedBatch<'b> {
    bytes: &'b [u8],
    magic: i8,
}

impl<'b> AppendedBatch<'b> {
    pub(crate) fn magic(&self) -> i8 {
        self.magic
    }

    pub(crate) fn size(&self) -> usize {
        self.bytes.len()
    }

    pub(crate) fn partition_leader_epoch(&self) -> i32 {
        if self.magic < 2 {
            return NO_PARTITION_LEADER_EPOCH;
        }
        i32_in(self.bytes, PARTITION_LEADER_EPOCH).unwrap_or_default()
    }

    /// Base offset with magic 2, else the last offset.
    pub(crate) fn stored_offset(&self) -> i64 {
        i64_in(self.bytes, BASE_OFFSET).unwrap_or_default()
    }

    #[inline]
    pub(crate) fn last_offset(&self) -> Result<i64, Refused> {
        if self.magic < 2 {
            return Ok(self.stored_offset());
        }
        match i32_in(self.bytes, LAST_OFFSET_DELTA) {
            Some(delta) => Ok(self.stored_offset().wrapping_add(delta.into())),
            None => Err(trips("IndexOutOfBoundsException", "the batch ends before its last offset delta")),
        }
    }

    /// The batch in the shape of its version, checksum unseen.
    #[inline(always)]
    pub(crate) fn view(&self) -> Result<BatchView<'b>, Refused> {
        let view = if self.magic < 2 {
            LegacyRecord::parse(self.bytes).map(BatchView::Legacy)
        } else {
            RecordBatch::parse(self.bytes).map(BatchView::Default)
        };
        view.map_err(|error| corrupt(error.to_string()))
    }

    /// As [`Self::view`], for a reader that asks for the number of records and does not look before.
    pub(crate) fn view_to_read(&self) -> Result<BatchView<'b>, Refused> {
        if self.magic >= 2 && self.bytes.len() < RECORD_BATCH_OVERHEAD {
            return Err(trips("IndexOutOfBoundsException", "the batch ends before its record count"));
        }
        self.view()
    }

    /// The batch in the shape of its version, its checksum right (`isValid`).
    #[inline(always)]
    pub(crate) fn check(&self) -> Result<BatchView<'b>, Refused> {
        let view = self.view()?;
        let (stored, computed) = match view {
            BatchView::Default(batch) => (batch.header().crc(), batch.computed_crc()),
            BatchView::Legacy(record) => (record.crc(), record.computed_crc()),
        };
        if stored == computed { Ok(view) } else { Err(wrong_checksum(stored, computed)) }
    }
}

/// A batch of an append as its version sees it.
#[derive(Clone, Copy)]
pub(crate) enum BatchView<'b> {
    Default(RecordBatch<'b>),
    Legacy(LegacyRecord<'b>),
}

impl BatchView<'_> {
    pub(crate) fn magic(&self) -> i8 {
        match self {
            BatchView::Default(batch) => batch.header().magic(),
            BatchView::Legacy(record) => record.magic(),
        }
    }

    pub(crate) fn max_timestamp(&self) -> i64 {
        match self {
            BatchView::Default(batch) => batch.header().max_timestamp(),
            BatchView::Legacy(record) => record.timestamp(),
        }
    }

    pub(crate) fn codec(&self) -> Result<Codec, Refused> {
        let codec = match self {
            BatchView::Default(batch) => batch.header().attributes().codec(),
            BatchView::Legacy(record) => record.codec(),
        };
        codec.map_err(|error| AppendError::IllegalArgument(error.to_string()).into())
    }
}
