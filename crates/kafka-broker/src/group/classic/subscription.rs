//! What consumers tell each other in their metadata, as far as the coordinator reads it.

use kafka_schema::{Reader, SchemaError};

/// The topics in a subscription of the consumer protocol; `None` where the bytes are none
/// (`ConsumerProtocol.deserializeConsumerProtocolSubscription` at version 0, which starts all versions).
pub(in super::super) fn subscribed_topics(metadata: &[u8]) -> Option<Vec<Box<str>>> {
    read(metadata).ok().flatten()
}

fn read(metadata: &[u8]) -> Result<Option<Vec<Box<str>>>, SchemaError> {
    let mut reader = Reader::new(metadata);
    if reader.i16("version")? < 0 {
        return Ok(None);
    }
    let claimed = i32::from_be_bytes(reader.number("topics")?);
    let count = reader.count(claimed, 2, "topics")?;
    let mut topics = Vec::with_capacity(count);
    for _ in 0..count {
        let length = reader.length("topic", true, false)?;
        topics.push(String::from_utf8_lossy(reader.text(length, "topic", true)?).into());
    }
    let user_data = i32::from_be_bytes(reader.number("userData")?);
    if user_data >= 0 {
        reader.take(user_data, "userData")?;
    }
    Ok(Some(topics))
}
