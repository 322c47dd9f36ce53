//! Paths of every kind, judged together where they belong to one broker.

use std::io;
use std::path::{Path, PathBuf};

use super::consequences;
use super::directory::Directory;
use super::node::{NodeAudit, audit_node, audit_partition_in_node};
use super::options::{AuditOptions, Observer};
use super::partition::{self, Checkpoints, PartitionAudit};
use super::paths::{PathKind, VerifyError, name_of, path_kind};
use super::report::{DirectoryReport, PartitionReport, Report, SegmentReport};
use super::segment::{self, Audited, Hold, Next, Segment};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::partition_dir::PartitionDirName;
use crate::fs::Fs;

/// Verifies segments, partition directories and log directories, whatever each path is. Opens nothing for writing.
///
/// ```
/// use kafka_log::audit::{AuditOptions, Silent, Verdict, verify};
/// use kafka_log::fs::OsFs;
///
/// let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/orders-0");
/// let report = verify(&OsFs, &[dir.into()], &AuditOptions::default(), &Silent)?;
/// for finding in report.all_findings() {
///     println!("{finding}");
/// }
/// assert_eq!(report.verdict(), Verdict::Clean);
/// # Ok::<(), kafka_log::audit::VerifyError>(())
/// ```
///
/// # Errors
/// A path that cannot be looked at, or is none of a log. What is wrong in a log is a finding.
pub fn verify<F: Fs>(
    fs: &F,
    paths: &[PathBuf],
    options: &AuditOptions,
    observer: &dyn Observer,
) -> Result<Report, VerifyError> {
    verify_groups(fs, &[paths.to_vec()], options, observer)
}

/// The same for several groups of paths at the same time, as those of different disks. All log directories are taken for
/// those of one broker.
///
/// # Errors
/// A path that cannot be looked at, or is none of a log. What is wrong in a log is a finding.
pub fn verify_groups<F: Fs>(
    fs: &F,
    groups: &[Vec<PathBuf>],
    options: &AuditOptions,
    observer: &dyn Observer,
) -> Result<Report, VerifyError> {
    let of_group = |paths: &Vec<PathBuf>| {
        let kinds = paths.iter().map(|path| Ok((path.clone(), path_kind(fs, path)?)));
        kinds.collect::<Result<Vec<_>, VerifyError>>()
    };
    let kinds: Vec<Vec<(PathBuf, PathKind)>> = groups.iter().map(of_group).collect::<Result<_, _>>()?;
    let log_dirs: Vec<&Path> = kinds
        .iter()
        .flatten()
        .filter(|(_, kind)| *kind == PathKind::LogDirectory)
        .map(|(path, _)| path.as_path())
        .collect();
    let node = if log_dirs.is_empty() { None } else { Some(audit_node(fs, &log_dirs)) };
    let verify = |group: &[(PathBuf, PathKind)]| verify_group(fs, group, node.as_ref(), options, observer);
    let reports: Vec<_> = std::thread::scope(|scope| {
        let others: Vec<_> = kinds.iter().skip(1).map(|group| scope.spawn(|| verify(group))).collect();
        let first = kinds.first().map(|group| verify(group));
        let others = others.into_iter().map(|thread| match thread.join() {
            Ok(report) => report,
            Err(panic) => std::panic::resume_unwind(panic),
        });
        first.into_iter().chain(others).collect()
    });
    let mut all = Report::default();
    for report in reports {
        let mut report = report?;
        all.directories.append(&mut report.directories);
        all.partitions.append(&mut report.partitions);
        all.segments.append(&mut report.segments);
    }
    if let Some(node) = node {
        all.findings.extend(node.findings);
        all.remaining.extend(node.remaining);
        all.start = Some(node.start);
    }
    for partition in &mut all.partitions {
        all.remaining.append(&mut partition.remaining);
    }
    Ok(all)
}

fn verify_group<F: Fs>(
    fs: &F,
    paths: &[(PathBuf, PathKind)],
    node: Option<&NodeAudit>,
    options: &AuditOptions,
    observer: &dyn Observer,
) -> Result<Report, VerifyError> {
    let mut report = Report::default();
    for (path, kind) in paths {
        match kind {
            PathKind::Batches => report.segments.push(verify_segment(fs, path, options)?),
            PathKind::Index => report.segments.push(verify_segment(fs, &path.with_extension("log"), options)?),
            PathKind::Partition if observer.is_done(path) || observer.is_stopped() => {}
            PathKind::Partition => {
                let partition = verify_partition(fs, path, options)?;
                observer.partition(&partition);
                report.partitions.push(partition);
            }
            PathKind::LogDirectory => {
                let io = |source| VerifyError::Io { path: path.clone(), source };
                let Some(node) = node else { continue };
                let Some(checkpoints) = node.checkpoints.iter().find(|of| of.path == *path) else { continue };
                let directory = Directory { fs, dir: path, checkpoints, start: &node.start, options, observer };
                report.directories.push(directory.verify().map_err(io)?);
            }
        }
    }
    Ok(report)
}

/// Verifies a log directory with all its partitions.
///
/// # Errors
/// The directory cannot be listed.
pub fn verify_log_dir<F: Fs>(
    fs: &F,
    dir: &Path,
    options: &AuditOptions,
    observer: &dyn Observer,
) -> Result<DirectoryReport, VerifyError> {
    let io = |source| VerifyError::Io { path: dir.to_owned(), source };
    let mut node = audit_node(fs, &[dir]);
    let checkpoints = node.checkpoints.remove(0);
    let directory = Directory { fs, dir, checkpoints: &checkpoints, start: &node.start, options, observer };
    let mut report = directory.verify().map_err(io)?;
    report.findings.append(&mut node.findings);
    Ok(report)
}

/// Verifies the partition in a directory. The files of the log directory around it, if it is in one, tell where the log
/// starts, whether the broker stopped cleanly, and whether its next start keeps the partition.
///
/// # Errors
/// The directory cannot be listed.
pub fn verify_partition<F: Fs>(fs: &F, dir: &Path, options: &AuditOptions) -> Result<PartitionReport, VerifyError> {
    let io = |source| VerifyError::Io { path: dir.to_owned(), source };
    let (audit, _) = audit_alone(fs, dir, options).map_err(io)?;
    Ok(audit.report)
}

/// Judges a partition directory by itself, with what the log directory around it says of it.
///
/// # Errors
/// The directory cannot be listed.
pub(crate) fn audit_alone<F: Fs>(
    fs: &F,
    dir: &Path,
    options: &AuditOptions,
) -> io::Result<(PartitionAudit, NodeAudit)> {
    let node = audit_partition_in_node(fs, dir);
    let name = name_of(dir);
    let checkpoints = match (PartitionDirName::parse(&name), node.checkpoints.first()) {
        (Some(name), Some(around)) => around.of(name.topic, name.partition),
        _ => Checkpoints::default(),
    };
    let mut audit = partition::audit(fs, dir, &checkpoints, options)?;
    audit.report.findings.extend(node.findings.iter().cloned());
    audit.report.remaining.extend(node.remaining.iter().cloned());
    // No start opens a folder of another name: a copy that lies outside of log directories.
    if PartitionDirName::parse(&name).is_some() {
        consequences::of_partition(fs, &mut audit.report, &checkpoints, &node.start, options);
    }
    Ok((audit, node))
}

/// Verifies a file of batches, with the indexes beside it if it is a segment in use. Where its batches go beyond its end,
/// or what follows it, is not known.
///
/// # Errors
/// The file cannot be opened.
pub fn verify_segment<F: Fs>(fs: &F, path: &Path, options: &AuditOptions) -> Result<SegmentReport, VerifyError> {
    fs.metadata(path).map_err(|source| VerifyError::Io { path: path.to_owned(), source })?;
    let name = FileName::parse(&name_of(path));
    if name.is_some_and(|name| matches!(name.kind, FileKind::KRaftSnapshot | FileKind::BootstrapCheckpoint)) {
        return Ok(segment::audit_kraft_snapshot(fs, path, options));
    }
    let base_offset = name.and_then(|name| name.offset);
    let next_base = base_offset.and_then(|base| next_segment(fs, path, base));
    let mut segment = Segment {
        base_offset,
        next: next_base.map(Next::by_name),
        has_indexes: name.is_some_and(|name| name.state == FileState::Live),
        ..Segment::alone(path, options)
    };
    let (mut hold, mut lost_gaps) = (Hold::Nothing, Vec::new());
    loop {
        let again = Segment { hold, lost_gaps: &lost_gaps, ..segment };
        match segment::audit(fs, &again, &mut Default::default()) {
            Audited::Done(audit) => return Ok(audit.report),
            Audited::Restart(mut restart) => {
                hold = Hold::All;
                lost_gaps.append(&mut restart.lost_gaps);
                segment.base_offset = restart.lower_base.or(segment.base_offset);
            }
        }
    }
}

/// Base offset of the segment that follows in the same directory.
fn next_segment<F: Fs>(fs: &F, path: &Path, base: i64) -> Option<i64> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = fs.read_dir(dir).ok()?;
    let logs = names.iter().filter_map(|entry| FileName::parse(&entry.name)).filter(|name| name.kind == FileKind::Log);
    logs.filter(|name| name.state == FileState::Live).filter_map(|name| name.offset).filter(|&next| next > base).min()
}
