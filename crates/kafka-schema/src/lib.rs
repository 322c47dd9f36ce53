//! Kafka's message definitions as tables, and what reads and writes messages by them.
//!
//! [`table`] is the language: what Kafka's JSON files say about a message (KIP-107, KIP-482), as constants. Every
//! [`table::Message`] is read to a [`Decoded`], which is written back or shown as Kafka's JSON, byte for byte.
//! [`KafkaVersion`] names the release that is followed: what a later one added is unknown to an earlier one. Codecs that
//! know their messages at compile time are generated from the same tables and read primitives with the same [`Reader`].
//!
//! [`tables`] holds the messages that both the log and the network have: the records of internal topics, which tools show
//! by their tables and brokers read with generated code. Apart from those, the crate knows no message by name.

mod datum;
#[cfg(feature = "json")]
mod double;
mod error;
mod error_code;
#[cfg(feature = "json")]
pub mod escape;
pub mod java_text;
#[cfg(feature = "json")]
mod json;
mod kafka_version;
mod read;
mod reader;
pub mod table;
pub mod tables;
pub mod uuid;
pub mod varint;
mod write;

pub use datum::{Datum, Decoded, Embedded, Fields};
#[cfg(feature = "json")]
pub use double::push_double;
pub use error::{SchemaError, SchemaErrorKind};
pub use error_code::ErrorCode;
#[cfg(feature = "json")]
pub use json::{push_base64, push_int};
pub use kafka_version::KafkaVersion;
pub use read::{ELEMENTS_MAX, TAGS_MAX};
pub use reader::{Reader, STRING_LEN_MAX};
pub use write::FRAME_VERSION;
