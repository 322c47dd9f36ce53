//! How large a batch the cleaner takes (`Cleaner.growBuffersOrFail`).

use std::fmt;

/// Size of Kafka's buffers at this point of a round, in bytes. Ours are larger; these decide which batches are refused.
#[derive(Clone, Copy, Debug)]
pub(crate) struct IoBuffer {
    initial: u64,
    /// Largest size that the broker allows for a batch.
    max: u64,
    now: u64,
}

/// Why a batch is not taken: one that the segment does not have is `CorruptRecordException`, the others are `IllegalStateException`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Misfit {
    /// The segment ends before the batch does, and buffers may not grow further.
    BeyondSegment { size: u64, left: u64 },
    /// The batch fits into the buffer, and the segment does not have it.
    Cut { size: u64, left: u64 },
    /// Not even the header is there.
    NoHeader { left: u64 },
    /// The batch is larger than a buffer may be.
    TooLarge { limit: u64, found: u64 },
}

impl fmt::Display for Misfit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Misfit::BeyondSegment { size, left } | Misfit::Cut { size, left } => {
                write!(f, "expected a batch of {size} bytes, found {left} bytes")
            }
            Misfit::NoHeader { left } => write!(f, "expected a batch, found {left} bytes"),
            Misfit::TooLarge { limit, found } => {
                write!(f, "expected a batch of at most {limit} bytes, found {found} bytes")
            }
        }
    }
}

impl IoBuffer {
    pub(crate) fn new(initial: usize, max: usize) -> Self {
        let initial = (initial as u64).max(1);
        IoBuffer { initial, max: max as u64, now: initial }
    }

    /// A segment is done; the next starts with small buffers (`restoreBuffers`).
    pub(crate) fn restore(&mut self) {
        self.now = self.initial;
    }

    /// Takes up a batch of `size` bytes of which the segment has `left`; `None` where not even its header is all there.
    /// Buffers double until it fits, up to `max.message.bytes`, or the size that the batch claims where that is more.
    pub(crate) fn take(&mut self, size: Option<u64>, left: u64, max_message_bytes: i32) -> Result<(), Misfit> {
        let max_message_bytes = u64::try_from(max_message_bytes).unwrap_or(0);
        loop {
            if let Some(size) = size
                && size <= self.now.min(left)
            {
                return Ok(());
            }
            let limit = if self.now >= max_message_bytes {
                let Some(size) = size else {
                    return Err(Misfit::NoHeader { left });
                };
                if size <= self.now {
                    return Err(Misfit::Cut { size, left });
                }
                if size > left {
                    return Err(Misfit::BeyondSegment { size, left });
                }
                size
            } else {
                max_message_bytes
            };
            let limit = limit.max(self.max);
            if self.now >= limit {
                let found = size.unwrap_or(left);
                return Err(Misfit::TooLarge { limit, found });
            }
            self.now = self.now.saturating_mul(2).min(limit);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_batch_that_fits_is_taken_at_once() {
        let mut buffer = IoBuffer::new(100, 100);
        assert!(buffer.take(Some(100), 100, 10).is_ok());
        assert_eq!(buffer.now, 100);
    }

    #[test]
    fn buffers_double_for_a_larger_one_and_shrink_for_the_next_segment() {
        let mut buffer = IoBuffer::new(100, 100);
        assert!(buffer.take(Some(350), 1000, 1000).is_ok());
        assert_eq!(buffer.now, 400);
        buffer.restore();
        assert_eq!(buffer.now, 100);
        assert!(buffer.take(Some(950), 1000, 100).is_ok(), "above max.message.bytes: as large as the batch says");
        assert_eq!(buffer.now, 950);
    }

    #[test]
    fn a_batch_that_the_segment_does_not_have_is_refused() {
        let take = |size, left, max| IoBuffer::new(100, 100).take(size, left, max);
        assert_eq!(take(Some(950), 900, 100), Err(Misfit::BeyondSegment { size: 950, left: 900 }));
        assert_eq!(take(Some(950), 900, 100_000), Err(Misfit::Cut { size: 950, left: 900 }));
        assert_eq!(take(Some(90), 80, 100), Err(Misfit::Cut { size: 90, left: 80 }));
        assert_eq!(take(None, 16, 100), Err(Misfit::NoHeader { left: 16 }));
        assert_eq!(take(None, 16, 0), Err(Misfit::NoHeader { left: 16 }));
    }
}
