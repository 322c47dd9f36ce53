//! A thing that is not as it should be: where, what, how bad, and what helps.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use super::code::Code;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, and nothing wrong.
    Note,
    /// Kafka tolerates it: it repairs it at its next start, or works on.
    Warning,
    /// Something is lost, wrong answers are given, or Kafka does not start.
    Damage,
}

impl Severity {
    /// Name in output: `note`, `warning`, `damage`.
    pub const fn name(self) -> &'static str {
        match self {
            Severity::Note => "note",
            Severity::Warning => "warning",
            Severity::Damage => "damage",
        }
    }
}

/// What kind of damage a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Class {
    /// The end of the last segment, as a crash leaves it: what follows it was never complete.
    TornTail,
    /// Batches are damaged or gone; there may be good ones after them.
    Damage,
    /// The log is whole, an index is not; it can be rebuilt from the log.
    IndexOnly,
    /// The log is whole, a file beside it is not.
    MetadataOnly,
    /// Unusual, and as Kafka itself may leave it.
    OddButLegal,
}

impl Class {
    /// Every class.
    pub const ALL: [Class; 5] =
        [Class::TornTail, Class::Damage, Class::IndexOnly, Class::MetadataOnly, Class::OddButLegal];

    /// Name in output, as `torn-tail`.
    pub const fn name(self) -> &'static str {
        match self {
            Class::TornTail => "torn-tail",
            Class::Damage => "damage",
            Class::IndexOnly => "index-only",
            Class::MetadataOnly => "metadata-only",
            Class::OddButLegal => "odd-but-legal",
        }
    }
}

/// What helps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Remedy {
    /// Nothing needs to be done.
    Nothing,
    /// Rebuild the offset index from the log.
    RebuildOffsetIndex,
    /// Rebuild the time index from the log.
    RebuildTimeIndex,
    /// Rebuild the transaction index from the log.
    RebuildTransactionIndex,
    /// Rebuild the producer snapshots from the log.
    RebuildProducerSnapshots,
    /// Rebuild `leader-epoch-checkpoint` from the batches.
    RebuildLeaderEpochs,
    /// Cut the file after its last good batch.
    TrimTail,
    /// Keep the good batches before and after, or take the bad ones from a replica.
    Salvage,
    /// Put back the header fields that the checksum and the neighbours prove.
    RestoreHeader,
    /// Give the segment the name that its batches ask for.
    RenameSegment,
    /// Split the segment.
    SplitSegment,
    /// Finish the replacement that was under way.
    FinishSwap,
    /// Remove what was left behind.
    RemoveLeftover,
    /// Put the true offsets into the checkpoint.
    RewriteCheckpoint,
    /// Write `partition.metadata` with the id from the other partitions or the cluster metadata.
    RestorePartitionMetadata,
    /// Write `meta.properties` with the ids from the other files of the node.
    RewriteMetaProperties,
    /// Move the file to the quarantine; Kafka starts without it and loses nothing.
    SetAside,
    /// Take the file from a replica.
    RestoreFromReplica,
    /// Keep the originals, and set aside what was to replace them.
    KeepOriginals,
    /// End the transaction.
    EndTransaction,
    /// Repair before the broker is started.
    RepairFirst,
    /// Only the operator can decide.
    AskOperator,
}

impl Remedy {
    /// Name in output, as `rebuild-offset-index`.
    pub const fn name(self) -> &'static str {
        match self {
            Remedy::Nothing => "nothing",
            Remedy::RebuildOffsetIndex => "rebuild-offset-index",
            Remedy::RebuildTimeIndex => "rebuild-time-index",
            Remedy::RebuildTransactionIndex => "rebuild-transaction-index",
            Remedy::RebuildProducerSnapshots => "rebuild-producer-snapshots",
            Remedy::RebuildLeaderEpochs => "rebuild-leader-epochs",
            Remedy::TrimTail => "trim-tail",
            Remedy::Salvage => "salvage",
            Remedy::RestoreHeader => "restore-header",
            Remedy::RenameSegment => "rename-segment",
            Remedy::SplitSegment => "split-segment",
            Remedy::FinishSwap => "finish-swap",
            Remedy::RemoveLeftover => "remove-leftover",
            Remedy::RewriteCheckpoint => "rewrite-checkpoint",
            Remedy::RestorePartitionMetadata => "restore-partition-metadata",
            Remedy::RewriteMetaProperties => "rewrite-meta-properties",
            Remedy::SetAside => "set-aside",
            Remedy::RestoreFromReplica => "restore-from-replica",
            Remedy::KeepOriginals => "keep-originals",
            Remedy::EndTransaction => "end-transaction",
            Remedy::RepairFirst => "repair-first",
            Remedy::AskOperator => "ask-operator",
        }
    }

    /// What to do, for people.
    pub const fn advice(self) -> &'static str {
        match self {
            Remedy::Nothing => "nothing to do",
            Remedy::RebuildOffsetIndex => "kafka-log repair rebuilds the offset index from the log",
            Remedy::RebuildTimeIndex => "kafka-log repair rebuilds the time index from the log",
            Remedy::RebuildTransactionIndex => "kafka-log repair rebuilds the transaction index from the log",
            Remedy::RebuildProducerSnapshots => "kafka-log repair rebuilds the producer snapshots from the log",
            Remedy::RebuildLeaderEpochs => "kafka-log repair rebuilds leader-epoch-checkpoint from the batches",
            Remedy::TrimTail => "kafka-log repair cuts the file after its last good batch",
            Remedy::Salvage => "kafka-log repair keeps all good batches; with --donor it fills the hole from a replica",
            Remedy::RestoreHeader => "kafka-log repair restores the header; no record is lost",
            Remedy::RenameSegment => "kafka-log repair gives the segment the name that its batches ask for",
            Remedy::SplitSegment => "kafka-log repair splits the segment",
            Remedy::FinishSwap => "kafka-log repair, or the next start of Kafka, finishes the replacement",
            Remedy::RemoveLeftover => "kafka-log repair, or the next start of Kafka, removes it",
            Remedy::RewriteCheckpoint => "kafka-log repair writes the true offsets into the checkpoint",
            Remedy::RestorePartitionMetadata => {
                "kafka-log repair writes it again where another partition or the cluster metadata tells the topic id"
            }
            Remedy::RewriteMetaProperties => {
                "kafka-log repair writes it with the ids that the other files of the node tell"
            }
            Remedy::SetAside => {
                "kafka-log repair moves it to the quarantine; Kafka starts without it and loses nothing"
            }
            Remedy::RestoreFromReplica => "kafka-log repair --donor takes it from a replica; without one it is lost",
            Remedy::KeepOriginals => "kafka-log repair keeps the originals and sets the replacement aside",
            Remedy::EndTransaction => "kafka-transactions.sh abort ends it, if its producer does not come back",
            Remedy::RepairFirst => "run kafka-log repair before the broker is started",
            Remedy::AskOperator => "decide by hand; no tool can know what is right",
        }
    }
}

/// Offsets, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct OffsetRange {
    /// First offset.
    pub first: i64,
    /// Last offset; `None` where it is not known.
    pub last: Option<i64>,
}

impl OffsetRange {
    /// The part at or above a log start offset: what lies below was deleted, so it is not lost.
    pub(crate) fn above_start(self, log_start_offset: i64) -> Option<Self> {
        let is_below = self.last.is_some_and(|last| last < log_start_offset);
        (!is_below).then(|| OffsetRange { first: self.first.max(log_start_offset), ..self })
    }

    /// How many offsets there are, if the last is known.
    pub fn count(&self) -> Option<u64> {
        self.last.map(|last| last.saturating_sub(self.first).saturating_add(1).max(0).unsigned_abs())
    }
}

impl fmt::Display for OffsetRange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.last {
            Some(last) if last == self.first => write!(f, "{last}"),
            Some(last) => write!(f, "{}-{last}", self.first),
            None => write!(f, "{}-?", self.first),
        }
    }
}

/// A thing that is not as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// How bad it is here.
    pub severity: Severity,
    /// What kind of damage it is here.
    pub class: Class,
    /// The file or directory.
    pub path: PathBuf,
    /// Bytes of the file that it is about; empty ones are a mere position.
    pub bytes: Option<Range<u64>>,
    /// Offsets that it touches.
    pub offsets: Option<OffsetRange>,
    /// What was expected, for people.
    pub expected: String,
    /// What was found, for people.
    pub found: String,
    /// What helps.
    pub remedy: Remedy,
}

impl Finding {
    /// A finding about a file or directory as a whole, as bad as its code is.
    #[doc(hidden)]
    pub fn new(code: Code, path: impl Into<PathBuf>, expected: impl Into<String>, found: impl Into<String>) -> Self {
        Finding {
            code,
            severity: code.severity(),
            class: code.class(),
            path: path.into(),
            bytes: None,
            offsets: None,
            expected: expected.into(),
            found: found.into(),
            remedy: code.remedy(),
        }
    }

    /// The same about these bytes.
    #[must_use]
    #[doc(hidden)]
    pub fn at(self, bytes: Range<u64>) -> Self {
        Finding { bytes: Some(bytes), ..self }
    }

    /// The same about these offsets.
    #[must_use]
    #[doc(hidden)]
    pub fn of(self, first: i64, last: Option<i64>) -> Self {
        Finding { offsets: Some(OffsetRange { first, last }), ..self }
    }

    /// The same, as bad as this.
    #[must_use]
    #[doc(hidden)]
    pub fn graded(self, severity: Severity) -> Self {
        Finding { severity, ..self }
    }

    /// The same of another class.
    #[must_use]
    #[doc(hidden)]
    pub fn classed(self, class: Class) -> Self {
        Finding { class, ..self }
    }

    /// The same with another remedy.
    #[must_use]
    #[doc(hidden)]
    pub fn with(self, remedy: Remedy) -> Self {
        Finding { remedy, ..self }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.severity.name(), self.path.display())?;
        if let Some(bytes) = &self.bytes {
            write!(f, " at byte {}", bytes.start)?;
        }
        if let Some(offsets) = self.offsets {
            write!(f, ", offsets {offsets}")?;
        }
        write!(f, ": expected {}, found {} [{}]", self.expected, self.found, self.code.id())
    }
}
