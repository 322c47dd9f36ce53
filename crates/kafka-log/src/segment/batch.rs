//! A batch as it lies in a segment file, whatever its version and state.

use crate::format::batch::{BatchHeader, BatchOverhead, HEADER_SIZE_UP_TO_MAGIC, RecordBatch};
use crate::format::legacy::LegacyRecord;
use crate::format::{FormatError, FormatErrorKind};

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
    /// `Truncated` where the file ends before; positions are relative to the batch.
    #[inline]
    pub fn header(&self) -> Result<BatchHeader<'b>, FormatError> {
        BatchHeader::split_first(self.bytes).map(|(header, _)| header)
    }

    /// The batch as a message of magic 0 or 1.
    ///
    /// # Errors
    /// `OutOfRange` for any other magic; positions are relative to the batch.
    #[inline]
    pub fn legacy(&self) -> Result<LegacyRecord<'b>, FormatError> {
        match self.overhead.magic {
            0 | 1 => LegacyRecord::parse(self.as_bytes()),
            found => {
                let kind = FormatErrorKind::OutOfRange { min: 0, max: 2, found: found.into() };
                Err(FormatError::new(HEADER_SIZE_UP_TO_MAGIC - 1, "magic", kind))
            }
        }
    }

    /// The batch as the version it names.
    ///
    /// # Errors
    /// `Truncated` where it is too short for its version, `OutOfRange` for a negative magic; positions are relative to
    /// the batch.
    #[inline]
    pub fn parse(&self) -> Result<Batch<'b>, FormatError> {
        if self.overhead.magic > 1 {
            RecordBatch::parse(self.as_bytes()).map(Batch::Default)
        } else {
            self.legacy().map(Batch::Legacy)
        }
    }

    /// Whether it has the shape of its version and its checksum holds.
    #[inline]
    pub fn is_valid(&self) -> bool {
        match self.parse() {
            Ok(Batch::Default(batch)) => batch.is_valid(),
            Ok(Batch::Legacy(message)) => message.is_valid(),
            Err(_) => false,
        }
    }
}

/// Iterator over the batches in a run of bytes: a mapped segment, or the records of a fetch response
/// (`MemoryRecords.batches`).
///
/// Ends without a complaint where less than a whole batch is left, as Kafka's `ByteBufferLogInputStream`; what is left is
/// [`Batches::rest`]. The first error ends it.
#[derive(Clone, Debug)]
pub struct Batches<'b> {
    rest: &'b [u8],
    position: u64,
}

impl<'b> Batches<'b> {
    /// The batches in `bytes`; positions count from its start.
    pub fn new(bytes: &'b [u8]) -> Self {
        Batches { rest: bytes, position: 0 }
    }

    /// The bytes after the last batch.
    pub fn rest(&self) -> &'b [u8] {
        self.rest
    }
}

impl<'b> Iterator for Batches<'b> {
    type Item = Result<RawBatch<'b>, FormatError>;

    fn next(&mut self) -> Option<Self::Item> {
        let checked = RawBatch::split_first(self.rest, self.position).and_then(|batch| match batch {
            Some(batch) if !(0..=2).contains(&batch.overhead.magic) => {
                let kind = FormatErrorKind::OutOfRange { min: 0, max: 2, found: batch.overhead.magic.into() };
                Err(FormatError::new(HEADER_SIZE_UP_TO_MAGIC - 1, "magic", kind).shifted(self.position))
            }
            batch => Ok(batch),
        });
        match checked {
            Ok(batch) => {
                let batch = batch?;
                let size = batch.overhead.size();
                self.rest = &self.rest[size..];
                self.position += size as u64;
                Some(Ok(batch))
            }
            Err(error) => {
                self.rest = &[];
                Some(Err(error))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compression::Compressor;
    use crate::format::builder::{BatchFields, RecordBatchBuilder};

    fn segment(offsets: &[i64]) -> Vec<u8> {
        let mut segment = Vec::new();
        for &base_offset in offsets {
            let mut builder = RecordBatchBuilder::new(BatchFields { base_offset, ..BatchFields::default() });
            builder.append(base_offset, 7, None, Some(b"value"), &[]).unwrap();
            builder.finish(&mut Compressor::new(), &mut segment).unwrap();
        }
        segment
    }

    #[test]
    fn whole_batches_are_seen_and_the_rest_is_kept() {
        let bytes = segment(&[5, 6, 9]);
        for cut in 0..bytes.len() {
            let mut batches = Batches::new(&bytes[..cut]);
            let seen: Vec<_> = batches.by_ref().map(|b| b.unwrap().overhead.offset).collect();
            let size = bytes.len() / 3;
            assert_eq!(seen, [5, 6, 9][..cut / size]);
            assert_eq!(batches.rest().len(), cut % size);
        }
    }

    #[test]
    fn a_magic_that_does_not_exist_ends_the_run_with_its_place() {
        let mut bytes = segment(&[5, 6, 9]);
        let second = bytes.len() / 3;
        bytes[second + 16] = 3;
        let mut batches = Batches::new(&bytes);
        assert!(batches.next().unwrap().is_ok());
        assert_eq!(batches.next().unwrap().unwrap_err().at, second as u64 + 16);
        assert!(batches.next().is_none());
    }
}
