//! Bits, the lowest first.

/// Bits on their way into bytes.
#[derive(Default)]
pub(super) struct Bits {
    pending: u64,
    count: u32,
}

impl Bits {
    /// Appends the low `count` bits of `value`, at most 16.
    #[inline(always)]
    pub(super) fn push(&mut self, value: u16, count: u8, out: &mut Vec<u8>) {
        self.pending |= u64::from(value) << self.count;
        self.count += u32::from(count);
        if self.count >= 32 {
            out.extend_from_slice(&(self.pending as u32).to_le_bytes());
            self.pending >>= 32;
            self.count -= 32;
        }
    }

    /// Fills the last byte with zeros.
    pub(super) fn align(&mut self, out: &mut Vec<u8>) {
        let bytes = self.count.div_ceil(8) as usize;
        out.extend_from_slice(&self.pending.to_le_bytes()[..bytes]);
        *self = Bits::default();
    }
}
