//! Kafka's lines, byte for byte (`DumpLogSegments.printBatchLevel`, `printRecordMetadata`, `printRecordContents`).

use kafka_log::compression::Codec;
use kafka_log::format::FormatError;
use kafka_log::format::batch::{Attributes, BatchHeader, TimestampType};
use kafka_log::format::control::ControlRecordType;
use kafka_log::format::java_text::push_java_utf8;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::record::Record;
use kafka_log::segment::batch::RawBatch;
use kafka_log::segment::scan::Turn;

use super::control::ControlRecord;
use super::decode::{Decoded, Decoder, Part};
use super::error::{DumpError, OrStopped};
use super::options::DecoderClass;
use super::output::Output;
use super::printer::{Printer, Shown};
use super::push::{number, text};
use super::repeated::Repeated;
use super::timestamp::push_timestamp;

/// Pieces of a large key or value that are decoded and buffered at a time, in bytes.
const PIECE: usize = 64 * 1024;

/// Writes the lines of batches and records.
pub(crate) struct KafkaText {
    shown: Shown,
    decoder: Decoder,
    batch_middle: Repeated<BatchMiddle>,
    batch_end: Repeated<BatchEnd>,
    record_middle: Repeated<RecordMiddle>,
}

/// Record count, producer id and epoch, base and last sequence, leader epoch, attributes, delete horizon: what is printed
/// between the last offset and the position.
type BatchMiddle = (i32, i64, i16, i32, i32, i32, Attributes, Option<i64>);
/// Magic and codec, between the size and the checksum.
type BatchEnd = (i8, Codec);
/// Timestamp with its type, and size of the key, between the offset and the size of the value.
type RecordMiddle = (TimestampType, i64, i64);

impl KafkaText {
    pub(crate) fn new(shown: Shown, decoder: Decoder) -> Self {
        let (batch_middle, batch_end, record_middle) = Default::default();
        KafkaText { shown, decoder, batch_middle, batch_end, record_middle }
    }

    fn default_batch(&mut self, out: &mut Vec<u8>, batch: &RawBatch<'_>) -> Result<bool, FormatError> {
        let header = batch.header()?;
        let attributes = header.attributes();
        text(out, "baseOffset: ");
        number(out, header.base_offset());
        text(out, " lastOffset: ");
        number(out, header.last_offset());
        self.batch_middle(out, &header);
        let codec = attributes.codec()?;
        let is_valid = batch.is_valid();
        text(out, " position: ");
        number(out, batch.position);
        text(out, " ");
        text(out, attributes.timestamp_type().name());
        text(out, ": ");
        push_timestamp(out, header.max_timestamp(), self.shown.iso_timestamps);
        text(out, " size: ");
        number(out, batch.as_bytes().len());
        self.batch_end.write(out, (header.magic(), codec), |out, (magic, codec)| {
            text(out, " magic: ");
            number(out, *magic);
            text(out, " compresscodec: ");
            text(out, codec.name());
            text(out, " crc: ");
        });
        number(out, header.crc());
        text(out, if is_valid { " isvalid: true\n" } else { " isvalid: false\n" });
        Ok(is_valid)
    }

    fn batch_middle(&mut self, out: &mut Vec<u8>, header: &BatchHeader<'_>) {
        let iso_timestamps = self.shown.iso_timestamps;
        let fields = (
            header.record_count(),
            header.producer_id(),
            header.producer_epoch(),
            header.base_sequence(),
            header.last_sequence(),
            header.partition_leader_epoch(),
            header.attributes(),
            header.delete_horizon_ms(),
        );
        self.batch_middle.write(out, fields, |out, fields| {
            let &(count, producer_id, producer_epoch, base_sequence, last_sequence, leader_epoch, attributes, horizon) =
                fields;
            text(out, " count: ");
            number(out, count);
            text(out, " baseSequence: ");
            number(out, base_sequence);
            text(out, " lastSequence: ");
            number(out, last_sequence);
            text(out, " producerId: ");
            number(out, producer_id);
            text(out, " producerEpoch: ");
            number(out, producer_epoch);
            text(out, " partitionLeaderEpoch: ");
            number(out, leader_epoch);
            text(out, " isTransactional: ");
            text(out, boolean(attributes.is_transactional()));
            text(out, " isControl: ");
            text(out, boolean(attributes.is_control()));
            text(out, " deleteHorizonMs: ");
            match horizon {
                None => text(out, "OptionalLong.empty"),
                Some(ms) => {
                    text(out, "OptionalLong[");
                    push_timestamp(out, ms, iso_timestamps);
                    text(out, "]");
                }
            }
        });
    }
}

impl Printer for KafkaText {
    fn batch(&mut self, out: &mut Vec<u8>, batch: &RawBatch<'_>) -> Result<bool, FormatError> {
        if batch.overhead.magic > 1 { self.default_batch(out, batch) } else { legacy_batch(out, batch, self.shown) }
    }

    fn default_record(
        &mut self,
        out: &mut Output<'_>,
        turn: &mut Turn<'_>,
        attributes: Attributes,
        record: &Record<'_>,
    ) -> Result<(), DumpError> {
        let buf = &mut out.buf;
        if self.shown.metadata {
            text(buf, "| offset: ");
            number(buf, record.offset);
            let iso_timestamps = self.shown.iso_timestamps;
            let fields = (attributes.timestamp_type(), record.timestamp, size(record.key));
            self.record_middle.write(buf, fields, |out, (timestamp_type, timestamp, key_size)| {
                text(out, " ");
                text(out, timestamp_type.name());
                text(out, ": ");
                push_timestamp(out, *timestamp, iso_timestamps);
                text(out, " keySize: ");
                number(out, *key_size);
                text(out, " valueSize: ");
            });
            number(buf, size(record.value));
            text(buf, " sequence: ");
            number(buf, record.sequence);
            text(buf, " headerKeys: [");
            let start = buf.len();
            for (i, header) in record.headers.enumerate() {
                if i > 0 {
                    text(buf, ",");
                }
                push_java_utf8(buf, header.key);
            }
            text(buf, "]");
            if attributes.is_control() {
                push_control(buf, &ControlRecord::read(record, self.shown.kafka)?);
            }
            self.shown.escape_from(buf, start);
        }
        if self.shown.contents && !attributes.is_control() {
            self.contents(out, turn, record.offset, record.key, record.value)?;
        }
        text(&mut out.buf, "\n");
        out.relieve(turn).or_stopped()
    }

    fn legacy_record(
        &mut self,
        out: &mut Output<'_>,
        turn: &mut Turn<'_>,
        batch: &LegacyRecord<'_>,
        record: &LegacyRecord<'_>,
    ) -> Result<(), DumpError> {
        if self.shown.metadata {
            let key_size = record.key_size().map_err(DumpError::in_record)?;
            let value_size = record.value_size().map_err(DumpError::in_record)?;
            let buf = &mut out.buf;
            text(buf, "| offset: ");
            number(buf, record.offset());
            text(buf, " ");
            text(buf, batch.timestamp_type().name());
            text(buf, ": ");
            push_timestamp(buf, record.timestamp(), self.shown.iso_timestamps);
            text(buf, " keySize: ");
            number(buf, key_size);
            text(buf, " valueSize: ");
            number(buf, value_size);
            text(buf, if record.is_valid() { " isValid: true crc: " } else { " isValid: false crc: " });
            number(buf, record.crc());
        }
        if self.shown.contents {
            match record.key().and_then(|key| Ok((key, record.value()?))) {
                Ok((key, value)) => self.contents(out, turn, record.offset(), key, value)?,
                Err(error) if self.shown.redact => return Err(DumpError::in_record(error)),
                Err(error) => {
                    let decoded = self.decoder.decode_cut(record).ok_or_else(|| DumpError::in_record(error))?;
                    self.decoded(out, turn, decoded)?;
                }
            }
        }
        text(&mut out.buf, "\n");
        out.relieve(turn).or_stopped()
    }
}

impl KafkaText {
    fn contents(
        &mut self,
        out: &mut Output<'_>,
        turn: &mut Turn<'_>,
        offset: i64,
        key: Option<&[u8]>,
        value: Option<&[u8]>,
    ) -> Result<(), DumpError> {
        if self.shown.redact {
            redacted(&mut out.buf, self.shown.metadata, key, value);
            return Ok(());
        }
        if let Decoder::Classes { key: DecoderClass::String, value: DecoderClass::String } = self.decoder {
            let mut prefix = prefix(self.shown.metadata);
            // Nearly every call: the parts that other decoders give are large to hand around.
            for (name, part) in [("key: ", key), ("payload: ", value)] {
                let Some(part) = part else { continue };
                text(&mut out.buf, prefix);
                text(&mut out.buf, name);
                prefix = " ";
                self.push_large(out, turn, part)?;
            }
            return Ok(());
        }
        let decoded = self.decoder.decode(offset, key, value, self.shown.kafka)?;
        self.decoded(out, turn, decoded)
    }

    fn decoded(&self, out: &mut Output<'_>, turn: &mut Turn<'_>, decoded: Decoded<'_>) -> Result<(), DumpError> {
        let mut prefix = prefix(self.shown.metadata);
        for (name, part) in [("key: ", decoded.key), ("payload: ", decoded.payload)] {
            let Some(part) = part else { continue };
            text(&mut out.buf, prefix);
            text(&mut out.buf, name);
            prefix = " ";
            match part {
                Part::Utf8(bytes) => self.push_large(out, turn, bytes)?,
                part => {
                    let start = out.buf.len();
                    part.push_text(&mut out.buf);
                    self.shown.escape_from(&mut out.buf, start);
                }
            }
        }
        Ok(())
    }

    /// Text as Java makes it of bytes; large ones go out piece by piece, so that they are not in memory twice.
    fn push_large(&self, out: &mut Output<'_>, turn: &mut Turn<'_>, mut bytes: &[u8]) -> Result<(), DumpError> {
        while bytes.len() > PIECE {
            // A character starts within four bytes of any byte, or none of them belongs to one.
            let is_start = |at: &usize| bytes[*at] & 0xc0 != 0x80;
            let cut = (PIECE - 3..=PIECE).rev().find(is_start).unwrap_or(PIECE);
            let (piece, rest) = bytes.split_at(cut);
            self.push_piece(&mut out.buf, piece);
            out.relieve(turn).or_stopped()?;
            bytes = rest;
        }
        self.push_piece(&mut out.buf, bytes);
        Ok(())
    }

    #[inline]
    fn push_piece(&self, out: &mut Vec<u8>, bytes: &[u8]) {
        let start = out.len();
        push_java_utf8(out, bytes);
        self.shown.escape_from(out, start);
    }
}

fn legacy_batch(out: &mut Vec<u8>, batch: &RawBatch<'_>, shown: Shown) -> Result<bool, FormatError> {
    text(out, "offset: ");
    number(out, batch.overhead.offset);
    let message = batch.legacy()?;
    let codec = message.codec()?;
    text(out, " position: ");
    number(out, batch.position);
    text(out, " ");
    text(out, message.timestamp_type().name());
    text(out, ": ");
    push_timestamp(out, message.timestamp(), shown.iso_timestamps);
    text(out, " size: ");
    number(out, message.size());
    text(out, " magic: ");
    number(out, message.magic());
    text(out, " compresscodec: ");
    text(out, codec.name());
    text(out, " crc: ");
    number(out, message.crc());
    let is_valid = message.is_valid();
    text(out, if is_valid { " isvalid: true\n" } else { " isvalid: false\n" });
    Ok(is_valid)
}

const fn prefix(metadata: bool) -> &'static str {
    if metadata { " " } else { "| " }
}

/// The lengths of what may not be shown.
fn redacted(out: &mut Vec<u8>, metadata: bool, key: Option<&[u8]>, value: Option<&[u8]>) {
    let mut prefix = prefix(metadata);
    for (name, bytes) in [("key: <", key), ("payload: <", value)] {
        let Some(bytes) = bytes else { continue };
        text(out, prefix);
        text(out, name);
        number(out, bytes.len());
        text(out, " bytes>");
        prefix = " ";
    }
}

fn push_control(out: &mut Vec<u8>, control: &ControlRecord<'_>) {
    match control {
        ControlRecord::Marker(kind, marker) => {
            text(out, " endTxnMarker: ");
            text(out, kind.name());
            text(out, " coordinatorEpoch: ");
            number(out, marker.coordinator_epoch);
        }
        ControlRecord::Message(kind, message) => {
            text(out, message_label(*kind));
            message.push_json(out);
        }
        ControlRecord::Unknown(id) => {
            text(out, " controlType: UNKNOWN(");
            number(out, *id);
            text(out, ")");
        }
    }
}

/// What stands before the JSON of a message. Kafka has a colon after the first of them only.
const fn message_label(kind: ControlRecordType) -> &'static str {
    match kind {
        ControlRecordType::LeaderChange => " LeaderChange: ",
        ControlRecordType::SnapshotHeader => " SnapshotHeader ",
        ControlRecordType::SnapshotFooter => " SnapshotFooter ",
        ControlRecordType::KRaftVersion => " KRaftVersion ",
        ControlRecordType::KRaftVoters => " KRaftVoters ",
        // These have no message.
        ControlRecordType::Abort | ControlRecordType::Commit | ControlRecordType::Unknown(_) => "",
    }
}

fn size(bytes: Option<&[u8]>) -> i64 {
    bytes.map_or(-1, |b| b.len() as i64)
}

const fn boolean(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}
