//! Records of `__cluster_metadata` and `__remote_log_metadata`: frame version, type and version as unsigned varints,
//! then the message (`AbstractApiMessageSerde`).

use kafka_schema::Decoded;
use kafka_schema::table::Message;
use kafka_schema::{FRAME_VERSION, KafkaVersion, Reader};

/// Reads a framed record of one of these types, as far as this release of Kafka has them.
///
/// # Errors
/// The message of the exception that Kafka throws.
pub(super) fn read_framed<'a>(
    types: &[&'static Message],
    bytes: Option<&'a [u8]>,
    kafka: KafkaVersion,
) -> Result<Decoded<'a>, String> {
    // A null value fails at the first byte in Kafka, as an empty one does.
    let mut reader = Reader::new(bytes.unwrap_or_default());
    match short(&mut reader, "frame version")? {
        FRAME_VERSION => {}
        0 => {
            let text = "Could not deserialize metadata record with frame version 0. Note that upgrades from the \
                        preview release of KRaft in 2.8 to newer versions are not supported.";
            return Err(text.to_owned());
        }
        other => {
            return Err(format!(
                "Could not deserialize metadata record due to unknown frame version {other}(only frame version \
                 {FRAME_VERSION} is supported)"
            ));
        }
    }
    let api_key = short(&mut reader, "type")?;
    let version = short(&mut reader, "version")?;
    let Some(message) = types.iter().find(|message| message.api_key == api_key && message.added_in <= kafka) else {
        let exception = "org.apache.kafka.common.errors.UnsupportedVersionException";
        return Err(format!("{exception}: Unknown metadata id {api_key}"));
    };
    match message.read(reader.rest(), version, kafka) {
        Err(_) => Err(format!("Failed to deserialize record with type {api_key}")),
        Ok((_, rest @ [_, ..])) => Err(format!("Found {} byte(s) of garbage after {api_key}", rest.len())),
        Ok((decoded, [])) => Ok(decoded),
    }
}

/// A varint that Kafka narrows to a short: too large a number is refused, one that Java takes for negative is not.
fn short(reader: &mut Reader<'_>, entity: &'static str) -> Result<i16, String> {
    let number = reader.varint(entity).map_err(|_| format!("Error while reading {entity}"))?;
    if number > i16::MAX.into() { Err(format!("Value for {entity} was too large.")) } else { Ok(number as i16) }
}
