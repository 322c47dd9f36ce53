//! Records of Kafka's internal topics and control records: message definitions as tables, one reader, one writer.
//!
//! [`tables`] holds the definitions, generated from Kafka's, in the terms of [`table`]. Every [`table::Message`] is
//! read to a [`Decoded`], which is written back or shown as the JSON of Kafka's dump tool, byte for byte.
//! [`InternalTopic`] knows which message a record holds and answers like the tool's decoders, failures included.
//!
//! ```
//! use kafka_log::format::schema::InternalTopic;
//!
//! let key = b"\0\x03\0\x06orders";
//! let record = InternalTopic::ConsumerOffsets.decode(Some(key), None, 0).expect("it has a key");
//! let mut text = Vec::new();
//! record.key.expect("decoded").push_text(&mut text);
//! assert_eq!(text, br#"{"type":"3","data":{"groupId":"orders"}}"#);
//! ```

pub mod base64;
mod control;
mod coordinator;
mod datum;
mod error;
mod framed;
mod java_double;
mod json;
mod read;
mod remote_log;
pub mod table;
pub mod tables;
#[cfg(test)]
mod tests;
mod topic;
mod write;

pub use control::{control_message, read_control_message};
pub use datum::{Datum, Decoded, Embedded, Fields};
pub use error::{SchemaError, SchemaErrorKind};
pub use topic::{DecodedRecord, InternalTopic, MissingKey, Part};
