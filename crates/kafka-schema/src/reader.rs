//! The primitives of Kafka's message format, read from bytes: `ByteBufferAccessor`.
//!
//! A cursor of its own and no nom: the dump tool prints the texts of Kafka's exceptions, which tell apart failures
//! that a parser's one "incomplete" would merge, and need numbers from the place of the failure.

use crate::error::{SchemaError, SchemaErrorKind};
use crate::varint::{self, VarintError};

/// Longest string that Kafka's classes accept, in bytes.
pub const STRING_LEN_MAX: i64 = 0x7fff;

/// Reads big-endian numbers and what is made of them. `field` in each method is the name for the error.
#[derive(Clone, Copy, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader from the first of `bytes` on.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// The bytes not read yet.
    #[inline]
    pub fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    /// An error at the current position.
    #[cold]
    pub fn error(&self, field: &'static str, kind: SchemaErrorKind) -> SchemaError {
        SchemaError { at: self.at, field, kind }
    }

    /// The next `N` bytes, for a number.
    ///
    /// # Errors
    /// [`SchemaErrorKind::Underflow`] when there are fewer.
    #[inline]
    pub fn number<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], SchemaError> {
        let Some(bytes) = self.rest().first_chunk() else {
            let kind = SchemaErrorKind::Underflow { needed: N, available: self.rest().len() };
            return Err(self.error(field, kind));
        };
        self.at += N;
        Ok(*bytes)
    }

    /// An `int16`.
    ///
    /// # Errors
    /// [`SchemaErrorKind::Underflow`].
    #[inline]
    pub fn i16(&mut self, field: &'static str) -> Result<i16, SchemaError> {
        self.number(field).map(i16::from_be_bytes)
    }

    /// `readUnsignedVarint`, which Java keeps in a signed int.
    ///
    /// # Errors
    /// [`SchemaErrorKind::Underflow`], [`SchemaErrorKind::VarintTooLong`].
    #[inline]
    pub fn varint(&mut self, field: &'static str) -> Result<i32, SchemaError> {
        match varint::read_unsigned_varint(self.bytes, &mut self.at) {
            Ok(value) => Ok(value as i32),
            Err(error) => Err(self.varint_error(field, error)),
        }
    }

    #[cold]
    fn varint_error(&self, field: &'static str, error: VarintError) -> SchemaError {
        let kind = match error {
            VarintError::TooLong => {
                // Java fills all 32 bits with what it has when it gives up, the sign of the fifth byte included.
                let low = |i: usize| u32::from(self.rest().get(i).copied().unwrap_or_default() & 0x7f) << (7 * i);
                let fifth = u32::from(self.rest().get(4).copied().unwrap_or_default()) << 28;
                SchemaErrorKind::VarintTooLong { converted: low(0) | low(1) | low(2) | low(3) | fifth }
            }
            VarintError::Truncated { available } => SchemaErrorKind::Underflow { needed: available + 1, available },
        };
        self.error(field, kind)
    }

    /// `readArray`: the next `claimed` bytes.
    ///
    /// # Errors
    /// [`SchemaErrorKind::NegativeSize`], [`SchemaErrorKind::BytesTooLong`].
    #[inline]
    pub fn take(&mut self, claimed: i32, field: &'static str) -> Result<&'a [u8], SchemaError> {
        let rest = self.rest();
        match usize::try_from(claimed).ok().and_then(|len| rest.get(..len)) {
            Some(bytes) => {
                self.at += bytes.len();
                Ok(bytes)
            }
            None if claimed < 0 => Err(self.error(field, SchemaErrorKind::NegativeSize { claimed })),
            None => Err(self.error(field, SchemaErrorKind::BytesTooLong { claimed, available: rest.len() })),
        }
    }

    /// The length in front of text (`short`), bytes or an array; a negative one is null.
    ///
    /// # Errors
    /// As [`Reader::number`] and [`Reader::varint`].
    #[inline]
    pub fn length(&mut self, field: &'static str, short: bool, flexible: bool) -> Result<i32, SchemaError> {
        if flexible {
            Ok(self.varint(field)?.wrapping_sub(1))
        } else if short {
            Ok(self.i16(field)?.into())
        } else {
            self.number(field).map(i32::from_be_bytes)
        }
    }

    /// The bytes of a string of this length; `element`: in an array.
    ///
    /// # Errors
    /// [`SchemaErrorKind::StringTooLong`], and as [`Reader::take`].
    #[inline]
    pub fn text(&mut self, claimed: i32, field: &'static str, element: bool) -> Result<&'a [u8], SchemaError> {
        if i64::from(claimed) > STRING_LEN_MAX {
            return Err(self.error(field, SchemaErrorKind::StringTooLong { claimed: claimed.into(), element }));
        }
        self.take(claimed, field)
    }

    /// The number of elements of an array, of which each takes at least `element_len_min` bytes, one or more.
    ///
    /// # Errors
    /// [`SchemaErrorKind::TooManyElements`] for more of them than the bytes left can hold.
    #[inline]
    pub fn count(&self, claimed: i32, element_len_min: usize, field: &'static str) -> Result<usize, SchemaError> {
        let available = self.rest().len();
        match usize::try_from(claimed) {
            Ok(count) if count <= available / element_len_min => Ok(count),
            _ => Err(self.error(field, SchemaErrorKind::TooManyElements { claimed, available })),
        }
    }
}
