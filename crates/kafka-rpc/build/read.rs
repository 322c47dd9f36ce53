//! The body of `read`: fields in the order of the bytes, then the tagged ones.

use crate::names::field_name;
use crate::rust_type::is_optional;
use kafka_schema::table::{Field, Kind, MAX, Versions};
use std::fmt::Write as _;

/// Where a structure is used: the versions of its message, and the first flexible one.
#[derive(Clone, Copy)]
pub(crate) struct Place {
    pub(crate) versions: Versions,
    pub(crate) flexible: i16,
}

impl Place {
    /// The condition on the version of `codec`, a variable, under which it is in `range`; `None` where it always is.
    pub(crate) fn condition(&self, range: Versions, codec: &str) -> Option<String> {
        let lowest = (range.0 > self.versions.0).then(|| format!("{codec}.version() >= {}", range.0));
        let highest = (range.1 < self.versions.1).then(|| format!("{codec}.version() <= {}", range.1));
        match (lowest, highest) {
            (None, None) => None,
            (Some(one), None) | (None, Some(one)) => Some(one),
            (Some(low), Some(high)) => Some(format!("{low} && {high}")),
        }
    }

    /// Whether some version is flexible.
    pub(crate) fn has_tags(&self) -> bool {
        self.flexible != MAX
    }

    /// Whether the field may be null, as an expression.
    pub(crate) fn nullable(&self, field: &Field, codec: &str) -> String {
        self.condition(field.nullable, codec).unwrap_or_else(|| "true".to_owned())
    }
}

/// The statements that read `fields`.
pub(crate) fn body(fields: &[Field], place: Place) -> String {
    let mut out = String::new();
    for field in fields.iter().filter(|field| field.tag.is_none()) {
        let read = statement(field, place);
        let _ = match place.condition(field.versions, "d") {
            None => writeln!(out, "        {read}"),
            Some(condition) => writeln!(out, "        if {condition} {{\n            {read}\n        }}"),
        };
    }
    if !place.has_tags() {
        return out;
    }
    let tagged: Vec<&Field> = fields.iter().filter(|field| field.tag.is_some()).collect();
    if tagged.is_empty() {
        out.push_str("        d.unknown_tags(&mut self.unknown_tagged_fields)?;\n");
        return out;
    }
    out.push_str("        let mut tags = d.tags()?;\n        while let Some((tag, size)) = d.next_tag(&mut tags)? {\n");
    out.push_str("            match tag {\n");
    for field in tagged {
        let tag = field.tag.unwrap_or_default();
        let guard = place.condition(field.versions, "d");
        let read = statement(field, place);
        let _ = match &guard {
            None => writeln!(out, "                {tag} => {{\n                    {read}\n                }}"),
            Some(guard) => {
                writeln!(out, "                {tag} if {guard} => {{\n                    {read}\n                }}")
            }
        };
        if guard.is_some() {
            let _ =
                writeln!(out, "                {tag} => return Err(d.tag_not_in_version({:?}, {tag})),", field.name);
        }
    }
    out.push_str(
        "                _ => d.unknown_tag(&mut self.unknown_tagged_fields, tag, size)?,\n            }\n        }\n",
    );
    out
}

fn statement(field: &Field, place: Place) -> String {
    let target = format!("&mut self.{}", field_name(field.name));
    let method = match &field.kind {
        Kind::String if field.plain => "plain_string",
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Records => "records",
        Kind::Array(_) => "array",
        Kind::Struct(_) => "structure",
        _ => "value",
    };
    match is_optional(field) {
        false if matches!(field.kind, Kind::Struct(_)) => format!("d.value({target}, {:?})?;", field.name),
        false => format!("d.{method}({target}, {:?})?;", field.name),
        true if matches!(field.kind, Kind::Struct(_)) => {
            let nullable = place.nullable(field, "d");
            format!("d.optional_{method}({target}, {nullable}, {}, {:?})?;", field.tag.is_some(), field.name)
        }
        true => format!("d.optional_{method}({target}, {}, {:?})?;", place.nullable(field, "d"), field.name),
    }
}
