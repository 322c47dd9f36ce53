//! Apache Kafka's on-disk log formats.

pub mod compression;
pub mod format;
pub mod fs;
pub mod segment;
