//! What a repair will do, and what is lost with it.

use std::ops::Range;
use std::path::PathBuf;

use crate::audit::predict::Prediction;
use crate::audit::{AuditOptions, Change, Level, Remaining, Restored};
use crate::compression::DECOMPRESSED_MAX;

/// How to repair.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Not to look into the records: batches that cannot be decompressed stay.
    pub is_shallow: bool,
    /// Not to keep the end of the log where it was when its last batches are lost, but to let it fall back as Kafka does.
    /// For a replica of a partition that other replicas bring up to date again.
    pub may_end_lower: bool,
    /// Bytes that a batch may decompress to; what is longer is taken for readable.
    pub decompressed_max: usize,
    /// Another replica of the partition, or a log directory with one.
    pub donor: Option<PathBuf>,
}

impl Default for Options {
    fn default() -> Self {
        Options { is_shallow: false, may_end_lower: false, decompressed_max: DECOMPRESSED_MAX, donor: None }
    }
}

impl Options {
    /// How to look at what is there.
    pub(super) fn audit(&self) -> AuditOptions {
        AuditOptions {
            level: if self.is_shallow { Level::Default } else { Level::Deep },
            decompressed_max: self.decompressed_max,
            may_end_lower: self.may_end_lower,
            ..AuditOptions::default()
        }
    }
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
    /// Records in good batches that are left out.
    pub records: u64,
    /// What is wrong with the bytes.
    pub why: String,
}

/// A good batch that is left out because batches of a higher leader epoch claim its offsets: nothing is lost by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Superseded {
    /// The log file.
    pub file: String,
    /// Where the batch is in it.
    pub bytes: Range<u64>,
    /// First and last offset.
    pub offsets: (i64, i64),
    /// Records in it.
    pub records: u64,
    /// The higher leader epoch.
    pub by_epoch: i32,
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
    /// What a newer leader epoch has replaced.
    pub superseded: Vec<Superseded>,
    /// Headers that are restored, with the log file they are in.
    pub restored: Vec<(String, Restored)>,
    /// What else is done, for people.
    pub notes: Vec<String>,
    /// Damage that no repair can fix.
    pub remaining: Vec<Remaining>,
    /// What the next start would do with the partition as it is. Empty where that is nothing.
    pub kafka_alone: Vec<Prediction>,
    /// First offset of the log after the repair.
    pub first_offset: Option<i64>,
    /// Log end offset after the repair.
    pub log_end_offset: i64,
}

impl PartitionPlan {
    /// Leaves damage to a person.
    pub(super) fn leave(&mut self, what: impl Into<String>, advice: impl Into<String>) {
        let (what, advice) = (what.into(), advice.into());
        self.remaining.push(Remaining { path: self.path.clone(), what, advice, command: None });
    }

    /// Whether nothing is to be done.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// Bytes that are written for it.
    pub fn bytes_written(&self) -> u64 {
        self.changes.iter().filter_map(|change| change.content.as_ref()).map(crate::audit::Content::len).sum()
    }
}
