//! Topic ids, partitions that are set aside, and directories of one partition.

use super::made::{
    DIR_2, DIRECTORY, METADATA_END, batch, meta_properties, metadata_log, partition, remove_topic, topic,
};
use super::*;

const FILE: &str = "orders-0/partition.metadata";

fn id_of_orders() -> String {
    format!("version: 0\ntopic_id: {}", id(TOPIC))
}

#[test]
fn a_partition_without_an_id_is_set_aside_and_gets_the_id_of_the_metadata() {
    let made = Made::node();
    made.remove(FILE);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::PartitionMetadataMissing]);
    assert_eq!(set_aside(&audit), ["orders-0"]);
    assert_eq!(made.repaired(&audit, FILE), id_of_orders());
    made.apply(&audit);
    assert_eq!(made.audit().findings, []);
}

#[test]
fn an_id_that_the_metadata_does_not_have_is_replaced_by_that_of_the_name() {
    let made = Made::node();
    made.partition("orders-0", 99);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::StrayPartition]);
    assert_eq!(set_aside(&audit), ["orders-0"]);
    assert_eq!(made.repaired(&audit, FILE), id_of_orders());
}

#[test]
fn an_id_that_cannot_be_read_refuses_and_is_replaced() {
    for (bytes, exception) in
        [(&b""[..], "NullPointerException"), (&[0; 40], "KafkaStorageException"), (b"version", "KafkaStorageException")]
    {
        let made = Made::node();
        made.write(FILE, bytes);
        let audit = made.audit();
        assert_eq!(damage(&audit), [Code::PartitionMetadataCorrupt]);
        assert_eq!(refused(&audit), (exception, FILE.to_owned()));
        assert_eq!(made.repaired(&audit, FILE), id_of_orders());
    }
}

#[test]
fn without_a_metadata_log_a_sibling_proves_the_id() {
    let made = Made::node();
    for name in ["00000000000000000000.log", "partition.metadata", "quorum-state"] {
        made.remove(&format!("__cluster_metadata-0/{name}"));
    }
    made.fs.remove_dir(&Path::new(made::DIR).join("__cluster_metadata-0")).unwrap();
    made.remove("bootstrap.checkpoint");
    made.write(FILE, b"");
    assert_eq!(made.repaired(&made.audit(), FILE), id_of_orders());
    made.write("orders-1/partition.metadata", b"");
    let audit = made.audit();
    assert!(audit.changes.is_empty());
    assert_eq!(audit.remaining.len(), 2);
}

#[test]
fn a_topic_that_the_metadata_does_not_have_is_left_to_a_person() {
    let made = Made::node();
    made.partition("other-0", 99);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::StrayPartition]);
    assert_eq!(set_aside(&audit), ["other-0"]);
    assert!(audit.changes.is_empty());
    assert_eq!(audit.remaining.len(), 1);
}

#[test]
fn what_is_left_of_a_deleted_topic_is_tolerated() {
    let made = Made::node();
    let log = [metadata_log(), batch(METADATA_END, false, &[(None, remove_topic(TOPIC))])].concat();
    made.write("__cluster_metadata-0/00000000000000000000.log", &log);
    let audit = made.audit();
    assert_eq!(damage(&audit), []);
    assert_eq!(set_aside(&audit), ["orders-0", "orders-1"]);
    assert!(audit.remaining.is_empty());
}

#[test]
fn an_empty_directory_is_a_note() {
    let made = Made::node();
    made.directory("never-0");
    let audit = made.audit();
    assert_eq!(audit.findings.iter().map(|finding| finding.severity).collect::<Vec<_>>(), [Severity::Note]);
    assert!(audit.remaining.is_empty());
}

#[test]
fn a_new_partition_without_records_is_no_damage() {
    let made = Made::node();
    made.remove(FILE);
    made.write("orders-0/00000000000000000000.log", b"");
    let audit = made.audit();
    assert_eq!(damage(&audit), []);
    assert_eq!(set_aside(&audit), ["orders-0"]);
}

#[test]
fn a_copy_under_a_dated_name_is_set_aside_and_the_command_moves_it_away() {
    let made = Made::node();
    made.partition("orders-2024-01-05", TOPIC);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::StrayPartition]);
    assert_eq!(set_aside(&audit), ["orders-2024-01-05"]);
    assert!(audit.remaining[0].command.as_ref().is_some_and(|command| command.contains("orders-2024-01-05")));
}

#[test]
fn a_directory_under_another_name_gets_its_name_back() {
    let made = Made::node();
    made.rename("orders-0", "purchases-0");
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::TopicIdMismatch, Code::PartitionMissing]);
    let command = audit.remaining[0].command.as_deref();
    assert_eq!(command, Some("mv no-such-place/data/purchases-0 no-such-place/data/orders-0"));
}

#[test]
fn two_directories_with_each_others_names_are_left_to_a_person() {
    let made = Made::node();
    let log = [
        metadata_log(),
        batch(METADATA_END, false, &[(None, topic("sales", 9)), (None, partition(9, 0, 1, DIRECTORY))]),
    ];
    made.write("__cluster_metadata-0/00000000000000000000.log", &log.concat());
    made.partition("orders-0", 9);
    made.partition("sales-0", TOPIC);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::TopicIdMismatch; 2]);
    assert!(audit.changes.is_empty());
    assert_eq!(audit.remaining.len(), 2);
    // With the directory of the other topic as it was, only the file is wrong.
    made.partition("sales-0", 9);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::TopicIdMismatch]);
    assert_eq!(made.repaired(&audit, FILE), id_of_orders());
    assert!(matches!(&audit.start, NodeStart::Starts { unserved, .. } if unserved.len() == 1));
}

#[test]
fn a_partition_that_is_gone_is_missing_where_consumers_have_seen_records() {
    let made = Made::node();
    made.rename("orders-1", "orders-1.0123456789abcdef0123456789abcdef-delete");
    assert_eq!(damage(&made.audit()), []);
    made.rename("orders-0", "orders-0.0123456789abcdef0123456789abcdef-delete");
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::PartitionMissing]);
    assert_eq!(audit.remaining.len(), 1);
}

#[test]
fn one_partition_in_two_directories_refuses_and_the_assigned_one_stays() {
    let made = Made::node();
    made.write_at(&Path::new(DIR_2).join("meta.properties"), &meta_properties(1, 201));
    for (name, bytes) in [
        ("partition.metadata", id_of_orders().into_bytes()),
        ("00000000000000000000.log", batch(0, false, &[(None, vec![1])])),
    ] {
        made.write_at(&Path::new(DIR_2).join("orders-0").join(name), &bytes);
    }
    let audit = made.audit_both();
    assert_eq!(damage(&audit), [Code::DuplicatePartition]);
    assert_eq!(refused(&audit), ("IllegalStateException", format!("{DIR_2}/orders-0")));
    assert_eq!(audit.remaining[0].path, Path::new(DIR_2).join("orders-0"));
}

#[test]
fn a_copy_in_another_log_directory_is_on_its_way_and_one_in_the_same_refuses() {
    let future = "orders-0.0123456789abcdef0123456789abcdef-future";
    let made = Made::node();
    made.partition(future, TOPIC);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::DuplicatePartition]);
    assert_eq!(refused(&audit), ("KafkaStorageException", future.to_owned()));
    let made = Made::node();
    made.write_at(&Path::new(DIR_2).join("meta.properties"), &meta_properties(1, 201));
    made.write_at(&Path::new(DIR_2).join(".kafka_cleanshutdown"), b"");
    made.write_at(&Path::new(DIR_2).join(future).join("partition.metadata"), id_of_orders().as_bytes());
    let audit = made.audit_both();
    assert_eq!((damage(&audit), audit.findings.len()), (vec![], 1));
    assert_eq!(set_aside(&audit), [""; 0]);
}

#[test]
fn directories_that_were_set_aside_or_wait_to_be_deleted_are_notes() {
    let made = Made::node();
    made.partition("orders-0.0123456789abcdef0123456789abcdef-stray", 99);
    made.partition("orders-0.0123456789abcdef0123456789abcdef-delete", 99);
    let audit = made.audit();
    assert!(audit.findings.iter().all(|finding| finding.severity == Severity::Note));
    assert_eq!(audit.findings.len(), 2);
}
