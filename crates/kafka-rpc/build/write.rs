//! The body of `write`: the mirror of `read`.

use crate::names::field_name;
use crate::read::Place;
use crate::rust_type::{differs, is_optional};
use kafka_schema::table::{Field, Kind, MAX};
use std::fmt::Write as _;

/// The statements that write `fields`.
pub(crate) fn body(fields: &[Field], place: Place) -> String {
    let mut out = String::new();
    for field in fields.iter().filter(|field| field.tag.is_none()) {
        let write = statement(field, place);
        let Some(condition) = place.condition(field.versions, "s") else {
            let _ = writeln!(out, "        {write}");
            continue;
        };
        let _ = write!(out, "        if {condition} {{\n            {write}\n        }}");
        out.push_str(&refusal(field, false));
    }
    if !place.has_tags() {
        return out;
    }
    let mut tagged: Vec<&Field> = fields.iter().filter(|field| field.tag.is_some()).collect();
    // The order of the bytes; definitions have another one.
    tagged.sort_by_key(|field| field.tag);
    if tagged.is_empty() {
        out.push_str("        s.unknown_tags(&self.unknown_tagged_fields)?;\n");
        return out;
    }
    out.push_str("        let mut tags = s.begin_tags(&self.unknown_tagged_fields)?;\n");
    for field in tagged {
        let differs = differs(field, &field_name(field.name));
        let write = statement(field, place);
        let tag = field.tag.unwrap_or_default();
        let condition = place.condition(field.versions, "s");
        let _ = writeln!(
            out,
            "        if {}{differs} {{",
            condition.as_ref().map_or(String::new(), |c| format!("{c} && "))
        );
        let _ = write!(
            out,
            "            s.begin_tag(&mut tags, {tag})?;\n            {write}\n            s.end_tag(&mut tags);\n        }}"
        );
        out.push_str(&if condition.is_some() { refusal(field, true) } else { "\n".to_owned() });
    }
    out.push_str("        s.end_tags(tags)?;\n");
    out
}

/// What follows when the version lacks the field.
fn refusal(field: &Field, is_tagged: bool) -> String {
    if field.ignorable {
        return "\n".to_owned();
    }
    let differs = differs(field, &field_name(field.name));
    let low = field.versions.0;
    assert!(!is_tagged || field.versions.1 == MAX, "{}: a tagged field that a later version lacks", field.name);
    // A tagged field with its default gets here in versions that have it.
    let condition = if is_tagged { format!("s.version() < {low} && {differs}") } else { differs };
    format!(" else if {condition} {{\n            return Err(s.not_in_version({:?}));\n        }}\n", field.name)
}

fn statement(field: &Field, place: Place) -> String {
    let name = field_name(field.name);
    let (key, nullable) = (format!("{:?}", field.name), place.nullable(field, "s"));
    let method = match &field.kind {
        Kind::String => "string",
        Kind::Bytes => "bytes",
        Kind::Records => "records",
        Kind::Array(_) => "array",
        Kind::Struct(_) => "structure",
        _ => "value",
    };
    match (is_optional(field), &field.kind) {
        (true, Kind::String) if field.plain => format!("s.plain_string({key}, self.{name}.as_deref())?;"),
        (true, Kind::Struct(_)) => {
            format!("s.optional_structure({key}, &self.{name}, {nullable}, {})?;", field.tag.is_some())
        }
        (true, _) => format!("s.optional_{method}({key}, &self.{name}, {nullable})?;"),
        (false, Kind::Array(_) | Kind::String | Kind::Bytes | Kind::Records) => {
            format!("s.{method}({key}, &self.{name})?;")
        }
        (false, _) => format!("self.{name}.write(s, {key})?;"),
    }
}
