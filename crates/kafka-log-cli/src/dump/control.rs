//! Control records as they are printed (`DumpLogSegments.printRecordMetadata`).

use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::record::Record;
use kafka_log::format::schema::{Decoded, control_message, read_control_message};

use super::error::DumpError;

/// What a control record says.
pub(crate) enum ControlRecord<'r> {
    /// The end of a transaction.
    Marker(ControlRecordType, EndTransactionMarker),
    /// A message of KRaft.
    Message(ControlRecordType, Decoded<'r>),
    /// A record of a type that Kafka does not know.
    Unknown(i16),
}

impl<'r> ControlRecord<'r> {
    /// # Errors
    /// Where Kafka's tool dies: a key, marker or message that cannot be read.
    pub(crate) fn read(record: &Record<'r>) -> Result<Self, DumpError> {
        let kind = ControlRecordType::parse(record.key).map_err(DumpError::in_record)?;
        let Some(message) = control_message(kind.id()) else {
            return match kind {
                ControlRecordType::Abort | ControlRecordType::Commit => {
                    let marker = EndTransactionMarker::parse(record.value).map_err(DumpError::in_record)?;
                    Ok(ControlRecord::Marker(kind, marker))
                }
                _ => Ok(ControlRecord::Unknown(kind.id())),
            };
        };
        let wrong =
            |what: String| DumpError::Other(format!("offset {}: {} record: {what}", record.offset, kind.name()));
        let value = record.value.ok_or_else(|| wrong("expected a message as its value, found null".into()))?;
        let message = read_control_message(message, value).map_err(|e| wrong(e.to_string()))?;
        Ok(ControlRecord::Message(kind, message))
    }
}
