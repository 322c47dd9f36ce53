//! Values of control records (`ControlRecordUtils`): read at version 0, shown at the version that they name.

use super::tables::control::*;
use kafka_schema::SchemaError;
use kafka_schema::table::Message;
use kafka_schema::{Datum, Decoded, KafkaVersion};

/// The version at which Kafka reads all of them, whatever they say.
const CURRENT_VERSION: i16 = 0;

/// The message in the value of a control record of this type (`ControlRecordType.type`); `None` for the markers of
/// transactions, which are no messages, and for unknown types.
pub fn control_message(type_id: i16) -> Option<&'static Message> {
    Some(match type_id {
        2 => &LEADER_CHANGE_MESSAGE,
        3 => &SNAPSHOT_HEADER_RECORD,
        4 => &SNAPSHOT_FOOTER_RECORD,
        5 => &KRAFT_VERSION_RECORD,
        6 => &VOTERS_RECORD,
        _ => return None,
    })
}

/// Reads the value of a control record as this release of Kafka does. The version of the result is the one that the message names, so that
/// [`Decoded::push_json`] shows it as the dump tool does.
///
/// # Errors
/// Where Kafka's class throws, which ends its dump tool.
pub fn read_control_message<'a>(
    message: &'static Message,
    value: &'a [u8],
    kafka: KafkaVersion,
) -> Result<Decoded<'a>, SchemaError> {
    let (mut decoded, _) = message.read(value, CURRENT_VERSION, kafka)?;
    if let Some(Datum::Int(version)) = decoded.get("version") {
        decoded.version = *version as i16;
    }
    Ok(decoded)
}
