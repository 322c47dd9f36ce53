//! Unsigned variable-length integers (`ByteUtils`): groups of 7 bits, least significant first, top bit set on all but the last.

/// Longest encoding of a 32-bit value, in bytes.
pub const VARINT_LEN_MAX: usize = 5;
/// Longest encoding of a 64-bit value, in bytes.
pub const VARLONG_LEN_MAX: usize = 10;

/// Why there is no number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VarintError {
    /// The bytes end first.
    Truncated {
        /// How many there are.
        available: usize,
    },
    /// The longest encoding has no end.
    TooLong,
}

/// Reads an unsigned 32-bit varint at `*at` and moves `*at` after it. Bits above 32 are dropped, as in Kafka.
///
/// # Errors
/// When the bytes end first, or five of them have no end.
#[inline]
pub fn read_unsigned_varint(bytes: &[u8], at: &mut usize) -> Result<u32, VarintError> {
    if let Some(&first) = bytes.get(*at) {
        if first < 0x80 {
            *at += 1;
            return Ok(u32::from(first));
        }
        if let Some(&second) = bytes.get(*at + 1)
            && second < 0x80
        {
            *at += 2;
            return Ok(u32::from(first & 0x7f) | u32::from(second) << 7);
        }
    }
    let (value, len) = read_slow::<VARINT_LEN_MAX>(bytes, *at)?;
    *at += len;
    Ok(value as u32)
}

/// Reads an unsigned 64-bit varint; otherwise like [`read_unsigned_varint`], with at most ten bytes.
///
/// # Errors
/// When the bytes end first, or ten of them have no end.
#[inline]
pub fn read_unsigned_varlong(bytes: &[u8], at: &mut usize) -> Result<u64, VarintError> {
    if let Some(&first) = bytes.get(*at)
        && first < 0x80
    {
        *at += 1;
        return Ok(u64::from(first));
    }
    let (value, len) = read_slow::<VARLONG_LEN_MAX>(bytes, *at)?;
    *at += len;
    Ok(value)
}

#[inline(never)]
fn read_slow<const MAX: usize>(bytes: &[u8], at: usize) -> Result<(u64, usize), VarintError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let mut value = 0u64;
    for (i, &b) in rest.iter().take(MAX).enumerate() {
        value |= u64::from(b & 0x7f) << (7 * i);
        if b < 0x80 {
            return Ok((value, i + 1));
        }
    }
    Err(if rest.len() < MAX { VarintError::Truncated { available: rest.len() } } else { VarintError::TooLong })
}

/// Appends an unsigned varint.
#[inline]
pub fn write_unsigned_varint(out: &mut Vec<u8>, value: u32) {
    write_unsigned_varlong(out, u64::from(value));
}

/// Appends an unsigned varlong.
#[inline]
pub fn write_unsigned_varlong(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

/// Encoded length of an unsigned varint or varlong, in bytes.
#[inline]
pub const fn unsigned_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}
