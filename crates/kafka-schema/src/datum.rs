//! Values of message fields, as read.

use crate::table::{Default, Field, Kind, Message};

/// The value of a field, without its schema: it goes with a [`Kind`]. Text and bytes are borrowed from the input.
#[derive(Clone, Debug, PartialEq)]
pub enum Datum<'a> {
    /// Null.
    Null,
    /// Boolean.
    Bool(bool),
    /// Any integer type.
    Int(i64),
    /// The `int8` of a transaction's status, to be shown by its name (`TransactionState`).
    TransactionStatus(i8),
    /// `float64`.
    Double(f64),
    /// `uuid`, 16 bytes.
    Uuid([u8; 16]),
    /// `string`: UTF-8 if a well-behaved program wrote it.
    Text(&'a [u8]),
    /// `bytes`.
    Bytes(&'a [u8]),
    /// Any array.
    Array(Vec<Datum<'a>>),
    /// A structure.
    Struct(Box<Fields<'a>>),
    /// Bytes in which a message was found.
    Message(Box<Embedded<'a>>),
}

// An array of numbers should not take much more room than it must.
const _: () = assert!(size_of::<Datum<'_>>() <= 24);

/// A message inside of bytes: it is shown in their place, they are what is written.
#[derive(Clone, Debug, PartialEq)]
pub struct Embedded<'a> {
    /// The bytes.
    pub bytes: &'a [u8],
    /// The message.
    pub decoded: Decoded<'a>,
}

/// The values of a structure or message.
#[derive(Clone, Debug, PartialEq, std::default::Default)]
pub struct Fields<'a> {
    /// One for each field of the schema, in its order; defaults where the bytes have none.
    pub values: Vec<Datum<'a>>,
    /// Tagged fields that the schema does not know: tag and content.
    pub unknown: Vec<(u32, &'a [u8])>,
}

/// A message as read: its schema, the version it was read at, its values.
#[derive(Clone, Debug)]
pub struct Decoded<'a> {
    /// The schema.
    pub message: &'static Message,
    /// Version named by the bytes, which need not exist.
    pub version: i16,
    /// The values.
    pub fields: Fields<'a>,
}

impl PartialEq for Decoded<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.message, other.message) && self.version == other.version && self.fields == other.fields
    }
}

impl<'a> Decoded<'a> {
    /// The value of the field with this name.
    pub fn get(&self, name: &str) -> Option<&Datum<'a>> {
        let at = self.message.fields.iter().position(|field| field.name == name)?;
        self.fields.values.get(at)
    }
}

impl Datum<'_> {
    /// The value of a field that the bytes do not have.
    pub fn default_of(field: &Field) -> Self {
        default_of(field)
    }
}

pub(crate) fn default_of<'a>(field: &Field) -> Datum<'a> {
    match field.default {
        Default::Empty => empty(&field.kind),
        Default::Null => Datum::Null,
        Default::Number(number) if matches!(field.kind, Kind::Bool) => Datum::Bool(number != 0),
        Default::Number(number) => Datum::Int(number),
    }
}

fn empty<'a>(kind: &Kind) -> Datum<'a> {
    match kind {
        Kind::Bool => Datum::Bool(false),
        Kind::Int8 | Kind::Int16 | Kind::Uint16 | Kind::Int32 | Kind::Int64 => Datum::Int(0),
        Kind::Float64 => Datum::Double(0.0),
        Kind::Uuid => Datum::Uuid([0; 16]),
        Kind::String => Datum::Text(&[]),
        Kind::Bytes | Kind::Records => Datum::Bytes(&[]),
        Kind::Array(_) => Datum::Array(Vec::new()),
        Kind::Struct(inner) => {
            let values = inner.fields.iter().map(default_of).collect();
            Datum::Struct(Box::new(Fields { values, unknown: Vec::new() }))
        }
    }
}
