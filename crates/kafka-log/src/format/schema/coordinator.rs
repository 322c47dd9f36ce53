//! Records of the group, transaction and share coordinators: the key starts with the record type, the value with its
//! version, both 2 bytes (`CoordinatorRecordSerde`).

use super::tables::classic_group::GROUP_METADATA_VALUE;
use super::tables::consumer_protocol::{CONSUMER_PROTOCOL_ASSIGNMENT, CONSUMER_PROTOCOL_SUBSCRIPTION};
use super::tables::transaction::TRANSACTION_LOG_VALUE;
use kafka_schema::Reader;
use kafka_schema::SchemaError;
use kafka_schema::table::{Kind, Message, Struct};
use kafka_schema::{Datum, Decoded, Embedded, KafkaVersion};

/// `ConsumerProtocol.PROTOCOL_TYPE`.
const CONSUMER: Datum<'static> = Datum::Text(b"consumer");

/// Key and value of each record type.
pub(super) type RecordTypes = &'static [(&'static Message, &'static Message)];

/// Why a coordinator's record cannot be read.
pub(super) enum CoordinatorError {
    /// `UnknownRecordTypeException`.
    UnknownType(i16),
    /// Another exception, with its message.
    Other(String),
}

/// Reads key and value; no value is a deletion. Bytes after either are ignored, as in Kafka.
pub(super) fn read_record<'a>(
    types: &[RecordTypes],
    key: &'a [u8],
    value: Option<&'a [u8]>,
    kafka: KafkaVersion,
) -> Result<(Decoded<'a>, Option<Decoded<'a>>), CoordinatorError> {
    let (api_key, key_data) = version_and_data(key, "key")?;
    let Some((key_message, value_message)) =
        types.iter().copied().flatten().find(|(key, _)| key.api_key == api_key && key.added_in <= kafka)
    else {
        return Err(CoordinatorError::UnknownType(api_key));
    };
    // Kafka hands the record type to the key as its version.
    let key = read(key_message, key_data, api_key, kafka, "key")?;
    let Some(value) = value else { return Ok((key, None)) };
    let (version, value_data) = version_and_data(value, "value")?;
    if !value_message.versions.contains(version) {
        let text = format!("Found an unknown record version {version} for {api_key} type");
        return Err(CoordinatorError::Other(text));
    }
    let mut value = read(value_message, value_data, version, kafka, "value")?;
    if std::ptr::eq(*value_message, &GROUP_METADATA_VALUE) && value.get("protocolType") == Some(&CONSUMER) {
        open_members(&mut value, kafka);
    }
    if std::ptr::eq(*value_message, &TRANSACTION_LOG_VALUE) && kafka >= KafkaVersion::V4_4 {
        name_status(&mut value);
    }
    Ok((key, Some(value)))
}

fn version_and_data<'a>(bytes: &'a [u8], name: &str) -> Result<(i16, &'a [u8]), CoordinatorError> {
    let mut reader = Reader::new(bytes);
    match reader.i16("version") {
        Ok(version) => Ok((version, reader.rest())),
        Err(_) => Err(CoordinatorError::Other(format!("Could not read version from {name}'s buffer."))),
    }
}

fn read<'a>(
    message: &'static Message,
    bytes: &'a [u8],
    version: i16,
    kafka: KafkaVersion,
    name: &str,
) -> Result<Decoded<'a>, CoordinatorError> {
    match message.read(bytes, version, kafka) {
        Ok((decoded, _)) => Ok(decoded),
        Err(error) => {
            let cause = java_message(&error);
            let text = format!("Could not read record with version {version} from {name}'s buffer due to: {cause}.");
            Err(CoordinatorError::Other(text))
        }
    }
}

fn java_message(error: &SchemaError) -> String {
    error.java_message().unwrap_or_else(|| "null".to_owned())
}

/// Replaces subscriptions and assignments of a classic consumer group by what is in them, where it can be read.
fn open_members(group: &mut Decoded<'_>, kafka: KafkaVersion) {
    let message = group.message;
    for (field, value) in message.fields.iter().zip(&mut group.fields.values) {
        let (Kind::Array(Kind::Struct(member)), Datum::Array(members)) = (&field.kind, value) else { continue };
        for element in members {
            open_member(member, element, kafka);
        }
    }
}

fn open_member(schema: &Struct, member: &mut Datum<'_>, kafka: KafkaVersion) {
    let Datum::Struct(fields) = member else { return };
    let contents = [("subscription", &CONSUMER_PROTOCOL_SUBSCRIPTION), ("assignment", &CONSUMER_PROTOCOL_ASSIGNMENT)];
    for (name, message) in contents {
        let Some(at) = schema.fields.iter().position(|field| field.name == name) else { continue };
        let Some(value @ Datum::Bytes(_)) = fields.values.get_mut(at) else { continue };
        let Datum::Bytes(bytes) = *value else { continue };
        if let Ok((version, data)) = version_and_data(bytes, name)
            && let Ok((decoded, _)) = message.read(data, version, kafka)
        {
            *value = Datum::Message(Box::new(Embedded { bytes, decoded }));
        }
    }
}

/// Has the status of a transaction shown by its name, as the dump tool of Kafka 4.4 does.
fn name_status(transaction: &mut Decoded<'_>) {
    for (field, value) in transaction.message.fields.iter().zip(&mut transaction.fields.values) {
        if let ("transactionStatus", &mut Datum::Int(status)) = (field.name, &mut *value) {
            *value = Datum::TransactionStatus(status as i8);
        }
    }
}
