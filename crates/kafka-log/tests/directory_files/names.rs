//! Names of files and partition folders.

use kafka_log::format::file_name::{FileKind, FileName, FileState, parse_snapshot_id};
use kafka_log::format::partition_dir::{PartitionDirName, PartitionDirState};

#[test]
fn names_that_kafka_writes_are_recognised_and_display_as_they_were() {
    let names = [
        ("00000000000000000042.log", FileKind::Log, FileState::Live, Some(42)),
        ("00000000000000000042.index.swap", FileKind::OffsetIndex, FileState::Swap, Some(42)),
        ("00000000000000000042.timeindex.cleaned", FileKind::TimeIndex, FileState::Cleaned, Some(42)),
        ("09223372036854775807.txnindex.deleted", FileKind::TransactionIndex, FileState::Deleted, Some(i64::MAX)),
        ("00000000000000000042.snapshot", FileKind::ProducerSnapshot, FileState::Live, Some(42)),
        ("00000000000000000042-0000000003.checkpoint", FileKind::KRaftSnapshot, FileState::Live, Some(42)),
        ("00000000000000000042-0000000003.checkpoint.deleted", FileKind::KRaftSnapshot, FileState::Deleted, Some(42)),
        ("45_OZtxT32eRkyxJHVL8N_HsQ.timeindex.tmp", FileKind::TimeIndex, FileState::Temporary, Some(45)),
        ("bootstrap.checkpoint", FileKind::BootstrapCheckpoint, FileState::Live, None),
        ("leader-epoch-checkpoint", FileKind::LeaderEpochCheckpoint, FileState::Live, None),
        ("recovery-point-offset-checkpoint.tmp", FileKind::RecoveryPointOffsetCheckpoint, FileState::Temporary, None),
        ("partition.metadata", FileKind::PartitionMetadata, FileState::Live, None),
        ("meta.properties", FileKind::MetaProperties, FileState::Live, None),
        ("quorum-state", FileKind::QuorumState, FileState::Live, None),
        (".kafka_cleanshutdown", FileKind::CleanShutdown, FileState::Live, None),
        (".lock", FileKind::Lock, FileState::Live, None),
    ];
    for (text, kind, state, offset) in names {
        let name = FileName::parse(text).unwrap_or_else(|| panic!("{text} is a name of Kafka's"));
        assert_eq!((name.kind, name.state, name.offset), (kind, state, offset), "{text}");
        assert_eq!(name.to_string(), text);
    }
}

#[test]
fn names_that_kafka_reads_but_does_not_write_display_otherwise() {
    for (text, written) in [
        ("+7.log", "00000000000000000007.log"),
        ("-5.log", "-00000000000000000005.log"),
        ("12.x.log", "00000000000000000012.log"),
        ("00000000000000000042-0000000003-8123.checkpoint.part", "00000000000000000042-0000000003.checkpoint.part"),
    ] {
        assert_eq!(FileName::parse(text).map(|name| name.to_string()).as_deref(), Some(written));
    }
}

#[test]
fn other_names_are_no_files_of_kafkas() {
    for text in
        ["", ".log", "abc.log", "0 0.log", "7.LOG", "7", "7.log.bak", "notasnapshot.checkpoint", "README", ".lock.swap"]
    {
        assert_eq!(FileName::parse(text), None, "{text}");
    }
}

#[test]
fn a_snapshot_name_needs_its_digits_in_place_and_nothing_else() {
    assert_eq!(parse_snapshot_id("00000000000000000042-0000000003.checkpoint"), Some((42, 3)));
    assert_eq!(parse_snapshot_id("00000000000000000042x0000000003 and more.checkpoint"), Some((42, 3)));
    assert_eq!(parse_snapshot_id("0042-0000000003.checkpoint"), None);
    assert_eq!(parse_snapshot_id("00000000000000000042-0000000003.log"), None);
}

#[test]
fn partition_folders_are_recognised_and_display_as_they_were() {
    let id = "0123456789abcdef0123456789abcdef";
    for (text, topic, state) in [
        ("a-b.c-7".to_owned(), "a-b.c", PartitionDirState::Live),
        (format!("a.b-7.{id}-delete"), "a.b", PartitionDirState::Deleted),
        (format!("t-7.{id}-stray"), "t", PartitionDirState::Stray),
        (format!("t-7.{id}-future"), "t", PartitionDirState::Future),
    ] {
        let name = PartitionDirName::parse(&text).unwrap();
        assert_eq!((name.topic, name.partition, name.state), (topic, 7, state), "{text}");
        assert_eq!(name.to_string(), text);
    }
    for text in
        ["", "topic", "-1", "t-", "t-x", "t-0-delete", "t-0.-delete", "t 1-0.x-delete", "remote-log-index-cache"]
    {
        assert_eq!(PartitionDirName::parse(text), None, "{text}");
    }
}

#[test]
fn a_folder_to_be_deleted_has_a_name_of_255_characters_at_most() {
    let (topic, unique_id) = ("t".repeat(249), "f".repeat(32));
    let name = |state| PartitionDirName { topic: &topic, partition: 12, state, unique_id: &unique_id }.to_string();
    assert_eq!(name(PartitionDirState::Deleted).len(), 255);
    assert!(name(PartitionDirState::Deleted).ends_with(&format!("t-12.{unique_id}-delete")));
    assert!(name(PartitionDirState::Future).len() > 255);
}
