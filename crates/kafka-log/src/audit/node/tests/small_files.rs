//! `quorum-state`, `bootstrap.checkpoint`, names of files and directories, checkpoints.

use std::collections::HashMap;

use super::*;

#[test]
fn an_unreadable_quorum_state_refuses_and_is_set_aside() {
    for bytes in [&b""[..], &[0; 100], b"{\"leaderId\":1"] {
        let made = Made::node();
        made.write("__cluster_metadata-0/quorum-state", bytes);
        let audit = made.audit();
        assert_eq!(damage(&audit), [Code::QuorumState]);
        assert_eq!(refused(&audit), ("UncheckedIOException", "__cluster_metadata-0/quorum-state".to_owned()));
        assert_eq!(changed(&audit), [("quorum-state".to_owned(), false)]);
        made.apply(&audit);
        assert_eq!(made.audit().findings, []);
    }
}

#[test]
fn a_node_without_a_quorum_state_starts() {
    let made = Made::node();
    made.remove("__cluster_metadata-0/quorum-state");
    assert_eq!(made.audit().findings, []);
}

#[test]
fn a_bootstrap_checkpoint_without_the_metadata_version_refuses_and_is_set_aside() {
    for bytes in [&b""[..], &[0; 100], &made::snapshot(0, &[])] {
        let made = Made::node();
        made.write("bootstrap.checkpoint", &bytes[..bytes.len().saturating_sub(75)]);
        let audit = made.audit();
        assert_eq!(damage(&audit), [Code::KRaftSnapshot]);
        assert_eq!(refused(&audit).1, "bootstrap.checkpoint");
        assert_eq!(changed(&audit), [("bootstrap.checkpoint".to_owned(), false)]);
    }
}

#[test]
fn names_that_are_no_offsets_refuse_and_the_file_is_set_aside() {
    for name in ["backup.log", "backup.index", "backup.swap", "backup.log.cleaned", "0-copy.log", ".log", "x.snapshot"]
    {
        let made = Made::node();
        made.write(&format!("orders-0/{name}"), b"");
        let audit = made.audit();
        assert_eq!(damage(&audit), [Code::FileName], "{name}");
        assert_eq!(refused(&audit), ("NumberFormatException", format!("orders-0/{name}")));
        assert_eq!(changed(&audit), [(name.to_owned(), false)]);
    }
    let made = Made::node();
    for name in
        ["backup.log.deleted", "backup.checkpoint", "notes.txt", "00000000000000000010.log.bak", "x.snapshot.tmp"]
    {
        made.write(&format!("orders-0/{name}"), b"");
    }
    made.directory("orders-0/sub.log");
    assert_eq!(made.audit().findings, []);
}

#[test]
fn a_snapshot_of_the_metadata_log_needs_a_name_with_an_offset() {
    let made = Made::node();
    made.write("__cluster_metadata-0/backup.checkpoint", b"");
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::FileName]);
    assert_eq!(refused(&audit).0, "StringIndexOutOfBoundsException");
}

#[test]
fn directories_that_are_no_partitions_refuse_and_the_command_moves_them_away() {
    for name in ["lost+found", "orders-0 (copy)", "orders-0.bak", "backup", "__cluster_metadata-0.bak"] {
        let made = Made::node();
        made.directory(name);
        let audit = made.audit();
        assert_eq!(damage(&audit), [Code::UnknownDirectory], "{name}");
        assert_eq!(refused(&audit), ("KafkaException", name.to_owned()));
        assert!(audit.changes.is_empty());
        let command = audit.remaining[0].command.clone().expect("a command");
        assert!(command.starts_with("mkdir -p no-such-place/data.set-aside && mv "), "{command}");
    }
    let made = Made::node();
    made.directory("remote-log-index-cache");
    made.write("notes.txt", b"");
    assert_eq!(made.audit().findings, []);
}

#[test]
fn a_checkpoint_of_zeros_takes_the_directory_offline_and_keeps_what_can_be_read() {
    let made = Made::node();
    made.write("recovery-point-offset-checkpoint", &[0; 20]);
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::CheckpointCorrupt]);
    assert_eq!(refused(&audit).0, "KafkaStorageException");
    let ends = HashMap::from([(("orders".to_owned(), 0), (0, 3))]);
    let checked = audit.checkpoints[0].check(&ends);
    assert_eq!(checked.changes.len(), 1);
    assert_eq!(checked.findings, []);
}

#[test]
fn a_number_that_is_none_in_the_high_watermarks_leaves_every_partition_unserved() {
    let made = Made::node();
    made.write("replication-offset-checkpoint", b"0\n1\norders 0 x\n");
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::CheckpointNumber]);
    assert!(matches!(&audit.start, NodeStart::Starts { unserved, .. } if unserved.len() == 1));
    let made = Made::node();
    made.write("recovery-point-offset-checkpoint", b"0\n1\norders 0 x\n");
    let audit = made.audit();
    assert_eq!((damage(&audit), audit.findings.len()), (vec![], 1));
    assert!(matches!(&audit.start, NodeStart::Starts { unserved, .. } if unserved.is_empty()));
}

#[test]
fn a_log_start_beyond_the_end_is_damage_and_its_entry_goes() {
    let made = Made::node();
    made.write("log-start-offset-checkpoint", b"0\n2\norders 0 700\norders 1 2\n");
    let audit = made.audit();
    assert_eq!(audit.findings, []);
    assert_eq!(audit.checkpoints[0].of("orders", 0).log_start_offset, Some(700));
    let ends = HashMap::from([(("orders".to_owned(), 0), (0, 3)), (("orders".to_owned(), 1), (0, 3))]);
    let checked = audit.checkpoints[0].check(&ends);
    assert_eq!(checked.emptied, [("orders".to_owned(), 0)]);
    assert_eq!(checked.findings[0].severity, Severity::Damage);
    let [change] = checked.changes.as_slice() else { panic!("one change") };
    assert_eq!(change.content, Some(crate::audit::Content::of(b"0\n1\norders 1 2\n".to_vec())));
}

#[test]
fn other_offsets_beyond_the_end_are_tolerated_and_become_the_end() {
    let made = Made::node();
    made.write("replication-offset-checkpoint", b"0\n1\norders 0 700\n");
    let ends = HashMap::from([(("orders".to_owned(), 0), (0, 3))]);
    let checked = made.audit().checkpoints[0].check(&ends);
    assert_eq!(checked.findings[0].severity, Severity::Warning);
    assert_eq!(checked.changes[0].content, Some(crate::audit::Content::of(b"0\n1\norders 0 3\n".to_vec())));
    assert!(checked.emptied.is_empty());
}
