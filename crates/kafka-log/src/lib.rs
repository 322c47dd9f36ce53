//! Apache Kafka's on-disk log formats.

pub mod compression;
pub mod format;
