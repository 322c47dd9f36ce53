//! Bytes to views and back: every file of a Kafka log directory, without I/O and without a clock.

pub mod batch;
pub mod batch_mut;
pub mod builder;
pub(crate) mod bytes;
pub mod checksum;
pub mod control;
mod error;
pub mod legacy;
pub mod legacy_builder;
pub mod record;
pub mod java_text;
pub mod varint;

pub use error::{FormatError, FormatErrorKind};
