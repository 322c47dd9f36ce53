//! What a repair will do, and what is lost with it.

use std::ops::Range;
use std::path::PathBuf;

use super::apply::Change;
use super::settle::Restored;

/// How to repair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// Not to look into the records: batches that cannot be decompressed stay.
    pub is_shallow: bool,
    /// Not to keep the end of the log where it was when its last batches are lost, but to let it fall back as Kafka does.
    /// For a replica of a partition that other replicas bring up to date again.
    pub may_end_lower: bool,
    /// Bytes that a batch may have when it is decompressed; what is longer is taken for readable. `None`: 1 GiB.
    pub decompressed_max: Option<usize>,
    /// Another replica of the partition, or a log directory with one.
    pub donor: Option<PathBuf>,
}

impl Options {
    /// How to look into records.
    pub(super) fn depth(&self) -> Depth {
        let decompressed_max = self.decompressed_max.unwrap_or(1024 * 1024 * 1024);
        Depth { is_deep: !self.is_shallow, decompressed_max, keeps_each: false }
    }
}

/// Whether to look into records, and how far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Depth {
    pub(super) is_deep: bool,
    pub(super) decompressed_max: usize,
    /// Whether each batch is asked for one by one, so that none may stand for others.
    pub(super) keeps_each: bool,
}

/// What the checkpoints of the log directory say of a partition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checkpoints {
    /// Whether the broker was stopped cleanly.
    pub is_clean_stop: bool,
    /// `recovery-point-offset-checkpoint`: everything below was on disk.
    pub recovery_point: Option<i64>,
    /// `log-start-offset-checkpoint`
    pub log_start_offset: Option<i64>,
    /// `replication-offset-checkpoint`: everything below was shown to consumers.
    pub high_watermark: Option<i64>,
}

/// What no repair brings back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lost {
    /// The log file.
    pub file: String,
    /// Bytes that are of no use.
    pub bytes: Range<u64>,
    /// First and last offset that is lost, if any is; the last is not known at the end of a log.
    pub offsets: Option<(i64, Option<i64>)>,
    /// What is wrong with the bytes.
    pub why: String,
}

impl Lost {
    /// How many offsets are lost, as far as they are known. No more records than that are.
    pub fn records_at_most(&self) -> u64 {
        match self.offsets {
            Some((first, Some(last))) => last.saturating_sub(first).saturating_add(1).max(0).unsigned_abs(),
            _ => 0,
        }
    }
}

/// The plan for a partition.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PartitionPlan {
    /// The directory.
    pub path: PathBuf,
    /// What becomes of its files, in the order in which it is done.
    pub changes: Vec<Change>,
    /// What is lost.
    pub lost: Vec<Lost>,
    /// Headers that are put right, with the log file they are in.
    pub restored: Vec<(String, Restored)>,
    /// What else is done, for people.
    pub notes: Vec<String>,
    /// Damage that stays, for people.
    pub remaining: Vec<String>,
    /// First offset of the log after the repair.
    pub first_offset: Option<i64>,
    /// Log end offset after the repair.
    pub log_end_offset: i64,
}

impl PartitionPlan {
    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes that are written for it.
    pub fn bytes_written(&self) -> u64 {
        self.changes.iter().filter_map(|change| change.content.as_ref()).map(super::content::Content::len).sum()
    }
}
