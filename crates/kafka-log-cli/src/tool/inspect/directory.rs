//! A partition or a log directory.

use std::io;
use std::path::Path;

use indicatif::HumanBytes;
use kafka_log::audit::{
    AuditOptions, Finding, Level, PartitionReport, Severity, Silent, Verdict, verify_log_dir, verify_partition,
};
use kafka_log::fs::OsFs;

use super::super::Out;
use super::{fact, heading, styled_fact};
use crate::visible;

/// Partitions of a log directory that are listed, the largest first.
const LISTED_MAX: usize = 20;
/// Segments of a partition that are listed, the newest.
const SEGMENTS_MAX: usize = 12;

fn quick() -> AuditOptions {
    AuditOptions { level: Level::Quick, ..AuditOptions::default() }
}

/// What a partition directory is.
pub(super) fn partition(path: &Path, to: &mut Out<'_>) -> io::Result<Result<(), String>> {
    let report = match verify_partition(&OsFs, path, &quick()) {
        Ok(report) => report,
        Err(error) => return Ok(Err(error.to_string())),
    };
    match report.partition {
        Some(partition) => heading(path, &format!("partition {partition} of topic {}", report.topic), to)?,
        None => heading(path, "a partition directory under another name", to)?,
    }
    if let Some(id) = report.topic_id {
        fact("topic id", id, to)?;
    }
    fact("offsets", format!("{} to {}, exclusive", report.log_start_offset, report.log_end_offset), to)?;
    fact("size", format!("{} in {} segments", HumanBytes(size(&report)), report.segments.len()), to)?;
    let skipped = report.segments.len().saturating_sub(SEGMENTS_MAX);
    if skipped > 0 {
        styled_fact("", to.style.dim(format!("{skipped} older segments")), to)?;
    }
    for segment in &report.segments[skipped..] {
        let name = visible::file_name(&segment.path);
        fact("", format!("{name}  {}", HumanBytes(segment.size)), to)?;
    }
    findings(report.all_findings(), report.verdict(), to)?;
    Ok(Ok(()))
}

/// What a log directory is.
pub(super) fn log_directory(path: &Path, to: &mut Out<'_>) -> io::Result<Result<(), String>> {
    let report = match verify_log_dir(&OsFs, path, &quick(), &Silent) {
        Ok(report) => report,
        Err(error) => return Ok(Err(error.to_string())),
    };
    heading(path, "a log directory", to)?;
    if let Some(meta) = &report.meta_properties {
        if let Some(cluster) = &meta.cluster_id {
            fact("cluster id", cluster, to)?;
        }
        if let Some(node) = meta.node_id {
            fact("node id", node, to)?;
        }
        if let Some(id) = meta.directory_id {
            fact("directory id", id, to)?;
        }
    }
    let stop =
        if report.is_clean_stop { "clean" } else { "none marked: a broker is at work, or it did not stop cleanly" };
    fact("last stop", stop, to)?;
    let segments: usize = report.partitions.iter().map(|partition| partition.segments.len()).sum();
    let all: u64 = report.partitions.iter().map(size).sum();
    fact("holds", format!("{} partitions, {segments} segments, {}", report.partitions.len(), HumanBytes(all)), to)?;
    let mut partitions: Vec<_> = report.partitions.iter().collect();
    partitions.sort_by_key(|partition| std::cmp::Reverse(size(partition)));
    for partition in partitions.iter().take(LISTED_MAX) {
        let name = visible::file_name(&partition.path);
        let (start, end) = (partition.log_start_offset, partition.log_end_offset);
        fact("", format!("{name}  {}, offsets {start} to {end}", HumanBytes(size(partition))), to)?;
    }
    if partitions.len() > LISTED_MAX {
        styled_fact("", to.style.dim(format!("{} smaller ones", partitions.len() - LISTED_MAX)), to)?;
    }
    let all = || report.findings.iter().chain(report.partitions.iter().flat_map(PartitionReport::all_findings));
    findings(all(), Verdict::over(all()), to)?;
    Ok(Ok(()))
}

fn size(report: &PartitionReport) -> u64 {
    report.segments.iter().map(|segment| segment.size).sum()
}

/// What a quick look found, in one line.
fn findings<'f>(findings: impl Iterator<Item = &'f Finding>, verdict: Verdict, to: &mut Out<'_>) -> io::Result<()> {
    let count = findings.filter(|finding| finding.severity > Severity::Note).count();
    let words = match count {
        0 => "nothing is wrong at a quick look; kafka-log verify reads every batch".to_owned(),
        count => format!("{count} findings at a quick look; kafka-log verify tells them all"),
    };
    styled_fact("verdict", to.style.verdict(verdict, words), to)
}
