//! Bytes to views and back: every file of a Kafka log directory, without I/O and without a clock.
//!
//! One module for each thing on disk, and a few that these share and that the tools need as well: [`abstract_index`] (the
//! search of all indexes), [`checksum`], [`varint`], Java's ways with text and numbers, [`java_text`] and [`java_number`], and
//! [`escape`] (JSON strings).

pub mod abstract_index;
pub mod batch;
pub mod batch_mut;
pub mod builder;
pub(crate) mod bytes;
pub(crate) mod checkpoint_file;
pub mod checksum;
pub mod clean_shutdown;
pub mod control;
mod error;
pub mod file_name;
pub mod java_date;
pub mod java_number;
pub mod java_properties;
pub mod leader_epoch_checkpoint;
pub mod legacy;
pub mod legacy_builder;
pub mod meta_properties;
pub mod offset_checkpoint;
pub mod offset_index;
pub mod partition_dir;
pub mod partition_metadata;
pub mod producer_snapshot;
pub mod quorum_state;
pub mod record;
pub mod schema;
#[cfg(test)]
mod testing;
mod text;
pub mod time_index;
pub mod transaction_index;
pub mod varint;

pub use error::{FormatError, FormatErrorKind};
pub use kafka_schema::{escape, java_text, uuid};
