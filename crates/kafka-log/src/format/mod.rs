//! Bytes to views and back: every file of a Kafka log directory, without I/O and without a clock.
//!
//! One module for each thing on disk. What they share, and the tools of this workspace need as well (checksums, varints, Java's
//! ways with text and numbers), is hidden from the documentation and has no promise of stability.

pub(crate) mod abstract_index;
pub mod batch;
pub mod batch_mut;
pub mod builder;
pub(crate) mod bytes;
pub(crate) mod checkpoint_file;
#[doc(hidden)]
pub mod checksum;
pub mod clean_shutdown;
pub mod control;
mod error;
pub mod file_name;
#[doc(hidden)]
pub mod java_date;
#[doc(hidden)]
pub mod java_number;
#[doc(hidden)]
pub mod java_properties;
pub mod leader_epoch_checkpoint;
pub mod legacy;
#[doc(hidden)]
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
#[doc(hidden)]
pub mod varint;

pub use abstract_index::IndexAppendError;
pub use error::{FormatError, FormatErrorKind};
pub use kafka_schema::uuid;
#[doc(hidden)]
pub use kafka_schema::{escape, java_text};
