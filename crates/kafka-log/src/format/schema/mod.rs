//! Records of Kafka's internal topics and control records: message definitions as tables, one reader, one writer.

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
pub use datum::{Datum, Decoded, Fields};
pub use error::{SchemaError, SchemaErrorKind};
pub use topic::{DecodedRecord, InternalTopic, MissingKey, Part};
