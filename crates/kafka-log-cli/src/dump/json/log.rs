//! Batches and records as objects.

use kafka_log::compression::Codec;
use kafka_log::format::FormatError;
use kafka_log::format::batch::{Attributes, TimestampType};
use kafka_log::format::escape::escape_display_controls_in_json;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::format::schema;
use kafka_log::segment::batch::RawBatch;
use kafka_log::segment::scan::Turn;

use super::Object;
use super::large::push_large;
use crate::dump::control::ControlRecord;
use crate::dump::decode::{self, Decoder};
use crate::dump::error::{DumpError, OrStopped};
use crate::dump::output::Output;
use crate::dump::printer::{Printer, Shown};
use crate::dump::timestamp::push_json_timestamp;

/// Writes batches and records of one file as objects.
pub(crate) struct JsonLines<'f> {
    file: &'f str,
    /// How every record begins.
    record_start: Vec<u8>,
    shown: Shown,
    decoder: Decoder,
}

impl<'f> JsonLines<'f> {
    pub(crate) fn new(file: &'f str, shown: Shown, decoder: Decoder) -> Self {
        let mut record_start = Vec::new();
        Object::new(&mut record_start, "record", file).pause();
        JsonLines { file, record_start, shown, decoder }
    }

    fn timestamp(&self, object: &mut Object<'_>, name: &str, ms: i64) {
        push_json_timestamp(object.name(name), ms, self.shown.iso_timestamps);
    }

    fn default_batch(&self, out: &mut Vec<u8>, batch: &RawBatch<'_>) -> Result<bool, FormatError> {
        let header = batch.header()?;
        let attributes = header.attributes();
        let is_valid = batch.is_valid();
        let mut object = Object::new(out, "batch", self.file);
        object.number("position", batch.position);
        object.number("size", batch.as_bytes().len());
        object.number("magic", header.magic());
        object.number("base_offset", header.base_offset());
        object.number("last_offset", header.last_offset());
        object.number("count", header.record_count());
        object.number("base_sequence", header.base_sequence());
        object.number("last_sequence", header.last_sequence());
        object.number("producer_id", header.producer_id());
        object.number("producer_epoch", header.producer_epoch());
        object.number("partition_leader_epoch", header.partition_leader_epoch());
        object.boolean("is_transactional", attributes.is_transactional());
        object.boolean("is_control", attributes.is_control());
        match header.delete_horizon_ms() {
            Some(ms) => self.timestamp(&mut object, "delete_horizon_ms", ms),
            None => object.null("delete_horizon_ms"),
        }
        object.text("timestamp_type", attributes.timestamp_type().name());
        self.timestamp(&mut object, "base_timestamp", header.base_timestamp());
        self.timestamp(&mut object, "max_timestamp", header.max_timestamp());
        codec(&mut object, attributes.codec());
        object.number("crc", header.crc());
        object.boolean("is_valid", is_valid);
        object.end();
        Ok(is_valid)
    }

    fn legacy_batch(&self, out: &mut Vec<u8>, batch: &RawBatch<'_>) -> Result<bool, FormatError> {
        let message = batch.legacy()?;
        let is_valid = message.is_valid();
        let mut object = Object::new(out, "batch", self.file);
        object.number("position", batch.position);
        object.number("size", message.size());
        object.number("magic", message.magic());
        object.number("last_offset", message.offset());
        object.text("timestamp_type", message.timestamp_type().name());
        self.timestamp(&mut object, "max_timestamp", message.timestamp());
        codec(&mut object, message.codec());
        object.number("crc", message.crc());
        object.boolean("is_valid", is_valid);
        object.end();
        Ok(is_valid)
    }

    fn metadata(&self, object: &mut Object<'_>, kind: TimestampType, timestamp: i64, key_size: i64, value_size: i64) {
        if self.shown.metadata {
            object.text("timestamp_type", kind.name());
            self.timestamp(object, "timestamp", timestamp);
            object.number("key_size", key_size);
            object.number("value_size", value_size);
        }
    }

    /// Key and value as the decoder has them, or as they are where it refuses them.
    fn contents<'r>(&self, offset: i64, key: Option<&'r [u8]>, value: Option<&'r [u8]>) -> Contents<'r> {
        if !self.shown.contents || self.shown.redact {
            return Contents::default();
        }
        let decoded = match self.decoder.decode(offset, key, value, self.shown.kafka) {
            Ok(decoded) => decoded,
            // Kafka's tool ends here; the bytes are shown as they are instead.
            Err(refused) => {
                let parts = [("key", Some(Shape::Bytes(key))), ("value", Some(Shape::Bytes(value)))];
                return Contents { refused: Some(refused.to_string()), parts };
            }
        };
        let mut refused = None;
        let mut part = |decoded: Option<decode::Part<'r>>, raw: Option<&'r [u8]>| match decoded {
            None => Shape::Bytes(raw),
            Some(decode::Part::Utf8(bytes)) => Shape::Bytes(Some(bytes)),
            Some(decode::Part::Number(n)) => Shape::Number(n),
            Some(decode::Part::Identity(bytes)) => Shape::Base64(bytes),
            Some(decode::Part::Schema(schema::Part::Skipped(why))) => {
                refused = Some(why);
                Shape::Bytes(raw)
            }
            Some(decode::Part::Schema(part)) => Shape::Json(part),
        };
        let (key, value) = (part(decoded.key, key), part(decoded.payload, value));
        Contents { refused, parts: [("key", Some(key)), ("value", Some(value))] }
    }
}

impl Printer for JsonLines<'_> {
    fn batch(&mut self, out: &mut Vec<u8>, batch: &RawBatch<'_>) -> Result<bool, FormatError> {
        if batch.overhead.magic > 1 { self.default_batch(out, batch) } else { self.legacy_batch(out, batch) }
    }

    fn default_record(
        &mut self,
        out: &mut Output<'_>,
        turn: &mut Turn<'_>,
        attributes: Attributes,
        record: &Record<'_>,
    ) -> Result<(), DumpError> {
        let is_control = attributes.is_control();
        if is_control && !self.shown.metadata {
            return Ok(());
        }
        let control = if is_control { Some(ControlRecord::read(record, self.shown.kafka)?) } else { None };
        let contents = match control {
            None => self.contents(record.offset, record.key, record.value),
            Some(_) => Contents::default(),
        };
        let mut object = Object::started(&mut out.buf, &self.record_start);
        object.number("offset", record.offset);
        let kind = attributes.timestamp_type();
        self.metadata(&mut object, kind, record.timestamp, size(record.key), size(record.value));
        if self.shown.metadata {
            object.number("sequence", record.sequence);
            let with_values = self.shown.contents && !self.shown.redact;
            push_headers(object.name("headers"), record, with_values);
        }
        if let Some(control) = control {
            push_control(object.name("control"), &control);
        }
        object.pause();
        contents.push(out, turn)
    }

    fn legacy_record(
        &mut self,
        out: &mut Output<'_>,
        turn: &mut Turn<'_>,
        batch: &LegacyRecord<'_>,
        record: &LegacyRecord<'_>,
    ) -> Result<(), DumpError> {
        let damaged = DumpError::in_record;
        let (key_size, value_size) = (record.key_size().map_err(damaged)?, record.value_size().map_err(damaged)?);
        let contents = if self.shown.contents {
            self.contents(record.offset(), record.key().map_err(damaged)?, record.value().map_err(damaged)?)
        } else {
            Contents::default()
        };
        let mut object = Object::started(&mut out.buf, &self.record_start);
        object.number("offset", record.offset());
        self.metadata(&mut object, batch.timestamp_type(), record.timestamp(), key_size.into(), value_size.into());
        if self.shown.metadata {
            object.number("crc", record.crc());
            object.boolean("is_valid", record.is_valid());
        }
        object.pause();
        contents.push(out, turn)
    }
}

/// Key and value of a record, as far as they are shown.
#[derive(Default)]
struct Contents<'r> {
    /// Why the decoder has nothing to show, in Kafka's words.
    refused: Option<String>,
    parts: [(&'static str, Option<Shape<'r>>); 2],
}

/// How a key or value is written.
enum Shape<'r> {
    /// As text if it is UTF-8, else as base64.
    Bytes(Option<&'r [u8]>),
    /// As base64.
    Base64(&'r [u8]),
    Number(i64),
    /// As the JSON of its message.
    Json(schema::Part<'r>),
}

impl Contents<'_> {
    /// Ends the object of a record.
    fn push(self, out: &mut Output<'_>, turn: &mut Turn<'_>) -> Result<(), DumpError> {
        for (name, part) in self.parts {
            match part {
                None => {}
                Some(Shape::Bytes(bytes)) => push_large(out, turn, name, bytes)?,
                Some(Shape::Base64(bytes)) => Object::resume(&mut out.buf).base64(name, bytes),
                Some(Shape::Number(n)) => Object::resume(&mut out.buf).number(name, n),
                Some(Shape::Json(part)) => push_part(Object::resume(&mut out.buf).name(name), &part),
            }
        }
        let mut object = Object::resume(&mut out.buf);
        if let Some(why) = self.refused {
            object.text("decode_error", &why);
        }
        object.end();
        out.relieve(turn).or_stopped()
    }
}

fn push_part(out: &mut Vec<u8>, part: &schema::Part<'_>) {
    match part {
        schema::Part::Delete => out.extend_from_slice(b"null"),
        // Kafka's text of these is Java's, not JSON.
        schema::Part::RemoteLog(_) => {
            let value = part.to_value().unwrap_or_default();
            push_kafka_json(out, |out| out.extend_from_slice(value.to_string().as_bytes()));
        }
        part => push_kafka_json(out, |out| part.push_text(out)),
    }
}

/// Appends the JSON of a message, which Kafka's converter leaves display controls in.
fn push_kafka_json(out: &mut Vec<u8>, push: impl FnOnce(&mut Vec<u8>)) {
    let start = out.len();
    push(out);
    escape_display_controls_in_json(out, start);
}

fn push_control(out: &mut Vec<u8>, control: &ControlRecord<'_>) {
    let mut object = Object::inner(out);
    match control {
        ControlRecord::Marker(kind, marker) => {
            object.text("type", kind.name());
            object.number("coordinator_epoch", marker.coordinator_epoch);
        }
        ControlRecord::Message(kind, message) => {
            object.text("type", kind.name());
            push_kafka_json(object.name("data"), |out| message.push_json(out));
        }
        ControlRecord::Unknown(id) => {
            object.text("type", "UNKNOWN");
            object.number("type_id", *id);
        }
    }
    object.end();
}

/// The headers in order, duplicates and nulls kept.
fn push_headers(out: &mut Vec<u8>, record: &Record<'_>, with_values: bool) {
    out.push(b'[');
    for (i, header) in record.headers.enumerate() {
        if i > 0 {
            out.push(b',');
        }
        let mut object = Object::inner(out);
        object.bytes("key", Some(header.key));
        object.number("value_size", size(header.value));
        if with_values {
            object.bytes("value", header.value);
        }
        object.end();
    }
    out.push(b']');
}

fn codec(object: &mut Object<'_>, codec: Result<Codec, FormatError>) {
    match codec {
        Ok(codec) => object.text("compression", codec.name()),
        Err(_) => object.null("compression"),
    }
}

fn size(bytes: Option<&[u8]>) -> i64 {
    bytes.map_or(-1, |b| b.len() as i64)
}
