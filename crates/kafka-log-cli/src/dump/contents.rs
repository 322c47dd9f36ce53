//! What a file holds, told by its name or, where that says nothing, by its bytes.

use std::io;

use kafka_log::audit::Code;
use kafka_log::format::batch::{BatchOverhead, HEADER_SIZE_UP_TO_MAGIC};
use kafka_log::format::clean_shutdown::read_clean_shutdown;
use kafka_log::format::file_name::{FileKind, FileName, offset_from_file_name, parse_snapshot_id};
use kafka_log::format::leader_epoch_checkpoint::read_leader_epoch_checkpoint;
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::offset_checkpoint::read_offset_checkpoint;
use kafka_log::format::offset_index::{OFFSET_INDEX_ENTRY_LEN, OffsetIndex};
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::producer_snapshot::ProducerSnapshot;
use kafka_log::format::quorum_state::QuorumState;
use kafka_log::format::time_index::{TIME_INDEX_ENTRY_LEN, TimeIndex};
use kafka_log::format::transaction_index::{ABORTED_TXN_LEN, TransactionIndex};
use kafka_log::segment::batch::RawBatch;

use super::error::DumpError;
use super::source::Source;

/// Name of the snapshot that a KRaft node bootstraps from (`BootstrapDirectory.BINARY_BOOTSTRAP_FILENAME`).
const BOOTSTRAP_CHECKPOINT: &str = "bootstrap.checkpoint";

/// What a file holds, as far as the dump of it differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contents {
    /// Record batches from this base offset on.
    Log(i64),
    /// Record batches of a KRaft snapshot: its end offset and epoch; of a bootstrap snapshot neither.
    Snapshot(Option<(i64, i32)>),
    /// An offset index of a segment with this base offset.
    OffsetIndex(i64),
    /// A time index, likewise.
    TimeIndex(i64),
    /// A transaction index, likewise.
    TransactionIndex(i64),
    ProducerSnapshot,
    LeaderEpochs,
    PartitionOffsets,
    PartitionMetadata,
    MetaProperties,
    QuorumState,
    CleanShutdown,
    Lock,
}

impl Contents {
    /// What a file of that name holds in any state: in use, `.deleted`, `.cleaned`, `.swap`, `.part`, `.tmp`.
    fn of_name(name: &str) -> Option<Self> {
        let FileName { kind, offset, epoch, .. } = FileName::parse(name)?;
        Some(match kind {
            FileKind::Log => Contents::Log(offset?),
            FileKind::OffsetIndex => Contents::OffsetIndex(offset?),
            FileKind::TimeIndex => Contents::TimeIndex(offset?),
            FileKind::TransactionIndex => Contents::TransactionIndex(offset?),
            FileKind::KRaftSnapshot => Contents::Snapshot(Some((offset?, epoch?))),
            FileKind::BootstrapCheckpoint => Contents::Snapshot(None),
            FileKind::ProducerSnapshot => Contents::ProducerSnapshot,
            FileKind::LeaderEpochCheckpoint => Contents::LeaderEpochs,
            FileKind::RecoveryPointOffsetCheckpoint
            | FileKind::LogStartOffsetCheckpoint
            | FileKind::ReplicationOffsetCheckpoint
            | FileKind::CleanerOffsetCheckpoint => Contents::PartitionOffsets,
            FileKind::PartitionMetadata => Contents::PartitionMetadata,
            FileKind::MetaProperties => Contents::MetaProperties,
            FileKind::QuorumState => Contents::QuorumState,
            FileKind::CleanShutdown => Contents::CleanShutdown,
            FileKind::Lock => Contents::Lock,
            _ => return None,
        })
    }

    /// What a file holds, by its name or else by its bytes; where those say nothing, what Kafka's tool goes by.
    ///
    /// # Errors
    /// A name that Kafka's tool would stumble over; I/O errors.
    pub(crate) fn of_file(name: &str, source: &Source<'_>) -> Result<Option<Self>, DumpError> {
        if let Some(known) = Contents::of_name(name) {
            return Ok(Some(known));
        }
        match Contents::of_bytes(name, source)? {
            Some(known) => Ok(Some(known)),
            None => Contents::of_kafka_name(name),
        }
    }

    /// What Kafka's tool takes a file of that name for: what stands after the last dot decides.
    ///
    /// # Errors
    /// A name without the offset that it should begin with.
    pub(crate) fn of_kafka_name(name: &str) -> Result<Option<Self>, DumpError> {
        let base_offset = || {
            let wrong = || DumpError::unfit(Code::FileName, "a name that starts with a base offset and a dot", name);
            offset_from_file_name(name).ok_or_else(wrong)
        };
        Ok(Some(match name.rfind('.').map(|dot| &name[dot..]) {
            Some(".log") => Contents::Log(base_offset()?),
            Some(".index") => Contents::OffsetIndex(base_offset()?),
            Some(".timeindex") => Contents::TimeIndex(base_offset()?),
            Some(".txnindex") => Contents::TransactionIndex(base_offset()?),
            Some(".snapshot") => Contents::ProducerSnapshot,
            Some(".checkpoint") if name == BOOTSTRAP_CHECKPOINT => Contents::Snapshot(None),
            Some(".checkpoint") => Contents::Snapshot(Some(parse_snapshot_id(name).ok_or_else(|| {
                DumpError::unfit(Code::FileName, "<end offset>-<epoch>.checkpoint as its name", name)
            })?)),
            _ => return Ok(None),
        }))
    }

    /// Name of the kind in the JSON output.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Contents::Log(_) => "log",
            Contents::Snapshot(_) => "kraft-snapshot",
            Contents::OffsetIndex(_) => "offset-index",
            Contents::TimeIndex(_) => "time-index",
            Contents::TransactionIndex(_) => "transaction-index",
            Contents::ProducerSnapshot => "producer-snapshot",
            Contents::LeaderEpochs => "leader-epoch-checkpoint",
            Contents::PartitionOffsets => "offset-checkpoint",
            Contents::PartitionMetadata => "partition-metadata",
            Contents::MetaProperties => "meta-properties",
            Contents::QuorumState => "quorum-state",
            Contents::CleanShutdown => "clean-shutdown",
            Contents::Lock => "lock",
        }
    }

    /// What is wrong with such a file where it cannot be read.
    pub(crate) const fn damage(self) -> Code {
        match self {
            Contents::Log(_) => Code::UnreadableBytes,
            Contents::Snapshot(_) => Code::KRaftSnapshot,
            Contents::OffsetIndex(_) => Code::OffsetIndexEntry,
            Contents::TimeIndex(_) => Code::TimeIndexEntry,
            Contents::TransactionIndex(_) => Code::TxnIndexEntry,
            Contents::ProducerSnapshot => Code::SnapshotCorrupt,
            Contents::LeaderEpochs => Code::EpochsCorrupt,
            Contents::PartitionOffsets | Contents::CleanShutdown | Contents::Lock => Code::CheckpointCorrupt,
            Contents::PartitionMetadata => Code::PartitionMetadataCorrupt,
            Contents::MetaProperties => Code::MetaPropertiesCorrupt,
            Contents::QuorumState => Code::QuorumState,
        }
    }

    /// Base offset of the segment, for files that have one.
    pub(crate) const fn base_offset(self) -> Option<i64> {
        match self {
            Contents::Log(offset)
            | Contents::OffsetIndex(offset)
            | Contents::TimeIndex(offset)
            | Contents::TransactionIndex(offset) => Some(offset),
            _ => None,
        }
    }

    /// What the bytes of `source` are, if they can hardly be anything else. The base offset is taken from the front of
    /// the name if that is a number; else it is that of the first batch, and 0 for an index.
    ///
    /// # Errors
    /// I/O errors.
    fn of_bytes(name: &str, source: &Source<'_>) -> io::Result<Option<Self>> {
        let head = source.head(HEAD_LEN)?;
        let offset = offset_from_file_name(name);
        if let Some(first) = first_offset(&head, source)? {
            return Ok(Some(Contents::Log(offset.unwrap_or(first))));
        }
        let base_offset = offset.unwrap_or(0);
        let indexes = [
            (is_offset_index(&head, source.len()), Contents::OffsetIndex(base_offset)),
            (is_time_index(&head, source.len()), Contents::TimeIndex(base_offset)),
            (is_transaction_index(&head, source.len()), Contents::TransactionIndex(base_offset)),
        ];
        let mut fitting = indexes.into_iter().filter(|(fits, _)| *fits);
        match (fitting.next(), fitting.next()) {
            (Some((_, only)), None) => return Ok(Some(only)),
            (Some(_), Some(_)) => return Ok(None),
            _ => {}
        }
        if source.len() > SMALL_LEN {
            return Ok(None);
        }
        Ok(of_small(&source.head(SMALL_LEN)?))
    }
}

/// Bytes at the front of a file that must look like an index for it to be taken for one.
const HEAD_LEN: u64 = 8160;
/// Longest first batch that is examined, in bytes.
const FIRST_BATCH_LEN_MAX: usize = 16 * 1024 * 1024;
/// Longest file that is taken for a snapshot of producers or a text, in bytes.
const SMALL_LEN: u64 = 1024 * 1024;
/// Entries that an index must have to be known as one.
const INDEX_ENTRIES_MIN: usize = 2;
/// The year 2286, in ms.
const TIMESTAMP_MAX: i64 = 10_000_000_000_000;

/// Offset of the batch at the start of the file, if there is one with a checksum that holds.
fn first_offset(head: &[u8], source: &Source<'_>) -> io::Result<Option<i64>> {
    let Some(bytes) = head.first_chunk::<HEADER_SIZE_UP_TO_MAGIC>() else { return Ok(None) };
    let Ok(overhead) = BatchOverhead::parse(bytes) else { return Ok(None) };
    if !(0..=2).contains(&overhead.magic) || overhead.offset < 0 || overhead.size() > FIRST_BATCH_LEN_MAX {
        return Ok(None);
    }
    let bytes = source.head(overhead.size() as u64)?;
    let Ok(Some(batch)) = RawBatch::split_first(&bytes, 0) else { return Ok(None) };
    Ok(batch.is_valid().then_some(overhead.offset))
}

/// Whether both numbers of each of `entries` are above those of the one before, zeros of a preallocated file apart.
fn grow(entries: &[(i64, i64)]) -> bool {
    let used = entries.iter().rposition(|entry| *entry != (0, 0)).map_or(0, |last| last + 1);
    used >= INDEX_ENTRIES_MIN
        && entries[0].0 >= 0
        && entries[0].1 >= 0
        && entries[..used].is_sorted_by(|a, b| a.0 < b.0 && a.1 < b.1)
}

fn is_offset_index(head: &[u8], len: u64) -> bool {
    let index = OffsetIndex::new(0, head);
    let entries: Vec<_> = index.iter().map(|entry| (entry.offset, entry.position.into())).collect();
    len.is_multiple_of(OFFSET_INDEX_ENTRY_LEN as u64) && grow(&entries)
}

fn is_time_index(head: &[u8], len: u64) -> bool {
    let index = TimeIndex::new(0, head);
    let entries: Vec<_> = index.iter().map(|entry| (entry.timestamp, entry.offset)).collect();
    let are_times = entries.iter().all(|(timestamp, _)| *timestamp < TIMESTAMP_MAX);
    len.is_multiple_of(TIME_INDEX_ENTRY_LEN as u64) && are_times && grow(&entries)
}

fn is_transaction_index(head: &[u8], len: u64) -> bool {
    let index = TransactionIndex::new(head);
    len.is_multiple_of(ABORTED_TXN_LEN as u64)
        && index.entries() > 0
        && index.iter().all(|entry| {
            entry.is_ok_and(|entry| {
                let txn = entry.txn;
                let offsets = 0 <= txn.first_offset && txn.first_offset < txn.last_offset;
                entry.version == 0 && txn.producer_id >= 0 && offsets && txn.last_stable_offset >= 0
            })
        })
}

fn of_small(bytes: &[u8]) -> Option<Contents> {
    if ProducerSnapshot::read(bytes).is_ok() {
        return Some(Contents::ProducerSnapshot);
    }
    let says = |word: &str| bytes.windows(word.len()).any(|part| part == word.as_bytes());
    if bytes.starts_with(b"{") {
        return if says("\"data_version\"") && QuorumState::read(bytes).is_ok() {
            Some(Contents::QuorumState)
        } else {
            (says("\"brokerEpoch\"") && read_clean_shutdown(bytes).is_some()).then_some(Contents::CleanShutdown)
        };
    }
    if read_leader_epoch_checkpoint(bytes).is_ok_and(|entries| !entries.is_empty()) {
        return Some(Contents::LeaderEpochs);
    }
    if read_offset_checkpoint(bytes).is_ok_and(|entries| !entries.is_empty()) {
        return Some(Contents::PartitionOffsets);
    }
    if bytes.starts_with(b"version:") && says("topic_id:") && PartitionMetadata::read(bytes).is_ok() {
        return Some(Contents::PartitionMetadata);
    }
    let has_ids = says("cluster.id=") && (says("node.id=") || says("broker.id="));
    (has_ids && MetaProperties::read(bytes).is_ok()).then_some(Contents::MetaProperties)
}
