//! The records that Kafka keeps in internal topics, and control records of a KRaft log: a struct for each, as in
//! [`messages`](crate::messages).
//!
//! They are those of Kafka 4.3.0. The caller chooses the version in which a record is written; every version that exists is read.
//!
//! ```
//! use kafka_rpc::stored::metadata::{MetadataRecord, TopicRecord};
//!
//! let topic = TopicRecord { name: "orders".into(), ..Default::default() };
//! let record = MetadataRecord::Topic(topic);
//! let mut bytes = Vec::new();
//! record.encode(record.highest_version(), &mut bytes)?;
//! assert_eq!(MetadataRecord::decode(&bytes)?, (record, 0));
//! # Ok::<(), kafka_rpc::stored::RecordError>(())
//! ```

pub mod control;
mod coordinator;
mod error;
pub mod group;
pub mod metadata;
mod records;
pub mod transaction;

use crate::Message;

pub use coordinator::{decode_key, decode_value, encode_key, encode_value, record_type};
pub use error::RecordError;
pub(crate) use records::records;

/// A record, or its key or value: a message that a number tells apart from others in the same log.
pub trait Record<'a>: Message<'a> {
    /// Its type: in a topic `apiKey` of Kafka's definition, among control records `ControlRecordType`.
    const RECORD_TYPE: i16;
}
