//! Files that Kafka wrote: each is read, written again, and has to have the same bytes.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use kafka_log::format::clean_shutdown::{read_clean_shutdown, write_clean_shutdown};
use kafka_log::format::file_name::{FileKind, FileName};
use kafka_log::format::leader_epoch_checkpoint::{read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::offset_checkpoint::{read_offset_checkpoint, write_offset_checkpoint};
use kafka_log::format::offset_index::{OffsetIndex, OffsetIndexAppender};
use kafka_log::format::partition_dir::PartitionDirName;
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::producer_snapshot::{ProducerSnapshot, write_producer_snapshot};
use kafka_log::format::quorum_state::QuorumState;
use kafka_log::format::time_index::{TimeIndex, TimeIndexAppender};
use kafka_log::format::transaction_index::{TransactionIndex, TransactionIndexAppender};
use kafka_log_cli::dump::producer_snapshot::dump_producer_snapshot;
use kafka_log_cli::dump::txn_index::dump_txn_index;

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

/// Checks all scenarios below `dir` and tells how many files of each kind are right; an error if one outside of the
/// scenarios with damaged files is not.
pub(crate) fn check(dir: &Path, out: &mut impl Write) -> io::Result<()> {
    let manifest: serde_json::Value = serde_json::from_slice(&fs::read(dir.join("manifest.json"))?)?;
    let mut tally: BTreeMap<String, [usize; 2]> = BTreeMap::new();
    let mut failures = 0;
    for scenario in manifest["scenarios"].as_array().into_iter().flatten() {
        let name = scenario["name"].as_str().unwrap_or_default();
        let is_damaged = name.starts_with("damage") || name == "usage" || name.contains("unclean");
        let folder = dir.join(name);
        for path in scenario["files"].as_array().into_iter().flatten().filter_map(|file| file["path"].as_str()) {
            let Ok(Some((kind, same))) = round_trip(&folder, path).map_err(|error| {
                failures += usize::from(!is_damaged);
                if !is_damaged {
                    let _ = writeln!(out, "{name}/{path}: {error}");
                }
            }) else {
                continue;
            };
            let of_kind = tally.entry(format!("{kind:?}{}", if is_damaged { " damaged" } else { "" })).or_default();
            of_kind[usize::from(same)] += 1;
            if !same && !is_damaged {
                failures += 1;
                writeln!(out, "{name}/{path}: written differently")?;
            }
        }
        for case in scenario["cases"].as_array().into_iter().flatten() {
            if let Some(same) = dump(&folder, case)? {
                tally.entry("dumps".into()).or_default()[usize::from(same)] += 1;
                if !same {
                    failures += 1;
                    writeln!(out, "{name}: {} is dumped differently", case["id"])?;
                }
            }
        }
    }
    for (kind, [different, same]) in tally {
        writeln!(out, "{kind}: {same} the same, {different} different")?;
    }
    out.flush()?;
    if failures > 0 { Err(io::Error::other(format!("{failures} failures"))) } else { Ok(()) }
}

/// Kind of the file, and whether it is written as it was; none for record batches and files that are not Kafka's.
fn round_trip(folder: &Path, path: &str) -> Result<Option<(FileKind, bool)>> {
    let file_name = path.rsplit('/').next().unwrap_or_default();
    let Some(name) = FileName::parse(file_name) else { return Ok(None) };
    if name.to_string() != file_name {
        return Err(format!("the name is written {name}").into());
    }
    if let Some((dir, _)) = path.split_once('/') {
        let dir_name = PartitionDirName::parse(dir).ok_or("the folder is no partition")?;
        if dir_name.to_string() != dir {
            return Err(format!("the folder is written {dir_name}").into());
        }
    }
    let bytes = fs::read(folder.join(path))?;
    let base_offset = name.offset.unwrap_or_default();
    let mut written = Vec::new();
    match name.kind {
        FileKind::OffsetIndex => {
            let index = OffsetIndex::new(base_offset, &bytes);
            index.sanity_check(bytes.len() as u64)?;
            let mut appender = OffsetIndexAppender::new(OffsetIndex::new(base_offset, &[]), bytes.len());
            index.iter().try_for_each(|entry| appender.append(entry.offset, entry.position, &mut written))?;
        }
        FileKind::TimeIndex => {
            let index = TimeIndex::new(base_offset, &bytes);
            index.sanity_check(bytes.len() as u64)?;
            let mut appender = TimeIndexAppender::new(TimeIndex::new(base_offset, &[]), bytes.len());
            for entry in index.iter() {
                appender.maybe_append(entry.timestamp, entry.offset, true, &mut written)?;
            }
        }
        FileKind::TransactionIndex => {
            let index = TransactionIndex::new(&bytes);
            index.sanity_check(base_offset)?;
            let mut appender = TransactionIndexAppender::default();
            for entry in index.iter() {
                appender.append(entry?.txn, &mut written)?;
            }
        }
        FileKind::ProducerSnapshot => write_producer_snapshot(ProducerSnapshot::read(&bytes)?.iter(), &mut written),
        FileKind::LeaderEpochCheckpoint => {
            write_leader_epoch_checkpoint(&read_leader_epoch_checkpoint(&bytes)?, &mut written);
        }
        FileKind::RecoveryPointOffsetCheckpoint
        | FileKind::LogStartOffsetCheckpoint
        | FileKind::ReplicationOffsetCheckpoint
        | FileKind::CleanerOffsetCheckpoint => write_offset_checkpoint(&read_offset_checkpoint(&bytes)?, &mut written),
        FileKind::PartitionMetadata => PartitionMetadata::read(&bytes)?.write(&mut written),
        FileKind::MetaProperties => {
            let date = std::str::from_utf8(&bytes)?.lines().nth(1).unwrap_or_default().trim_start_matches('#');
            MetaProperties::read(&bytes)?.write(date, &mut written);
        }
        FileKind::QuorumState => QuorumState::read(&bytes)?.write(&mut written)?,
        FileKind::CleanShutdown => write_clean_shutdown(read_clean_shutdown(&bytes).ok_or("no epoch")?, &mut written),
        _ => return Ok(None),
    }
    // Kafka creates a checkpoint empty, and reads it as one without entries.
    let is_new = bytes.is_empty() && written == b"0\n0\n";
    Ok(Some((name.kind, is_new || written == bytes)))
}

/// Whether a recorded dump of one snapshot or transaction index is ours; none for other dumps.
fn dump(folder: &Path, case: &serde_json::Value) -> io::Result<Option<bool>> {
    let args: Vec<&str> = case["args"].as_array().into_iter().flatten().filter_map(|arg| arg.as_str()).collect();
    let ["--files", path] = args[..] else { return Ok(None) };
    let name = path.rsplit('/').next().unwrap_or_default();
    let (mut out, mut err) = (format!("Dumping {path}\n").into_bytes(), Vec::new());
    let Ok(bytes) = fs::read(folder.join(path)) else { return Ok(None) };
    let mut dies = false;
    match name.rsplit('.').next() {
        Some("snapshot") => dump_producer_snapshot(&bytes, &mut out, &mut err)?,
        Some("txnindex") => dies = dump_txn_index(path, name, &bytes, &mut out).is_err(),
        _ => return Ok(None),
    }
    let expected = |stream: &str| match case[stream].as_str() {
        Some(file) => fs::read(folder.join(file)),
        None => Ok(Vec::new()),
    };
    let expected_err = expected("err")?;
    Ok(Some(out == expected("out")? && if dies { case["code"] == 1 } else { case["code"] == 0 && err == expected_err }))
}
