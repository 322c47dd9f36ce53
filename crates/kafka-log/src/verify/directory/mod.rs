//! One log directory: its partitions, and the files that are about all of them.

mod checkpoints;
mod meta;

use std::collections::HashMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::code::Code;
use super::finding::Finding;
use super::options::{Observer, VerifyOptions};
use super::partition::{self, Outside};
use super::report::{DirectoryReport, PartitionReport};
use super::segment;
use crate::format::file_name::{FileKind, FileName};
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::Fs;
use checkpoints::Checkpoints;

/// Folder of a log directory that holds copies of indexes of remote segments.
const REMOTE_INDEX_CACHE: &str = "remote-log-index-cache";
/// Topic of the metadata log, which the log manager leaves alone.
pub(super) const CLUSTER_METADATA: &str = "__cluster_metadata";

/// What is known of the partitions of a log directory from its own files.
pub(super) struct DirectoryFiles {
    checkpoints: Checkpoints,
    is_clean_stop: Option<bool>,
}

impl DirectoryFiles {
    /// Reads the files of the log directory, if it is one.
    pub(super) fn read<F: Fs>(fs: &F, dir: &Path, findings: &mut Vec<Finding>) -> Self {
        let checkpoints = Checkpoints::read(fs, dir, findings);
        let is_marked = fs.metadata(&dir.join(".kafka_cleanshutdown")).is_ok();
        let is_log_directory = checkpoints.are_there || is_marked || fs.metadata(&dir.join("meta.properties")).is_ok();
        DirectoryFiles { checkpoints, is_clean_stop: is_log_directory.then_some(is_marked) }
    }

    /// What is known of a partition.
    pub(super) fn outside(&self, name: &str) -> Outside {
        let parsed = PartitionDirName::parse(name);
        let is_live = parsed.is_some_and(|name| name.state == PartitionDirState::Live);
        let key = parsed.filter(|_| is_live).map(|name| (name.topic.to_owned(), name.partition));
        let of = |kind| key.as_ref().and_then(|key| self.checkpoints.get(kind, key));
        Outside {
            log_start_offset: of(FileKind::LogStartOffsetCheckpoint),
            recovery_point: of(FileKind::RecoveryPointOffsetCheckpoint),
            is_clean_stop: self.is_clean_stop,
            is_compacted: of(FileKind::CleanerOffsetCheckpoint).is_some(),
        }
    }
}

/// Verifies a log directory.
///
/// # Errors
/// The directory cannot be listed.
pub(super) fn verify<F: Fs>(
    fs: &F,
    dir: &Path,
    options: &VerifyOptions,
    observer: &dyn Observer,
) -> io::Result<DirectoryReport> {
    let mut findings = Vec::new();
    let files = DirectoryFiles::read(fs, dir, &mut findings);
    let mut entries = fs.read_dir(dir)?;
    entries.sort_unstable();
    let meta_properties = meta::read(fs, dir, &mut findings);
    let mut names = Vec::new();
    for entry in entries {
        let path = dir.join(&entry.name);
        if !entry.is_dir {
            file(fs, &path, &entry.name, options, &mut findings);
            continue;
        }
        match PartitionDirName::parse(&entry.name) {
            Some(name) if name.state == PartitionDirState::Deleted => {
                findings.push(Finding::new(Code::DirectoryLeftover, path, "partitions in use", "one to be deleted"));
            }
            Some(name) => {
                let found = match name.state {
                    PartitionDirState::Stray => Some("one that the broker does not own"),
                    PartitionDirState::Future => Some("one on its way from another directory"),
                    _ => None,
                };
                findings.extend(
                    found.map(|found| Finding::new(Code::DirectoryLeftover, &path, "partitions in use", found)),
                );
                names.push(entry.name);
            }
            None if entry.name == REMOTE_INDEX_CACHE => {}
            None => {
                let expected = "a name like topic-0, without which Kafka does not start";
                findings.push(Finding::new(Code::UnknownDirectory, path, expected, entry.name));
            }
        }
    }
    let has_partitions = names.iter().any(|name| !name.starts_with(CLUSTER_METADATA));
    if files.is_clean_stop == Some(false) && has_partitions {
        let expected = "the mark of a clean stop, or a broker at work";
        findings.push(Finding::new(Code::UncleanStop, dir, expected, "no .kafka_cleanshutdown"));
    }
    let partitions = partitions(fs, dir, &names, &files, options, observer)?;
    files.checkpoints.check(&partitions, &names, &mut findings);
    topic_ids(&partitions, &mut findings);
    let is_clean_stop = files.is_clean_stop.unwrap_or(false);
    Ok(DirectoryReport { path: dir.to_owned(), meta_properties, is_clean_stop, partitions, findings })
}

/// A file of the log directory that no other check looks at.
fn file<F: Fs>(fs: &F, path: &Path, name: &str, options: &VerifyOptions, findings: &mut Vec<Finding>) {
    match FileName::parse(name) {
        Some(FileName { kind: FileKind::BootstrapCheckpoint, .. }) => {
            findings.extend(segment::verify_kraft_snapshot(fs, path, options).findings);
        }
        Some(FileName { offset: None, .. }) => {}
        // Kafka does not look at files here.
        _ => findings.push(Finding::new(Code::UnknownFile, path, "files of Kafka's alone", "another")),
    }
}

/// Verifies partitions, several at the same time where there are threads for it.
fn partitions<F: Fs>(
    fs: &F,
    dir: &Path,
    names: &[String],
    files: &DirectoryFiles,
    options: &VerifyOptions,
    observer: &dyn Observer,
) -> io::Result<Vec<PartitionReport>> {
    let threads = options.threads.max(1);
    // With few partitions the threads work together on each, else each on its own.
    let (outer, inner) = if names.len() >= 2 * threads { (threads, 1) } else { (1, threads) };
    let options = VerifyOptions { threads: inner, ..options.clone() };
    let next = AtomicUsize::new(0);
    let done = Mutex::new((Vec::with_capacity(names.len()), Ok(())));
    let work = || {
        while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
            let path = dir.join(name);
            if observer.is_stopped() {
                break;
            }
            if observer.is_done(&path) {
                continue;
            }
            let verified = partition::verify(fs, &path, files.outside(name), &options);
            if let Ok(report) = &verified {
                observer.partition(report);
            }
            let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
            match verified {
                Ok(report) => done.0.push((name, report)),
                // A partition that was deleted meanwhile.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => done.1 = Err(error),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..outer {
            scope.spawn(work);
        }
        work();
    });
    let (mut reports, result) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
    result?;
    reports.sort_unstable_by(|a, b| a.0.cmp(b.0));
    Ok(reports.into_iter().map(|(_, report)| report).collect())
}

/// Partitions of one topic have one id.
fn topic_ids(partitions: &[PartitionReport], findings: &mut Vec<Finding>) {
    let mut ids = HashMap::new();
    for partition in partitions {
        let live = partition.path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let is_live = PartitionDirName::parse(&live).is_some_and(|name| name.state == PartitionDirState::Live);
        let (Some(id), true) = (partition.topic_id, is_live) else { continue };
        let first: &mut (_, PathBuf) = ids.entry(&partition.topic).or_insert((id, partition.path.clone()));
        if first.0 != id {
            let expected = format!("topic id {}, as in {}", first.0, first.1.display());
            let path = partition.path.join("partition.metadata");
            findings.push(Finding::new(Code::TopicIdMismatch, path, expected, id.to_string()));
        }
    }
}
