//! Keys and values of records that a coordinator keeps: the key starts with the record type, the value with the version of
//! its message, both `int16` (`CoordinatorRecordSerde`). Bytes behind either are ignored, as in Kafka.

use kafka_schema::Reader;

use super::{Record, RecordError};

/// Bytes of the record type and of the version.
pub(super) const PREFIX_LEN: usize = 2;
/// The version of all keys: the record type takes its place.
pub(super) const KEY_VERSION: i16 = 0;

/// The record type that a key names.
///
/// # Errors
/// For a key of fewer than two bytes.
pub fn record_type(key: &[u8]) -> Result<i16, RecordError> {
    Ok(Reader::new(key).i16("type")?)
}

/// Reads a key of a known type.
///
/// # Errors
/// For a key of another type, and whatever makes Kafka's class throw.
pub fn decode_key<'a, K: Record<'a>>(key: &'a [u8]) -> Result<K, RecordError> {
    let (found, message) = prefix(key, "type")?;
    if found != K::RECORD_TYPE {
        return Err(RecordError::OtherType { expected: K::RECORD_TYPE, found });
    }
    Ok(K::decode(message, KEY_VERSION).map_err(|error| RecordError::after(PREFIX_LEN, error))?.0)
}

/// Appends a key.
///
/// # Errors
/// For text that is too long. `out` is then as it was.
pub fn encode_key<'a, K: Record<'a>>(key: &K, out: &mut Vec<u8>) -> Result<(), RecordError> {
    with_prefix(K::RECORD_TYPE, out, |out| key.encode(KEY_VERSION, out))
}

/// Reads a value; returns it and its version.
///
/// # Errors
/// For a version that does not exist, and whatever makes Kafka's class throw.
pub fn decode_value<'a, V: Record<'a>>(value: &'a [u8]) -> Result<(V, i16), RecordError> {
    let (version, message) = prefix(value, "version")?;
    let (value, _) = V::decode(message, version).map_err(|error| RecordError::after(PREFIX_LEN, error))?;
    Ok((value, version))
}

/// Appends a value at this version.
///
/// # Errors
/// For a version that does not exist, and for a value that the version cannot hold. `out` is then as it was.
pub fn encode_value<'a, V: Record<'a>>(value: &V, version: i16, out: &mut Vec<u8>) -> Result<(), RecordError> {
    with_prefix(version, out, |out| value.encode(version, out))
}

/// The number at the start, and the bytes after it.
pub(super) fn prefix<'a>(bytes: &'a [u8], field: &'static str) -> Result<(i16, &'a [u8]), RecordError> {
    let mut reader = Reader::new(bytes);
    Ok((reader.i16(field)?, reader.rest()))
}

/// Appends the number and what `encode` writes; nothing if that fails.
pub(super) fn with_prefix(
    number: i16,
    out: &mut Vec<u8>,
    encode: impl FnOnce(&mut Vec<u8>) -> Result<(), crate::SchemaError>,
) -> Result<(), RecordError> {
    let start = out.len();
    out.extend(number.to_be_bytes());
    encode(out).map_err(|error| {
        out.truncate(start);
        RecordError::Message(error)
    })
}
