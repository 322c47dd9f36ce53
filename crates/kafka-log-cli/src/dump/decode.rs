//! Keys and values as text (`DumpLogSegments.MessageParser`).

use kafka_log::audit::Code;
use kafka_log::format::FormatErrorKind;
use kafka_log::format::checksum::crc32c;
use kafka_log::format::java_text::push_java_utf8;
use kafka_log::format::legacy::LegacyRecord;
use kafka_log::format::schema::{self, InternalTopic, KafkaVersion};

use super::error::{DumpError, Unfit};
use super::options::{DecoderClass, MessageParser};
use super::push::number;

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
        kafka: KafkaVersion,
    ) -> Result<Decoded<'r>, DumpError> {
        match self {
            Decoder::Classes { key: key_class, value: value_class } => Ok(Decoded {
                key: key.map(|bytes| with_class(key_class, bytes)).transpose()?,
                payload: value.map(|bytes| with_class(value_class, bytes)).transpose()?,
            }),
            Decoder::Topic(topic) => {
                let decoded = topic.decode(key, value, offset, kafka).map_err(|missing| {
                    let (about, expected, found) = (missing.to_string(), "a key".into(), "none".into());
                    DumpError::Unfit(Box::new(Unfit { code: Code::Records, about, expected, found }))
                })?;
                Ok(decoded.into())
            }
        }
    }

    /// What is printed of a message of magic 0 or 1 whose key or value reaches beyond its end: the decoders of internal
    /// topics pass over whatever they cannot read. `None` where Kafka's tool dies.
    pub(crate) fn decode_cut<'r>(self, message: &LegacyRecord<'r>) -> Option<Decoded<'r>> {
        let Decoder::Topic(topic) = self else { return None };
        if topic.has_keys() && message.key_size().map_or(true, |size| size < 0) {
            return None;
        }
        let key_error = if topic.has_keys() { message.key().err() } else { None };
        let why = match key_error.or_else(|| message.value().err())?.kind {
            FormatErrorKind::OutOfRange { max, found, .. } => format!("newLimit > capacity: ({found} > {max})"),
            _ => "null".to_owned(),
        };
        Some(topic.skipped(message.offset(), &why).into())
    }
}

impl<'r> From<schema::DecodedRecord<'r>> for Decoded<'r> {
    fn from(record: schema::DecodedRecord<'r>) -> Self {
        Decoded { key: record.key.map(Part::Schema), payload: record.payload.map(Part::Schema) }
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
        let expected = format!("{needed} bytes for {class:?}Decoder");
        DumpError::unfit(Code::Records, expected, bytes.len().to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    /// A message of magic 0 at offset 7 with one byte of key and three of value, and the lengths it claims.
    fn message(key_len: i32, value_len: i32) -> Vec<u8> {
        let mut bytes = [&7u64.to_be_bytes()[..], &18u32.to_be_bytes(), &[0; 6]].concat();
        bytes.extend([&key_len.to_be_bytes()[..], b"k", &value_len.to_be_bytes(), b"abc"].concat());
        bytes
    }

    /// What Kafka's tool prints, if it does not die.
    fn cut(topic: InternalTopic, key_len: i32, value_len: i32) -> Option<(&'static str, String)> {
        let bytes = message(key_len, value_len);
        let message = LegacyRecord::parse(&bytes).unwrap();
        let decoded = Decoder::Topic(topic).decode_cut(&message)?;
        let mut out = Vec::new();
        decoded.key.iter().chain(&decoded.payload).for_each(|part| part.push_text(&mut out));
        Some((if decoded.key.is_some() { "key" } else { "payload" }, String::from_utf8(out).unwrap()))
    }

    #[test]
    fn decoders_of_topics_pass_over_a_message_that_claims_more_than_it_has_in_the_words_of_java() {
        let text = |part, text: &str| Some((part, text.to_owned()));
        let (metadata, remote) = (InternalTopic::ClusterMetadata, InternalTopic::RemoteLogMetadata);
        let why = "newLimit > capacity: (100 > 3)";
        assert_eq!(cut(metadata, 1, 100), text("payload", &format!("Error at 7, skipping. {why}")));
        assert_eq!(cut(remote, 1, 100), text("payload", &format!("Error at offset 7, skipping. {why}")));
        let groups = InternalTopic::ConsumerOffsets;
        assert_eq!(cut(groups, 1, 100), text("key", &format!("Error at offset 7, skipping. {why}")));
        let why = "newLimit > capacity: (9 > 8)";
        assert_eq!(cut(groups, 9, 3), text("key", &format!("Error at offset 7, skipping. {why}")));
        assert_eq!(cut(metadata, 9, 3), text("payload", "Error at 7, skipping. null"));
        // The length of the key must be there to say whether there is one.
        assert_eq!(cut(groups, -1, 100), None);
    }
}
