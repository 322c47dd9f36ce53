//! Where fields go: bytes, or another form.

use std::borrow::Cow;

use kafka_schema::SchemaErrorKind;
use kafka_schema::uuid::Uuid;

use super::{Failed, Value};
use crate::{Records, UnknownTaggedFields};

/// The tagged fields of a structure while they are written.
#[derive(Debug)]
pub struct TagSection<'r> {
    /// Where the section starts.
    pub(super) at: usize,
    /// Where the content of the current field starts.
    pub(super) content: usize,
    /// How many have been written.
    pub(super) count: u32,
    /// Unknown ones that are not written yet, by tag.
    pub(super) unknown: std::slice::Iter<'r, (u32, Box<[u8]>)>,
}

impl<'r> TagSection<'r> {
    /// A section that starts at a position, with these fields to merge in.
    pub fn new(at: usize, unknown: &'r UnknownTaggedFields) -> Self {
        TagSection { at, content: 0, count: 0, unknown: unknown.iter() }
    }
}

/// Takes the fields of a message in their order. The methods take the field's name, which bytes do not show.
///
/// Fields that the version lacks do not arrive, nor do tagged fields with their default.
#[expect(missing_docs, reason = "the methods are the types of Kafka's message format")]
pub trait Sink<'r> {
    /// The version of the message.
    fn version(&self) -> i16;
    /// Keeps an error.
    fn fail(&mut self, field: &'static str, kind: SchemaErrorKind) -> Failed;

    fn bool(&mut self, field: &'static str, value: bool);
    fn i8(&mut self, field: &'static str, value: i8);
    fn i16(&mut self, field: &'static str, value: i16);
    fn u16(&mut self, field: &'static str, value: u16);
    fn i32(&mut self, field: &'static str, value: i32);
    fn i64(&mut self, field: &'static str, value: i64);
    fn f64(&mut self, field: &'static str, value: f64);
    fn uuid(&mut self, field: &'static str, value: Uuid);
    fn string(&mut self, field: &'static str, value: &'r str) -> Result<(), Failed>;
    /// A string whose length takes two bytes in all versions.
    fn plain_string(&mut self, field: &'static str, value: Option<&'r str>) -> Result<(), Failed>;
    fn bytes(&mut self, field: &'static str, value: &'r [u8]) -> Result<(), Failed>;
    fn records(&mut self, field: &'static str, value: &'r Records<'_>) -> Result<(), Failed>;
    /// Null for a string (`short`), bytes, records or an array.
    fn null(&mut self, field: &'static str, short: bool);
    /// Null for a structure.
    fn null_structure(&mut self, field: &'static str, tagged: bool);
    /// A structure that might have been null follows.
    fn present(&mut self);
    fn begin_structure(&mut self, field: &'static str);
    fn end_structure(&mut self);
    /// That many elements follow.
    fn begin_array(&mut self, field: &'static str, count: usize) -> Result<(), Failed>;
    fn end_array(&mut self);
    /// The tagged fields of a structure follow. Fails where the version has none and there are unknown ones.
    fn begin_tags(&mut self, unknown: &'r UnknownTaggedFields) -> Result<TagSection<'r>, Failed>;
    fn begin_tag(&mut self, tags: &mut TagSection<'r>, tag: u32) -> Result<(), Failed>;
    fn end_tag(&mut self, tags: &mut TagSection<'r>);
    fn end_tags(&mut self, tags: TagSection<'r>) -> Result<(), Failed>;

    /// All tagged fields of a structure that has none of its own.
    fn unknown_tags(&mut self, unknown: &'r UnknownTaggedFields) -> Result<(), Failed> {
        let tags = self.begin_tags(unknown)?;
        self.end_tags(tags)
    }

    /// The failure for a value other than the default where the version lacks the field.
    #[cold]
    fn not_in_version(&mut self, field: &'static str) -> Failed {
        let version = self.version();
        self.fail(field, SchemaErrorKind::NotInVersion { version })
    }

    /// Null where the version allows it.
    fn checked_null(&mut self, field: &'static str, short: bool, nullable: bool) -> Result<(), Failed> {
        if !nullable {
            return Err(self.fail(field, SchemaErrorKind::UnexpectedNull { element: false }));
        }
        self.null(field, short);
        Ok(())
    }

    fn optional_string(
        &mut self,
        field: &'static str,
        value: &'r Option<Cow<'_, str>>,
        nullable: bool,
    ) -> Result<(), Failed> {
        match value {
            Some(value) => self.string(field, value),
            None => self.checked_null(field, true, nullable),
        }
    }

    fn optional_bytes(
        &mut self,
        field: &'static str,
        value: &'r Option<Cow<'_, [u8]>>,
        nullable: bool,
    ) -> Result<(), Failed> {
        match value {
            Some(value) => self.bytes(field, value),
            None => self.checked_null(field, false, nullable),
        }
    }

    fn optional_records(
        &mut self,
        field: &'static str,
        value: &'r Option<Records<'_>>,
        nullable: bool,
    ) -> Result<(), Failed> {
        match value {
            Some(value) => self.records(field, value),
            None => self.checked_null(field, false, nullable),
        }
    }

    fn array<'a, T: Value<'a>>(&mut self, field: &'static str, value: &'r [T]) -> Result<(), Failed>
    where
        Self: Sized,
    {
        self.begin_array(field, value.len())?;
        for element in value {
            element.write(self, field)?;
        }
        self.end_array();
        Ok(())
    }

    fn optional_array<'a, T: Value<'a>>(
        &mut self,
        field: &'static str,
        value: &'r Option<Vec<T>>,
        nullable: bool,
    ) -> Result<(), Failed>
    where
        Self: Sized,
    {
        match value {
            Some(value) => self.array(field, value),
            None => self.checked_null(field, false, nullable),
        }
    }

    fn optional_structure<'a, T: Value<'a>>(
        &mut self,
        field: &'static str,
        value: &'r Option<T>,
        nullable: bool,
        tagged: bool,
    ) -> Result<(), Failed>
    where
        Self: Sized,
    {
        match value {
            Some(value) => {
                if nullable {
                    self.present();
                }
                value.write(self, field)
            }
            None if nullable => {
                self.null_structure(field, tagged);
                Ok(())
            }
            None => Err(self.fail(field, SchemaErrorKind::UnexpectedNull { element: false })),
        }
    }
}
