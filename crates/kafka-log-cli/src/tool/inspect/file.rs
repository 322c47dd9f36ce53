//! A single file.

use std::fmt::Write as _;
use std::io;
use std::path::Path;

use indicatif::HumanBytes;
use jiff::Timestamp;
use kafka_log::audit::{AuditOptions, Severity, verify_segment};
use kafka_log::format::clean_shutdown::read_clean_shutdown;
use kafka_log::format::file_name::{FileKind, FileName, FileState};
use kafka_log::format::leader_epoch_checkpoint::read_leader_epoch_checkpoint;
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::offset_checkpoint::read_offset_checkpoint;
use kafka_log::format::offset_index::OffsetIndex;
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::producer_snapshot::ProducerSnapshot;
use kafka_log::format::quorum_state::QuorumState;
use kafka_log::format::time_index::TimeIndex;
use kafka_log::format::transaction_index::TransactionIndex;
use kafka_log::fs::{OsFs, SMALL_FILE_MAX, read_whole};

use super::super::Out;
use super::{fact, heading, styled_fact};

/// Lines of a checkpoint that are listed.
const LISTED_MAX: usize = 20;

/// What a file is.
pub(super) fn describe(path: &Path, len: u64, to: &mut Out<'_>) -> io::Result<Result<(), String>> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let Some(name) = FileName::parse(&name) else {
        return Ok(Err("expected a file of Kafka's, found another name".into()));
    };
    heading(path, &format!("{}{}", what(name.kind), state(name.state)), to)?;
    fact("size", HumanBytes(len), to)?;
    if let Some(offset) = name.offset {
        let is_end = matches!(name.kind, FileKind::ProducerSnapshot | FileKind::KRaftSnapshot);
        fact(if is_end { "up to offset" } else { "base offset" }, offset, to)?;
    }
    if matches!(name.kind, FileKind::Log | FileKind::KRaftSnapshot | FileKind::BootstrapCheckpoint) {
        return batches(path, to);
    }
    if len > SMALL_FILE_MAX {
        return Ok(Ok(()));
    }
    let bytes = match read_whole(&OsFs, path) {
        Ok(bytes) => bytes.unwrap_or_default(),
        Err(error) => return Ok(Err(error.to_string())),
    };
    match content(name, &bytes) {
        Ok(lines) => lines.iter().try_for_each(|(name, value)| fact(name, value, to))?,
        Err(error) => styled_fact("content", to.style.damage(error), to)?,
    }
    Ok(Ok(()))
}

fn batches(path: &Path, to: &mut Out<'_>) -> io::Result<Result<(), String>> {
    let report = match verify_segment(&OsFs, path, &AuditOptions::default()) {
        Ok(report) => report,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let shown = |offset: Option<i64>| offset.map_or_else(|| "none".to_owned(), |offset| offset.to_string());
    fact("offsets", format!("{} to {}", shown(report.first_offset), shown(report.last_offset)), to)?;
    fact("batches", format!("{}, with {} records", report.batches, report.records), to)?;
    if let (Some(from), Some(until)) = (report.min_timestamp, report.max_timestamp) {
        fact("timestamps", format!("{} to {}", time(from), time(until)), to)?;
    }
    if let Some(index) = &report.offset_index {
        fact("offset index", format!("{} entries", index.entries), to)?;
    }
    if let Some(index) = &report.time_index {
        fact("time index", format!("{} entries", index.entries), to)?;
    }
    let found: Vec<_> = report.findings.iter().filter(|finding| finding.severity > Severity::Note).collect();
    if found.is_empty() {
        styled_fact("verdict", to.style.good("nothing is wrong with its batches"), to)?;
    } else {
        let words = format!("{} findings; kafka-log verify tells them", found.len());
        styled_fact("verdict", to.style.damage(words), to)?;
    }
    Ok(Ok(()))
}

/// The facts in a small file.
fn content(name: FileName, bytes: &[u8]) -> Result<Vec<(&'static str, String)>, String> {
    let base = name.offset.unwrap_or(0);
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let mut facts: Vec<(&'static str, String)> = Vec::new();
    match name.kind {
        FileKind::OffsetIndex => {
            let index = OffsetIndex::new(base, bytes);
            facts.push(("entries", index.entries().to_string()));
            let used = index.iter().filter(|entry| entry.position != 0 || entry.offset != base).last();
            if let Some(last) = used {
                facts.push(("last entry", format!("offset {} at {}", last.offset, last.position)));
            }
        }
        FileKind::TimeIndex => {
            let index = TimeIndex::new(base, bytes);
            facts.push(("entries", index.entries().to_string()));
            if let Some(last) = index.iter().filter(|entry| entry.timestamp > 0).last() {
                facts.push(("last entry", format!("{} at offset {}", time(last.timestamp), last.offset)));
            }
        }
        FileKind::TransactionIndex => {
            let index = TransactionIndex::new(bytes);
            facts.push(("aborted", format!("{} transactions", index.entries())));
        }
        FileKind::ProducerSnapshot => {
            let snapshot = ProducerSnapshot::read(bytes).map_err(|error| text(&error))?;
            let open = snapshot.iter().filter(|entry| entry.open_txn_first_offset().is_some()).count();
            facts.push(("producers", format!("{}, {open} of them in a transaction", snapshot.len())));
        }
        FileKind::LeaderEpochCheckpoint => {
            let entries = read_leader_epoch_checkpoint(bytes).map_err(|error| text(&error))?;
            facts.push(("epochs", entries.len().to_string()));
            let skipped = entries.len().saturating_sub(LISTED_MAX);
            let newest = entries.iter().skip(skipped);
            facts.extend(newest.map(|entry| ("", format!("epoch {} from offset {}", entry.epoch, entry.start_offset))));
        }
        FileKind::RecoveryPointOffsetCheckpoint
        | FileKind::LogStartOffsetCheckpoint
        | FileKind::ReplicationOffsetCheckpoint
        | FileKind::CleanerOffsetCheckpoint => {
            let entries = read_offset_checkpoint(bytes).map_err(|error| text(&error))?;
            facts.push(("partitions", entries.len().to_string()));
            facts.extend(entries.iter().take(LISTED_MAX).map(|entry| ("", entry.to_string())));
            if entries.len() > LISTED_MAX {
                facts.push(("", format!("{} more", entries.len() - LISTED_MAX)));
            }
        }
        FileKind::PartitionMetadata => {
            let metadata = PartitionMetadata::read(bytes).map_err(|error| text(&error))?;
            facts.push(("topic id", metadata.topic_id.to_string()));
        }
        FileKind::MetaProperties => {
            let meta = MetaProperties::read(bytes).map_err(|error| text(&error))?;
            facts.extend(meta.cluster_id.map(|id| ("cluster id", id)));
            facts.extend(meta.node_id.map(|id| ("node id", id.to_string())));
            facts.extend(meta.directory_id.map(|id| ("directory id", id.to_string())));
        }
        FileKind::QuorumState => {
            let state = QuorumState::read(bytes).map_err(|error| text(&error))?;
            let mut shown = String::new();
            let _ = write!(shown, "{state:?}");
            facts.push(("state", shown));
        }
        FileKind::CleanShutdown => {
            let epoch = read_clean_shutdown(bytes).map_or_else(|| "unknown".to_owned(), |epoch| epoch.to_string());
            facts.push(("broker epoch", epoch));
        }
        _ => {}
    }
    Ok(facts)
}

fn what(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Log => "a segment: record batches",
        FileKind::OffsetIndex => "an offset index",
        FileKind::TimeIndex => "a time index",
        FileKind::TransactionIndex => "a transaction index",
        FileKind::ProducerSnapshot => "a producer snapshot",
        FileKind::KRaftSnapshot => "a snapshot of the KRaft metadata",
        FileKind::BootstrapCheckpoint => "the first metadata of a KRaft cluster",
        FileKind::LeaderEpochCheckpoint => "the leader epochs of a partition",
        FileKind::RecoveryPointOffsetCheckpoint => "offsets up to which all is on disk",
        FileKind::LogStartOffsetCheckpoint => "the first offsets of logs",
        FileKind::ReplicationOffsetCheckpoint => "high watermarks",
        FileKind::CleanerOffsetCheckpoint => "offsets up to which logs are compacted",
        FileKind::PartitionMetadata => "the topic id of a partition",
        FileKind::MetaProperties => "the identity of a log directory",
        FileKind::QuorumState => "the election state of a KRaft node",
        FileKind::CleanShutdown => "the mark of a clean stop",
        FileKind::Lock => "the lock of a log directory",
        _ => "a file of Kafka's",
    }
}

fn state(state: FileState) -> &'static str {
    match state {
        FileState::Live => "",
        FileState::Cleaned => ", made by the cleaner and not finished",
        FileState::Swap => ", about to take the place of others",
        FileState::Deleted => ", waiting to be deleted",
        FileState::Partial => ", not complete",
        FileState::Temporary => ", about to be renamed",
    }
}

fn time(ms: i64) -> String {
    Timestamp::from_millisecond(ms).map_or_else(|_| ms.to_string(), |time| time.to_string())
}
