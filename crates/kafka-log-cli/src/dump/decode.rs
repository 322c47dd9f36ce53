//! Keys and values as text (`DumpLogSegments.MessageParser`).

use super::error::DumpError;
use super::options::{DecoderClass, MessageParser};

/// Decodes keys and values as the options say.
#[derive(Clone, Debug)]
pub(crate) struct Decoder(pub(crate) MessageParser);

/// What is printed of a record; nothing for a null.
#[derive(Debug)]
pub(crate) struct Decoded<'r> {
    pub(crate) key: Option<Part<'r>>,
    pub(crate) payload: Option<Part<'r>>,
}

/// Text of a key or a value.
#[derive(Debug)]
pub(crate) enum Part<'r> {
    /// Bytes to be printed as the text Java makes of them.
    Utf8(&'r [u8]),
    Number(i64),
    Text(String),
}

impl Decoder {
    pub(crate) fn decode<'r>(
        &self,
        _offset: i64,
        key: Option<&'r [u8]>,
        value: Option<&'r [u8]>,
    ) -> Result<Decoded<'r>, DumpError> {
        match self.0 {
            MessageParser::Decoders { key: key_class, value: value_class } => Ok(Decoded {
                key: key.map(|bytes| with_class(key_class, bytes)).transpose()?,
                payload: value.map(|bytes| with_class(value_class, bytes)).transpose()?,
            }),
            _ => Err(DumpError::Other("not yet".into())),
        }
    }
}

fn with_class(class: DecoderClass, bytes: &[u8]) -> Result<Part<'_>, DumpError> {
    let too_short = |needed: usize| {
        DumpError::Other(format!("expected {needed} bytes for {class:?}Decoder, found {}", bytes.len()))
    };
    Ok(match class {
        DecoderClass::String => Part::Utf8(bytes),
        // Kafka prints the identity hash of a byte array, another one in each run.
        DecoderClass::Default => Part::Text(format!("[B@{:x}", kafka_log::format::checksum::crc32c(bytes))),
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
