//! Values to JSON, in Kafka's order: the counterpart of the generated `JsonConverter` classes, and of Jackson, which
//! prints what they return.

use crate::datum::{Datum, Decoded, Fields, default_of};
use crate::double::push_double;
use crate::escape::{JsonEscapes, push_json_string};
use crate::java_text::push_java_utf8;
use crate::table::{Field, Kind};
use crate::uuid::Uuid;
use data_encoding::BASE64;
use serde_json::{Map, Value};
use std::io::Write;

/// The fields that Kafka's JSON shows: those of the version, if tagged then only with a value other than the default.
fn shown<'d, 'a>(
    schema: &'static [Field],
    fields: &'d Fields<'a>,
    nearest: i16,
) -> impl Iterator<Item = (&'static Field, &'d Datum<'a>)> {
    schema.iter().zip(&fields.values).filter(move |(field, value)| {
        field.versions.contains(nearest) && (field.tag.is_none() || **value != default_of(field))
    })
}

impl Decoded<'_> {
    /// Appends Kafka's JSON of this message at the version it was read at, byte for byte.
    pub fn push_json(&self, out: &mut Vec<u8>) {
        self.push_json_at(self.version, out);
    }

    /// Appends Kafka's JSON of this message at another version.
    pub fn push_json_at(&self, version: i16, out: &mut Vec<u8>) {
        push_fields(out, self.message.fields, &self.fields, self.message.nearest(version));
    }

    /// The same JSON as a value.
    pub fn to_value(&self) -> Value {
        self.to_value_at(self.version)
    }

    /// The same JSON, at another version, as a value.
    pub fn to_value_at(&self, version: i16) -> Value {
        fields_value(self.message.fields, &self.fields, self.message.nearest(version))
    }
}

fn push_fields(out: &mut Vec<u8>, schema: &'static [Field], fields: &Fields<'_>, nearest: i16) {
    out.push(b'{');
    for (i, (field, value)) in shown(schema, fields, nearest).enumerate() {
        if i > 0 {
            out.push(b',');
        }
        out.push(b'"');
        out.extend_from_slice(field.name.as_bytes());
        out.extend_from_slice(b"\":");
        push_datum(out, &field.kind, value, nearest);
    }
    out.push(b'}');
}

fn push_datum(out: &mut Vec<u8>, kind: &Kind, value: &Datum<'_>, nearest: i16) {
    match value {
        Datum::Null => out.extend_from_slice(b"null"),
        Datum::Bool(value) => out.extend_from_slice(if *value { b"true" } else { b"false" }),
        Datum::Int(value) => push_int(out, *value),
        Datum::TransactionStatus(id) => quoted(out, |out| push_transaction_status(out, *id)),
        // Jackson quotes what is no number in JSON.
        Datum::Double(value) if !value.is_finite() => quoted(out, |out| push_double(out, *value)),
        Datum::Double(value) => push_double(out, *value),
        Datum::Uuid(value) => quoted(out, |out| Uuid(*value).push(out)),
        Datum::Text(value) => push_string(out, value),
        // Kafka's converters leave records out.
        Datum::Bytes(_) if matches!(kind, Kind::Records) => out.extend_from_slice(b"\"\""),
        Datum::Bytes(value) => quoted(out, |out| push_base64(out, value)),
        Datum::Array(elements) => {
            let Kind::Array(inner) = kind else { return };
            out.push(b'[');
            for (i, element) in elements.iter().enumerate() {
                if i > 0 {
                    out.push(b',');
                }
                push_datum(out, inner, element, nearest);
            }
            out.push(b']');
        }
        Datum::Struct(fields) => {
            let Kind::Struct(inner) = kind else { return };
            push_fields(out, inner.fields, fields, nearest);
        }
        Datum::Message(inner) => inner.decoded.push_json(out),
    }
}

fn quoted(out: &mut Vec<u8>, content: impl FnOnce(&mut Vec<u8>)) {
    out.push(b'"');
    content(out);
    out.push(b'"');
}

/// Appends a number in decimal.
pub fn push_int(out: &mut Vec<u8>, value: i64) {
    // Writing into a vector cannot fail.
    let _ = write!(out, "{value}");
}

/// Appends the name of a transaction's status (`TransactionState.stateName`), of an unknown one its number.
fn push_transaction_status(out: &mut Vec<u8>, id: i8) {
    const NAMES: [&str; 8] = [
        "Empty",
        "Ongoing",
        "PrepareCommit",
        "PrepareAbort",
        "CompleteCommit",
        "CompleteAbort",
        "Dead",
        "PrepareEpochFence",
    ];
    match usize::try_from(id).ok().and_then(|id| NAMES.get(id)) {
        Some(name) => out.extend_from_slice(name.as_bytes()),
        None => push_int(out, id.into()),
    }
}

/// Appends `bytes` in base64 with padding, on one line (Jackson's `MIME_NO_LINEFEEDS`).
pub fn push_base64(out: &mut Vec<u8>, bytes: &[u8]) {
    let start = out.len();
    out.resize(start + BASE64.encode_len(bytes.len()), 0);
    BASE64.encode_mut(bytes, &mut out[start..]);
}

/// Appends text as Jackson quotes it.
fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    if let Ok(text) = std::str::from_utf8(text) {
        return push_json_string(out, text, JsonEscapes::Required);
    }
    let mut repaired = Vec::new();
    push_java_utf8(&mut repaired, text);
    push_json_string(out, &String::from_utf8_lossy(&repaired), JsonEscapes::Required);
}

fn fields_value(schema: &'static [Field], fields: &Fields<'_>, nearest: i16) -> Value {
    let entry =
        |(field, value): (&Field, &Datum<'_>)| (field.name.to_owned(), datum_value(&field.kind, value, nearest));
    Value::Object(shown(schema, fields, nearest).map(entry).collect::<Map<_, _>>())
}

fn datum_value(kind: &Kind, value: &Datum<'_>, nearest: i16) -> Value {
    match (value, kind) {
        (Datum::Bool(value), _) => Value::from(*value),
        (Datum::Int(value), _) => Value::from(*value),
        (Datum::TransactionStatus(id), _) => text_value(|out| push_transaction_status(out, *id)),
        (Datum::Double(value), _) if value.is_finite() => Value::from(*value),
        (Datum::Double(value), _) => text_value(|out| push_double(out, *value)),
        (Datum::Uuid(value), _) => Value::from(Uuid(*value).to_string()),
        (Datum::Text(value), _) => text_value(|out| push_java_utf8(out, value)),
        (Datum::Bytes(_), Kind::Records) => Value::from(""),
        (Datum::Bytes(value), _) => Value::from(BASE64.encode(value)),
        (Datum::Array(elements), Kind::Array(inner)) => {
            elements.iter().map(|element| datum_value(inner, element, nearest)).collect()
        }
        (Datum::Struct(fields), Kind::Struct(inner)) => fields_value(inner.fields, fields, nearest),
        (Datum::Message(inner), _) => inner.decoded.to_value(),
        _ => Value::Null,
    }
}

fn text_value(push: impl FnOnce(&mut Vec<u8>)) -> Value {
    let mut text = Vec::new();
    push(&mut text);
    Value::String(String::from_utf8_lossy(&text).into_owned())
}
