//! The kinds of findings, each with a stable name, what it usually means and what to do about it.

use super::finding::{Class, Remedy, Severity};

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $id:literal: $severity:ident, $class:ident, $remedy:ident;)*) => {
        /// What a finding is about. The ids are stable: scripts and dashboards name them.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of the documentation.
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            /// Stable name, words joined by dashes.
            pub const fn id(self) -> &'static str {
                match self { $(Code::$name => $id,)* }
            }

            /// How bad it is unless the finding says otherwise.
            pub const fn severity(self) -> Severity {
                match self { $(Code::$name => Severity::$severity,)* }
            }

            /// What kind of damage it is unless the finding says otherwise.
            pub const fn class(self) -> Class {
                match self { $(Code::$name => Class::$class,)* }
            }

            /// What helps unless the finding says otherwise.
            pub const fn remedy(self) -> Remedy {
                match self { $(Code::$name => Remedy::$remedy,)* }
            }
        }
    };
}

codes! {
    /// A batch whose checksum does not hold; where it ends is known.
    BatchChecksum = "batch-checksum": Damage, Damage, Salvage;
    /// A batch whose checksum holds for another length than the one in its header.
    BatchLength = "batch-length": Damage, Damage, RestoreHeader;
    /// A batch whose checksum holds, and whose neighbours prove another base offset.
    BatchBaseOffset = "batch-base-offset": Damage, Damage, RestoreHeader;
    /// A batch whose checksum holds, and whose neighbours prove another leader epoch.
    BatchEpoch = "batch-epoch": Damage, Damage, RestoreHeader;
    /// A batch whose checksum holds as that of another version than the one it names.
    BatchMagic = "batch-magic": Damage, Damage, RestoreHeader;
    /// A batch whose checksum holds although fields in it make no sense.
    BatchHeader = "batch-header": Damage, Damage, Salvage;
    /// Bytes in which no batch can be made out, with good batches after them.
    UnreadableBytes = "unreadable-bytes": Damage, Damage, Salvage;
    /// The last segment ends in the middle of a batch, as after a crash.
    TornTail = "torn-tail": Warning, TornTail, TrimTail;
    /// A segment that others follow ends in the middle of a batch.
    TornSegment = "torn-segment": Damage, Damage, Salvage;
    /// The segment ends in zeros, as one that was preallocated and not closed.
    PreallocatedTail = "preallocated-tail": Warning, TornTail, TrimTail;
    /// Offsets do not grow from one batch to the next.
    OffsetOrder = "offset-order": Damage, Damage, Salvage;
    /// A good batch whose offsets are claimed by batches of a higher leader epoch.
    Superseded = "superseded": Damage, Damage, Salvage;
    /// An offset too far above the base offset for the index.
    OffsetOverflow = "offset-overflow": Damage, Damage, SplitSegment;
    /// Offsets are missing between two batches, as compaction leaves it.
    OffsetGap = "offset-gap": Note, OddButLegal, Nothing;
    /// A batch that cannot be decompressed although its checksum holds.
    Decompression = "decompression": Damage, Damage, Salvage;
    /// Records that are malformed, fewer or more than the header counts.
    Records = "records": Damage, Damage, Salvage;
    /// Records whose offsets do not fit their batch.
    RecordOffsets = "record-offsets": Damage, Damage, Salvage;
    /// The largest timestamp of a batch is not the one in its header.
    RecordTimestamps = "record-timestamps": Warning, OddButLegal, Nothing;
    /// A control batch without a control record that makes sense.
    ControlRecord = "control-record": Damage, Damage, Salvage;
    /// Sequence numbers of a producer that do not follow each other.
    Sequence = "sequence": Warning, OddButLegal, Nothing;
    /// A batch or marker with an older producer epoch than one before it.
    ProducerEpoch = "producer-epoch": Warning, OddButLegal, Nothing;
    /// Create time and log append time take turns, as after a change of `message.timestamp.type`.
    TimestampType = "timestamp-type": Note, OddButLegal, Nothing;
    /// A transaction without an end: readers of committed data wait for it.
    OpenTransaction = "open-transaction": Note, OddButLegal, EndTransaction;
    /// A file or a part of it that cannot be read.
    ReadFailed = "read-failed": Damage, Damage, RestoreFromReplica;

    /// No offset index beside the log.
    OffsetIndexMissing = "offset-index-missing": Warning, IndexOnly, RebuildOffsetIndex;
    /// The size of an offset index is not a multiple of its entries, or more than Kafka or its log can fill.
    OffsetIndexSize = "offset-index-size": Warning, IndexOnly, RebuildOffsetIndex;
    /// Offset index entries that do not grow.
    OffsetIndexOrder = "offset-index-order": Damage, IndexOnly, RebuildOffsetIndex;
    /// Offset index entries that lead to no batch, or to one with other offsets.
    OffsetIndexEntry = "offset-index-entry": Damage, IndexOnly, RebuildOffsetIndex;
    /// Stretches of the log that no offset index entry leads to.
    OffsetIndexSparse = "offset-index-sparse": Warning, IndexOnly, RebuildOffsetIndex;
    /// The offset index ends in zeros, as that of an active segment that was not closed.
    OffsetIndexZeros = "offset-index-zeros": Warning, IndexOnly, RebuildOffsetIndex;
    /// No time index beside the log.
    TimeIndexMissing = "time-index-missing": Warning, IndexOnly, RebuildTimeIndex;
    /// The size of a time index is not a multiple of its entries, or more than Kafka or its log can fill.
    TimeIndexSize = "time-index-size": Warning, IndexOnly, RebuildTimeIndex;
    /// Time index entries that do not grow.
    TimeIndexOrder = "time-index-order": Damage, IndexOnly, RebuildTimeIndex;
    /// Time index entries whose timestamp or offset is not that of the log.
    TimeIndexEntry = "time-index-entry": Damage, IndexOnly, RebuildTimeIndex;
    /// The time index of a sealed segment does not end with its largest timestamp.
    TimeIndexEnd = "time-index-end": Warning, IndexOnly, RebuildTimeIndex;
    /// The time index ends in zeros, as that of an active segment that was not closed.
    TimeIndexZeros = "time-index-zeros": Warning, IndexOnly, RebuildTimeIndex;
    /// The size of a transaction index is not a multiple of its entries.
    TxnIndexSize = "txn-index-size": Damage, IndexOnly, RebuildTransactionIndex;
    /// Transaction index entries that make no sense.
    TxnIndexEntry = "txn-index-entry": Damage, IndexOnly, RebuildTransactionIndex;
    /// The transaction index lacks aborted transactions of the log, or has others.
    TxnIndexMismatch = "txn-index-mismatch": Damage, IndexOnly, RebuildTransactionIndex;

    /// A log file larger than Kafka can have; Kafka does not start.
    SegmentSize = "segment-size": Damage, Damage, Salvage;
    /// Indexes of a segment whose log file is missing.
    SegmentMissing = "segment-missing": Damage, Damage, RestoreFromReplica;
    /// The log ends below offsets that were handed out.
    EndMissing = "end-missing": Damage, Damage, RestoreFromReplica;
    /// Offsets are missing between two segments.
    SegmentGap = "segment-gap": Note, OddButLegal, Nothing;
    /// Two segments hold the same offsets.
    SegmentOverlap = "segment-overlap": Damage, Damage, Salvage;
    /// The name of a segment does not fit its batches.
    SegmentName = "segment-name": Damage, MetadataOnly, RenameSegment;
    /// An empty segment that is not the last one.
    SegmentEmpty = "segment-empty": Note, OddButLegal, Nothing;
    /// A file the cleaner did not finish, or that was about to be replaced or deleted.
    Leftover = "leftover": Note, OddButLegal, RemoveLeftover;
    /// Files complete and about to replace others, which a start of Kafka finishes.
    SwapFile = "swap-file": Warning, MetadataOnly, FinishSwap;
    /// A file that is none of Kafka's.
    UnknownFile = "unknown-file": Note, OddButLegal, Nothing;

    /// A producer snapshot that cannot be read.
    SnapshotCorrupt = "snapshot-corrupt": Warning, MetadataOnly, RebuildProducerSnapshots;
    /// A producer snapshot that disagrees with the log.
    SnapshotMismatch = "snapshot-mismatch": Damage, MetadataOnly, RebuildProducerSnapshots;
    /// A producer snapshot at an offset where no segment starts or ends.
    SnapshotStray = "snapshot-stray": Note, MetadataOnly, RebuildProducerSnapshots;
    /// `leader-epoch-checkpoint` cannot be read; Kafka does not start.
    EpochsCorrupt = "epochs-corrupt": Damage, MetadataOnly, RebuildLeaderEpochs;
    /// `leader-epoch-checkpoint` disagrees with the batches.
    EpochsMismatch = "epochs-mismatch": Damage, MetadataOnly, RebuildLeaderEpochs;
    /// There is no `leader-epoch-checkpoint` although the batches have epochs.
    EpochsMissing = "epochs-missing": Warning, MetadataOnly, RebuildLeaderEpochs;
    /// `partition.metadata` cannot be read; Kafka does not start.
    PartitionMetadataCorrupt = "partition-metadata-corrupt": Damage, MetadataOnly, RestorePartitionMetadata;
    /// There is no `partition.metadata`.
    PartitionMetadataMissing = "partition-metadata-missing": Note, MetadataOnly, RestorePartitionMetadata;
    /// Partitions of one topic name different topic ids.
    TopicIdMismatch = "topic-id-mismatch": Damage, MetadataOnly, RestorePartitionMetadata;
    /// A partition that the next start sets aside as stray: the metadata does not have it for this node.
    StrayPartition = "stray-partition": Damage, MetadataOnly, AskOperator;
    /// There is no directory for a partition that the metadata has in this log directory and that had records.
    PartitionMissing = "partition-missing": Damage, Damage, RestoreFromReplica;
    /// The metadata log ends before other files prove that it did.
    MetadataLogShort = "metadata-log-short": Damage, Damage, AskOperator;
    /// A file whose name Kafka takes for an offset, and that is none; Kafka does not start.
    FileName = "file-name": Damage, MetadataOnly, SetAside;
    /// A KRaft snapshot that cannot be read or is not complete.
    KRaftSnapshot = "kraft-snapshot": Damage, Damage, RestoreFromReplica;
    /// `quorum-state` cannot be read.
    QuorumState = "quorum-state": Damage, MetadataOnly, AskOperator;

    /// A checkpoint file of a log directory that cannot be read; Kafka takes the directory offline.
    CheckpointCorrupt = "checkpoint-corrupt": Damage, MetadataOnly, RewriteCheckpoint;
    /// A checkpoint file of a log directory with something else in the place of a number; for Kafka it is empty.
    CheckpointNumber = "checkpoint-number": Warning, MetadataOnly, RewriteCheckpoint;
    /// A checkpoint names a partition that is not there.
    CheckpointUnknown = "checkpoint-unknown": Note, OddButLegal, Nothing;
    /// A checkpoint says more than the log holds, or less than it starts with.
    CheckpointOutside = "checkpoint-outside": Warning, MetadataOnly, RewriteCheckpoint;
    /// `meta.properties` is missing where partitions are.
    MetaPropertiesMissing = "meta-properties-missing": Warning, MetadataOnly, AskOperator;
    /// `meta.properties` cannot be read; the broker does not start.
    MetaPropertiesCorrupt = "meta-properties-corrupt": Damage, MetadataOnly, AskOperator;
    /// Log directories of one broker disagree on whose they are.
    MetaPropertiesMismatch = "meta-properties-mismatch": Damage, MetadataOnly, AskOperator;
    /// One partition lies in two log directories; the broker does not start.
    DuplicatePartition = "duplicate-partition": Damage, MetadataOnly, AskOperator;
    /// A partition on its way out or in: `-delete`, `-stray`, `-future`.
    DirectoryLeftover = "directory-leftover": Note, OddButLegal, Nothing;
    /// The log directory has no mark of a clean stop; the next start recovers.
    UncleanStop = "unclean-stop": Note, OddButLegal, Nothing;
    /// The next start does not open the log.
    StartRefuses = "start-refuses": Damage, Damage, AskOperator;
    /// The next start takes good records away.
    StartLosesRecords = "start-loses-records": Damage, Damage, RepairFirst;
    /// A directory that Kafka cannot take for a partition; the broker does not start.
    UnknownDirectory = "unknown-directory": Damage, MetadataOnly, AskOperator;
}

impl Code {
    /// Whether its offsets are those of batches that cannot be read.
    pub(super) const fn is_about_batches(self) -> bool {
        use Code::{
            BatchChecksum, BatchHeader, ControlRecord, Decompression, OffsetOrder, Records, SegmentMissing,
            TornSegment, TornTail, UnreadableBytes,
        };
        matches!(
            self,
            BatchChecksum
                | BatchHeader
                | UnreadableBytes
                | TornTail
                | TornSegment
                | OffsetOrder
                | Decompression
                | Records
                | ControlRecord
                | SegmentMissing
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_unique_and_in_kebab_case() {
        let mut ids: Vec<_> = Code::ALL.iter().map(|code| code.id()).collect();
        assert!(ids.iter().all(|id| id.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')));
        ids.sort_unstable();
        ids.dedup();
        assert_eq!(ids.len(), Code::ALL.len());
    }
}
