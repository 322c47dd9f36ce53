//! Small things that all parts of a log share. Offsets are `i64`, positions in a segment file `u32`: the compiler keeps
//! them apart.

use crate::format::batch::NO_TIMESTAMP;

/// Where an append comes from (`AppendOrigin`), which decides what is checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AppendOrigin {
    /// From the leader: taken as it is.
    Replication,
    /// From a coordinator of groups, transactions or share groups.
    Coordinator,
    /// From a client.
    Client,
    /// From the Raft leader itself, offsets and epochs already in place.
    RaftLeader,
}

/// An offset and where its batch lies (`LogOffsetMetadata`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogOffsetMetadata {
    /// The offset.
    pub message_offset: i64,
    /// Base offset of its segment and position of its batch there in bytes; `None` if it was not looked up.
    pub place: Option<SegmentPlace>,
}

/// A place in a log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SegmentPlace {
    /// Base offset of the segment.
    pub segment_base_offset: i64,
    /// Position in the segment file in bytes.
    pub position: u32,
}

impl From<i64> for LogOffsetMetadata {
    fn from(message_offset: i64) -> Self {
        LogOffsetMetadata::offset_only(message_offset)
    }
}

impl LogOffsetMetadata {
    /// An offset whose place is not known.
    pub const fn offset_only(message_offset: i64) -> Self {
        LogOffsetMetadata { message_offset, place: None }
    }

    /// An offset at a known place.
    pub const fn at(message_offset: i64, segment_base_offset: i64, position: u32) -> Self {
        LogOffsetMetadata { message_offset, place: Some(SegmentPlace { segment_base_offset, position }) }
    }
}

/// What became of an append (`LogAppendInfo`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogAppendInfo {
    /// First offset; -1 where it is not known, for a follower's append that begins with a compressed batch of magic 0 or 1.
    pub first_offset: i64,
    /// Last offset.
    pub last_offset: i64,
    /// Largest timestamp in ms, -1 none.
    pub max_timestamp: i64,
    /// Time of the append in ms where the topic asks for it, -1 otherwise. For a duplicate the timestamp of the batch
    /// that was there already.
    pub log_append_time: i64,
    /// Bytes of the whole batches in the call, as they came.
    pub valid_bytes: usize,
    /// Whether the batch was there already, and nothing was written.
    pub is_duplicate: bool,
}

impl LogAppendInfo {
    /// Place for an answer of a group.
    pub(in crate::log) const fn nothing() -> Self {
        LogAppendInfo {
            first_offset: -1,
            last_offset: -1,
            max_timestamp: NO_TIMESTAMP,
            log_append_time: NO_TIMESTAMP,
            valid_bytes: 0,
            is_duplicate: false,
        }
    }
}

/// Offsets of a log at one moment: `log_start <= last_stable <= high_watermark <= log_end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermarks {
    /// First offset that may be read.
    pub log_start: i64,
    /// First offset that consumers of committed records do not see yet.
    pub last_stable: i64,
    /// First offset that consumers do not see yet.
    pub high_watermark: i64,
    /// The offset that the next record gets.
    pub log_end: i64,
}

impl Watermarks {
    /// First offset that a reader of this isolation does not see.
    pub const fn limit(&self, isolation: FetchIsolation) -> i64 {
        match isolation {
            FetchIsolation::LogEnd => self.log_end,
            FetchIsolation::HighWatermark => self.high_watermark,
            FetchIsolation::TxnCommitted => self.last_stable,
        }
    }
}

/// What may be read (`FetchIsolation`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FetchIsolation {
    /// Up to the log end offset: followers.
    LogEnd,
    /// Up to the high watermark: consumers.
    HighWatermark,
    /// Up to the last stable offset: consumers that read committed.
    TxnCommitted,
}

impl FetchIsolation {
    /// The isolation of a consumer's request (`IsolationLevel.forId`): 0 or 1. `None` for another number, with which Kafka refuses
    /// the request. Followers read up to the [`FetchIsolation::LogEnd`], whatever their requests say.
    pub const fn from_wire(isolation_level: i8) -> Option<Self> {
        match isolation_level {
            0 => Some(FetchIsolation::HighWatermark),
            1 => Some(FetchIsolation::TxnCommitted),
            _ => None,
        }
    }
}
