//! Bytes to views and back: every file of a Kafka log directory, without I/O and without a clock.

mod error;
pub mod varint;

pub use error::{FormatError, FormatErrorKind};
