//! Paths of every kind, one after the other, and how they fit together.

use std::collections::HashMap;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::code::Code;
use super::directory::{self, DirectoryFiles};
use super::finding::{Finding, Severity};
use super::options::{Observer, VerifyOptions};
use super::partition;
use super::partition::state::PartitionState;
use super::report::{DirectoryReport, PartitionReport, Report, SegmentReport};
use super::segment::{self, Segment};
use crate::format::file_name::{FileKind, FileName, FileState};
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::Fs;

/// What kept a verification from running.
#[derive(Debug)]
#[non_exhaustive]
pub enum VerifyError {
    /// A path cannot be looked at.
    Io {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file or directory that is none of a log.
    NotALog {
        /// The path.
        path: PathBuf,
    },
}

impl fmt::Display for VerifyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VerifyError::Io { path, source } => write!(f, "{}: {source}", path.display()),
            VerifyError::NotALog { path } => write!(
                f,
                "{}: expected a segment, a partition directory or a log directory, found something else",
                path.display()
            ),
        }
    }
}

impl std::error::Error for VerifyError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            VerifyError::Io { source, .. } => Some(source),
            VerifyError::NotALog { .. } => None,
        }
    }
}

/// What a path leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum PathKind {
    /// A file of batches: a log, in use or not, or a KRaft snapshot.
    Batches,
    /// A file beside a log: the log is what has to be verified.
    Index,
    /// The directory of a partition.
    Partition,
    /// A log directory: one with partitions in it.
    LogDirectory,
}

/// Tells what a path leads to.
///
/// # Errors
/// The path cannot be looked at, or is none of a log.
pub fn path_kind<F: Fs>(fs: &F, path: &Path) -> Result<PathKind, VerifyError> {
    let io = |source| VerifyError::Io { path: path.to_owned(), source };
    let name = name_of(path);
    if !fs.metadata(path).map_err(io)?.is_dir {
        return match FileName::parse(&name).map(|name| name.kind) {
            Some(FileKind::Log | FileKind::KRaftSnapshot | FileKind::BootstrapCheckpoint) => Ok(PathKind::Batches),
            Some(FileKind::OffsetIndex | FileKind::TimeIndex | FileKind::TransactionIndex) => Ok(PathKind::Index),
            _ => Err(VerifyError::NotALog { path: path.to_owned() }),
        };
    }
    let entries = fs.read_dir(path).map_err(io)?;
    let has_segments = entries
        .iter()
        .any(|entry| !entry.is_dir && FileName::parse(&entry.name).is_some_and(|name| name.offset.is_some()));
    let has_partitions = entries.iter().any(|entry| entry.is_dir && PartitionDirName::parse(&entry.name).is_some());
    let has_directory_files = entries.iter().any(|entry| {
        FileName::parse(&entry.name).is_some_and(|name| {
            !matches!(name.kind, FileKind::LeaderEpochCheckpoint | FileKind::PartitionMetadata | FileKind::QuorumState)
                && name.offset.is_none()
        })
    });
    let has_partition_files = entries.iter().any(|entry| {
        FileName::parse(&entry.name)
            .is_some_and(|name| matches!(name.kind, FileKind::LeaderEpochCheckpoint | FileKind::PartitionMetadata))
    });
    if has_segments || has_partition_files && !has_partitions {
        Ok(PathKind::Partition)
    } else if has_partitions || has_directory_files {
        Ok(PathKind::LogDirectory)
    } else if PartitionDirName::parse(&name).is_some() && entries.is_empty() {
        Ok(PathKind::Partition)
    } else {
        Err(VerifyError::NotALog { path: path.to_owned() })
    }
}

/// Verifies segments, partition directories and log directories, whatever each path is. Opens nothing for writing.
///
/// ```
/// use kafka_log::fs::OsFs;
/// use kafka_log::verify::{Silent, Verdict, VerifyOptions, verify};
///
/// let dir = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/orders-0");
/// let report = verify(&OsFs, &[dir.into()], &VerifyOptions::default(), &Silent)?;
/// for finding in report.all_findings() {
///     println!("{finding}");
/// }
/// assert_eq!(report.verdict(), Verdict::Clean);
/// # Ok::<(), kafka_log::verify::VerifyError>(())
/// ```
///
/// # Errors
/// A path that cannot be looked at, or is none of a log. What is wrong in a log is a finding.
pub fn verify<F: Fs>(
    fs: &F,
    paths: &[PathBuf],
    options: &VerifyOptions,
    observer: &dyn Observer,
) -> Result<Report, VerifyError> {
    let kinds: Vec<_> = paths.iter().map(|path| path_kind(fs, path)).collect::<Result<_, _>>()?;
    let mut report = Report::default();
    for (path, kind) in paths.iter().zip(kinds) {
        match kind {
            PathKind::Batches => report.segments.push(verify_segment(fs, path, options)?),
            PathKind::Index => report.segments.push(verify_segment(fs, &path.with_extension("log"), options)?),
            PathKind::Partition if observer.is_done(path) || observer.is_stopped() => {}
            PathKind::Partition => {
                let partition = verify_partition(fs, path, options)?;
                observer.partition(&partition);
                report.partitions.push(partition);
            }
            PathKind::LogDirectory => report.directories.push(verify_log_dir(fs, path, options, observer)?),
        }
    }
    together(&mut report);
    Ok(report)
}

/// Verifies a log directory with all its partitions.
///
/// # Errors
/// The directory cannot be listed.
pub fn verify_log_dir<F: Fs>(
    fs: &F,
    dir: &Path,
    options: &VerifyOptions,
    observer: &dyn Observer,
) -> Result<DirectoryReport, VerifyError> {
    let io = |source| VerifyError::Io { path: dir.to_owned(), source };
    directory::verify(fs, dir, options, observer).map_err(io)
}

/// Verifies the partition in a directory. The checkpoints of the log directory around it, if it is in one, tell where the
/// log starts and whether the broker stopped cleanly.
///
/// # Errors
/// The directory cannot be listed.
pub fn verify_partition<F: Fs>(fs: &F, dir: &Path, options: &VerifyOptions) -> Result<PartitionReport, VerifyError> {
    let io = |source| VerifyError::Io { path: dir.to_owned(), source };
    let outside = DirectoryFiles::read(fs, parent_of(dir), &mut Vec::new()).outside(&name_of(dir));
    partition::verify(fs, dir, outside, options).map_err(io)
}

/// Verifies a file of batches, with the indexes beside it if it is a segment in use. Where its batches go beyond its end,
/// or what follows it, is not known.
///
/// # Errors
/// The file cannot be opened.
pub fn verify_segment<F: Fs>(fs: &F, path: &Path, options: &VerifyOptions) -> Result<SegmentReport, VerifyError> {
    fs.metadata(path).map_err(|source| VerifyError::Io { path: path.to_owned(), source })?;
    let name = FileName::parse(&name_of(path));
    if name.is_some_and(|name| matches!(name.kind, FileKind::KRaftSnapshot | FileKind::BootstrapCheckpoint)) {
        return Ok(segment::verify_kraft_snapshot(fs, path, options));
    }
    let base_offset = name.and_then(|name| name.offset);
    let next_base = base_offset.and_then(|base| next_segment(fs, path, base));
    let segment = Segment {
        path,
        base_offset,
        next_base,
        next_first: next_base,
        is_last: next_base.is_none(),
        is_kraft_snapshot: false,
        has_indexes: name.is_some_and(|name| name.state == FileState::Live),
        torn: Severity::Warning,
        level: options.level,
        threads: options.threads,
        decompressed_max: options.decompressed_max,
    };
    Ok(segment::verify(fs, segment, &mut PartitionState::default()))
}

/// Base offset of the segment that follows in the same directory.
fn next_segment<F: Fs>(fs: &F, path: &Path, base: i64) -> Option<i64> {
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let names = fs.read_dir(dir).ok()?;
    let logs = names.iter().filter_map(|entry| FileName::parse(&entry.name)).filter(|name| name.kind == FileKind::Log);
    logs.filter(|name| name.state == FileState::Live).filter_map(|name| name.offset).filter(|&next| next > base).min()
}

/// Puts reports about different paths together, and compares what belongs to one broker.
pub fn combine(reports: impl IntoIterator<Item = Report>) -> Report {
    let mut all = Report::default();
    for mut report in reports {
        all.directories.append(&mut report.directories);
        all.partitions.append(&mut report.partitions);
        all.segments.append(&mut report.segments);
    }
    together(&mut all);
    all
}

/// What only several directories together can tell.
fn together(report: &mut Report) {
    let mut findings = Vec::new();
    let mut places: HashMap<(&str, i32), &Path> = HashMap::new();
    for directory in &report.directories {
        for partition in &directory.partitions {
            let Some(number) = partition.partition else { continue };
            let is_live = PartitionDirName::parse(&name_of(&partition.path))
                .is_some_and(|name| name.state == PartitionDirState::Live);
            if !is_live || partition.topic == directory::CLUSTER_METADATA {
                continue;
            }
            if let Some(first) = places.insert((&partition.topic, number), &partition.path) {
                let expected = format!("{}-{number} in one directory, as in {}", partition.topic, first.display());
                findings.push(Finding::new(Code::DuplicatePartition, &partition.path, expected, "another one"));
            }
        }
    }
    let known = report.directories.iter().filter_map(|dir| Some((&dir.path, dir.meta_properties.as_ref()?)));
    let known: Vec<_> = known.collect();
    if let Some((first_path, first)) = known.first() {
        for (path, meta) in &known[1..] {
            let path = path.join("meta.properties");
            if meta.cluster_id != first.cluster_id || meta.node_id != first.node_id {
                let expected = format!("the cluster and node of {}", first_path.display());
                let found = format!("cluster {:?}, node {:?}", meta.cluster_id, meta.node_id);
                findings.push(Finding::new(Code::MetaPropertiesMismatch, path, expected, found));
            } else if meta.directory_id.is_some() && meta.directory_id == first.directory_id {
                let expected = format!("another directory id than that of {}", first_path.display());
                findings.push(Finding::new(Code::MetaPropertiesMismatch, path, expected, "the same"));
            }
        }
    }
    report.findings.append(&mut findings);
}

/// The directory around a directory.
pub(super) fn parent_of(dir: &Path) -> &Path {
    match dir.parent() {
        Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
        Some(parent) => parent,
        None => Path::new("/"),
    }
}

fn name_of(path: &Path) -> String {
    // `.` and the like have a name only once they are resolved; that is not needed for what is asked here.
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
