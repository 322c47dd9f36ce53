//! Keys and values as text (`DumpLogSegments.MessageParser`).

use kafka_log::format::checksum::crc32c;
use kafka_log::format::java_text::push_java_utf8;
use kafka_log::format::schema::{self, InternalTopic};

use super::error::DumpError;
use super::options::{DecoderClass, MessageParser};
use super::text::number;

/// How keys and values are decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Decoder {
    /// As records of an internal topic.
    Topic(InternalTopic),
    /// As values of their own.
    Classes { key: DecoderClass, value: DecoderClass },
}

impl From<MessageParser> for Decoder {
    fn from(parser: MessageParser) -> Self {
        Decoder::Topic(match parser {
            MessageParser::Offsets => InternalTopic::ConsumerOffsets,
            MessageParser::TransactionLog => InternalTopic::TransactionState,
            MessageParser::ClusterMetadata => InternalTopic::ClusterMetadata,
            MessageParser::RemoteLogMetadata => InternalTopic::RemoteLogMetadata,
            MessageParser::ShareGroupState => InternalTopic::ShareGroupState,
            MessageParser::Decoders { key, value } => return Decoder::Classes { key, value },
        })
    }
}

/// What is printed of a record; nothing for a null.
#[derive(Debug)]
pub(crate) struct Decoded<'r> {
    pub(crate) key: Option<Part<'r>>,
    pub(crate) payload: Option<Part<'r>>,
}

/// A key or a value.
#[derive(Debug)]
pub(crate) enum Part<'r> {
    /// Bytes to be printed as the text Java makes of them.
    Utf8(&'r [u8]),
    Number(i64),
    /// Bytes of which Kafka prints the identity hash of its array, another one in each run.
    Identity(&'r [u8]),
    /// Part of a record of an internal topic.
    Schema(schema::Part<'r>),
}

impl Decoder {
    /// # Errors
    /// Where Kafka's tool dies: a missing key, or too few bytes for a number.
    pub(crate) fn decode<'r>(
        self,
        offset: i64,
        key: Option<&'r [u8]>,
        value: Option<&'r [u8]>,
    ) -> Result<Decoded<'r>, DumpError> {
        match self {
            Decoder::Classes { key: key_class, value: value_class } => Ok(Decoded {
                key: key.map(|bytes| with_class(key_class, bytes)).transpose()?,
                payload: value.map(|bytes| with_class(value_class, bytes)).transpose()?,
            }),
            Decoder::Topic(topic) => {
                let decoded = topic.decode(key, value, offset).map_err(|e| DumpError::Other(e.to_string()))?;
                Ok(Decoded { key: decoded.key.map(Part::Schema), payload: decoded.payload.map(Part::Schema) })
            }
        }
    }
}

impl Part<'_> {
    /// Appends the text that Kafka's tool prints.
    pub(crate) fn push_text(&self, out: &mut Vec<u8>) {
        match self {
            Part::Utf8(bytes) => push_java_utf8(out, bytes),
            Part::Number(n) => number(out, *n),
            Part::Identity(bytes) => out.extend_from_slice(format!("[B@{:x}", crc32c(bytes)).as_bytes()),
            Part::Schema(part) => part.push_text(out),
        }
    }
}

fn with_class(class: DecoderClass, bytes: &[u8]) -> Result<Part<'_>, DumpError> {
    let too_short = |needed: usize| {
        DumpError::Other(format!("expected {needed} bytes for {class:?}Decoder, found {}", bytes.len()))
    };
    Ok(match class {
        DecoderClass::String => Part::Utf8(bytes),
        DecoderClass::Default => Part::Identity(bytes),
        DecoderClass::Integer => {
            let four = bytes.first_chunk().ok_or_else(|| too_short(4))?;
            Part::Number(i32::from_be_bytes(*four).into())
        }
        DecoderClass::Long => {
            let eight = bytes.first_chunk().ok_or_else(|| too_short(8))?;
            Part::Number(i64::from_be_bytes(*eight))
        }
    })
}
