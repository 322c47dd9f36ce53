//! Records of Kafka's internal topics and control records: message definitions as tables, one reader, one writer.
//!
//! [`tables`] holds the definitions, generated from Kafka's, in the terms of [`table`]. Every [`table::Message`] is
//! read to a [`Decoded`], which is written back or shown as the JSON of Kafka's dump tool, byte for byte.
//! [`InternalTopic`] knows which message a record holds and answers like the tool's decoders, failures included.
//! [`KafkaVersion`] names the release that is followed: what a later one added is unknown to an earlier one.
//!
//! ```
//! use kafka_log::format::schema::{InternalTopic, KafkaVersion};
//!
//! let key = b"\0\x03\0\x06orders";
//! let record = InternalTopic::ConsumerOffsets.decode(Some(key), None, 0, KafkaVersion::LATEST).expect("it has a key");
//! let mut text = Vec::new();
//! record.key.expect("decoded").push_text(&mut text);
//! assert_eq!(text, br#"{"type":"3","data":{"groupId":"orders"}}"#);
//! ```

mod control;
mod coordinator;
mod framed;
mod remote_log;
#[cfg(test)]
mod tests;
mod topic;

pub use control::{control_message, read_control_message};
#[doc(hidden)]
pub use kafka_schema::push_base64;
pub use kafka_schema::{Datum, Decoded, Embedded, Fields, KafkaVersion, SchemaError, SchemaErrorKind, table, tables};
pub use topic::{DecodedRecord, InternalTopic, MissingKey, Part};
