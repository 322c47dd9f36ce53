//! The metadata log and its snapshots.

use super::made::{DIRECTORY, METADATA_END, batch, metadata_log, partition, snapshot, topic, voters};
use super::*;

const LOG: &str = "__cluster_metadata-0/00000000000000000000.log";

fn snapshot_name(end: i64) -> String {
    format!("__cluster_metadata-0/{end:020}-0000000001.checkpoint")
}

#[test]
fn an_empty_metadata_log_sets_every_partition_aside_and_nothing_is_changed() {
    let whole = metadata_log();
    let first_batch = batch(0, true, &[voters(&[(1, DIRECTORY)])]).len();
    for bytes in
        [vec![], vec![0; whole.len()], [&whole[..first_batch], &[0; 500]].concat(), whole[..whole.len() - 1].to_vec()]
    {
        let made = Made::node();
        made.write(LOG, &bytes);
        let audit = made.audit();
        assert_eq!(damage(&audit), [Code::StrayPartition, Code::StrayPartition, Code::MetadataLogShort]);
        assert_eq!(set_aside(&audit), ["orders-0", "orders-1"]);
        assert!(audit.changes.is_empty());
        assert_eq!(audit.remaining.len(), 1, "{:?}", audit.remaining);
    }
}

#[test]
fn a_producer_snapshot_proves_where_the_metadata_log_ended() {
    let made = Made::node();
    made.write(&format!("__cluster_metadata-0/{METADATA_END:020}.snapshot"), b"");
    assert_eq!(made.audit().findings, []);
    made.write("__cluster_metadata-0/00000000000000000009.snapshot", b"");
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::MetadataLogShort]);
    assert!(audit.findings[0].expected.contains("offset 8, as 00000000000000000009.snapshot shows"));
    assert_eq!(set_aside(&audit), [""; 0]);
}

#[test]
fn a_controller_among_others_fetches_what_its_metadata_log_lacks() {
    let made = Made::node();
    made.write(LOG, &batch(0, true, &[voters(&[(1, DIRECTORY), (2, 201)])]));
    made.write("__cluster_metadata-0/00000000000000000009.snapshot", b"");
    let audit = made.audit();
    assert_eq!(damage(&audit), []);
    assert!(audit.findings.iter().any(|finding| finding.code == Code::MetadataLogShort));
}

#[test]
fn a_snapshot_has_the_metadata_where_the_log_begins_later_or_was_cut() {
    let made = Made::node();
    let records = [topic("orders", TOPIC), partition(TOPIC, 0, 1, DIRECTORY), partition(TOPIC, 1, 1, DIRECTORY)];
    made.write(&snapshot_name(20), &snapshot(0, &records));
    made.write(LOG, b"");
    assert_eq!(made.audit().findings, []);
    made.remove(LOG);
    made.write("__cluster_metadata-0/00000000000000000020.log", b"");
    assert_eq!(made.audit().findings, []);
    made.remove(&snapshot_name(20));
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::KRaftSnapshot]);
    assert_eq!(refused(&audit), ("IllegalStateException", "__cluster_metadata-0".to_owned()));
    assert_eq!(audit.remaining.len(), 1);
}

#[test]
fn a_damaged_snapshot_is_set_aside_where_the_log_has_everything() {
    let whole = snapshot(0, &[topic("orders", TOPIC)]);
    let mut flipped = whole.clone();
    *flipped.last_mut().unwrap() ^= 1;
    for (bytes, exception) in [
        (vec![], "IllegalStateException"),
        (vec![0; 300], "CorruptRecordException"),
        (flipped, "CorruptRecordException"),
        (whole[..100].to_vec(), "IllegalStateException"),
    ] {
        let made = Made::node();
        made.write(&snapshot_name(METADATA_END), &bytes);
        let audit = made.audit();
        assert_eq!(damage(&audit), [Code::KRaftSnapshot]);
        assert_eq!(refused(&audit).0, exception);
        made.apply(&audit);
        assert_eq!(made.audit().findings, []);
    }
}

#[test]
fn a_damaged_snapshot_that_nothing_replaces_is_left_to_a_person() {
    let made = Made::node();
    made.remove(LOG);
    made.write("__cluster_metadata-0/00000000000000000020.log", b"");
    made.write(&snapshot_name(20), &[0; 100]);
    let audit = made.audit();
    assert!(audit.changes.is_empty());
    assert!(!audit.remaining.is_empty());
    assert_eq!(refused(&audit).0, "CorruptRecordException");
}

#[test]
fn a_snapshot_without_its_end_is_read_and_what_it_lacks_is_set_aside() {
    let made = Made::node();
    let records = [topic("orders", TOPIC), partition(TOPIC, 0, 1, DIRECTORY)];
    let whole = snapshot(0, &records);
    let footer = batch(0, true, &[(Some([0, 0, 0, 4]), vec![0; 3])]).len();
    made.write(&snapshot_name(METADATA_END), &whole[..whole.len() - footer]);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::KRaftSnapshot]);
    assert_eq!(set_aside(&audit), ["orders-1"]);
    made.apply(&audit);
    assert_eq!(set_aside(&made.audit()), [""; 0]);
}

#[test]
fn changes_in_a_transaction_count_once_it_has_ended() {
    let begin = vec![1, 23, 0, 0];
    let end = vec![1, 24, 0, 0];
    let created = [begin, topic("late", 9), partition(9, 0, 1, DIRECTORY), end];
    for (len, is_known) in [(4, true), (3, false)] {
        let made = Made::node();
        let records: Vec<_> = created[..len].iter().map(|value| (None, value.clone())).collect();
        made.write(LOG, &[metadata_log(), batch(METADATA_END, false, &records)].concat());
        made.partition("late-0", 9);
        assert_eq!(set_aside(&made.audit()).is_empty(), is_known);
    }
}

#[test]
fn the_metadata_log_is_missing_where_a_node_was_formatted_to_have_it() {
    let made = Made::node();
    for entry in made.fs.read_dir(&Path::new(made::DIR).join("__cluster_metadata-0")).unwrap() {
        made.remove(&format!("__cluster_metadata-0/{}", entry.name));
    }
    made.fs.remove_dir(&Path::new(made::DIR).join("__cluster_metadata-0")).unwrap();
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::MetadataLogShort]);
    assert_eq!(refused(&audit).0, "CancellationException");
    made.remove("bootstrap.checkpoint");
    assert_eq!(made.audit().findings, []);
}
