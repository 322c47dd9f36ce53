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
    /// Base offset of its segment and position of its batch there in bytes; `None` when nobody has looked.
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
    /// First offset; -1 when nothing was appended, or unknown for the first of compressed v0/v1 batches of a follower.
    pub first_offset: i64,
    /// Last offset, -1 when nothing was appended.
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
    /// Nothing appended.
    pub const fn nothing() -> Self {
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
