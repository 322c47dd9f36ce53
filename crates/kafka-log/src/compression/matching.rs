//! What compressors share that look for repetitions.

/// Four bytes at a position, which must be there.
#[cfg(any(feature = "snappy", feature = "lz4"))]
#[inline(always)]
pub(super) fn read_u32(input: &[u8], at: usize) -> u32 {
    let bytes = input[at..at + 4].first_chunk::<4>();
    bytes.map_or(0, |bytes| u32::from_le_bytes(*bytes))
}

/// Eight bytes at a position, which must be there.
#[inline(always)]
pub(super) fn read_u64(input: &[u8], at: usize) -> u64 {
    let bytes = input[at..at + 8].first_chunk::<8>();
    bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

/// How many bytes from `earlier` and from `at` on are equal, as far as `end`.
#[inline(always)]
pub(super) fn common_length(input: &[u8], earlier: usize, at: usize, end: usize) -> usize {
    let mut length = 0;
    while at + length + 8 <= end {
        let difference = read_u64(input, earlier + length) ^ read_u64(input, at + length);
        if difference != 0 {
            return length + difference.trailing_zeros() as usize / 8;
        }
        length += 8;
    }
    while at + length < end && input[earlier + length] == input[at + length] {
        length += 1;
    }
    length
}
