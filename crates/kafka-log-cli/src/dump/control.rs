//! Control records as they are printed (`DumpLogSegments.printRecordMetadata`).

use kafka_log::audit::Code;
use kafka_log::format::FormatError;
use kafka_log::format::control::{ControlRecordType, EndTransactionMarker};
use kafka_log::format::record::Record;
use kafka_log::format::schema::{Decoded, KafkaVersion, control_message, read_control_message};

use super::error::{DumpError, Unfit};

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
    pub(crate) fn read(record: &Record<'r>, kafka: KafkaVersion) -> Result<Self, DumpError> {
        let kind = ControlRecordType::parse(record.key).map_err(DumpError::in_control_record)?;
        let Some(message) = control_message(kind.id()) else {
            return match kind {
                ControlRecordType::Abort | ControlRecordType::Commit => {
                    let marker = EndTransactionMarker::parse(record.value).map_err(DumpError::in_control_record)?;
                    Ok(ControlRecord::Marker(kind, marker))
                }
                _ => Ok(ControlRecord::Unknown(kind.id())),
            };
        };
        let wrong = |expected: String, found: String| {
            let about = format!("offset {}: {} record", record.offset, kind.name());
            DumpError::Unfit(Box::new(Unfit { code: Code::ControlRecord, about, expected, found }))
        };
        let value = record.value.ok_or_else(|| wrong("a message as its value".into(), "null".into()))?;
        let message = read_control_message(message, value, kafka).map_err(|error| {
            let error = FormatError::from(error);
            wrong(error.expected(), error.found())
        })?;
        Ok(ControlRecord::Message(kind, message))
    }
}
