//! Names of the files in a log directory and its partition folders (`LogFileUtils`, `Snapshots`, `RemoteIndexCache`).

use std::fmt;

use super::java_number::{parse_java_int, parse_java_long};
use super::uuid::Uuid;

const OFFSET_DIGITS: usize = 20;
const EPOCH_DIGITS: usize = 10;

/// What a file of a log directory holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FileKind {
    /// Record batches of a segment.
    Log,
    /// Offset index of a segment.
    OffsetIndex,
    /// Time index of a segment.
    TimeIndex,
    /// Transaction index of a segment.
    TransactionIndex,
    /// Producer snapshot of a partition.
    ProducerSnapshot,
    /// KRaft snapshot of the metadata log: record batches.
    KRaftSnapshot,
    /// First metadata of a KRaft cluster, a snapshot without offset.
    BootstrapCheckpoint,
    /// Leader epochs of a partition.
    LeaderEpochCheckpoint,
    /// Offsets up to which all is on disk.
    RecoveryPointOffsetCheckpoint,
    /// Log start offsets.
    LogStartOffsetCheckpoint,
    /// High watermarks.
    ReplicationOffsetCheckpoint,
    /// First dirty offsets of compacted partitions.
    CleanerOffsetCheckpoint,
    /// Topic id of a partition.
    PartitionMetadata,
    /// Cluster and node of a log directory.
    MetaProperties,
    /// Election state of a KRaft node.
    QuorumState,
    /// Mark of a clean stop.
    CleanShutdown,
    /// Lock of a log directory, empty.
    Lock,
}

/// Whether a file is in use or on its way in or out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FileState {
    /// In use.
    Live,
    /// `.cleaned`: output of the cleaner that is not complete.
    Cleaned,
    /// `.swap`: complete, about to take the place of others.
    Swap,
    /// `.deleted`: waiting to be deleted.
    Deleted,
    /// `.part`: KRaft snapshot that is not complete.
    Partial,
    /// `.tmp`: about to be renamed over the file.
    Temporary,
}

/// Kinds with an offset in the name, by extension.
const SEGMENT_KINDS: [(FileKind, &str); 5] = [
    (FileKind::Log, ".log"),
    (FileKind::OffsetIndex, ".index"),
    (FileKind::TimeIndex, ".timeindex"),
    (FileKind::TransactionIndex, ".txnindex"),
    (FileKind::ProducerSnapshot, ".snapshot"),
];

/// Extension of a KRaft snapshot.
const SNAPSHOT_EXTENSION: &str = ".checkpoint";

const FIXED_NAMES: [(FileKind, &str); 11] = [
    (FileKind::BootstrapCheckpoint, "bootstrap.checkpoint"),
    (FileKind::LeaderEpochCheckpoint, "leader-epoch-checkpoint"),
    (FileKind::RecoveryPointOffsetCheckpoint, "recovery-point-offset-checkpoint"),
    (FileKind::LogStartOffsetCheckpoint, "log-start-offset-checkpoint"),
    (FileKind::ReplicationOffsetCheckpoint, "replication-offset-checkpoint"),
    (FileKind::CleanerOffsetCheckpoint, "cleaner-offset-checkpoint"),
    (FileKind::PartitionMetadata, "partition.metadata"),
    (FileKind::MetaProperties, "meta.properties"),
    (FileKind::QuorumState, "quorum-state"),
    (FileKind::CleanShutdown, ".kafka_cleanshutdown"),
    (FileKind::Lock, ".lock"),
];

const STATES: [(FileState, &str); 5] = [
    (FileState::Cleaned, ".cleaned"),
    (FileState::Swap, ".swap"),
    (FileState::Deleted, ".deleted"),
    (FileState::Partial, ".part"),
    (FileState::Temporary, ".tmp"),
];

/// Name of a file of Kafka's. Displays as Kafka writes it.
///
/// Kafka reads more names than it writes: `+7.log` and `12.x.log` are logs with base offset 7 and 12. Such a name parses
/// too, but does not display as it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct FileName {
    /// What the file holds.
    pub kind: FileKind,
    /// Whether it is in use.
    pub state: FileState,
    /// Base offset of a segment, or end offset (exclusive) of a snapshot; none for the kinds without.
    pub offset: Option<i64>,
    /// Last epoch in a KRaft snapshot; none for other kinds.
    pub epoch: Option<i32>,
    /// Remote segment whose index this is a copy of, in `remote-log-index-cache`.
    pub remote_segment_id: Option<Uuid>,
}

impl FileName {
    /// Name of a file that belongs to a base offset, or to the end offset of a producer snapshot.
    pub const fn segment(kind: FileKind, offset: i64, state: FileState) -> Self {
        FileName { kind, state, offset: Some(offset), epoch: None, remote_segment_id: None }
    }

    /// Name of a file of which a folder has one.
    pub const fn fixed(kind: FileKind) -> Self {
        FileName { kind, state: FileState::Live, offset: None, epoch: None, remote_segment_id: None }
    }

    /// Reads a name without folder; none if it is no file of Kafka's.
    pub fn parse(name: &str) -> Option<Self> {
        let suffix = STATES.iter().find_map(|&(state, suffix)| Some((state, name.strip_suffix(suffix)?)));
        let (state, live_name) = suffix.unwrap_or((FileState::Live, name));
        let with = |kind| FileName { kind, state, offset: None, epoch: None, remote_segment_id: None };
        if let Some(&(kind, _)) = FIXED_NAMES.iter().find(|(_, fixed)| *fixed == live_name) {
            return matches!(state, FileState::Live | FileState::Temporary).then_some(with(kind));
        }
        if live_name.ends_with(SNAPSHOT_EXTENSION) {
            let (offset, epoch) = parse_snapshot_id(name)?;
            return Some(FileName { offset: Some(offset), epoch: Some(epoch), ..with(FileKind::KRaftSnapshot) });
        }
        let &(kind, _) = SEGMENT_KINDS.iter().find(|(_, extension)| live_name.ends_with(extension))?;
        if let Some((offset, id)) = parse_remote_prefix(live_name) {
            return Some(FileName { offset: Some(offset), remote_segment_id: Some(id), ..with(kind) });
        }
        Some(FileName { offset: Some(offset_from_file_name(live_name)?), ..with(kind) })
    }
}

/// The offset in a file name, everything up to the first dot (`LogFileUtils.offsetFromFileName`); none if it is no number.
pub fn offset_from_file_name(name: &str) -> Option<i64> {
    parse_java_long(name.split_once('.')?.0)
}

/// End offset and epoch in the name of a KRaft snapshot (`Snapshots.parse`): `<20 digits>-<10 digits>….checkpoint`, also
/// with `.part` or `.deleted` after it. None for another extension, or where Kafka throws because a number is none.
pub fn parse_snapshot_id(name: &str) -> Option<(i64, i32)> {
    let live_name = name.strip_suffix(".part").or(name.strip_suffix(".deleted")).unwrap_or(name);
    if !live_name.ends_with(SNAPSHOT_EXTENSION) {
        return None;
    }
    let units: Vec<u16> = name.encode_utf16().collect();
    let offset = units.get(..OFFSET_DIGITS)?;
    let epoch = units.get(OFFSET_DIGITS + 1..)?.get(..EPOCH_DIGITS)?;
    Some((parse_java_long(&String::from_utf16_lossy(offset))?, parse_java_int(&String::from_utf16_lossy(epoch))?))
}

fn parse_remote_prefix(name: &str) -> Option<(i64, Uuid)> {
    let (offset, rest) = name.split_once('_')?;
    Some((parse_java_long(offset)?, Uuid::parse(rest.split_once('.')?.0)?))
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.offset, self.epoch, self.remote_segment_id) {
            (Some(offset), Some(epoch), _) => {
                padded(f, offset, OFFSET_DIGITS)?;
                f.write_str("-")?;
                padded(f, i64::from(epoch), EPOCH_DIGITS)?;
            }
            (Some(offset), None, Some(id)) => write!(f, "{offset}_{id}")?,
            (Some(offset), None, None) => padded(f, offset, OFFSET_DIGITS)?,
            (None, ..) => {}
        }
        let kind = SEGMENT_KINDS.iter().chain(&FIXED_NAMES).find(|(kind, _)| *kind == self.kind);
        f.write_str(kind.map_or(SNAPSHOT_EXTENSION, |(_, text)| text))?;
        f.write_str(STATES.iter().find(|(state, _)| *state == self.state).map_or("", |(_, suffix)| suffix))
    }
}

/// `value` with zeros in front, at least `digits` digits besides a sign (`filenamePrefixFromOffset`).
fn padded(f: &mut fmt::Formatter<'_>, value: i64, digits: usize) -> fmt::Result {
    let sign = if value < 0 { "-" } else { "" };
    write!(f, "{sign}{:0digits$}", value.unsigned_abs())
}
