//! What a verification found, from single segments up to all that was asked about.

use std::ops::Range;
use std::path::{Path, PathBuf};

use super::finding::{Finding, OffsetRange, Severity};
use super::node::{NodeStart, Remaining};
use super::partition::evidence::OpenTransaction;
use super::predict::Prediction;
use crate::format::meta_properties::MetaProperties;
use crate::format::uuid::Uuid;

/// How thoroughly to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Level {
    /// Names, sizes, index structure, checkpoints; no batch but the first and the last of a segment.
    Quick,
    /// Every batch: header, checksum, offsets, epochs; every index entry.
    #[default]
    Default,
    /// Every record: decompressed, counted, its offset and timestamp.
    Deep,
}

impl Level {
    /// Name in output and on the command line.
    pub const fn name(self) -> &'static str {
        match self {
            Level::Quick => "quick",
            Level::Default => "default",
            Level::Deep => "deep",
        }
    }
}

/// The answer in a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing but notes.
    Clean,
    /// Findings that Kafka tolerates.
    Tolerated,
    /// Damage.
    Damaged,
}

impl Verdict {
    /// The verdict over findings.
    pub fn over<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        findings.into_iter().map(|finding| Verdict::of(finding.severity)).max().unwrap_or(Verdict::Clean)
    }

    /// The verdict over one finding.
    pub const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Note => Verdict::Clean,
            Severity::Warning => Verdict::Tolerated,
            Severity::Damage => Verdict::Damaged,
        }
    }

    /// Name in output: `clean`, `tolerated`, `damaged`.
    pub const fn name(self) -> &'static str {
        match self {
            Verdict::Clean => "clean",
            Verdict::Tolerated => "tolerated",
            Verdict::Damaged => "damaged",
        }
    }

    /// Exit code of the tool: 0, 1 or 2.
    pub const fn exit_code(self) -> u8 {
        self as u8
    }
}

/// What is wrong with a stretch of a log file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FaultKind {
    /// A batch whose checksum does not hold, or whose records cannot be read; the bytes are those of the batch.
    BadBatch,
    /// A good batch with a wrong length field.
    WrongLength {
        /// The length that the checksum proves.
        proven: i32,
        /// The length in the file.
        found: i32,
    },
    /// A good batch with a wrong base offset.
    WrongBaseOffset {
        /// The base offset that the neighbours prove.
        proven: i64,
        /// The base offset in the file.
        found: i64,
    },
    /// A good batch with a wrong leader epoch.
    WrongEpoch {
        /// The epoch that the neighbours prove.
        proven: i32,
        /// The epoch in the file.
        found: i32,
    },
    /// A good batch with a wrong magic.
    WrongMagic {
        /// The magic that the checksum proves.
        proven: i8,
        /// The magic in the file.
        found: i8,
    },
    /// A good batch that does not belong where it is: its offsets are covered by batches before it, or lie outside
    /// of what its segment can hold.
    Misplaced,
    /// A good batch whose offsets are claimed by batches of a higher leader epoch.
    Superseded {
        /// The higher epoch.
        by_epoch: i32,
    },
    /// Bytes in which no batch can be made out.
    Unreadable,
    /// An incomplete batch at the end of the file.
    Torn,
    /// Zeros at the end of the file.
    Zeros,
}

/// A stretch of a log file that is not as it should be; in file order, without overlaps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// What is wrong.
    pub kind: FaultKind,
    /// Where.
    pub bytes: Range<u64>,
    /// Offsets that cannot be read because of it; of a good batch with a wrong header those that it truly has.
    pub offsets: Option<OffsetRange>,
}

/// What is known of an index file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IndexReport {
    /// Size in bytes.
    pub size: u64,
    /// Entries in use, without zeros after them.
    pub entries: u64,
    /// Whether it must be rebuilt.
    pub is_bad: bool,
    /// Offset of the last entry of an offset or a time index.
    pub last_offset: Option<i64>,
}

/// A segment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// The `.log` file, or whatever file of batches was named.
    pub path: PathBuf,
    /// Base offset in the name, if there is one.
    pub base_offset: Option<i64>,
    /// Size of the log file in bytes.
    pub size: u64,
    /// When it was last written, in ms since 1970.
    pub modified_ms: i64,
    /// Position after its last good batch.
    pub valid_to: u64,
    /// First offset of the first good batch.
    pub first_offset: Option<i64>,
    /// Last offset of the last good batch.
    pub last_offset: Option<i64>,
    /// Good batches.
    pub batches: u64,
    /// Records in them, as their headers count; messages of magic 0 and 1 count one each, whatever is inside.
    pub records: u64,
    /// Smallest base timestamp in ms.
    pub min_timestamp: Option<i64>,
    /// Largest timestamp in ms.
    pub max_timestamp: Option<i64>,
    /// What is wrong in the log file.
    pub faults: Vec<Fault>,
    /// `.index`
    pub offset_index: Option<IndexReport>,
    /// `.timeindex`
    pub time_index: Option<IndexReport>,
    /// `.txnindex`
    pub transaction_index: Option<IndexReport>,
    /// All findings, about the log file and its indexes.
    pub findings: Vec<Finding>,
}

impl SegmentReport {
    pub(super) fn new(path: &Path, base_offset: Option<i64>) -> Self {
        SegmentReport {
            path: path.to_owned(),
            base_offset,
            size: 0,
            modified_ms: 0,
            valid_to: 0,
            first_offset: None,
            last_offset: None,
            batches: 0,
            records: 0,
            min_timestamp: None,
            max_timestamp: None,
            faults: Vec::new(),
            offset_index: None,
            time_index: None,
            transaction_index: None,
            findings: Vec::new(),
        }
    }

    /// Bytes of the log file that cannot be read.
    pub fn bytes_lost(&self) -> u64 {
        self.faults.iter().filter(|fault| fault.is_loss()).map(|fault| fault.bytes.end - fault.bytes.start).sum()
    }
}

impl Fault {
    /// Whether records are lost with it: not so where only a header is wrong, nor with zeros.
    pub fn is_loss(&self) -> bool {
        matches!(self.kind, FaultKind::BadBatch | FaultKind::Unreadable | FaultKind::Torn)
    }
}

/// A partition directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartitionReport {
    /// The directory.
    pub path: PathBuf,
    /// Topic; the whole name of the directory where it is no partition's.
    pub topic: String,
    /// Partition number.
    pub partition: Option<i32>,
    /// Topic id in `partition.metadata`.
    pub topic_id: Option<Uuid>,
    /// First offset that may be read: the checkpoint of the log directory, or the base of the first segment.
    pub log_start_offset: i64,
    /// Offset after the last good batch.
    pub log_end_offset: i64,
    /// Segments in the order of their base offsets.
    pub segments: Vec<SegmentReport>,
    /// Transactions that have begun and not ended, in the order of their first offsets. Not known at level quick.
    pub open_transactions: Vec<OpenTransaction>,
    /// What the next start would do with it, where that was found out.
    pub predictions: Vec<Prediction>,
    /// Damage that no repair can fix.
    pub remaining: Vec<Remaining>,
    /// Findings about the partition as a whole: the chain of its segments, files beside them.
    pub findings: Vec<Finding>,
}

/// A log directory.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DirectoryReport {
    /// The directory.
    pub path: PathBuf,
    /// Content of `meta.properties`.
    pub meta_properties: Option<MetaProperties>,
    /// Whether `.kafka_cleanshutdown` is there.
    pub is_clean_stop: bool,
    /// Partitions in the order of their names.
    pub partitions: Vec<PartitionReport>,
    /// Findings about the directory and its checkpoints.
    pub findings: Vec<Finding>,
}

/// What was found about all the paths asked about.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Log directories.
    pub directories: Vec<DirectoryReport>,
    /// Partition directories that were named themselves.
    pub partitions: Vec<PartitionReport>,
    /// Segments and files that were named themselves.
    pub segments: Vec<SegmentReport>,
    /// What the broker whose log directories these are does at its next start before it opens a log. `None` where no
    /// log directory was looked at.
    pub start: Option<NodeStart>,
    /// Damage that no repair can fix.
    pub remaining: Vec<Remaining>,
    /// Findings about the log directories as those of one broker.
    pub findings: Vec<Finding>,
}

impl Report {
    /// Every partition, those of log directories first.
    pub fn all_partitions(&self) -> impl Iterator<Item = &PartitionReport> {
        self.directories.iter().flat_map(|directory| &directory.partitions).chain(&self.partitions)
    }

    /// Every segment.
    pub fn all_segments(&self) -> impl Iterator<Item = &SegmentReport> {
        self.all_partitions().flat_map(|partition| &partition.segments).chain(&self.segments)
    }

    /// Every finding.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        let of_directories = self.directories.iter().flat_map(|directory| &directory.findings);
        let of_partitions = self.all_partitions().flat_map(|partition| &partition.findings);
        let of_segments = self.all_segments().flat_map(|segment| &segment.findings);
        self.findings.iter().chain(of_directories).chain(of_partitions).chain(of_segments)
    }

    /// The verdict over everything.
    pub fn verdict(&self) -> Verdict {
        Verdict::over(self.all_findings())
    }
}

impl PartitionReport {
    /// Offsets that are missing up to the end of the log are those below `end`.
    pub(super) fn end_at(&mut self, end: i64) {
        let of_segments = self.segments.iter_mut().flat_map(|segment| {
            let faults = segment.faults.iter_mut().map(|fault| &mut fault.offsets);
            faults.chain(
                segment.findings.iter_mut().filter(|finding| finding.code.is_about_batches()).map(|f| &mut f.offsets),
            )
        });
        let of_partition = self.findings.iter_mut().filter(|finding| finding.code.is_about_batches());
        for offsets in of_segments.chain(of_partition.map(|finding| &mut finding.offsets)).flatten() {
            if offsets.last.is_none_or(|last| last >= end) && offsets.first < end {
                offsets.last = Some(end - 1);
            }
        }
    }

    /// Every finding about the partition and its segments.
    pub fn all_findings(&self) -> impl Iterator<Item = &Finding> {
        self.findings.iter().chain(self.segments.iter().flat_map(|segment| &segment.findings))
    }

    /// The verdict over the partition.
    pub fn verdict(&self) -> Verdict {
        Verdict::over(self.all_findings())
    }
}
