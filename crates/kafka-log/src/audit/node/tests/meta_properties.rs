//! `meta.properties` of one log directory and of several.

use super::made::{DIR_2, DIRECTORY, meta_properties};
use super::*;

const FILE: &str = "meta.properties";

fn two() -> Made {
    let made = Made::node();
    made.write_at(&Path::new(DIR_2).join(FILE), &meta_properties(1, 201));
    made.write_at(&Path::new(DIR_2).join(".kafka_cleanshutdown"), b"");
    made
}

#[test]
fn without_ids_a_node_refuses_and_a_person_is_told_what_to_write() {
    for bytes in [None, Some(&b""[..]), Some(&[0; 100]), Some(b"version=1\nnode.id=1\n")] {
        let made = Made::node();
        match bytes {
            Some(bytes) => made.write(FILE, bytes),
            None => made.remove(FILE),
        }
        let audit = made.audit();
        assert_eq!(damage(&audit).len(), 1);
        assert_eq!(refused(&audit), ("RuntimeException", FILE.to_owned()));
        assert!(audit.changes.is_empty());
        let command = audit.remaining[0].command.clone().expect("a command");
        assert!(
            command.contains("node.id=1") && command.contains(&format!("directory.id={}", id(DIRECTORY))),
            "{command}"
        );
    }
}

#[test]
fn line_ends_of_another_system_are_no_matter() {
    let made = Made::node();
    let bytes = String::from_utf8(meta_properties(1, DIRECTORY)).unwrap().replace('\n', "\r\n");
    made.write(FILE, bytes.as_bytes());
    assert_eq!(made.audit().findings, []);
}

#[test]
fn another_log_directory_and_the_metadata_tell_the_ids() {
    let made = two();
    made.write(FILE, &[0; 50]);
    let audit = made.audit_both();
    assert_eq!(damage(&audit), [Code::MetaPropertiesCorrupt]);
    assert_eq!(refused(&audit).0, "RuntimeException");
    let written = made.repaired(&audit, FILE);
    assert!(written.contains("cluster.id=abc\n") && written.contains("node.id=1\n"), "{written}");
    assert!(written.contains(&format!("directory.id={}\n", id(DIRECTORY))), "{written}");
    made.apply(&audit);
    assert_eq!(made.audit_both().findings, []);
}

#[test]
fn a_second_log_directory_of_an_unknown_version_goes_offline() {
    let made = two();
    made.write_at(&Path::new(DIR_2).join(FILE), b"version=2\n");
    let audit = made.audit_both();
    assert_eq!(damage(&audit), [Code::MetaPropertiesCorrupt]);
    assert!(matches!(&audit.start, NodeStart::Starts { unserved, .. } if unserved.len() == 1));
}

#[test]
fn the_directory_id_is_that_of_the_voter() {
    let made = Made::node();
    made.write(FILE, &meta_properties(1, 201));
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::MetaPropertiesMismatch]);
    assert_eq!(refused(&audit).0, "CancellationException");
    assert!(made.repaired(&audit, FILE).contains(&format!("directory.id={}\n", id(DIRECTORY))));
    made.write(FILE, b"version=1\ncluster.id=abc\nnode.id=1\n");
    assert_eq!(refused(&made.audit()).0, "CancellationException");
}

#[test]
fn the_node_id_is_that_of_the_voter_with_this_directory() {
    let made = Made::node();
    made.write(FILE, &meta_properties(2, DIRECTORY));
    let audit = made.audit();
    assert_eq!(damage(&audit), [Code::MetaPropertiesMismatch]);
    assert!(made.repaired(&audit, FILE).contains("node.id=1\n"));
}

#[test]
fn two_log_directories_of_one_id_refuse_and_the_second_gets_a_new_one() {
    let made = two();
    made.write_at(&Path::new(DIR_2).join(FILE), &meta_properties(1, DIRECTORY));
    let audit = made.audit_both();
    assert_eq!(damage(&audit), [Code::MetaPropertiesMismatch]);
    assert_eq!(refused(&audit), ("RuntimeException", format!("{DIR_2}/{FILE}")));
    made.apply(&audit);
    assert_eq!(made.audit_both().findings, []);
}

#[test]
fn a_log_directory_of_another_cluster_is_left_to_a_person() {
    let made = two();
    made.write_at(&Path::new(DIR_2).join(FILE), b"version=1\ncluster.id=xyz\nnode.id=1\n");
    let audit = made.audit_both();
    assert_eq!(damage(&audit), [Code::MetaPropertiesMismatch]);
    assert!(audit.changes.is_empty());
    assert_eq!(audit.remaining.len(), 1);
}
