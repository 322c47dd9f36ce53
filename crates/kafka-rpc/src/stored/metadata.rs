//! `__cluster_metadata`: [`MetadataRecord`], and a struct for each of its types.
//!
//! A record has no key. Its value is a frame version, the type and the version of the message as unsigned varints, then the
//! message (`MetadataRecordSerde`).

use kafka_schema::varint::write_unsigned_varint;
use kafka_schema::{FRAME_VERSION, Reader};

use super::RecordError;

include!(concat!(env!("OUT_DIR"), "/stored_metadata.rs"));

impl<'a> MetadataRecord<'a> {
    /// Reads the value of a record; returns it and the version of its message.
    ///
    /// # Errors
    /// For another frame version than 1, an unknown type, a version that does not exist, and whatever makes Kafka's class throw.
    pub fn decode(value: &'a [u8]) -> Result<(Self, i16), RecordError> {
        let mut reader = Reader::new(value);
        let mut number = |field| reader.varint(field).map(|number| number as u32);
        let found = number("frame version")?;
        if i16::try_from(found) != Ok(FRAME_VERSION) {
            return Err(RecordError::FrameVersion { found });
        }
        let record_type = number("type")?;
        let found = number("version")?;
        let version = i16::try_from(found).map_err(|_| RecordError::Version { found })?;
        let skipped = value.len() - reader.rest().len();
        let decoded = i16::try_from(record_type)
            .ok()
            .and_then(|record_type| Self::decode_message(record_type, version, reader.rest()))
            .ok_or(RecordError::UnknownType { found: record_type.into() })?;
        match decoded.map_err(|error| RecordError::after(skipped, error))? {
            (record, []) => Ok((record, version)),
            (_, rest) => Err(RecordError::TrailingBytes { len: rest.len() }),
        }
    }

    /// Appends the value of a record, its message at this version.
    ///
    /// # Errors
    /// For a version that does not exist, and for a value that the version cannot hold. `out` is then as it was.
    pub fn encode(&self, version: i16, out: &mut Vec<u8>) -> Result<(), RecordError> {
        let start = out.len();
        // Types and versions are not negative: an unknown version fails below.
        for number in [FRAME_VERSION, self.record_type(), version] {
            write_unsigned_varint(out, u32::from(number.unsigned_abs()));
        }
        self.encode_message(version, out).map_err(|error| {
            out.truncate(start);
            RecordError::Message(error)
        })
    }
}
