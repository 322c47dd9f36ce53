//! The buffer every codec decompresses into.

use super::Problem;

/// Decompressed bytes of one stream: a buffer kept from call to call that grows with what a stream really yields.
///
/// `bytes` stays initialised up to the largest size ever needed, so that a warm call neither allocates nor clears.
/// It holds up to one byte more than `limit`: a stream that fills that byte is too large, one that ends before is not.
pub(super) struct Output {
    bytes: Vec<u8>,
    len: usize,
    limit: usize,
    /// End of what a consumer had received when the stream broke, see [`super::Decompressor::delivered`].
    delivered: usize,
}

impl Output {
    pub(super) fn new(limit: usize) -> Self {
        Self { bytes: Vec::new(), len: 0, limit, delivered: 0 }
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
        self.delivered = 0;
    }

    pub(super) fn filled(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    pub(super) fn len(&self) -> usize {
        self.len
    }

    pub(super) fn delivered(&self) -> &[u8] {
        &self.bytes[..self.delivered]
    }

    pub(super) fn set_delivered(&mut self, len: usize) {
        self.delivered = len.min(self.len);
    }

    /// Drops what came after the first `len` bytes.
    pub(super) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    /// The room after the output: at least `wanted` bytes, or all that the limit leaves. Grows by doubling.
    ///
    /// `wanted` must follow from bytes at hand, not from a length that a header merely claims.
    pub(super) fn spare(&mut self, wanted: usize) -> &mut [u8] {
        const FIRST: usize = 16 * 1024;
        let wanted = self.len.saturating_add(wanted);
        if self.bytes.len() < wanted {
            let size = wanted.max(self.bytes.len().saturating_mul(2)).max(FIRST);
            let size = size.min(self.limit.saturating_add(1)).max(self.bytes.len());
            self.bytes.reserve_exact(size - self.bytes.len());
            self.bytes.resize(size, 0);
        }
        &mut self.bytes[self.len..]
    }

    /// Takes over `written` bytes of the room after the output.
    pub(super) fn advance(&mut self, written: usize) -> Result<(), Problem> {
        self.len = self.len.saturating_add(written).min(self.bytes.len());
        if self.len > self.limit {
            self.len = self.limit;
            return Err(self.too_large());
        }
        Ok(())
    }

    /// Appends bytes that are at hand.
    pub(super) fn push(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        let room = self.spare(bytes.len());
        let fits = room.len().min(bytes.len());
        room[..fits].copy_from_slice(&bytes[..fits]);
        self.advance(fits)
    }

    pub(super) fn too_large(&self) -> Problem {
        Problem::TooLarge { limit: self.limit }
    }

    #[cfg(test)]
    pub(super) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }
}
