//! Values to bytes, for every message: the counterpart of the generated `write` methods.

use crate::datum::{Datum, Decoded, Fields, default_of};
use crate::error::{SchemaError, SchemaErrorKind};
use crate::reader::STRING_LEN_MAX;
use crate::table::{Field, Kind};
use crate::varint::write_unsigned_varint;

/// `AbstractApiMessageSerde.DEFAULT_FRAME_VERSION`.
pub const FRAME_VERSION: i16 = 1;

impl Decoded<'_> {
    /// Appends the message at its own version, as Kafka's class writes it: tagged fields sorted by tag, known ones
    /// only where they differ from the default.
    ///
    /// # Errors
    /// When a value is not of its field's type, or the version has no field for a value other than the default
    /// ([`SchemaErrorKind::NotInVersion`]). `out` then ends with part of the message.
    pub fn write(&self, out: &mut Vec<u8>) -> Result<(), SchemaError> {
        self.write_at(self.version, out)
    }

    /// Appends the message at another version; otherwise like [`Decoded::write`].
    ///
    /// # Errors
    /// As [`Decoded::write`].
    pub fn write_at(&self, version: i16, out: &mut Vec<u8>) -> Result<(), SchemaError> {
        let nearest = self.message.nearest(version);
        let flexible = nearest >= self.message.flexible;
        Writer { out, version, nearest, flexible }.fields(self.message.fields, &self.fields)
    }

    /// Appends the key of a coordinator's record: record type, then the message at version 0.
    ///
    /// # Errors
    /// As [`Decoded::write`].
    pub fn write_key(&self, out: &mut Vec<u8>) -> Result<(), SchemaError> {
        out.extend(self.message.api_key.to_be_bytes());
        self.write_at(0, out)
    }

    /// Appends the value of a coordinator's record: version, then the message.
    ///
    /// # Errors
    /// As [`Decoded::write`].
    pub fn write_value(&self, out: &mut Vec<u8>) -> Result<(), SchemaError> {
        out.extend(self.version.to_be_bytes());
        self.write(out)
    }

    /// Appends a record of the cluster metadata or remote log metadata: frame version, type, version, message.
    ///
    /// # Errors
    /// As [`Decoded::write`].
    pub fn write_framed(&self, out: &mut Vec<u8>) -> Result<(), SchemaError> {
        for number in [FRAME_VERSION, self.message.api_key, self.version] {
            write_unsigned_varint(out, i32::from(number) as u32);
        }
        self.write(out)
    }
}

struct Writer<'o> {
    out: &'o mut Vec<u8>,
    version: i16,
    nearest: i16,
    flexible: bool,
}

impl Writer<'_> {
    fn error(&self, field: &'static str, kind: SchemaErrorKind) -> SchemaError {
        SchemaError { at: self.out.len(), field, kind }
    }

    fn fields(&mut self, schema: &'static [Field], fields: &Fields<'_>) -> Result<(), SchemaError> {
        const TAGGED: &str = "tagged fields";
        let kind = SchemaErrorKind::NotInVersion { version: self.version };
        let mut tagged = Vec::new();
        for (field, value) in schema.iter().zip(&fields.values) {
            if !field.versions.contains(self.nearest) {
                if !field.ignorable && *value != default_of(field) {
                    return Err(self.error(field.name, kind));
                }
            } else if let Some(tag) = field.tag {
                if *value != default_of(field) {
                    tagged.push((tag, self.tagged(field, value)?));
                }
            } else {
                self.value(field, &field.kind, value, false)?;
            }
        }
        if !self.flexible {
            let kept = tagged.is_empty() && fields.unknown.is_empty();
            return if kept { Ok(()) } else { Err(self.error(TAGGED, kind)) };
        }
        tagged.extend(fields.unknown.iter().map(|&(tag, content)| (tag, content.to_vec())));
        tagged.sort_by_key(|&(tag, _)| tag);
        write_unsigned_varint(self.out, tagged.len() as u32);
        for (tag, content) in tagged {
            write_unsigned_varint(self.out, tag);
            write_unsigned_varint(self.out, content.len() as u32);
            self.out.extend(content);
        }
        Ok(())
    }

    fn tagged(&self, field: &'static Field, value: &Datum<'_>) -> Result<Vec<u8>, SchemaError> {
        let mut content = Vec::new();
        Writer { out: &mut content, ..*self }.value(field, &field.kind, value, false)?;
        Ok(content)
    }

    /// One value: of the field itself, or an element of its array.
    fn value(
        &mut self,
        field: &'static Field,
        kind: &'static Kind,
        value: &Datum<'_>,
        element: bool,
    ) -> Result<(), SchemaError> {
        let wrong_type = self.error(field.name, SchemaErrorKind::WrongType);
        match (kind, value) {
            (Kind::Bool, Datum::Bool(value)) => self.out.push(u8::from(*value)),
            (Kind::Int8, Datum::Int(value)) => self.out.extend(narrow::<i8>(*value, wrong_type)?.to_be_bytes()),
            (Kind::Int8, Datum::TransactionStatus(id)) => self.out.extend(id.to_be_bytes()),
            (Kind::Int16, Datum::Int(value)) => self.out.extend(narrow::<i16>(*value, wrong_type)?.to_be_bytes()),
            (Kind::Uint16, Datum::Int(value)) => self.out.extend(narrow::<u16>(*value, wrong_type)?.to_be_bytes()),
            (Kind::Int32, Datum::Int(value)) => self.out.extend(narrow::<i32>(*value, wrong_type)?.to_be_bytes()),
            (Kind::Int64, Datum::Int(value)) => self.out.extend(value.to_be_bytes()),
            (Kind::Float64, Datum::Double(value)) => self.out.extend(value.to_be_bytes()),
            (Kind::Uuid, Datum::Uuid(value)) => self.out.extend(value),
            (Kind::String, Datum::Text(value)) => {
                let claimed = value.len() as i64;
                if claimed > STRING_LEN_MAX {
                    return Err(self.error(field.name, SchemaErrorKind::StringTooLong { claimed, element }));
                }
                self.length(Some(value.len()), field, kind);
                self.out.extend_from_slice(value);
            }
            (Kind::Bytes | Kind::Records, Datum::Bytes(value)) => {
                narrow::<i32>(value.len() as i64, wrong_type)?;
                self.length(Some(value.len()), field, kind);
                self.out.extend_from_slice(value);
            }
            (Kind::Bytes, Datum::Message(inner)) => self.value(field, kind, &Datum::Bytes(inner.bytes), element)?,
            (Kind::Array(inner), Datum::Array(elements)) => {
                narrow::<i32>(elements.len() as i64, wrong_type)?;
                self.length(Some(elements.len()), field, kind);
                for value in elements {
                    self.value(field, inner, value, true)?;
                }
            }
            (Kind::Struct(inner), Datum::Struct(fields)) => {
                if !element && field.nullable.contains(self.nearest) {
                    self.out.push(1);
                }
                self.fields(inner.fields, fields)?;
            }
            (_, Datum::Null) if element || !field.nullable.contains(self.nearest) => {
                return Err(self.error(field.name, SchemaErrorKind::UnexpectedNull { element }));
            }
            (Kind::Struct(_), Datum::Null) => self.out.push(if field.tag.is_some() { 0 } else { u8::MAX }),
            (Kind::String | Kind::Bytes | Kind::Records | Kind::Array(_), Datum::Null) => {
                self.length(None, field, kind)
            }
            _ => return Err(wrong_type),
        }
        Ok(())
    }

    /// The length in front of text, bytes or an array; `None` is null.
    fn length(&mut self, length: Option<usize>, field: &Field, kind: &Kind) {
        let length = length.map_or(-1, |length| length as i32);
        if self.flexible && !field.plain {
            write_unsigned_varint(self.out, length.wrapping_add(1) as u32);
        } else if matches!(kind, Kind::String) {
            self.out.extend((length as i16).to_be_bytes());
        } else {
            self.out.extend(length.to_be_bytes());
        }
    }
}

fn narrow<T: TryFrom<i64>>(value: i64, error: SchemaError) -> Result<T, SchemaError> {
    T::try_from(value).map_err(|_| error)
}
