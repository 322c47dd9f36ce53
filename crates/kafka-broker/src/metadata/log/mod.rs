//! The directory of the metadata: records, snapshots and the state of the quorum, as a KRaft node keeps them
//! (`KafkaRaftLog`, `KafkaRaftClient`): of the only voter, or a replica of the log of a quorum elsewhere.
//!
//! | file | what it is |
//! | --- | --- |
//! | `bootstrap.checkpoint`, in the log directory | the first records of a cluster |
//! | `__cluster_metadata-0/*.log` | the records, in batches that hold or are missing as a whole |
//! | `__cluster_metadata-0/<offset>-<epoch>.checkpoint` | the state before an offset |
//! | `__cluster_metadata-0/quorum-state` | the last leader and its epoch |

mod append;
mod batches;
mod clean;
mod error;
mod load;
mod quorum;
mod replica;
mod snapshot;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use kafka_log::compression::Compressor;
use kafka_log::fs::{Fs, OsFs};
use kafka_log::log::Log;
use kafka_log::log::config::LogConfig;

pub use error::MetadataLogError;
pub use load::Loaded;
pub use replica::{PartialSnapshot, Progress};
pub use snapshot::SnapshotId;

pub(super) use batches::{Entry, EntryKind, for_each_entry};
pub(super) use quorum::Voters;
pub(super) use snapshot::{SnapshotWriter, standalone_snapshot};

/// Most bytes in a batch of records (`KafkaRaftClient.MAX_BATCH_SIZE_BYTES`).
pub(super) const BATCH_BYTES_MAX: usize = 8 * 1024 * 1024;
/// Most records in a batch that needs not hold as a whole (`QuorumController.DEFAULT_MAX_RECORDS_PER_BATCH`).
const BATCH_RECORDS_MAX: usize = 10_000;
/// Name of the folder.
pub(super) const FOLDER: &str = "__cluster_metadata-0";
/// Name of the file with the first records.
pub(super) const BOOTSTRAP: &str = "bootstrap.checkpoint";

/// How a metadata log is kept. Names in brackets are those of Kafka's settings.
#[derive(Clone, Debug)]
pub struct LogOptions {
    /// The log directory (`metadata.log.dir`).
    pub dir: PathBuf,
    /// This node (`node.id`).
    pub node_id: i32,
    /// Bytes of a segment (`metadata.log.segment.bytes`).
    pub segment_bytes: i32,
    /// Age of a segment in ms (`metadata.log.segment.ms`).
    pub segment_ms: i64,
    /// Bytes of records after which a snapshot is due (`metadata.log.max.record.bytes.between.snapshots`).
    pub snapshot_bytes: u64,
    /// Time in ms after which a snapshot is due, 0 never (`metadata.log.max.snapshot.interval.ms`).
    pub snapshot_interval_ms: i64,
    /// Bytes of log and snapshots to keep, -1 all (`metadata.max.retention.bytes`).
    pub retention_bytes: i64,
    /// Age in ms of snapshots to keep, -1 all (`metadata.max.retention.ms`).
    pub retention_ms: i64,
}

impl LogOptions {
    /// Kafka's defaults.
    pub fn new(dir: PathBuf, node_id: i32) -> Self {
        LogOptions {
            dir,
            node_id,
            segment_bytes: 1024 * 1024 * 1024,
            segment_ms: 7 * 24 * 60 * 60 * 1000,
            snapshot_bytes: 20 * 1024 * 1024,
            snapshot_interval_ms: 60 * 60 * 1000,
            retention_bytes: 100 * 1024 * 1024,
            retention_ms: 7 * 24 * 60 * 60 * 1000,
        }
    }

    fn log_config(&self) -> LogConfig {
        LogConfig {
            segment_bytes: self.segment_bytes,
            segment_ms: self.segment_ms,
            max_message_bytes: i32::try_from(BATCH_BYTES_MAX).unwrap_or(i32::MAX),
            // Records go below the oldest snapshot alone.
            retention_bytes: -1,
            retention_ms: -1,
            ..LogConfig::default()
        }
    }
}

/// The metadata log of a node that is the only voter of its quorum, or does not vote.
pub struct MetadataLog<F: Fs = OsFs> {
    fs: F,
    options: LogOptions,
    log: Log<F>,
    /// Oldest first.
    snapshots: Vec<SnapshotId>,
    voters: Voters,
    /// Epoch of this leader, 0 before it leads; of a replica the latest epoch that is known.
    epoch: i32,
    /// Bytes of records after the last snapshot.
    bytes_since_snapshot: u64,
    last_snapshot_ms: i64,
    compressor: Compressor,
}

impl<F: Fs> MetadataLog<F> {
    /// The folder of the log.
    pub fn folder(&self) -> Arc<Path> {
        self.log.dir()
    }

    /// The offset that the next record gets; all records below it are on disk.
    pub fn end_offset(&self) -> i64 {
        self.log.log_end_offset()
    }

    /// First offset in the log.
    pub fn start_offset(&self) -> i64 {
        self.log.log_start_offset()
    }

    /// Epoch of this leader; of a replica the latest epoch that is known.
    pub fn epoch(&self) -> i32 {
        self.epoch
    }

    /// The `kraft.version` of the quorum: 1 where its voters are recorded in the log.
    pub fn kraft_version(&self) -> i16 {
        self.voters.kraft_version
    }

    /// The directory id of this voter, where records name it; zero otherwise.
    pub fn voter_directory_id(&self) -> kafka_rpc::Uuid {
        let voters = self.voters.record.as_ref().map(|record| record.voters.as_slice()).unwrap_or_default();
        let own = voters.iter().find(|voter| voter.voter_id == self.options.node_id);
        own.map(|voter| voter.voter_directory_id).unwrap_or_default()
    }

    /// The log with the records, for a fetch.
    pub fn log(&self) -> &Log<F> {
        &self.log
    }

    /// Ends the log. All records are on disk.
    ///
    /// # Errors
    /// I/O errors.
    pub fn close(self) -> Result<(), MetadataLogError> {
        self.log.close()?;
        Ok(())
    }
}
