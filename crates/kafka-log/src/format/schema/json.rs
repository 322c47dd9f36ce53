//! Values to JSON, in Kafka's order: the counterpart of the generated `JsonConverter` classes, and of Jackson, which
//! prints what they return.

use super::base64::{push_base64, push_uuid};
use super::datum::{Datum, Decoded, Fields, default_of};
use super::java_double::push_java_double;
use super::table::{Field, Kind};
use crate::format::java_text::push_java_utf8;
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
        // Jackson quotes what is no number in JSON.
        Datum::Double(value) if !value.is_finite() => quoted(out, |out| push_java_double(out, *value)),
        Datum::Double(value) => push_java_double(out, *value),
        Datum::Uuid(value) => quoted(out, |out| push_uuid(out, value)),
        Datum::Text(value) => push_string(out, value),
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

pub(super) fn push_int(out: &mut Vec<u8>, value: i64) {
    // Writing into a vector cannot fail.
    let _ = write!(out, "{value}");
}

/// Appends text as Jackson quotes it: short escapes where JSON has them, `\u00XX` for the other control characters.
fn push_string(out: &mut Vec<u8>, text: &[u8]) {
    out.push(b'"');
    let start = out.len();
    push_java_utf8(out, text);
    if out[start..].iter().any(|&byte| byte < 0x20 || byte == b'"' || byte == b'\\') {
        for byte in out.split_off(start) {
            push_escaped(out, byte);
        }
    }
    out.push(b'"');
}

fn push_escaped(out: &mut Vec<u8>, byte: u8) {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let short = match byte {
        b'"' | b'\\' => byte,
        0x08 => b'b',
        b'\t' => b't',
        b'\n' => b'n',
        0x0c => b'f',
        b'\r' => b'r',
        0..0x20 => {
            out.extend_from_slice(b"\\u00");
            return out.extend([HEX[usize::from(byte >> 4)], HEX[usize::from(byte & 15)]]);
        }
        _ => return out.push(byte),
    };
    out.extend([b'\\', short]);
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
        (Datum::Double(value), _) if value.is_finite() => Value::from(*value),
        (Datum::Double(value), _) => text_value(|out| push_java_double(out, *value)),
        (Datum::Uuid(value), _) => text_value(|out| push_uuid(out, value)),
        (Datum::Text(value), _) => text_value(|out| push_java_utf8(out, value)),
        (Datum::Bytes(value), _) => text_value(|out| push_base64(out, value)),
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
