//! What a follower needs of the log of a partition.

use std::fmt;

use kafka_log::log::error::{AppendError, KafkaError as _, LogError};
use kafka_rpc::ErrorCode;

/// The log of a partition that this broker follows. The log of the broker is one, that of the simulation another.
pub(crate) trait Replica {
    /// Log start, high watermark and log end.
    ///
    /// # Errors
    /// If the log is not here, or the broker does not follow in this epoch any more. So for all methods.
    fn offsets(&self) -> Result<Offsets, ReplicaError>;

    /// The last leader epoch in the log.
    fn latest_epoch(&self) -> Result<Option<i32>, ReplicaError>;

    /// The largest epoch that is not above `epoch`, and where it ends.
    fn end_offset_for_epoch(&self, epoch: i32) -> Result<Option<(i32, i64)>, ReplicaError>;

    /// Appends batches as they are; those that a later leader wrote are left out.
    fn append(&self, records: &[u8], now_ms: i64) -> Result<Appended, ReplicaError>;

    /// Cuts everything from `offset` on.
    fn truncate_to(&self, offset: i64, now_ms: i64) -> Result<(), ReplicaError>;

    /// Deletes everything. The next record is to have this offset.
    fn truncate_fully_and_start_at(&self, offset: i64, now_ms: i64) -> Result<(), ReplicaError>;

    /// Takes over what the leader says: the high watermark, no higher than the log end, and the log start, no higher than that.
    fn take_over(&self, high_watermark: i64, log_start_offset: i64, now_ms: i64) -> Result<(), ReplicaError>;
}

/// Offsets of a replica at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Offsets {
    pub(crate) log_start: i64,
    pub(crate) high_watermark: i64,
    pub(crate) log_end: i64,
}

/// What an append has added.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Appended {
    pub(crate) last_offset: i64,
    /// Epoch of the last batch.
    pub(crate) last_epoch: Option<i32>,
    pub(crate) bytes: usize,
}

/// Why a replica does not do what its follower asks for.
#[derive(Debug)]
pub(crate) enum ReplicaError {
    /// The log is not here.
    Gone(ErrorCode),
    /// The broker has another role by now, or follows in another epoch.
    Superseded,
    /// The leader's records cannot be appended.
    Append(AppendError),
    /// The log cannot be changed.
    Log(LogError),
}

impl ReplicaError {
    /// Whether the same records may be good the next time: the bytes have suffered on their way, or where the leader read them.
    pub(super) fn is_of_records(&self) -> bool {
        let ReplicaError::Append(error) = self else { return false };
        matches!(error.code(), ErrorCode::CorruptMessage | ErrorCode::InvalidRecord)
    }
}

impl fmt::Display for ReplicaError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ReplicaError::Gone(code) => f.write_str(code.message()),
            ReplicaError::Superseded => f.write_str("this broker does not follow in this epoch any more"),
            ReplicaError::Append(error) => error.fmt(f),
            ReplicaError::Log(error) => error.fmt(f),
        }
    }
}

impl std::error::Error for ReplicaError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            ReplicaError::Append(error) => Some(error),
            ReplicaError::Log(error) => Some(error),
            ReplicaError::Gone(_) | ReplicaError::Superseded => None,
        }
    }
}
