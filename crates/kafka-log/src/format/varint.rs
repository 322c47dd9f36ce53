//! Variable-length integers (`ByteUtils`): groups of 7 bits, least significant first, top bit set on all but the last.
//!
//! `varint` and `varlong` are zig-zag encoded; `unsigned_varint` (flexible messages) is not.

use super::{FormatError, FormatErrorKind};

/// Longest encoding of a 32-bit value, in bytes.
pub const VARINT_LEN_MAX: usize = 5;
/// Longest encoding of a 64-bit value, in bytes.
pub const VARLONG_LEN_MAX: usize = 10;

/// Reads an unsigned 32-bit varint at `*at` and moves `*at` behind it. Bits above 32 are dropped, as Kafka does.
///
/// # Errors
/// `Truncated` when the bytes end first, `VarintTooLong` after five bytes without an end.
#[inline]
pub fn read_unsigned_varint(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<u32, FormatError> {
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
    let (value, len) = read_slow::<VARINT_LEN_MAX>(bytes, *at, field)?;
    *at += len;
    Ok(value as u32)
}

/// Reads an unsigned 64-bit varint; otherwise like [`read_unsigned_varint`], with at most ten bytes.
///
/// # Errors
/// `Truncated` when the bytes end first, `VarintTooLong` after ten bytes without an end.
#[inline]
pub fn read_unsigned_varlong(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<u64, FormatError> {
    if let Some(&first) = bytes.get(*at)
        && first < 0x80
    {
        *at += 1;
        return Ok(u64::from(first));
    }
    let (value, len) = read_slow::<VARLONG_LEN_MAX>(bytes, *at, field)?;
    *at += len;
    Ok(value)
}

/// Reads a zig-zag varint at `*at` and moves `*at` behind it.
///
/// # Errors
/// As [`read_unsigned_varint`].
#[inline]
pub fn read_varint(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<i32, FormatError> {
    let raw = read_unsigned_varint(bytes, at, field)?;
    Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// Reads a zig-zag varlong at `*at` and moves `*at` behind it.
///
/// # Errors
/// As [`read_unsigned_varlong`].
#[inline]
pub fn read_varlong(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<i64, FormatError> {
    let raw = read_unsigned_varlong(bytes, at, field)?;
    Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
}

#[inline(never)]
fn read_slow<const MAX: usize>(bytes: &[u8], at: usize, field: &'static str) -> Result<(u64, usize), FormatError> {
    let rest = bytes.get(at..).unwrap_or_default();
    let mut value = 0u64;
    for (i, &b) in rest.iter().take(MAX).enumerate() {
        value |= u64::from(b & 0x7f) << (7 * i);
        if b < 0x80 {
            return Ok((value, i + 1));
        }
    }
    let kind = if rest.len() < MAX {
        FormatErrorKind::Truncated { needed: rest.len() as u64 + 1, available: rest.len() as u64 }
    } else {
        FormatErrorKind::VarintTooLong
    };
    Err(FormatError::new(at, field, kind))
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

/// Appends a zig-zag varint.
#[inline]
pub fn write_varint(out: &mut Vec<u8>, value: i32) {
    write_unsigned_varint(out, zigzag32(value));
}

/// Appends a zig-zag varlong.
#[inline]
pub fn write_varlong(out: &mut Vec<u8>, value: i64) {
    write_unsigned_varlong(out, zigzag64(value));
}

/// Encoded length of an unsigned varint or varlong, in bytes.
#[inline]
pub const fn unsigned_len(value: u64) -> usize {
    (70 - (value | 1).leading_zeros() as usize) / 7
}

/// Encoded length of a zig-zag varint, in bytes.
#[inline]
pub const fn varint_len(value: i32) -> usize {
    unsigned_len(zigzag32(value) as u64)
}

/// Encoded length of a zig-zag varlong, in bytes.
#[inline]
pub const fn varlong_len(value: i64) -> usize {
    unsigned_len(zigzag64(value))
}

const fn zigzag32(value: i32) -> u32 {
    ((value << 1) ^ (value >> 31)) as u32
}

const fn zigzag64(value: i64) -> u64 {
    ((value << 1) ^ (value >> 63)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_survive_a_round_trip_and_their_length_is_known() {
        for shift in 0..64 {
            for delta in [-1i64, 0, 1] {
                let value = (1i64 << shift).wrapping_add(delta);
                for value in [value, value.wrapping_neg()] {
                    let mut out = Vec::new();
                    write_varlong(&mut out, value);
                    let mut at = 0;
                    assert_eq!(read_varlong(&out, &mut at, "x"), Ok(value));
                    assert_eq!((at, varlong_len(value)), (out.len(), out.len()));
                    let small = value as i32;
                    out.clear();
                    write_varint(&mut out, small);
                    let mut at = 0;
                    assert_eq!(read_varint(&out, &mut at, "x"), Ok(small));
                    assert_eq!((at, varint_len(small)), (out.len(), out.len()));
                }
            }
        }
    }

    #[test]
    fn a_number_without_an_end_is_refused() {
        let endless = [0xff; 11];
        assert_eq!(read_varint(&endless, &mut 0, "x").unwrap_err().kind, FormatErrorKind::VarintTooLong);
        assert_eq!(read_varlong(&endless, &mut 0, "x").unwrap_err().kind, FormatErrorKind::VarintTooLong);
        let kind = FormatErrorKind::Truncated { needed: 4, available: 3 };
        assert_eq!(read_varint(&endless[..3], &mut 0, "x").unwrap_err().kind, kind);
    }
}
