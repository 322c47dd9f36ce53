//! A module for each message: its structs, their defaults and codecs.

use crate::names::{field_name, snake};
use crate::read::{self, Place};
use crate::rust_type::{DEFAULT, any_borrows, default_value, field_type, len_min, struct_type};
use crate::write;
use kafka_schema::table::{Api, Default, Field, Kind, Message, Struct, Versions};
use std::fmt::Write as _;

/// The source of `messages.rs`.
pub(crate) fn source(apis: &[&Api], others: &[&Message]) -> String {
    let messages = || apis.iter().flat_map(|api| [api.request, api.response]).chain(others.iter().copied());
    let mut out = String::new();
    for message in messages() {
        module(&mut out, message);
    }
    for api in apis {
        let (request, response) = (api.request, api.response);
        let (ours, lifetime) = (struct_type(request.name, request.fields), "'a");
        let theirs = struct_type(response.name, response.fields).replace("'a", "'r");
        let _ = writeln!(out, "impl<{lifetime}> crate::Request<{lifetime}> for {ours} {{");
        let _ = writeln!(
            out,
            "    const API_KEY: crate::ApiKey = crate::ApiKey::{};\n    type Response<'r> = {theirs};\n}}\n",
            api.name
        );
    }
    let names: Vec<&str> = messages().map(|message| message.name).collect();
    let _ =
        writeln!(out, "/// Calls the macro `$each` with the names of all messages.\n#[doc(hidden)]\n#[macro_export]");
    let _ = writeln!(
        out,
        "macro_rules! for_all_messages {{\n    ($each:ident) => {{ $each! {{ {} }} }};\n}}",
        names.join(" ")
    );
    out
}

/// Appends the module of a message.
pub(crate) fn module(out: &mut String, message: &Message) {
    let (module, name) = (snake(message.name), message.name);
    let _ = writeln!(out, "#[doc(inline)]\npub use {module}::{name};");
    let _ = writeln!(out, "\n/// [`{name}`] and its parts.\npub mod {module} {{\n    use crate::generated::*;\n");
    Structs { out, done: Vec::new(), versions: message.versions, flexible: message.flexible }.message(message);
    out.push_str("}\n\n");
}

struct Structs<'o> {
    out: &'o mut String,
    done: Vec<&'static str>,
    /// Of the message.
    versions: Versions,
    flexible: i16,
}

impl Structs<'_> {
    fn message(&mut self, message: &Message) {
        let Message { name, versions, flexible, fields, .. } = *message;
        self.parts(fields, versions);
        let about = format!("`{name}`, versions {} to {}.", versions.0, versions.1);
        self.structure(name, &about, fields, versions);
        let this = struct_type(name, fields);
        let _ = write!(
            self.out,
            "    impl<'a> Message<'a> for {this} {{
        const NAME: &'static str = {name:?};
        const VERSIONS: RangeInclusive<i16> = {}..={};
        const FLEXIBLE: i16 = {flexible};

        fn write_bytes<'r>(&'r self, encoder: &mut Encoder<'_, 'r>) -> Result<(), Failed> {{
            self.write(encoder, {name:?})
        }}
    }}
",
            versions.0, versions.1
        );
    }

    /// The structures in these fields, inner ones first.
    fn parts(&mut self, fields: &'static [Field], versions: Versions) {
        for field in fields {
            let mut kind = &field.kind;
            while let Kind::Array(inner) = kind {
                kind = inner;
            }
            let Kind::Struct(inner) = kind else { continue };
            let Struct { name, fields, highest } = **inner;
            if self.done.contains(&name) {
                continue;
            }
            self.done.push(name);
            // One that several fields have is in all versions.
            let inside = if highest == i16::MAX {
                self.versions
            } else {
                Versions(versions.0.max(field.versions.0), versions.1.min(field.versions.1))
            };
            self.parts(fields, inside);
            self.structure(name, &format!("`{name}`."), fields, inside);
        }
    }

    fn structure(&mut self, name: &str, about: &str, fields: &[Field], versions: Versions) {
        let place = Place { versions, flexible: self.flexible };
        let this = struct_type(name, fields);
        let out = &mut *self.out;
        let is_default = fields.iter().all(|field| default_value(field) == DEFAULT);
        let derived = if is_default { ", Default" } else { "" };
        let _ =
            writeln!(out, "    /// {about}\n    #[derive(Clone, Debug{derived}, PartialEq)]\n    pub struct {this} {{");
        for field in fields {
            let _ = writeln!(
                out,
                "        /// {}\n        pub {}: {},",
                about_field(field, place),
                field_name(field.name),
                field_type(field)
            );
        }
        if place.has_tags() {
            out.push_str("        /// Tagged fields that the definition does not have.\n        pub unknown_tagged_fields: UnknownTaggedFields,\n");
        }
        out.push_str("    }\n\n");
        if !is_default {
            self.default(name, fields, place);
        }
        let out = &mut *self.out;
        let (read, write) = (read::body(fields, place), write::body(fields, place));
        let indent = |body: String| body.lines().map(|line| format!("    {line}\n")).collect::<String>();
        let len_min = len_min(fields, versions, self.flexible).max(1);
        let _ = write!(
            out,
            "    impl<'a> Value<'a> for {this} {{
        const LEN_MIN: usize = {len_min};

        fn read(&mut self, d: &mut Decoder<'a>, _field: &'static str) -> Result<(), Failed> {{
{}            Ok(())
        }}

        fn write<'r, S: Sink<'r>>(&'r self, s: &mut S, field: &'static str) -> Result<(), Failed> {{
            s.begin_structure(field);
{}            s.end_structure();
            Ok(())
        }}
    }}

",
            indent(read),
            indent(write)
        );
    }

    fn default(&mut self, name: &str, fields: &[Field], place: Place) {
        let (this, lifetime) = (struct_type(name, fields), if any_borrows(fields) { "<'a>" } else { "" });
        let out = &mut *self.out;
        let _ = writeln!(out, "    impl{lifetime} Default for {this} {{\n        fn default() -> Self {{");
        let _ = writeln!(out, "            {name} {{");
        for field in fields {
            let _ = writeln!(out, "                {}: {},", field_name(field.name), default_value(field));
        }
        if place.has_tags() {
            out.push_str("                unknown_tagged_fields: UnknownTaggedFields::default(),\n");
        }
        out.push_str("            }\n        }\n    }\n\n");
    }
}

/// What the table says of a field, as text.
fn about_field(field: &Field, place: Place) -> String {
    let mut about = format!("`{}`", field.name);
    let range = |range: Versions| match (range.0 > place.versions.0, range.1 < place.versions.1) {
        (_, true) => format!("in versions {} to {}", range.0.max(place.versions.0), range.1),
        (true, false) => format!("from version {} on", range.0),
        (false, false) => "in all versions".to_owned(),
    };
    let _ = write!(about, ", {}", range(field.versions));
    if field.nullable.0 <= field.nullable.1 {
        let when =
            if field.nullable.0 > place.versions.0 { format!(" {}", range(field.nullable)) } else { String::new() };
        let _ = write!(about, "; may be null{when}");
    }
    if let Some(tag) = field.tag {
        let _ = write!(about, "; tag {tag}");
    }
    match field.default {
        Default::Empty => {}
        Default::Null => about.push_str("; null by default"),
        Default::Number(number) if matches!(field.kind, Kind::Bool) => {
            let _ = write!(about, "; {} by default", number != 0);
        }
        Default::Number(number) => {
            let _ = write!(about, "; {number} by default");
        }
    }
    if field.ignorable {
        about.push_str("; ignorable");
    }
    about.push('.');
    about
}
