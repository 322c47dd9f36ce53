//! `__consumer_offsets`: committed offsets, classic groups and consumer groups (KIP-848).
//!
//! [`GroupKey`] and [`GroupValue`] read whatever is there, [`encode_key`](super::encode_key) and the functions beside it are for one
//! type. Records of share and streams groups are unknown types here.

use super::RecordError;
use super::coordinator::{KEY_VERSION, PREFIX_LEN, prefix, with_prefix};

include!(concat!(env!("OUT_DIR"), "/stored_group.rs"));

impl<'a> GroupKey<'a> {
    /// Reads a key.
    ///
    /// # Errors
    /// [`RecordError::UnknownType`], and whatever makes Kafka's class throw.
    pub fn decode(key: &'a [u8]) -> Result<Self, RecordError> {
        let (record_type, message) = prefix(key, "type")?;
        let decoded = Self::decode_message(record_type, KEY_VERSION, message).ok_or_else(|| unknown(record_type))?;
        Ok(decoded.map_err(|error| RecordError::after(PREFIX_LEN, error))?.0)
    }

    /// Appends the key.
    ///
    /// # Errors
    /// For text that is too long. `out` is then as it was.
    pub fn encode(&self, out: &mut Vec<u8>) -> Result<(), RecordError> {
        with_prefix(self.record_type(), out, |out| self.encode_message(KEY_VERSION, out))
    }
}

impl<'a> GroupValue<'a> {
    /// Reads a value whose key has this type; returns it and its version.
    ///
    /// # Errors
    /// [`RecordError::UnknownType`], and whatever makes Kafka's class throw.
    pub fn decode(record_type: i16, value: &'a [u8]) -> Result<(Self, i16), RecordError> {
        let (version, message) = prefix(value, "version")?;
        let decoded = Self::decode_message(record_type, version, message).ok_or_else(|| unknown(record_type))?;
        let (value, _) = decoded.map_err(|error| RecordError::after(PREFIX_LEN, error))?;
        Ok((value, version))
    }

    /// Appends the value at this version.
    ///
    /// # Errors
    /// For a version that does not exist, and for a value that the version cannot hold. `out` is then as it was.
    pub fn encode(&self, version: i16, out: &mut Vec<u8>) -> Result<(), RecordError> {
        with_prefix(version, out, |out| self.encode_message(version, out))
    }
}

fn unknown(record_type: i16) -> RecordError {
    RecordError::UnknownType { found: record_type.into() }
}
