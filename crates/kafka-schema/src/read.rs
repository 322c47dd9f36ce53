//! Bytes to values, for every message: the counterpart of the generated `read` methods.

use crate::datum::{Datum, Decoded, Fields, default_of};
use crate::error::{SchemaError, SchemaErrorKind};
use crate::kafka_version::KafkaVersion;
use crate::reader::Reader;
use crate::table::{Field, Kind, Message, Struct};

/// Room made ahead for the elements of an array; more of it is made as they turn out to exist.
const ELEMENTS_AHEAD_MAX: usize = 256;
/// Most elements of an array that Kafka 4.4 reads.
pub const ELEMENTS_MAX: i32 = 1_000_000;
/// Most tagged fields of a structure that Kafka 4.4 reads.
pub const TAGS_MAX: i32 = 10_000;

impl Message {
    /// Reads this message at `version` from the start of `bytes`, as this release of Kafka does; returns it and what
    /// is left after it.
    ///
    /// As in Kafka, the version need not exist: one beyond the known ones is read like the nearest known one,
    /// unless the message has structures, which are refused.
    ///
    /// # Errors
    /// Whatever makes Kafka's class throw; [`SchemaError::java_message`] is its text.
    pub fn read<'a>(
        &'static self,
        bytes: &'a [u8],
        version: i16,
        kafka: KafkaVersion,
    ) -> Result<(Decoded<'a>, &'a [u8]), SchemaError> {
        let nearest = self.nearest(version);
        let flexible = nearest >= self.flexible;
        let mut reader = MessageReader { reader: Reader::new(bytes), version, nearest, flexible, kafka };
        let fields = reader.fields(self.fields)?;
        Ok((Decoded { message: self, version, fields }, reader.reader.rest()))
    }
}

/// Reads by a table.
struct MessageReader<'a> {
    reader: Reader<'a>,
    version: i16,
    nearest: i16,
    flexible: bool,
    kafka: KafkaVersion,
}

impl<'a> MessageReader<'a> {
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
        let count = self.reader.varint(FIELD)?;
        self.check_tags(count, FIELD)?;
        for _ in 0..count {
            let tag = self.reader.varint(FIELD)? as u32;
            let size = self.reader.varint(FIELD)?;
            let known = schema
                .iter()
                .zip(&mut fields.values)
                .find(|(field, _)| field.tag == Some(tag) && field.added_in <= self.kafka);
            match known {
                Some((field, _)) if !field.versions.contains(self.nearest) => {
                    let kind = SchemaErrorKind::TagNotInVersion { tag, version: self.version };
                    return Err(self.reader.error(field.name, kind));
                }
                Some((field, value)) => *value = self.value(field, &field.kind, false)?,
                None => fields.unknown.push((tag, self.reader.take(size, FIELD)?)),
            }
        }
        Ok(())
    }

    /// What Kafka 4.4 looks at before it reads the first tagged field. Kafka 4.3 takes a negative number for none.
    fn check_tags(&self, claimed: i32, field: &'static str) -> Result<(), SchemaError> {
        let available = self.reader.rest().len();
        let kind = match usize::try_from(claimed) {
            _ if self.kafka < KafkaVersion::V4_4 => return Ok(()),
            Err(_) => SchemaErrorKind::NegativeTags { claimed },
            Ok(count) if count > available => SchemaErrorKind::TooFewBytesForTags { claimed, available },
            Ok(_) if claimed > TAGS_MAX => SchemaErrorKind::TooManyTags { claimed },
            Ok(_) => return Ok(()),
        };
        Err(self.reader.error(field, kind))
    }

    /// One value: of the field itself, or an element of its array.
    fn value(&mut self, field: &'static Field, kind: &'static Kind, element: bool) -> Result<Datum<'a>, SchemaError> {
        let name = field.name;
        Ok(match kind {
            Kind::Bool => Datum::Bool(self.reader.number(name)? != [0]),
            Kind::Int8 => Datum::Int(i8::from_be_bytes(self.reader.number(name)?).into()),
            Kind::Int16 => Datum::Int(self.reader.i16(name)?.into()),
            Kind::Uint16 => Datum::Int(u16::from_be_bytes(self.reader.number(name)?).into()),
            Kind::Int32 => Datum::Int(i32::from_be_bytes(self.reader.number(name)?).into()),
            Kind::Int64 => Datum::Int(i64::from_be_bytes(self.reader.number(name)?)),
            Kind::Float64 => Datum::Double(f64::from_be_bytes(self.reader.number(name)?)),
            Kind::Uuid => Datum::Uuid(self.reader.number(name)?),
            Kind::String => match self.length(field, true, element)? {
                None => Datum::Null,
                Some(claimed) => Datum::Text(self.reader.text(claimed, name, element)?),
            },
            Kind::Bytes | Kind::Records => match self.length(field, false, element)? {
                None => Datum::Null,
                Some(claimed) => Datum::Bytes(self.reader.take(claimed, name)?),
            },
            Kind::Array(inner) => match self.length(field, false, element)? {
                None => Datum::Null,
                Some(claimed) => self.array(field, inner, claimed)?,
            },
            Kind::Struct(inner) if !element && field.nullable.contains(self.nearest) => {
                let present = match field.tag {
                    Some(_) => self.reader.varint(name)? > 0,
                    None => self.reader.number(name).map(i8::from_be_bytes)? >= 0,
                };
                if present { self.structure(inner)? } else { Datum::Null }
            }
            Kind::Struct(inner) => self.structure(inner)?,
        })
    }

    /// The length in front of text, bytes or an array; `None` is null.
    fn length(&mut self, field: &'static Field, short: bool, element: bool) -> Result<Option<i32>, SchemaError> {
        let length = self.reader.length(field.name, short, self.flexible && !field.plain)?;
        if length >= 0 {
            Ok(Some(length))
        } else if !element && field.nullable.contains(self.nearest) {
            Ok(None)
        } else {
            Err(self.reader.error(field.name, SchemaErrorKind::UnexpectedNull { element }))
        }
    }

    fn array(&mut self, field: &'static Field, inner: &'static Kind, claimed: i32) -> Result<Datum<'a>, SchemaError> {
        let count = self.reader.count(claimed, 1, field.name)?;
        if claimed > ELEMENTS_MAX && self.kafka >= KafkaVersion::V4_4 {
            return Err(self.reader.error(field.name, SchemaErrorKind::ArrayTooLong { claimed }));
        }
        let mut elements = Vec::with_capacity(count.min(ELEMENTS_AHEAD_MAX));
        for _ in 0..count {
            elements.push(self.value(field, inner, true)?);
        }
        Ok(Datum::Array(elements))
    }

    fn structure(&mut self, inner: &'static Struct) -> Result<Datum<'a>, SchemaError> {
        if self.version > inner.highest {
            return Err(self.reader.error(inner.name, SchemaErrorKind::StructNotInVersion { version: self.version }));
        }
        Ok(Datum::Struct(Box::new(self.fields(inner.fields)?)))
    }
}
