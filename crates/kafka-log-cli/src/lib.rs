//! What the Kafka log tools share: command lines, printers and exit codes.

pub mod dump;
pub mod shared;
pub mod tool;
pub mod visible;
