//! JSON Lines (`--output json`): one object a line, written straight into a buffer. `docs/json.md` is the schema.

mod large;
mod log;

use kafka_log::format::escape::{JsonEscapes, push_json_string};
use kafka_log::format::schema::push_base64;

use super::push::{number, text};

pub(crate) use log::JsonLines;

/// An object that is being written: a line of the output, or part of one.
///
/// Names are written as they are given, so they must not need escaping.
pub(crate) struct Object<'o> {
    out: &'o mut Vec<u8>,
    is_empty: bool,
    is_line: bool,
}

impl<'o> Object<'o> {
    /// The start of a line: what is told, and of which file.
    pub(crate) fn new(out: &'o mut Vec<u8>, kind: &str, path: &str) -> Self {
        let mut object = Object { is_line: true, ..Object::inner(out) };
        object.text("kind", kind);
        object.text("path", path);
        object
    }

    /// The start of a line as [`Object::pause`] left it in `start`.
    #[inline]
    fn started(out: &'o mut Vec<u8>, start: &[u8]) -> Self {
        out.extend_from_slice(start);
        Object::resume(out)
    }

    /// The start of a value.
    pub(crate) fn inner(out: &'o mut Vec<u8>) -> Self {
        out.push(b'{');
        Object { out, is_empty: true, is_line: false }
    }

    /// A line goes on that [`Object::pause`] left open.
    fn resume(out: &'o mut Vec<u8>) -> Self {
        Object { out, is_empty: false, is_line: true }
    }

    /// Leaves the object open: more of it follows.
    fn pause(self) {}

    /// Ends the object, and the line if it is one.
    pub(crate) fn end(self) {
        self.out.extend_from_slice(if self.is_line { b"}\n" } else { b"}" });
    }

    /// The name of a member; the value goes to the buffer that is given back.
    #[inline]
    pub(crate) fn name(&mut self, name: &str) -> &mut Vec<u8> {
        self.open(name, "\":")
    }

    #[inline]
    fn open(&mut self, name: &str, behind: &str) -> &mut Vec<u8> {
        text(self.out, if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        text(self.out, name);
        text(self.out, behind);
        self.out
    }

    /// The name of a member that Kafka spells as `startOffset`: `start_offset`.
    pub(crate) fn kafka_name(&mut self, name: &str) -> &mut Vec<u8> {
        text(self.out, if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        for byte in name.bytes() {
            if byte.is_ascii_uppercase() {
                self.out.push(b'_');
            }
            self.out.push(byte.to_ascii_lowercase());
        }
        text(self.out, "\":");
        self.out
    }

    #[inline]
    pub(crate) fn number(&mut self, name: &str, value: impl itoa::Integer) {
        number(self.name(name), value);
    }

    #[inline]
    pub(crate) fn optional(&mut self, name: &str, value: Option<impl itoa::Integer>) {
        match value {
            Some(value) => self.number(name, value),
            None => self.null(name),
        }
    }

    #[inline]
    pub(crate) fn boolean(&mut self, name: &str, value: bool) {
        text(self.name(name), if value { "true" } else { "false" });
    }

    #[inline]
    pub(crate) fn null(&mut self, name: &str) {
        text(self.name(name), "null");
    }

    #[inline]
    pub(crate) fn text(&mut self, name: &str, value: &str) {
        push_json_string(self.name(name), value, JsonEscapes::DisplayControls);
    }

    /// Bytes: text as `"name"` where they are UTF-8, else as `"name_base64"`.
    #[inline]
    pub(crate) fn bytes(&mut self, name: &str, value: Option<&[u8]>) {
        match value.map(std::str::from_utf8) {
            None => self.null(name),
            Some(Ok(value)) => self.text(name, value),
            Some(Err(_)) => self.base64(name, value.unwrap_or_default()),
        }
    }

    /// Bytes as `"name_base64"`.
    pub(crate) fn base64(&mut self, name: &str, value: &[u8]) {
        let out = self.open(name, "_base64\":\"");
        push_base64(out, value);
        out.push(b'"');
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn object(write: impl FnOnce(&mut Object<'_>)) -> Value {
        let mut out = Vec::new();
        let mut object = Object::inner(&mut out);
        write(&mut object);
        object.end();
        serde_json::from_slice(&out).unwrap()
    }

    #[test]
    fn a_line_begins_with_its_kind_and_file() {
        let mut out = Vec::new();
        Object::new(&mut out, "batch", "a\n.log").end();
        assert_eq!(out, b"{\"kind\":\"batch\",\"path\":\"a\\n.log\"}\n");
    }

    #[test]
    fn members_of_every_kind_come_back() {
        let found = object(|o| {
            o.number("max", i64::MAX);
            o.number("min", i64::MIN);
            o.optional("some", Some(7));
            o.optional("none", None::<i64>);
            o.boolean("yes", true);
            o.text("text", "a");
        });
        assert_eq!(found, json!({"max": i64::MAX, "min": i64::MIN, "some": 7, "none": null, "yes": true, "text": "a"}));
    }

    #[test]
    fn names_of_kafka_become_words_joined_by_underscores() {
        let found = object(|o| {
            number(o.kafka_name("currentTxnFirstOffset"), 1);
            number(o.kafka_name("epoch"), 2);
        });
        assert_eq!(found, json!({"current_txn_first_offset": 1, "epoch": 2}));
    }

    #[test]
    fn bytes_are_text_if_they_can_be_and_base64_under_another_name_if_not() {
        let found = object(|o| {
            o.bytes("null", None);
            o.bytes("empty", Some(b""));
            o.bytes("text", Some("ž".as_bytes()));
            o.bytes("raw", Some(b"\xff\x00"));
        });
        assert_eq!(found, json!({"null": null, "empty": "", "text": "ž", "raw_base64": "/wA="}));
    }
}
