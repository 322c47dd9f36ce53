//! The trait of everything that a field can be, and the numbers.

use std::borrow::Cow;

use kafka_schema::uuid::Uuid;

use super::{Decoder, Failed, Sink};

/// A field's value, or an element of an array. `field` is the name for errors and for sinks that show names.
pub trait Value<'a>: Default {
    /// The fewest bytes that one takes, 1 or more.
    const LEN_MIN: usize;

    /// Replaces `self` by what the decoder reads.
    ///
    /// # Errors
    /// The decoder keeps the error.
    fn read(&mut self, d: &mut Decoder<'a>, field: &'static str) -> Result<(), Failed>;

    /// Writes `self` at the sink's version.
    ///
    /// # Errors
    /// The sink keeps the error.
    fn write<'r, S: Sink<'r>>(&'r self, s: &mut S, field: &'static str) -> Result<(), Failed>;
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(
        impl<'a> Value<'a> for $ty {
            const LEN_MIN: usize = size_of::<$ty>();

            #[inline]
            fn read(&mut self, d: &mut Decoder<'a>, field: &'static str) -> Result<(), Failed> {
                *self = $ty::from_be_bytes(d.number(field)?);
                Ok(())
            }

            #[inline]
            fn write<'r, S: Sink<'r>>(&'r self, s: &mut S, field: &'static str) -> Result<(), Failed> {
                s.$ty(field, *self);
                Ok(())
            }
        }
    )*};
}

numbers!(i8 i16 u16 i32 i64 f64);

impl<'a> Value<'a> for bool {
    const LEN_MIN: usize = 1;

    #[inline]
    fn read(&mut self, d: &mut Decoder<'a>, field: &'static str) -> Result<(), Failed> {
        *self = d.number(field)? != [0];
        Ok(())
    }

    #[inline]
    fn write<'r, S: Sink<'r>>(&'r self, s: &mut S, field: &'static str) -> Result<(), Failed> {
        s.bool(field, *self);
        Ok(())
    }
}

impl<'a> Value<'a> for Uuid {
    const LEN_MIN: usize = 16;

    #[inline]
    fn read(&mut self, d: &mut Decoder<'a>, field: &'static str) -> Result<(), Failed> {
        *self = Uuid(d.number(field)?);
        Ok(())
    }

    #[inline]
    fn write<'r, S: Sink<'r>>(&'r self, s: &mut S, field: &'static str) -> Result<(), Failed> {
        s.uuid(field, *self);
        Ok(())
    }
}

/// An element of an array of strings.
impl<'a> Value<'a> for Cow<'a, str> {
    const LEN_MIN: usize = 1;

    fn read(&mut self, d: &mut Decoder<'a>, field: &'static str) -> Result<(), Failed> {
        d.string_element(self, field)
    }

    fn write<'r, S: Sink<'r>>(&'r self, s: &mut S, field: &'static str) -> Result<(), Failed> {
        s.string(field, self)
    }
}
