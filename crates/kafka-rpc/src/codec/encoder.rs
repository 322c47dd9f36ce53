//! Fields to bytes.

use kafka_schema::uuid::Uuid;
use kafka_schema::varint::write_unsigned_varint;
use kafka_schema::{STRING_LEN_MAX, SchemaError, SchemaErrorKind};

use super::{Failed, Sink, TagSection};
use crate::{Records, UnknownTaggedFields};

/// Appends the fields of a message to a buffer. `'r` is the life of records that stay apart.
#[derive(Debug)]
pub struct Encoder<'o, 'r> {
    out: &'o mut Vec<u8>,
    /// Records with their places in `out`, if they are not to be copied there.
    apart: Option<&'o mut Vec<(usize, Records<'r>)>>,
    version: i16,
    flexible: bool,
    error: Option<SchemaError>,
}

impl<'o, 'r> Encoder<'o, 'r> {
    /// An encoder that appends to `out`, and to `apart` the records that belong at a place of it.
    pub(crate) fn new(
        out: &'o mut Vec<u8>,
        apart: Option<&'o mut Vec<(usize, Records<'r>)>>,
        version: i16,
        flexible: bool,
    ) -> Self {
        Encoder { out, apart, version, flexible, error: None }
    }

    /// Why it has failed.
    pub(crate) fn error(self) -> SchemaError {
        let none = SchemaError { at: self.out.len(), field: "", kind: SchemaErrorKind::WrongType };
        self.error.unwrap_or(none)
    }

    /// The length of text (`short`), bytes or an array; `None` is null.
    fn length(&mut self, field: &'static str, length: Option<usize>, short: bool) -> Result<(), Failed> {
        let Ok(claimed) = length.map_or(Ok(-1), i32::try_from) else {
            return Err(self.fail(field, SchemaErrorKind::TooLong { len: length.unwrap_or_default() }));
        };
        if self.flexible {
            write_unsigned_varint(self.out, claimed.wrapping_add(1) as u32);
        } else if short {
            self.out.extend((claimed as i16).to_be_bytes());
        } else {
            self.out.extend(claimed.to_be_bytes());
        }
        Ok(())
    }

    fn text(&mut self, field: &'static str, value: &str) -> Result<(), Failed> {
        let claimed = value.len() as i64;
        if claimed > STRING_LEN_MAX {
            return Err(self.fail(field, SchemaErrorKind::StringTooLong { claimed, element: false }));
        }
        self.length(field, Some(value.len()), true)?;
        self.out.extend_from_slice(value.as_bytes());
        Ok(())
    }

    /// Puts a number in front of what has been written since `at`.
    fn insert_varint(&mut self, at: usize, value: u32) {
        match u8::try_from(value) {
            Ok(byte) if byte < 0x80 => self.out.insert(at, byte),
            _ => {
                let mut number = Vec::new();
                write_unsigned_varint(&mut number, value);
                self.out.splice(at..at, number);
            }
        }
    }

    /// Writes unknown tagged fields up to a tag.
    fn unknown_below(&mut self, tags: &mut TagSection<'r>, end: Option<u32>) {
        while let Some((tag, content)) = tags.unknown.as_slice().first() {
            if end.is_some_and(|end| *tag >= end) {
                break;
            }
            write_unsigned_varint(self.out, *tag);
            write_unsigned_varint(self.out, content.len() as u32);
            self.out.extend_from_slice(content);
            tags.count += 1;
            tags.unknown.next();
        }
    }
}

macro_rules! numbers {
    ($($ty:ident)*) => {$(
        #[inline]
        fn $ty(&mut self, _field: &'static str, value: $ty) {
            self.out.extend_from_slice(&value.to_be_bytes());
        }
    )*};
}

impl<'r> Sink<'r> for Encoder<'_, 'r> {
    numbers!(i8 i16 u16 i32 i64 f64);

    #[inline]
    fn version(&self) -> i16 {
        self.version
    }

    #[cold]
    fn fail(&mut self, field: &'static str, kind: SchemaErrorKind) -> Failed {
        self.error.get_or_insert(SchemaError { at: self.out.len(), field, kind });
        Failed(())
    }

    #[inline]
    fn bool(&mut self, _field: &'static str, value: bool) {
        self.out.push(u8::from(value));
    }

    fn uuid(&mut self, _field: &'static str, value: Uuid) {
        self.out.extend_from_slice(&value.0);
    }

    fn string(&mut self, field: &'static str, value: &'r str) -> Result<(), Failed> {
        self.text(field, value)
    }

    fn plain_string(&mut self, field: &'static str, value: Option<&'r str>) -> Result<(), Failed> {
        let flexible = std::mem::replace(&mut self.flexible, false);
        let written = match value {
            Some(value) => self.text(field, value),
            None => self.length(field, None, true),
        };
        self.flexible = flexible;
        written
    }

    fn bytes(&mut self, field: &'static str, value: &'r [u8]) -> Result<(), Failed> {
        self.length(field, Some(value.len()), false)?;
        self.out.extend_from_slice(value);
        Ok(())
    }

    fn records(&mut self, field: &'static str, value: &'r Records<'_>) -> Result<(), Failed> {
        self.length(field, Some(value.len()), false)?;
        match (&mut self.apart, value) {
            (_, value) if value.is_empty() => {}
            (Some(apart), value) => apart.push((self.out.len(), value.clone())),
            (None, Records::Bytes(bytes)) => self.out.extend_from_slice(bytes),
            (None, Records::File { len, .. }) => {
                return Err(self.fail(field, SchemaErrorKind::RecordsInFile { len: *len }));
            }
        }
        Ok(())
    }

    fn null(&mut self, field: &'static str, short: bool) {
        // Null has a length that fits.
        let _ = self.length(field, None, short);
    }

    fn null_structure(&mut self, _field: &'static str, tagged: bool) {
        self.out.push(if tagged { 0 } else { u8::MAX });
    }

    fn present(&mut self) {
        self.out.push(1);
    }

    #[inline]
    fn begin_structure(&mut self, _field: &'static str) {}

    #[inline]
    fn end_structure(&mut self) {}

    fn begin_array(&mut self, field: &'static str, count: usize) -> Result<(), Failed> {
        self.length(field, Some(count), false)
    }

    #[inline]
    fn end_array(&mut self) {}

    fn begin_tags(&mut self, unknown: &'r UnknownTaggedFields) -> Result<TagSection<'r>, Failed> {
        if !self.flexible && !unknown.is_empty() {
            return Err(self.not_in_version("tagged fields"));
        }
        Ok(TagSection::new(self.out.len(), unknown))
    }

    fn begin_tag(&mut self, tags: &mut TagSection<'r>, tag: u32) -> Result<(), Failed> {
        self.unknown_below(tags, Some(tag));
        if tags.unknown.as_slice().first().is_some_and(|(unknown, _)| *unknown == tag) {
            return Err(self.fail("tagged fields", SchemaErrorKind::TagTwice { tag }));
        }
        write_unsigned_varint(self.out, tag);
        tags.content = self.out.len();
        Ok(())
    }

    fn end_tag(&mut self, tags: &mut TagSection<'r>) {
        let len = self.out.len() - tags.content;
        self.insert_varint(tags.content, len as u32);
        tags.count += 1;
    }

    fn end_tags(&mut self, mut tags: TagSection<'r>) -> Result<(), Failed> {
        if self.flexible {
            self.unknown_below(&mut tags, None);
            self.insert_varint(tags.at, tags.count);
        }
        Ok(())
    }
}
