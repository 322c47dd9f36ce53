//! Variable-length integers (`ByteUtils`): groups of 7 bits, least significant first, top bit set on all but the last.
//!
//! `varint` and `varlong` are zig-zag encoded; `unsigned_varint` (flexible messages) is not.

use super::{FormatError, FormatErrorKind};
use kafka_schema::varint::{self, VarintError};

pub use kafka_schema::varint::{
    VARINT_LEN_MAX, VARLONG_LEN_MAX, unsigned_len, write_unsigned_varint, write_unsigned_varlong,
};

/// Reads an unsigned 32-bit varint at `*at` and moves `*at` after it. Bits above 32 are dropped, as Kafka does.
///
/// # Errors
/// `Truncated` when the bytes end first, `VarintTooLong` after five bytes without an end.
#[inline]
pub fn read_unsigned_varint(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<u32, FormatError> {
    varint::read_unsigned_varint(bytes, at).map_err(|error| no_number(*at, field, error))
}

/// Reads an unsigned 64-bit varint; otherwise like [`read_unsigned_varint`], with at most ten bytes.
///
/// # Errors
/// `Truncated` when the bytes end first, `VarintTooLong` after ten bytes without an end.
#[inline]
pub fn read_unsigned_varlong(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<u64, FormatError> {
    varint::read_unsigned_varlong(bytes, at).map_err(|error| no_number(*at, field, error))
}

#[cold]
fn no_number(at: usize, field: &'static str, error: VarintError) -> FormatError {
    let kind = match error {
        VarintError::Truncated { available } => {
            FormatErrorKind::Truncated { needed: available as u64 + 1, available: available as u64 }
        }
        VarintError::TooLong => FormatErrorKind::VarintTooLong,
    };
    FormatError::new(at, field, kind)
}

/// Reads a zig-zag varint at `*at` and moves `*at` after it.
///
/// # Errors
/// As [`read_unsigned_varint`].
#[inline]
pub fn read_varint(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<i32, FormatError> {
    let raw = read_unsigned_varint(bytes, at, field)?;
    Ok((raw >> 1) as i32 ^ -((raw & 1) as i32))
}

/// Reads a zig-zag varlong at `*at` and moves `*at` after it.
///
/// # Errors
/// As [`read_unsigned_varlong`].
#[inline]
pub fn read_varlong(bytes: &[u8], at: &mut usize, field: &'static str) -> Result<i64, FormatError> {
    let raw = read_unsigned_varlong(bytes, at, field)?;
    Ok((raw >> 1) as i64 ^ -((raw & 1) as i64))
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
