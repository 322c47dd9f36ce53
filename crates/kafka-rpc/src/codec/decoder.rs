//! Bytes to fields.

use std::borrow::Cow;

use kafka_schema::java_text::push_java_utf8;
use kafka_schema::{Reader, SchemaError, SchemaErrorKind};

use super::{Failed, Value};
use crate::{Records, UnknownTaggedFields};

const TAGGED_FIELDS: &str = "tagged fields";

/// Reads the fields of a message at a version. The methods take the place to read into, and the field's name for errors.
#[derive(Debug)]
pub struct Decoder<'a> {
    reader: Reader<'a>,
    version: i16,
    flexible: bool,
    memory_left: usize,
    error: Option<SchemaError>,
}

/// Tagged fields of a structure that are not read yet.
#[derive(Debug)]
pub struct TagsLeft(i32);

impl<'a> Decoder<'a> {
    /// A decoder of `bytes`. Arrays take no more memory than `memory_max` bytes in total.
    pub fn new(bytes: &'a [u8], version: i16, flexible: bool, memory_max: usize) -> Self {
        Decoder { reader: Reader::new(bytes), version, flexible, memory_left: memory_max, error: None }
    }

    /// The version of the message.
    #[inline]
    pub fn version(&self) -> i16 {
        self.version
    }

    /// The bytes not read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.reader.rest()
    }

    /// Why it has failed; an underflow without a field if it has not.
    pub(crate) fn error(self) -> SchemaError {
        let none = SchemaErrorKind::Underflow { needed: 0, available: 0 };
        self.error.unwrap_or_else(|| self.reader.error("", none))
    }

    #[cold]
    fn fail(&mut self, error: SchemaError) -> Failed {
        self.error.get_or_insert(error);
        Failed(())
    }

    fn fail_here(&mut self, field: &'static str, kind: SchemaErrorKind) -> Failed {
        self.fail(self.reader.error(field, kind))
    }

    fn checked<T>(&mut self, read: Result<T, SchemaError>) -> Result<T, Failed> {
        read.map_err(|error| self.fail(error))
    }

    /// A number or a structure.
    #[inline]
    pub fn value<T: Value<'a>>(&mut self, out: &mut T, field: &'static str) -> Result<(), Failed> {
        out.read(self, field)
    }

    pub(super) fn number<const N: usize>(&mut self, field: &'static str) -> Result<[u8; N], Failed> {
        let read = self.reader.number(field);
        self.checked(read)
    }

    fn length(&mut self, field: &'static str, short: bool) -> Result<i32, Failed> {
        let read = self.reader.length(field, short, self.flexible);
        self.checked(read)
    }

    /// The length of something that may be null where `nullable`; `None` is null.
    fn optional_length(&mut self, field: &'static str, short: bool, nullable: bool) -> Result<Option<i32>, Failed> {
        match self.length(field, short)? {
            length @ 0.. => Ok(Some(length)),
            _ if nullable => Ok(None),
            _ => Err(self.fail_here(field, SchemaErrorKind::UnexpectedNull { element: false })),
        }
    }

    /// The length of something that cannot be null.
    fn some_length(&mut self, field: &'static str, short: bool, element: bool) -> Result<i32, Failed> {
        match self.length(field, short)? {
            length @ 0.. => Ok(length),
            _ => Err(self.fail_here(field, SchemaErrorKind::UnexpectedNull { element })),
        }
    }

    fn text(&mut self, length: i32, field: &'static str, element: bool) -> Result<Cow<'a, str>, Failed> {
        let read = self.reader.text(length, field, element);
        let bytes = self.checked(read)?;
        Ok(match std::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(java_text(bytes)),
        })
    }

    fn slice(&mut self, length: i32, field: &'static str) -> Result<&'a [u8], Failed> {
        let read = self.reader.take(length, field);
        self.checked(read)
    }

    /// A string. Bytes that are not UTF-8 become U+FFFD, as in Java.
    pub fn string(&mut self, out: &mut Cow<'a, str>, field: &'static str) -> Result<(), Failed> {
        let length = self.some_length(field, true, false)?;
        *out = self.text(length, field, false)?;
        Ok(())
    }

    /// A string that may be null.
    pub fn optional_string(
        &mut self,
        out: &mut Option<Cow<'a, str>>,
        nullable: bool,
        field: &'static str,
    ) -> Result<(), Failed> {
        *out = match self.optional_length(field, true, nullable)? {
            Some(length) => Some(self.text(length, field, false)?),
            None => None,
        };
        Ok(())
    }

    /// A string that may be null, with a length of two bytes in all versions.
    pub fn optional_plain_string(
        &mut self,
        out: &mut Option<Cow<'a, str>>,
        nullable: bool,
        field: &'static str,
    ) -> Result<(), Failed> {
        let flexible = std::mem::replace(&mut self.flexible, false);
        let read = self.optional_string(out, nullable, field);
        self.flexible = flexible;
        read
    }

    pub(super) fn string_element(&mut self, out: &mut Cow<'a, str>, field: &'static str) -> Result<(), Failed> {
        let length = self.some_length(field, true, true)?;
        *out = self.text(length, field, true)?;
        Ok(())
    }

    /// Bytes.
    pub fn bytes(&mut self, out: &mut Cow<'a, [u8]>, field: &'static str) -> Result<(), Failed> {
        let length = self.some_length(field, false, false)?;
        *out = Cow::Borrowed(self.slice(length, field)?);
        Ok(())
    }

    /// Bytes that may be null.
    pub fn optional_bytes(
        &mut self,
        out: &mut Option<Cow<'a, [u8]>>,
        nullable: bool,
        field: &'static str,
    ) -> Result<(), Failed> {
        *out = match self.optional_length(field, false, nullable)? {
            Some(length) => Some(Cow::Borrowed(self.slice(length, field)?)),
            None => None,
        };
        Ok(())
    }

    /// Record batches, which are not looked into.
    pub fn records(&mut self, out: &mut Records<'a>, field: &'static str) -> Result<(), Failed> {
        let length = self.some_length(field, false, false)?;
        *out = Records::Bytes(self.slice(length, field)?);
        Ok(())
    }

    /// Record batches that may be null.
    pub fn optional_records(
        &mut self,
        out: &mut Option<Records<'a>>,
        nullable: bool,
        field: &'static str,
    ) -> Result<(), Failed> {
        *out = match self.optional_length(field, false, nullable)? {
            Some(length) => Some(Records::Bytes(self.slice(length, field)?)),
            None => None,
        };
        Ok(())
    }

    /// An array.
    pub fn array<T: Value<'a>>(&mut self, out: &mut Vec<T>, field: &'static str) -> Result<(), Failed> {
        let claimed = self.some_length(field, false, false)?;
        self.elements(out, claimed, field)
    }

    /// An array that may be null.
    pub fn optional_array<T: Value<'a>>(
        &mut self,
        out: &mut Option<Vec<T>>,
        nullable: bool,
        field: &'static str,
    ) -> Result<(), Failed> {
        *out = match self.optional_length(field, false, nullable)? {
            Some(claimed) => {
                let mut elements = Vec::new();
                self.elements(&mut elements, claimed, field)?;
                Some(elements)
            }
            None => None,
        };
        Ok(())
    }

    fn elements<T: Value<'a>>(&mut self, out: &mut Vec<T>, claimed: i32, field: &'static str) -> Result<(), Failed> {
        let count = self.count(claimed, T::LEN_MIN, size_of::<T>(), field)?;
        out.clear();
        out.reserve_exact(count);
        for _ in 0..count {
            let mut element = T::default();
            element.read(self, field)?;
            out.push(element);
        }
        Ok(())
    }

    /// The number of elements, after the bytes at hand and the memory allowed have been found to hold them.
    fn count(&mut self, claimed: i32, len_min: usize, size: usize, field: &'static str) -> Result<usize, Failed> {
        let read = self.reader.count(claimed, len_min, field);
        let count = self.checked(read)?;
        self.charge(count.saturating_mul(size), field)?;
        Ok(count)
    }

    /// Counts memory that is about to be taken.
    fn charge(&mut self, needed: usize, field: &'static str) -> Result<(), Failed> {
        let allowed = self.memory_left;
        let left = allowed.checked_sub(needed);
        self.memory_left =
            left.ok_or_else(|| self.fail_here(field, SchemaErrorKind::TooMuchMemory { needed, allowed }))?;
        Ok(())
    }

    /// A structure that may be null: a byte, or a varint in a tagged field, says whether it is there.
    pub fn optional_structure<T: Value<'a>>(
        &mut self,
        out: &mut Option<T>,
        nullable: bool,
        tagged: bool,
        field: &'static str,
    ) -> Result<(), Failed> {
        let present = match (nullable, tagged) {
            (false, _) => true,
            (true, true) => {
                let read = self.reader.varint(field);
                self.checked(read)? > 0
            }
            (true, false) => i8::from_be_bytes(self.number(field)?) >= 0,
        };
        *out = None;
        if present {
            out.insert(T::default()).read(self, field)?;
        }
        Ok(())
    }

    /// The number of tagged fields of a structure; none where the version is not flexible.
    pub fn tags(&mut self) -> Result<TagsLeft, Failed> {
        if !self.flexible {
            return Ok(TagsLeft(0));
        }
        let read = self.reader.varint(TAGGED_FIELDS);
        self.checked(read).map(TagsLeft)
    }

    /// The next tagged field: its tag and the size it claims. Like Kafka, known fields are read without regard to the size.
    pub fn next_tag(&mut self, left: &mut TagsLeft) -> Result<Option<(u32, i32)>, Failed> {
        if left.0 <= 0 {
            return Ok(None);
        }
        left.0 -= 1;
        let tag = self.reader.varint(TAGGED_FIELDS);
        let tag = self.checked(tag)? as u32;
        let size = self.reader.varint(TAGGED_FIELDS);
        Ok(Some((tag, self.checked(size)?)))
    }

    /// A tagged field that the definition does not have.
    pub fn unknown_tag(&mut self, out: &mut UnknownTaggedFields, tag: u32, size: i32) -> Result<(), Failed> {
        let content = self.slice(size, TAGGED_FIELDS)?;
        self.charge(UnknownTaggedFields::FIELD_LEN + content.len(), TAGGED_FIELDS)?;
        out.push(tag, content);
        Ok(())
    }

    /// All tagged fields of a structure that has none of its own.
    pub fn unknown_tags(&mut self, out: &mut UnknownTaggedFields) -> Result<(), Failed> {
        let mut left = self.tags()?;
        while let Some((tag, size)) = self.next_tag(&mut left)? {
            self.unknown_tag(out, tag, size)?;
        }
        Ok(())
    }

    /// The failure for a known tag in a version that does not have it.
    #[cold]
    pub fn tag_not_in_version(&mut self, field: &'static str, tag: u32) -> Failed {
        let version = self.version;
        self.fail_here(field, SchemaErrorKind::TagNotInVersion { tag, version })
    }
}

#[cold]
fn java_text(bytes: &[u8]) -> String {
    let mut out = Vec::with_capacity(bytes.len());
    push_java_utf8(&mut out, bytes);
    String::from_utf8_lossy(&out).into_owned()
}
