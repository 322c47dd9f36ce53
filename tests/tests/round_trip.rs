//! Every file that Kafka wrote, decoded and written again by the library: the same bytes, and for compressed batches the
//! same records.

#![expect(clippy::unwrap_used, reason = "a file that cannot be read fails the test")]

use std::fs;
use std::path::{Path, PathBuf};

use kafka_log::compression::Codec;
use kafka_log::format::clean_shutdown::{read_clean_shutdown, write_clean_shutdown};
use kafka_log::format::file_name::offset_from_file_name;
use kafka_log::format::leader_epoch_checkpoint::{read_leader_epoch_checkpoint, write_leader_epoch_checkpoint};
use kafka_log::format::meta_properties::MetaProperties;
use kafka_log::format::offset_checkpoint::{read_offset_checkpoint, write_offset_checkpoint};
use kafka_log::format::offset_index::{OffsetIndex, OffsetIndexAppender};
use kafka_log::format::partition_metadata::PartitionMetadata;
use kafka_log::format::producer_snapshot::{ProducerSnapshot, write_producer_snapshot};
use kafka_log::format::quorum_state::QuorumState;
use kafka_log::format::time_index::{TimeIndex, TimeIndexAppender};
use kafka_log::format::transaction_index::{TransactionIndex, TransactionIndexAppender};
use kafka_log::segment::batch::Batch;
use tests::fixtures;
use tests::rewrite::{self, batches};

/// Files of all scenarios that were not damaged on purpose, without those of the recording itself.
fn files() -> Vec<PathBuf> {
    let scenarios = fixtures::names().into_iter().filter(|name| !name.starts_with("damage-") && name != "usage");
    scenarios.flat_map(|name| fixtures::files(&fixtures::scenario(&name))).collect()
}

fn name(path: &Path) -> String {
    path.file_name().unwrap().to_string_lossy().into_owned()
}

fn with_ending(ending: &str) -> Vec<(PathBuf, Vec<u8>)> {
    let found: Vec<_> = files().into_iter().filter(|path| name(path).ends_with(ending)).collect();
    assert!(!found.is_empty(), "no {ending}");
    found.into_iter().map(|path| (path.clone(), fs::read(path).unwrap())).collect()
}

#[test]
fn batches_are_written_as_kafka_wrote_them() {
    let (mut plain, mut compressed, mut control, mut empty, mut horizons) = (0, 0, 0, 0, 0);
    for (path, segment) in with_ending(".log").into_iter().chain(with_ending(".checkpoint")) {
        for raw in batches(&segment) {
            let place = format!("{} at {}", path.display(), raw.position);
            let parsed = raw.parse().unwrap_or_else(|e| panic!("{place}: {e}"));
            let (codec, special) = match parsed {
                Batch::Default(batch) => {
                    let header = batch.header();
                    let is = [header.attributes().is_control(), header.record_count() == 0];
                    (header.attributes().codec(), [is[0], is[1], header.delete_horizon_ms().is_some()])
                }
                Batch::Legacy(message) => (message.codec(), [false; 3]),
            };
            let again = rewrite::batch(&raw).unwrap_or_else(|e| panic!("{place}: {e}"));
            if codec == Ok(Codec::None) {
                assert!(again == raw.as_bytes(), "{place}");
                plain += 1;
            } else {
                let again = batches(&again).next().unwrap();
                assert!(rewrite::meaning(&again) == rewrite::meaning(&raw), "{place}");
                compressed += 1;
            }
            for (count, is) in [&mut control, &mut empty, &mut horizons].into_iter().zip(special) {
                *count += usize::from(is);
            }
        }
    }
    println!("{plain} plain, {compressed} compressed, {control} control, {empty} empty, {horizons} delete horizons");
    assert!(plain > 1_500 && compressed > 500 && control > 100 && empty > 5 && horizons > 15);
}

fn base_offset(path: &Path) -> i64 {
    offset_from_file_name(&name(path)).unwrap_or(0)
}

#[test]
fn offset_indexes_are_written_as_kafka_wrote_them() {
    for (path, bytes) in with_ending(".index") {
        let index = OffsetIndex::new(base_offset(&path), &bytes);
        // Preallocated files end in zeros, which no writer appends.
        let whole = index.iter().take_while(|entry| entry.offset > base_offset(&path)).count();
        let mut appender = OffsetIndexAppender::new(OffsetIndex::new(base_offset(&path), &[]), bytes.len());
        let mut again = Vec::new();
        for entry in index.iter().take(whole) {
            appender.append(entry.offset, entry.position, &mut again).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        }
        assert!(bytes.starts_with(&again) && bytes[again.len()..].iter().all(|&b| b == 0), "{}", path.display());
    }
}

#[test]
fn time_indexes_are_written_as_kafka_wrote_them() {
    for (path, bytes) in with_ending(".timeindex") {
        let index = TimeIndex::new(base_offset(&path), &bytes);
        let mut appender = TimeIndexAppender::new(TimeIndex::new(base_offset(&path), &[]), bytes.len());
        let mut again = Vec::new();
        for entry in index.iter().take_while(|entry| entry.timestamp > 0) {
            let appended = appender.maybe_append(entry.timestamp, entry.offset, true, &mut again);
            assert_eq!(appended, Ok(true), "{}", path.display());
        }
        assert!(bytes.starts_with(&again) && bytes[again.len()..].iter().all(|&b| b == 0), "{}", path.display());
    }
}

#[test]
fn transaction_indexes_are_written_as_kafka_wrote_them() {
    for (path, bytes) in with_ending(".txnindex") {
        let (mut appender, mut again) = (TransactionIndexAppender::default(), Vec::new());
        for entry in TransactionIndex::new(&bytes).iter() {
            let entry = entry.unwrap_or_else(|e| panic!("{path:?}: {e}"));
            appender.append(entry.txn, &mut again).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        }
        assert!(again == bytes, "{}", path.display());
    }
}

#[test]
fn producer_snapshots_are_written_as_kafka_wrote_them() {
    for (path, bytes) in with_ending(".snapshot") {
        let snapshot = ProducerSnapshot::read(&bytes).unwrap_or_else(|e| panic!("{path:?}: {e}"));
        let mut again = Vec::new();
        write_producer_snapshot(snapshot.iter(), &mut again);
        assert!(again == bytes, "{}", path.display());
    }
}

/// Kafka's files read and written again. Kafka reads one of no bytes as one without entries, but writes none such.
fn check_text(ending: &str, rewrite: impl Fn(&[u8], &mut Vec<u8>)) {
    for (path, bytes) in with_ending(ending).into_iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let mut again = Vec::new();
        rewrite(&bytes, &mut again);
        assert_eq!(String::from_utf8_lossy(&again), String::from_utf8_lossy(&bytes), "{}", path.display());
    }
}

#[test]
fn checkpoints_and_properties_are_written_as_kafka_wrote_them() {
    check_text("leader-epoch-checkpoint", |bytes, out| {
        write_leader_epoch_checkpoint(&read_leader_epoch_checkpoint(bytes).unwrap(), out);
    });
    check_text("-offset-checkpoint", |bytes, out| {
        write_offset_checkpoint(&read_offset_checkpoint(bytes).unwrap(), out);
    });
    check_text("partition.metadata", |bytes, out| PartitionMetadata::read(bytes).unwrap().write(out));
    check_text("quorum-state", |bytes, out| QuorumState::read(bytes).unwrap().write(out).unwrap());
    check_text(".kafka_cleanshutdown", |bytes, out| write_clean_shutdown(read_clean_shutdown(bytes).unwrap(), out));
    check_text("meta.properties", |bytes, out| {
        let text = String::from_utf8_lossy(bytes);
        let date = text.lines().nth(1).unwrap().strip_prefix('#').unwrap();
        MetaProperties::read(bytes).unwrap().write(date, out);
    });
}
