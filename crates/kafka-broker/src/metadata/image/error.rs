//! Why a record does not go with an image.

use std::fmt;

use kafka_rpc::Uuid;

/// A record that contradicts the image. The log is damaged, or from a version that is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ApplyError {
    /// A topic has a name that exists.
    DuplicateTopic {
        /// The name.
        name: String,
    },
    /// A record is about a topic that does not exist.
    UnknownTopic {
        /// The id.
        id: Uuid,
    },
    /// A record is about a topic, by its name, that does not exist.
    UnknownTopicName {
        /// The name.
        name: String,
    },
    /// A change is about a partition that does not exist.
    UnknownPartition {
        /// The topic.
        id: Uuid,
        /// The partition.
        partition: i32,
    },
    /// A partition has a negative number, or not as many directories as replicas.
    InvalidPartition {
        /// The topic.
        id: Uuid,
        /// The partition.
        partition: i32,
    },
    /// A change is about a broker that has not registered, or with another epoch.
    UnknownBroker {
        /// The broker.
        id: i32,
        /// Its epoch.
        epoch: i64,
    },
    /// `metadata.version` has a level that this release does not know.
    UnknownMetadataVersion {
        /// The level.
        level: i16,
    },
    /// A type of resource, a mechanism or a state that this release does not know.
    UnknownValue {
        /// Name of the field.
        field: &'static str,
        /// The value.
        value: i8,
    },
    /// An access control entry or delegation token to be removed does not exist.
    UnknownEntry {
        /// Its id.
        id: String,
    },
}

impl fmt::Display for ApplyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ApplyError::DuplicateTopic { name } => write!(f, "topic {name} exists already"),
            ApplyError::UnknownTopic { id } => write!(f, "no topic has the id {id}"),
            ApplyError::UnknownTopicName { name } => write!(f, "no topic has the name {name}"),
            ApplyError::UnknownPartition { id, partition } => write!(f, "topic {id} has no partition {partition}"),
            ApplyError::InvalidPartition { id, partition } => {
                write!(
                    f,
                    "partition {partition} of topic {id} has a negative number, or its directories do not go with its replicas"
                )
            }
            ApplyError::UnknownBroker { id, epoch } => write!(f, "broker {id} is not registered with epoch {epoch}"),
            ApplyError::UnknownMetadataVersion { level } => write!(f, "metadata.version {level} is not supported"),
            ApplyError::UnknownValue { field, value } => write!(f, "{field} has the unknown value {value}"),
            ApplyError::UnknownEntry { id } => write!(f, "there is no entry {id}"),
        }
    }
}

impl std::error::Error for ApplyError {}
