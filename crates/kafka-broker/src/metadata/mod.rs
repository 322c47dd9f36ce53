//! Topics, settings, features and nodes of the cluster, from the records of `__cluster_metadata` alone.
//!
//! An [`Image`] is the state after a record. [`MetadataLog`] is the directory in which a controller keeps the records:
//! the log, its snapshots and the state of the quorum.

mod delta;
mod features;
mod format;
mod image;
mod log;
mod replay;
mod version;

use std::sync::Arc;

use parking_lot::RwLock;

pub use delta::{DeletedTopic, Delta};
pub use features::{FEATURES, Feature, FeatureLevelError};
pub use format::{FormatError, FormatOptions, InitialVoters, format_directories};
pub use image::{
    ApplyError, ClientQuotaEntity, ConfigResource, ConfigResourceType, Image, LeaderRecoveryState, NO_LEADER,
    Partition, Position, ScramCredentialData, ScramMechanism, Topic,
};
pub use kafka_log::manager::random_uuid;
pub use log::{Loaded, LogOptions, MetadataLog, MetadataLogError, PartialSnapshot, Progress, SnapshotId};
pub use replay::{Replay, ReplayError};
pub use version::MetadataVersion;

pub use crate::topics::is_internal;

/// The image that network threads read and the controller changes.
pub type Shared = Arc<RwLock<Image>>;

/// Name of the topic of the metadata.
pub const METADATA_TOPIC: &str = "__cluster_metadata";

/// Id of the topic of the metadata (`Uuid.METADATA_TOPIC_ID`).
pub const METADATA_TOPIC_ID: kafka_rpc::Uuid = kafka_rpc::Uuid([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]);
