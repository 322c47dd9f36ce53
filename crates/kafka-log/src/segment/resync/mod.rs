//! Finding the way through a damaged segment file: every batch that can still be trusted, and what lies between them.
//!
//! A batch is trusted if it lies where one is expected, inside the file, and its checksum holds. Where that is not so:
//!
//! 1. If the checksum holds for another length, the one that ends where another batch begins, only the length is wrong.
//! 2. If another batch begins where the length says, only the contents are wrong.
//! 3. Else the next batch is searched for: a place where a header makes sense for this file and the checksum holds. It
//!    counts if a batch follows it, or if its offsets fit between those before and after it and no header claims the
//!    place for its own records. So a batch that lies in the payload of a damaged one is not taken for one of the file,
//!    unless its offsets happen to fit and nothing of the header around it is left.
//!
//! The work is linear in the size of the file, whatever is in it: checksums of what turned out to be no batch are paid
//! from a budget, and so is the search for another length.

mod head;
mod search;
mod source;
#[cfg(test)]
mod tests;

use std::io;
use std::ops::{Range, RangeInclusive};

use super::batch::RawBatch;
use crate::format::batch::{BATCH_LENGTH_MIN, LENGTH, LOG_OVERHEAD, RECORD_BATCH_OVERHEAD};
use crate::format::{FormatError, FormatErrorKind};
use crate::fs::ReadAt;
use head::{Head, Offsets};
use source::Source;

/// What lies next in the file.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step<'b> {
    /// A batch whose checksum holds.
    Batch(RawBatch<'b>),
    /// A batch whose checksum does not hold. Where it ends is known: another one follows.
    Damaged(RawBatch<'b>),
    /// A batch whose length was wrong: the one in `batch` is corrected, and its checksum holds.
    WrongLength {
        /// The batch as it must have been.
        batch: RawBatch<'b>,
        /// The length field as it is in the file.
        found: i32,
    },
    /// Bytes in which no batch can be made out.
    Unreadable(Unreadable),
}

/// Bytes in which no batch can be made out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// Where they are in the file.
    pub bytes: Range<u64>,
    /// First and last offset that is missing between the batches around them, if any is. The last is not known at the
    /// end of the file.
    pub offsets: Option<(i64, Option<i64>)>,
    /// Whether all of them are zero, as the end of a file is that was preallocated.
    pub is_zero: bool,
    /// What is wrong where they start; positions are those of the file.
    pub error: FormatError,
}

/// Walks through the batches of a segment file and over damage.
///
/// ```
/// use kafka_log::segment::resync::{Resync, Step};
///
/// let garbage = [7u8; 100];
/// let mut resync = Resync::new(&garbage[..], 0..100, 0..=i64::MAX, None);
/// let Some(Step::Unreadable(found)) = resync.step()? else { panic!("expected damage") };
/// assert_eq!(found.bytes, 0..100);
/// assert!(resync.step()?.is_none());
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct Resync<'f, R: ?Sized> {
    source: Source<'f, R>,
    at: u64,
    /// Offsets that the file can hold.
    offsets: Offsets,
    last_offset: Option<i64>,
    /// Bytes that may still be read for checksums in vain.
    budget: u64,
    /// Bytes that may still be searched for the ends of batches with a wrong length.
    end_budget: u64,
    /// The place of the last batch whose checksum was computed, and the checksum.
    checked: Option<(u64, u32)>,
}

/// Bytes read in vain for each byte of the file, at most.
const BUDGET_FACTOR: u64 = 8;
/// Bytes after a batch, or after the length it claims, in which its end is searched for.
const TRUE_END_WITHIN: u64 = 1024 * 1024;
/// Bytes of each batch that are not paid for, so that small batches are found whatever lies around them.
const FREE_OF_CHARGE: u64 = 4096;
/// Bytes read in vain in a small file, at most.
const BUDGET_MIN: u64 = 16 * 1024 * 1024;

impl<'f, R: ReadAt + ?Sized> Resync<'f, R> {
    /// A walk through `range` of `file`, whose batches have offsets in `offsets`: from the base offset of the segment to
    /// 2147483647 above it. `last_offset` is that of the batch before the range, if there is one.
    pub fn new(file: &'f R, range: Range<u64>, offsets: RangeInclusive<i64>, last_offset: Option<i64>) -> Self {
        let budget = range.end.saturating_sub(range.start).saturating_mul(BUDGET_FACTOR).max(BUDGET_MIN);
        let (first, last) = offsets.into_inner();
        let offsets = Offsets { first, behind: last.wrapping_sub(first) as u64 };
        let source = Source::new(file, range.end);
        Resync { source, at: range.start, offsets, last_offset, budget, end_budget: budget, checked: None }
    }

    /// Goes on at `position`, after a batch whose last offset is `last_offset`, if that is known. The work that may be
    /// done in vain does not grow by it, so that a walk taken up again and again stays linear.
    pub fn resume(&mut self, position: u64, last_offset: Option<i64>) {
        self.at = position;
        self.last_offset = last_offset;
    }

    /// Position after the last step.
    pub fn position(&self) -> u64 {
        self.at
    }

    /// The next batch or damage; `None` at the end of the range.
    ///
    /// # Errors
    /// I/O errors.
    pub fn step(&mut self) -> io::Result<Option<Step<'_>>> {
        let at = self.at;
        if at >= self.source.end {
            return Ok(None);
        }
        let head = self.head(at)?;
        if let Some(head) = head
            && self.is_trusted(at, &head)?
        {
            return self.batch(at, &head, head.size).map(|batch| Some(Step::Batch(batch)));
        }
        if let Some(head) = head {
            let claimed = if head.has_length { at.saturating_add(head.size) } else { at };
            if let Some(end) = self.true_end(at, &head, claimed)? {
                return self.with_length(at, &head, end - at).map(Some);
            }
            if self.is_followed(at, &head)? {
                return self.batch(at, &head, head.size).map(|batch| Some(Step::Damaged(batch)));
            }
            if let Some(end) = self.true_end(at, &head, claimed.saturating_add(TRUE_END_WITHIN))? {
                return self.with_length(at, &head, end - at).map(Some);
            }
        }
        self.unreadable(at, head).map(|unreadable| Some(Step::Unreadable(unreadable)))
    }

    fn head(&mut self, at: u64) -> io::Result<Option<Head>> {
        Ok(Head::read(self.source.bytes(at, RECORD_BATCH_OVERHEAD as u64)?, self.offsets))
    }

    /// Is there a batch whose checksum holds?
    fn is_trusted(&mut self, at: u64, head: &Head) -> io::Result<bool> {
        let fits = head.has_length && at.checked_add(head.size).is_some_and(|end| end <= self.source.end);
        let cost = head.size.saturating_sub(FREE_OF_CHARGE);
        if !fits || cost > self.budget {
            return Ok(false);
        }
        let mut sum = head.running_checksum();
        let read = self.source.update(&mut sum, at + head.covered_from(), at + head.size)?;
        self.checked = read.map(|_| (at, sum.value()));
        let holds = read.is_some() && sum.value() == head.crc;
        if !holds {
            self.budget -= cost;
        }
        Ok(holds)
    }

    /// Does the length lead to the end of the file, or to what looks like a batch with larger offsets?
    fn is_followed(&mut self, at: u64, head: &Head) -> io::Result<bool> {
        let end = at.saturating_add(head.size);
        if !head.has_length || end >= self.source.end {
            return Ok(head.has_length && end == self.source.end);
        }
        let Some(next) = self.head(end)? else { return Ok(false) };
        let fits = next.is_plausible && next.has_length && end + next.size <= self.source.end;
        Ok(fits && (!head.is_plausible || next.last_offset > head.last_offset))
    }

    fn batch(&mut self, at: u64, head: &Head, size: u64) -> io::Result<RawBatch<'_>> {
        self.at = at + size;
        if head.is_plausible {
            self.last_offset = Some(head.last_offset);
        }
        let bytes = self.source.bytes(at, size.max(RECORD_BATCH_OVERHEAD as u64))?;
        let batch = RawBatch::split_first(bytes, at).ok().flatten();
        batch.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "expected the bytes of before, found fewer"))
    }

    fn with_length(&mut self, at: u64, head: &Head, size: u64) -> io::Result<Step<'_>> {
        let length = size - LOG_OVERHEAD as u64;
        let found = head.length();
        // As many as `batch` looks at, so that it finds them changed.
        let bytes = self.source.bytes(at, size.max(RECORD_BATCH_OVERHEAD as u64))?;
        if let (Ok(length), Some(field)) = (i32::try_from(length), bytes.get_mut(LENGTH..LENGTH + 4)) {
            field.copy_from_slice(&length.to_be_bytes());
        }
        self.batch(at, head, size).map(|batch| Step::WrongLength { batch, found })
    }

    fn unreadable(&mut self, from: u64, head: Option<Head>) -> io::Result<Unreadable> {
        let error = self.error(from, head)?;
        let claimed =
            head.filter(|head| head.is_plausible && head.has_length).map(|head| from.saturating_add(head.size));
        let next = self.next_batch(from + 1, claimed.unwrap_or(from))?;
        let to = next.map_or(self.source.end, |(at, _)| at);
        self.at = to;
        let first = self.last_offset.map_or(self.offsets.first, |last| last.saturating_add(1));
        let offsets = match next {
            None => Some((first, None)),
            Some((_, head)) => {
                let last = head.first_offset.saturating_sub(1);
                (head.knows_first && first <= last).then_some((first, Some(last)))
            }
        };
        Ok(Unreadable { bytes: from..to, offsets, is_zero: self.is_zero(from, to)?, error })
    }

    fn is_zero(&mut self, from: u64, to: u64) -> io::Result<bool> {
        let mut at = from;
        while at < to {
            let bytes = self.source.bytes(at, (to - at).min(source::CHUNK as u64))?;
            if bytes.is_empty() || bytes.iter().any(|&byte| byte != 0) {
                return Ok(false);
            }
            at += bytes.len() as u64;
        }
        Ok(true)
    }

    /// Why there is no batch at `at`.
    fn error(&mut self, at: u64, head: Option<Head>) -> io::Result<FormatError> {
        let rest = self.source.end - at;
        let truncated = |needed| FormatErrorKind::Truncated { needed, available: rest };
        let (shift, field, kind) = match head {
            None => (0, "batch header", truncated(RECORD_BATCH_OVERHEAD as u64)),
            Some(head) if head.length() < BATCH_LENGTH_MIN => {
                let (min, max) = (BATCH_LENGTH_MIN.into(), i32::MAX.into());
                (LENGTH, "batch length", FormatErrorKind::OutOfRange { min, max, found: head.length().into() })
            }
            Some(head) if head.size > rest => (0, "batch", truncated(head.size)),
            Some(head) if !head.has_length || !head.is_plausible => {
                (0, "batch header", FormatErrorKind::Invalid { expected: "fields that make sense", found: "others" })
            }
            Some(head) => match self.checked {
                Some((place, computed)) if place == at => {
                    (0, "batch", FormatErrorKind::Checksum { computed, stored: head.crc })
                }
                // The budget does not allow for a look at all of it.
                _ => {
                    let expected = "a batch whose checksum holds";
                    let found = "one too long to be looked at among so much damage";
                    (0, "batch", FormatErrorKind::Invalid { expected, found })
                }
            },
        };
        Ok(FormatError::new(shift, field, kind).shifted(at))
    }
}
