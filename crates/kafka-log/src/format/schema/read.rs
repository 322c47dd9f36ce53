//! Bytes to values, for every message: the counterpart of the generated `read` methods over `ByteBufferAccessor`.
//!
//! A cursor of its own and no nom: the dump tool prints the texts of Kafka's exceptions, which tell apart failures
//! that a parser's one "incomplete" would merge, and need numbers from the place of the failure.

use super::datum::{Datum, Decoded, Fields, default_of};
use super::error::{SchemaError, SchemaErrorKind};
use super::table::{Field, Kind, Message, Struct};
use crate::format::varint;
use crate::format::{FormatError, FormatErrorKind};

/// Longest string that Kafka's classes accept, in bytes.
pub(super) const STRING_LEN_MAX: i64 = 0x7fff;
/// Room made ahead for the elements of an array; more of it is made as they turn out to exist.
const ELEMENTS_AHEAD_MAX: usize = 256;

impl Message {
    /// Reads this message at `version` from the start of `bytes`; returns it and what is left behind it.
    ///
    /// As in Kafka, the version need not exist: one beyond the known ones is read like the nearest known one,
    /// unless the message has structures, which are refused.
    ///
    /// # Errors
    /// Whatever makes Kafka's class throw; [`SchemaError::java_message`] is its text.
    pub fn read<'a>(&'static self, bytes: &'a [u8], version: i16) -> Result<(Decoded<'a>, &'a [u8]), SchemaError> {
        let nearest = self.nearest(version);
        let mut reader = Reader { bytes, at: 0, version, nearest, flexible: nearest >= self.flexible };
        let fields = reader.fields(self.fields)?;
        Ok((Decoded { message: self, version, fields }, reader.rest()))
    }
}

/// Reads big-endian numbers and whatever is made of them, like `ByteBufferAccessor`.
pub(super) struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
    version: i16,
    nearest: i16,
    flexible: bool,
}

impl<'a> Reader<'a> {
    /// A reader of plain numbers.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0, version: 0, nearest: 0, flexible: false }
    }

    pub(super) fn rest(&self) -> &'a [u8] {
        self.bytes.get(self.at..).unwrap_or_default()
    }

    fn error(&self, field: &'static str, kind: SchemaErrorKind) -> SchemaError {
        SchemaError { at: self.at, field, kind }
    }

    pub(super) fn number<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], SchemaError> {
        let Some(bytes) = self.rest().first_chunk() else {
            let kind = SchemaErrorKind::Underflow { needed: N, available: self.rest().len() };
            return Err(self.error(field, kind));
        };
        self.at += N;
        Ok(*bytes)
    }

    pub(super) fn i16(&mut self, field: &'static str) -> Result<i16, SchemaError> {
        self.number(field).map(i16::from_be_bytes)
    }

    /// `readUnsignedVarint`, which Java keeps in a signed int.
    pub(super) fn varint(&mut self, field: &'static str) -> Result<i32, SchemaError> {
        match varint::read_unsigned_varint(self.bytes, &mut self.at, field) {
            Ok(value) => Ok(value as i32),
            Err(FormatError { kind: FormatErrorKind::VarintTooLong, .. }) => {
                // Java fills all 32 bits with what it has when it gives up, the sign of the fifth byte included.
                let low = |i: usize| u32::from(self.rest().get(i).copied().unwrap_or_default() & 0x7f) << (7 * i);
                let fifth = u32::from(self.rest().get(4).copied().unwrap_or_default()) << 28;
                let converted = low(0) | low(1) | low(2) | low(3) | fifth;
                Err(self.error(field, SchemaErrorKind::VarintTooLong { converted }))
            }
            Err(_) => {
                let available = self.rest().len();
                Err(self.error(field, SchemaErrorKind::Underflow { needed: available + 1, available }))
            }
        }
    }

    /// `readArray` of a length that is not negative.
    fn take(&mut self, claimed: i32, field: &'static str) -> Result<&'a [u8], SchemaError> {
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

    fn fields(&mut self, schema: &'static [Field]) -> Result<Fields<'a>, SchemaError> {
        let mut values = Vec::with_capacity(schema.len());
        for field in schema {
            values.push(if field.tag.is_none() && field.versions.contains(self.nearest) {
                self.value(field, &field.kind, false)?
            } else {
                default_of(field)
            });
        }
        let mut fields = Fields { values, unknown: Vec::new() };
        if self.flexible {
            self.tagged(schema, &mut fields)?;
        }
        Ok(fields)
    }

    /// Known tags are read without regard to the size that stands before them, as Kafka does.
    fn tagged(&mut self, schema: &'static [Field], fields: &mut Fields<'a>) -> Result<(), SchemaError> {
        const FIELD: &str = "tagged fields";
        let count = self.varint(FIELD)?;
        for _ in 0..count {
            let tag = self.varint(FIELD)? as u32;
            let size = self.varint(FIELD)?;
            let known = schema.iter().zip(&mut fields.values).find(|(field, _)| field.tag == Some(tag));
            match known {
                Some((field, _)) if !field.versions.contains(self.nearest) => {
                    let kind = SchemaErrorKind::TagNotInVersion { tag, version: self.version };
                    return Err(self.error(field.name, kind));
                }
                Some((field, value)) => *value = self.value(field, &field.kind, false)?,
                None => fields.unknown.push((tag, self.take(size, FIELD)?)),
            }
        }
        Ok(())
    }

    /// One value: of the field itself, or an element of its array.
    fn value(&mut self, field: &'static Field, kind: &'static Kind, element: bool) -> Result<Datum<'a>, SchemaError> {
        let name = field.name;
        Ok(match kind {
            Kind::Bool => Datum::Bool(self.number(name)? != [0]),
            Kind::Int8 => Datum::Int(i8::from_be_bytes(self.number(name)?).into()),
            Kind::Int16 => Datum::Int(self.i16(name)?.into()),
            Kind::Uint16 => Datum::Int(u16::from_be_bytes(self.number(name)?).into()),
            Kind::Int32 => Datum::Int(i32::from_be_bytes(self.number(name)?).into()),
            Kind::Int64 => Datum::Int(i64::from_be_bytes(self.number(name)?)),
            Kind::Float64 => Datum::Double(f64::from_be_bytes(self.number(name)?)),
            Kind::Uuid => Datum::Uuid(self.number(name)?),
            Kind::String => match self.length(field, true, element)? {
                None => Datum::Null,
                Some(claimed) if i64::from(claimed) > STRING_LEN_MAX => {
                    return Err(self.error(name, SchemaErrorKind::StringTooLong { claimed: claimed.into(), element }));
                }
                Some(claimed) => Datum::Text(self.take(claimed, name)?),
            },
            Kind::Bytes => match self.length(field, false, element)? {
                None => Datum::Null,
                Some(claimed) => Datum::Bytes(self.take(claimed, name)?),
            },
            Kind::Array(inner) => match self.length(field, false, element)? {
                None => Datum::Null,
                Some(claimed) => self.array(field, inner, claimed)?,
            },
            Kind::Struct(inner) if !element && field.nullable.contains(self.nearest) => {
                let present = match field.tag {
                    Some(_) => self.varint(name)? > 0,
                    None => self.number(name).map(i8::from_be_bytes)? >= 0,
                };
                if present { self.structure(inner)? } else { Datum::Null }
            }
            Kind::Struct(inner) => self.structure(inner)?,
        })
    }

    /// The length in front of text, bytes or an array; `None` is null.
    fn length(&mut self, field: &'static Field, short: bool, element: bool) -> Result<Option<i32>, SchemaError> {
        let length = if self.flexible {
            self.varint(field.name)?.wrapping_sub(1)
        } else if short {
            self.i16(field.name)?.into()
        } else {
            self.number(field.name).map(i32::from_be_bytes)?
        };
        if length >= 0 {
            Ok(Some(length))
        } else if !element && field.nullable.contains(self.nearest) {
            Ok(None)
        } else {
            Err(self.error(field.name, SchemaErrorKind::UnexpectedNull { element }))
        }
    }

    fn array(&mut self, field: &'static Field, inner: &'static Kind, claimed: i32) -> Result<Datum<'a>, SchemaError> {
        let available = self.rest().len();
        let count = claimed as usize;
        if count > available {
            return Err(self.error(field.name, SchemaErrorKind::TooManyElements { claimed, available }));
        }
        let mut elements = Vec::with_capacity(count.min(ELEMENTS_AHEAD_MAX));
        for _ in 0..count {
            elements.push(self.value(field, inner, true)?);
        }
        Ok(Datum::Array(elements))
    }

    fn structure(&mut self, inner: &'static Struct) -> Result<Datum<'a>, SchemaError> {
        if self.version > inner.highest {
            return Err(self.error(inner.name, SchemaErrorKind::StructNotInVersion { version: self.version }));
        }
        Ok(Datum::Struct(Box::new(self.fields(inner.fields)?)))
    }
}
