//! Messages as such: to bytes and back.

use std::ops::RangeInclusive;

use kafka_schema::{SchemaError, SchemaErrorKind};

use crate::codec::{Decoder, Encoder, Failed, Value};
use crate::{ApiKey, Parts};

/// A message of the protocol (`ApiMessage`): the fields of all versions, with Kafka's defaults.
pub trait Message<'a>: Value<'a> {
    /// Kafka's name.
    const NAME: &'static str;
    /// The versions that exist.
    const VERSIONS: RangeInclusive<i16>;
    /// The first flexible version (KIP-482), or [`i16::MAX`].
    const FLEXIBLE: i16;

    /// Gives the fields to an encoder, with code that is compiled in this crate.
    #[doc(hidden)]
    fn write_bytes<'r>(&'r self, encoder: &mut Encoder<'_, 'r>) -> Result<(), Failed>;

    /// Reads the message at a version; returns it and the bytes after it.
    ///
    /// # Errors
    /// For a version that does not exist, and whatever makes Kafka's class throw.
    fn decode(bytes: &'a [u8], version: i16) -> Result<(Self, &'a [u8]), SchemaError> {
        Self::decode_within(bytes, version, usize::MAX)
    }

    /// Like [`Message::decode`], with at most `memory_max` bytes of memory for arrays.
    ///
    /// A structure in memory can be many times as long as its bytes. A server that reads what anybody sends sets a bound.
    ///
    /// # Errors
    /// As [`Message::decode`], and [`SchemaErrorKind::TooMuchMemory`].
    fn decode_within(bytes: &'a [u8], version: i16, memory_max: usize) -> Result<(Self, &'a [u8]), SchemaError> {
        check_version::<Self>(version, 0)?;
        let mut message = Self::default();
        let mut decoder = Decoder::new(bytes, version, version >= Self::FLEXIBLE, memory_max);
        match message.read(&mut decoder, Self::NAME) {
            Ok(()) => Ok((message, decoder.rest())),
            Err(Failed(())) => Err(decoder.error()),
        }
    }

    /// Appends the message at a version to `out`, copies of the records included.
    ///
    /// # Errors
    /// For a version that does not exist; for a value other than the default in a field that the version lacks and that
    /// is not ignorable; for null where the version has none; for records in a file. `out` is then as it was.
    fn encode(&self, version: i16, out: &mut Vec<u8>) -> Result<(), SchemaError> {
        let start = out.len();
        check_version::<Self>(version, start)?;
        let mut encoder = Encoder::new(out, None, version, version >= Self::FLEXIBLE);
        if let Err(Failed(())) = self.write_bytes(&mut encoder) {
            let error = encoder.error();
            out.truncate(start);
            return Err(error);
        }
        Ok(())
    }

    /// Appends the message at a version to `parts`. Records are not copied.
    ///
    /// # Errors
    /// As [`Message::encode`], except that records may be in files.
    fn encode_parts<'r>(&'r self, version: i16, parts: &mut Parts<'r>) -> Result<(), SchemaError> {
        let (start, records) = (parts.bytes.len(), parts.records.len());
        check_version::<Self>(version, start)?;
        let mut encoder = Encoder::new(&mut parts.bytes, Some(&mut parts.records), version, version >= Self::FLEXIBLE);
        if let Err(Failed(())) = self.write_bytes(&mut encoder) {
            let error = encoder.error();
            parts.bytes.truncate(start);
            parts.records.truncate(records);
            return Err(error);
        }
        Ok(())
    }
}

/// A request, which has a response.
pub trait Request<'a>: Message<'a> {
    /// Its number.
    const API_KEY: ApiKey;
    /// The response, in the same versions.
    type Response<'r>: Message<'r>;
}

fn check_version<'a, M: Message<'a>>(version: i16, at: usize) -> Result<(), SchemaError> {
    if M::VERSIONS.contains(&version) {
        return Ok(());
    }
    Err(SchemaError { at, field: M::NAME, kind: SchemaErrorKind::StructNotInVersion { version } })
}
