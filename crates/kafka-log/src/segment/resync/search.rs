//! The search for the next batch, and for the end of one whose length is wrong.

use std::io;

use super::Resync;
use super::head::{Head, SIZE_MIN};
use crate::format::batch::RECORD_BATCH_OVERHEAD;
use crate::format::bytes::{i32_in, i64_in};
use crate::fs::ReadAt;

/// Bytes in which the end of one batch is searched for at most.
const LONGEST_SEARCH: u64 = 16 * 1024 * 1024;

/// Bytes that are searched at once.
const STRETCH: u64 = 64 * 1024;

impl<R: ReadAt + ?Sized> Resync<'_, R> {
    /// The next place from `from` on where the front of a batch makes sense for this file.
    fn next_plausible(&mut self, from: u64, to: u64) -> io::Result<Option<(u64, Head)>> {
        let mut at = from;
        while at.saturating_add(SIZE_MIN) <= to {
            let offsets = self.offsets;
            // So that the front of a batch at the end of this stretch is there, too.
            let bytes = self.source.bytes(at, STRETCH + RECORD_BATCH_OVERHEAD as u64)?;
            let stretch = bytes.len().min(STRETCH as usize);
            if stretch == 0 {
                break;
            }
            let found = (0..stretch).find_map(|skip| {
                let bytes = &bytes[skip..];
                // Most places are ruled out by these two numbers already.
                let is_near = i64_in(bytes, 0).is_some_and(|offset| offsets.contains(offset))
                    && i32_in(bytes, 8).is_some_and(|length| length > 0);
                let head = if is_near { Head::read(bytes, offsets)? } else { return None };
                (head.is_plausible && head.has_length && head.has_room).then_some((skip as u64, head))
            });
            match found {
                Some((skip, _)) if at + skip >= to => return Ok(None),
                Some((skip, head)) => return Ok(Some((at + skip, head))),
                None => at += stretch as u64,
            }
        }
        Ok(None)
    }

    /// The next place from `from` on with a batch whose checksum holds, wherever it belongs.
    fn next_trusted(&mut self, from: u64) -> io::Result<Option<(u64, Head)>> {
        let (mut at, end) = (from, self.source.end);
        while let Some((found, head)) = self.next_plausible(at, end)? {
            if self.is_trusted(found, &head)? {
                return Ok(Some((found, head)));
            }
            at = found + 1;
        }
        Ok(None)
    }

    /// The next batch of this file from `from` on. Up to `claimed`, the bytes may be records of a batch around them.
    pub(super) fn next_batch(&mut self, from: u64, claimed: u64) -> io::Result<Option<(u64, Head)>> {
        let mut candidate = self.next_trusted(from)?;
        while let Some((at, head)) = candidate {
            let end = at + head.size;
            if end == self.source.end || self.is_trusted_at(end)? {
                break;
            }
            // Nothing that follows it vouches for it; then its offsets must.
            let behind = self.next_trusted(end)?;
            let is_later = self.last_offset.is_none_or(|last| head.last_offset > last);
            let is_earlier = behind.is_none_or(|(_, behind)| head.last_offset < behind.last_offset);
            if end > claimed && is_later && is_earlier {
                break;
            }
            candidate = behind;
        }
        Ok(candidate)
    }

    fn is_trusted_at(&mut self, at: u64) -> io::Result<bool> {
        match self.head(at)? {
            Some(head) if head.is_plausible => self.is_trusted(at, &head),
            _ => Ok(false),
        }
    }

    /// Where the batch at `at` ends if only its length is wrong: where its checksum holds and another batch begins or the
    /// file ends, up to `limit`.
    pub(super) fn true_end(&mut self, at: u64, head: &Head, limit: u64) -> io::Result<Option<u64>> {
        // A length that is far too large may hide any number of batches, the first of which tells.
        let limit = limit.min(at.saturating_add(LONGEST_SEARCH)).min(self.source.end);
        if !head.is_plausible || self.end_budget < limit - at {
            return Ok(None);
        }
        let mut sum = head.running_checksum();
        let mut summed = at + head.covered_from();
        let mut search_from = at + SIZE_MIN;
        let found = loop {
            let next = self.next_plausible(search_from, limit)?.map(|(found, _)| found);
            let Some(end) = next.or((limit == self.source.end).then_some(limit)).filter(|&end| end > summed) else {
                break None;
            };
            if self.source.update(&mut sum, summed, end)?.is_none() {
                break None;
            }
            summed = end;
            if sum.value() == head.crc {
                break Some(end);
            }
            if end >= limit {
                break None;
            }
            search_from = end + 1;
        };
        self.end_budget -= found.unwrap_or(limit) - at;
        Ok(found)
    }
}
