//! Types and defaults of fields.

use kafka_schema::table::{Default, Field, Kind, Struct, Versions};

/// The default of most types.
pub(crate) const DEFAULT: &str = "Default::default()";

/// Whether the field can be null in some version.
pub(crate) fn is_optional(field: &Field) -> bool {
    field.nullable.0 <= field.nullable.1
}

/// Whether values of the kind borrow from the bytes, so that the type has a lifetime.
pub(crate) fn borrows(kind: &Kind) -> bool {
    match kind {
        Kind::String | Kind::Bytes | Kind::Records => true,
        Kind::Array(inner) => borrows(inner),
        Kind::Struct(inner) => any_borrows(inner.fields),
        _ => false,
    }
}

/// Whether a structure of these fields has a lifetime.
pub(crate) fn any_borrows(fields: &[Field]) -> bool {
    fields.iter().any(|field| borrows(&field.kind))
}

/// The type of a field, with its lifetime.
pub(crate) fn field_type(field: &Field) -> String {
    let inner = kind_type(&field.kind);
    if is_optional(field) { format!("Option<{inner}>") } else { inner }
}

fn kind_type(kind: &Kind) -> String {
    match kind {
        Kind::Bool => "bool".to_owned(),
        Kind::Int8 => "i8".to_owned(),
        Kind::Int16 => "i16".to_owned(),
        Kind::Uint16 => "u16".to_owned(),
        Kind::Int32 => "i32".to_owned(),
        Kind::Int64 => "i64".to_owned(),
        Kind::Float64 => "f64".to_owned(),
        Kind::Uuid => "Uuid".to_owned(),
        Kind::String => "Cow<'a, str>".to_owned(),
        Kind::Bytes => "Cow<'a, [u8]>".to_owned(),
        Kind::Records => "Records<'a>".to_owned(),
        Kind::Struct(inner) => struct_type(inner.name, inner.fields),
        Kind::Array(inner) => format!("Vec<{}>", kind_type(inner)),
    }
}

/// The type of a structure, with its lifetime if it has one.
pub(crate) fn struct_type(name: &str, fields: &[Field]) -> String {
    format!("{name}{}", if any_borrows(fields) { "<'a>" } else { "" })
}

/// The default of a field, as an expression; [`DEFAULT`] where that of its type is meant.
pub(crate) fn default_value(field: &Field) -> String {
    match (field.default, &field.kind) {
        (Default::Null, _) => DEFAULT.to_owned(),
        (Default::Empty, Kind::Records) if is_optional(field) => DEFAULT.to_owned(),
        (Default::Empty, _) if is_optional(field) => "Some(Default::default())".to_owned(),
        (Default::Empty, _) => DEFAULT.to_owned(),
        (Default::Number(number), Kind::Bool) => (number != 0).to_string(),
        (Default::Number(number), Kind::Float64) => format!("{number}.0"),
        (Default::Number(number), _) => number.to_string(),
    }
}

/// Whether the field of `self` differs from its default, as an expression.
pub(crate) fn differs(field: &Field, name: &str) -> String {
    match (field.default, &field.kind) {
        (Default::Null, _) => format!("self.{name}.is_some()"),
        (_, Kind::Records) if is_optional(field) => format!("self.{name}.is_some()"),
        (_, Kind::String | Kind::Bytes | Kind::Array(_)) if is_optional(field) => {
            format!("self.{name}.as_ref().is_none_or(|value| !value.is_empty())")
        }
        (_, Kind::String | Kind::Bytes | Kind::Records | Kind::Array(_)) => format!("!self.{name}.is_empty()"),
        (Default::Empty, Kind::Bool) => format!("self.{name}"),
        (Default::Number(number), Kind::Bool) => format!("{}self.{name}", if number == 0 { "" } else { "!" }),
        _ => format!("self.{name} != {}", default_value(field).replace(DEFAULT, &empty(&field.kind))),
    }
}

fn empty(kind: &Kind) -> String {
    match kind {
        Kind::Struct(inner) => format!("{}::default()", inner.name),
        Kind::Uuid => "Uuid::ZERO".to_owned(),
        Kind::Float64 => "0.0".to_owned(),
        _ => "0".to_owned(),
    }
}

/// The fewest bytes that a structure takes in one of these versions.
pub(crate) fn len_min(fields: &[Field], versions: Versions, flexible: i16) -> usize {
    (versions.0..=versions.1).map(|version| len_at(fields, version, flexible)).min().unwrap_or(0)
}

fn len_at(fields: &[Field], version: i16, flexible: i16) -> usize {
    let is_flexible = version >= flexible;
    let present = fields.iter().filter(|field| field.tag.is_none() && field.versions.contains(version));
    let lens = present.map(|field| match &field.kind {
        Kind::Bool | Kind::Int8 => 1,
        Kind::Int16 | Kind::Uint16 => 2,
        Kind::Int32 => 4,
        Kind::Int64 | Kind::Float64 => 8,
        Kind::Uuid => 16,
        Kind::Struct(_) if field.nullable.contains(version) => 1,
        Kind::Struct(Struct { fields, .. }) => len_at(fields, version, flexible),
        _ if is_flexible && !field.plain => 1,
        Kind::String => 2,
        Kind::Bytes | Kind::Records | Kind::Array(_) => 4,
    });
    lens.sum::<usize>() + usize::from(is_flexible)
}
