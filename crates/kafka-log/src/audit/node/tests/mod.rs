//! A node made of files in memory, and what is judged of it. What Kafka does over each of these files was looked up with
//! Kafka itself; `docs/judgement.md` has the table.

mod made;
mod meta_properties;
mod metadata;
mod partitions;
mod small_files;

use std::path::Path;

use made::{Made, TOPIC, id};

use super::*;
use crate::audit::Severity;

/// Codes of the findings that are damage.
fn damage(audit: &NodeAudit) -> Vec<Code> {
    audit.findings.iter().filter(|finding| finding.severity == Severity::Damage).map(|finding| finding.code).collect()
}

fn set_aside(audit: &NodeAudit) -> Vec<String> {
    match &audit.start {
        NodeStart::Starts { set_aside, .. } => set_aside.iter().map(|stray| folders::name_of(&stray.path)).collect(),
        NodeStart::Refuses(refusal) => panic!("refused over {}: {}", refusal.path.display(), refusal.message),
    }
}

/// The exception and the path, relative to the first log directory, of a start that is refused.
fn refused(audit: &NodeAudit) -> (&'static str, String) {
    match &audit.start {
        NodeStart::Refuses(refusal) => {
            let path = refusal.path.strip_prefix(made::DIR).unwrap_or(&refusal.path);
            (refusal.exception, path.to_string_lossy().into_owned())
        }
        NodeStart::Starts { .. } => panic!("the start is not refused"),
    }
}

/// Names of the files that a repair changes, with whether they get new content.
fn changed(audit: &NodeAudit) -> Vec<(String, bool)> {
    audit.changes.iter().map(|(_, change)| (change.name.clone(), change.content.is_some())).collect()
}

#[test]
fn a_healthy_node_starts_and_nothing_is_found() {
    let made = Made::node();
    let audit = made.audit();
    assert_eq!(audit.findings, []);
    assert_eq!(set_aside(&audit), [""; 0]);
    assert!(audit.changes.is_empty() && audit.remaining.is_empty());
}

#[test]
fn a_partition_alone_is_judged_with_the_log_directory_around_it() {
    let made = Made::node();
    made.remove("orders-0/partition.metadata");
    made.write("meta.properties", b"");
    let audit = audit_partition_in_node(&made.fs, &Path::new(made::DIR).join("orders-0"));
    assert_eq!(damage(&audit), [Code::PartitionMetadataMissing]);
    assert_eq!(set_aside(&audit), ["orders-0"]);
    assert_eq!(made.repaired(&audit, "orders-0/partition.metadata"), format!("version: 0\ntopic_id: {}", id(TOPIC)));
}

#[test]
fn damage_is_left_to_a_person_where_it_is_not_that_of_the_partition_alone() {
    let made = Made::node();
    made.write("__cluster_metadata-0/00000000000000000000.log", b"");
    let audit = audit_partition_in_node(&made.fs, &Path::new(made::DIR).join("orders-0"));
    assert_eq!(damage(&audit), [Code::StrayPartition]);
    assert_eq!(audit.remaining.len(), 1);
    assert!(audit.remaining[0].command.as_ref().is_some_and(|command| command.starts_with("kafka-log verify ")));
}
