//! The releases of Kafka whose records or messages differ.

/// A release of Kafka whose classes are followed, in what they read and in what its dump tool prints of it.
#[derive(Clone, Copy, Debug, std::default::Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum KafkaVersion {
    /// Kafka 4.3, and every record of earlier releases.
    #[default]
    V4_3,
    /// Kafka 4.4.
    V4_4,
}

impl KafkaVersion {
    /// The newest one, which reads the records of all.
    pub const LATEST: KafkaVersion = KafkaVersion::V4_4;
}
