//! A batch as it lies in a segment file, whatever its version and state.

use crate::format::FormatError;
use crate::format::batch::{BatchHeader, BatchOverhead, HEADER_SIZE_UP_TO_MAGIC, RecordBatch};
use crate::format::legacy::LegacyRecord;

/// A batch found in a file: its overhead makes sense and its bytes are there; nothing else is known about it.
#[derive(Clone, Copy, Debug)]
pub struct RawBatch<'b> {
    /// Position of its first byte in the file.
    pub position: u64,
    /// Offset, length and magic.
    pub overhead: BatchOverhead,
    /// From the first byte of the batch on: the batch, and at least up to the 61 bytes of a header what follows it in the
    /// file, as far as the file goes.
    bytes: &'b [u8],
}

/// The two kinds of batches. Kafka's file reader takes every magic above 1 for magic 2.
#[derive(Clone, Copy, Debug)]
pub enum Batch<'b> {
    /// Magic 2.
    Default(RecordBatch<'b>),
    /// Magic 0 and 1.
    Legacy(LegacyRecord<'b>),
}

impl<'b> RawBatch<'b> {
    /// The batch at the start of `bytes`, which lie at `position` of the file.
    ///
    /// `Ok(None)` where the overhead or the batch is not all there.
    ///
    /// # Errors
    /// `OutOfRange` where the length is below the smallest possible; positions are those of the file.
    #[inline]
    pub fn split_first(bytes: &'b [u8], position: u64) -> Result<Option<Self>, FormatError> {
        let Some(overhead) = bytes.first_chunk::<HEADER_SIZE_UP_TO_MAGIC>() else { return Ok(None) };
        let overhead = BatchOverhead::parse(overhead).map_err(|e| e.shifted(position))?;
        Ok((overhead.size() <= bytes.len()).then_some(RawBatch { position, overhead, bytes }))
    }

    /// The bytes of the batch.
    #[inline]
    pub fn as_bytes(&self) -> &'b [u8] {
        &self.bytes[..self.overhead.size()]
    }

    /// The 61 bytes of a magic 2 header at this place, even where the batch claims to be shorter.
    ///
    /// # Errors
    /// `Truncated` where the file ends before; positions are those of the file.
    #[inline]
    pub fn header(&self) -> Result<BatchHeader<'b>, FormatError> {
        match BatchHeader::split_first(self.bytes) {
            Ok((header, _)) => Ok(header),
            Err(e) => Err(e.shifted(self.position)),
        }
    }

    /// The batch as the version it names.
    ///
    /// # Errors
    /// `Truncated` where it is too short for its version; positions are relative to the batch.
    #[inline]
    pub fn parse(&self) -> Result<Batch<'b>, FormatError> {
        if self.overhead.magic > 1 {
            RecordBatch::parse(self.as_bytes()).map(Batch::Default)
        } else {
            LegacyRecord::parse(self.as_bytes()).map(Batch::Legacy)
        }
    }
}
