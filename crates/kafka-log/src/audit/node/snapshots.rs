//! `bootstrap.checkpoint` and the snapshots of the metadata log: which of them a start reads, and which it can do without.

use std::path::Path;

use super::evidence::{Evidence, Step};
use super::image::Image;
use super::metadata::{MetadataLog, Snapshot};
use super::small::Small;
use super::snapshot::{self, SnapshotFault};
use crate::audit::{Code, Finding, Remedy, Severity};
use crate::compression::Decompressor;
use crate::format::schema::tables::cluster_metadata::FEATURE_LEVEL_RECORD;
use crate::format::schema::{Datum, DecodedRecord, InternalTopic, KafkaVersion, Part};
use crate::fs::{self, Fs};
use crate::segment::batch::{Batch, Batches};

const BOOTSTRAP: &str = "bootstrap.checkpoint";
/// The feature without which a cluster does not begin (`MetadataVersion.FEATURE_NAME`).
const METADATA_VERSION: &[u8] = b"metadata.version";

/// Judges `bootstrap.checkpoint`. A start reads the one beside the metadata log, if there is one, whatever the metadata
/// log says.
pub(super) fn bootstrap<F: Fs>(fs: &F, log_dir: &Path, metadata: Option<&MetadataLog>, evidence: &mut Evidence) {
    let path = log_dir.join(BOOTSTRAP);
    if !fs::exists(fs, &path).unwrap_or(false) {
        return;
    }
    let Err(fault) = snapshot::read(fs, &path, &mut Image::default()) else { return };
    let is_here = metadata.is_some_and(|log| log.dir.parent() == Some(log_dir));
    let refusal = if is_here || metadata.is_none() { refusal(fs, &path) } else { None };
    let expected = "the records that a cluster begins with";
    let severity = if refusal.is_some() { Severity::Damage } else { Severity::Warning };
    let finding = Finding::new(Code::KRaftSnapshot, &path, expected, fault.to_string()).with(Remedy::SetAside);
    evidence.findings.push(finding.graded(severity));
    if let Some(exception) = refusal {
        evidence.refuse(Step::Bootstrap, exception, &path, format!("bootstrap.checkpoint cannot be read: {fault}"));
    }
    let why = if metadata.is_some_and(|log| log.end > 0) {
        "a start does without it: the metadata log has had its records since the first start"
    } else {
        "a start does without it, and a cluster that has no metadata yet begins with the defaults of its version"
    };
    evidence.change(log_dir, BOOTSTRAP, None, why);
}

/// What Kafka throws over `bootstrap.checkpoint`: it checks no checksum and looks for no end, and wants one record.
fn refusal<F: Fs>(fs: &F, path: &Path) -> Option<&'static str> {
    let Small::Bytes(bytes) = Small::read(fs, path) else { return Some("RuntimeException") };
    let mut decompressor = Decompressor::new(snapshot::DECOMPRESSED_MAX);
    let mut has_version = false;
    for raw in Batches::new(&bytes) {
        let Ok(Batch::Default(batch)) = raw.and_then(|raw| raw.parse()) else { return Some("CorruptRecordException") };
        let Ok(records) = batch.records(&mut decompressor) else { return Some("RuntimeException") };
        for record in records {
            let Ok(record) = record else { return Some("InvalidRecordException") };
            has_version |= !batch.header().attributes().is_control() && is_metadata_version(record.value);
        }
    }
    (!has_version).then_some("RuntimeException")
}

fn is_metadata_version(value: Option<&[u8]>) -> bool {
    let decoded = InternalTopic::ClusterMetadata.decode(None, value, 0, KafkaVersion::LATEST);
    let Ok(DecodedRecord { payload: Some(Part::Metadata(record)), .. }) = decoded else { return false };
    std::ptr::eq(record.message, &FEATURE_LEVEL_RECORD) && record.get("name") == Some(&Datum::Text(METADATA_VERSION))
}

/// Judges the snapshots in the directory of the metadata log.
pub(super) fn of_metadata_log(log: &MetadataLog, evidence: &mut Evidence) {
    let newest = log.latest_snapshot().map(|newest| newest.path.clone());
    for snapshot in &log.snapshots {
        let Some(fault) = &snapshot.fault else { continue };
        let is_newest = Some(&snapshot.path) == newest.as_ref();
        // The one at offset 0 has nothing that the log has not, where the log begins there.
        let is_needed = is_newest && (snapshot.end > 0 || log.start > 0);
        judge(log, snapshot, fault, is_newest, is_needed, evidence);
    }
    let has_snapshot = log.snapshots.iter().any(|snapshot| snapshot.end >= log.start);
    if log.start > 0 && !has_snapshot {
        let path = log.dir.clone();
        let expected = format!("a snapshot up to offset {} or more, where the log begins", log.start);
        let found = match log.latest_snapshot() {
            Some(newest) => format!("none after {}", newest.end),
            None => "no snapshot".to_owned(),
        };
        evidence.findings.push(Finding::new(Code::KRaftSnapshot, &path, expected, &*found));
        let message = format!("the metadata log begins at offset {}, and there is {found}", log.start);
        evidence.refuse(Step::Metadata, "IllegalStateException", &path, message);
        remain_without_snapshot(&path, log, evidence);
    }
}

fn judge(
    log: &MetadataLog,
    snapshot: &Snapshot,
    fault: &SnapshotFault,
    is_newest: bool,
    is_needed: bool,
    evidence: &mut Evidence,
) {
    let refusal = match fault {
        _ if !is_newest => None,
        SnapshotFault::Zeros { .. } | SnapshotFault::Batch { .. } => Some("CorruptRecordException"),
        _ if !is_needed => None,
        // The records after it change what is not there.
        _ => log.unfinished.is_none().then_some("IllegalStateException"),
    };
    let expected = format!("the metadata up to offset {}", snapshot.end);
    let finding = Finding::new(Code::KRaftSnapshot, &snapshot.path, expected, fault.to_string());
    // Older ones are not read by this node any more.
    let severity = if is_newest { Severity::Damage } else { Severity::Warning };
    let others = log.snapshots.iter().filter(|other| other.path != snapshot.path && other.fault.is_none());
    let is_replaced = others.map(|other| other.end).any(|end| end >= log.start) || log.start == 0;
    let can_do_without = !is_newest || is_replaced && log.end >= snapshot.end;
    let remedy = if can_do_without { Remedy::SetAside } else { Remedy::RestoreFromReplica };
    evidence.findings.push(finding.graded(severity).with(remedy));
    if let Some(exception) = refusal {
        let message = format!("the newest snapshot of the metadata cannot be read: {fault}");
        evidence.refuse(Step::Metadata, exception, &snapshot.path, message);
    }
    if can_do_without {
        let name = snapshot.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        evidence.change(&log.dir, &name, None, "the metadata log and an older snapshot have everything that was in it");
    } else {
        remain_without_snapshot(&snapshot.path, log, evidence);
    }
}

fn remain_without_snapshot(path: &Path, log: &MetadataLog, evidence: &mut Evidence) {
    let what = format!("no readable snapshot has the metadata below offset {}", log.start);
    let advice = format!(
        "do not start the node; copy {} from another controller of the cluster, or from a backup, while that node is stopped",
        log.dir.display()
    );
    evidence.remain(path, what, advice, None);
}
