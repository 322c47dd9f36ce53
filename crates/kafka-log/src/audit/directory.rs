//! One log directory: all its partitions, and the checkpoints that are about them.

use std::collections::HashMap;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::code::Code;
use super::consequences;
use super::finding::Finding;
use super::node::{LogDirCheckpoints, NodeStart, TopicPartition};
use super::options::{AuditOptions, Observer};
use super::partition::{self, Checkpoints, PartitionAudit};
use super::report::DirectoryReport;
use super::small_file::read_small;
use crate::audit::Change;
use crate::format::file_name::FileName;
use crate::format::meta_properties::MetaProperties;
use crate::format::partition_dir::{PartitionDirName, PartitionDirState};
use crate::fs::Fs;

/// A log directory whose partitions are to be judged.
pub(crate) struct Directory<'d, F> {
    pub(crate) fs: &'d F,
    pub(crate) dir: &'d Path,
    pub(crate) checkpoints: &'d LogDirCheckpoints,
    /// What the next start of the node does before it opens a log.
    pub(crate) start: &'d NodeStart,
    pub(crate) options: &'d AuditOptions,
    pub(crate) observer: &'d dyn Observer,
}

/// What became of the partitions of a log directory.
pub(crate) struct Audited<T> {
    /// In the order of their names.
    pub(crate) partitions: Vec<T>,
    /// Findings about the directory and its checkpoints.
    pub(crate) findings: Vec<Finding>,
    /// What becomes of its checkpoints.
    pub(crate) changes: Vec<Change>,
}

/// What is made of a judged partition, and its log start and log end offset after that.
pub(crate) type Made<T> = (T, (i64, i64));

impl<F: Fs> Directory<'_, F> {
    /// Verifies the directory.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub(crate) fn verify(&self) -> io::Result<DirectoryReport> {
        let audited = self.audit(|audit| {
            self.observer.partition(&audit.report);
            let range = (audit.report.log_start_offset, audit.report.log_end_offset);
            (audit.report, range)
        })?;
        let meta_properties = read_small(self.fs, &self.dir.join("meta.properties")).or_tell(&mut Vec::new());
        Ok(DirectoryReport {
            path: self.dir.to_owned(),
            meta_properties: meta_properties.and_then(|bytes| MetaProperties::read(&bytes).ok()),
            is_clean_stop: self.checkpoints.is_clean_stop().unwrap_or(false),
            partitions: audited.partitions,
            findings: audited.findings,
        })
    }

    /// Judges all partitions, and makes something of each at once.
    ///
    /// # Errors
    /// The directory cannot be listed.
    pub(crate) fn audit<T: Send>(&self, make: impl Fn(PartitionAudit) -> Made<T> + Sync) -> io::Result<Audited<T>> {
        let mut findings = Vec::new();
        let mut entries = self.fs.read_dir(self.dir)?;
        entries.sort_unstable();
        let mut names = Vec::new();
        for entry in entries {
            match PartitionDirName::parse(&entry.name).filter(|_| entry.is_dir) {
                Some(name) if name.state != PartitionDirState::Deleted => names.push(entry.name),
                // Kafka does not look at files that it does not know.
                None if !entry.is_dir && FileName::parse(&entry.name).is_none_or(|name| name.offset.is_some()) => {
                    let path = self.dir.join(&entry.name);
                    findings.push(Finding::new(Code::UnknownFile, path, "only files of Kafka", "another"));
                }
                _ => {}
            }
        }
        // Of those that are not looked at nothing is known.
        let unknown = names.iter().filter_map(|name| Some((live(name)?, (0, i64::MAX))));
        let mut ends: HashMap<TopicPartition, (i64, i64)> = unknown.collect();
        let mut partitions = Vec::with_capacity(names.len());
        for (name, (made, range)) in self.each(&names, &make)? {
            ends.extend(live(name).map(|partition| (partition, range)));
            partitions.push(made);
        }
        let checked = self.checkpoints.check(&ends);
        findings.extend(checked.findings);
        Ok(Audited { partitions, findings, changes: checked.changes })
    }

    /// Judges partitions, several at the same time where there are threads for it.
    fn each<'n, T: Send>(
        &self,
        names: &'n [String],
        make: &(impl Fn(PartitionAudit) -> Made<T> + Sync),
    ) -> io::Result<Vec<(&'n str, Made<T>)>> {
        let threads = self.options.threads.max(1);
        // With few partitions the threads work together on each, else each on its own.
        let (outer, inner) = if names.len() >= 2 * threads { (threads, 1) } else { (1, threads) };
        let options = AuditOptions { threads: inner, ..self.options.clone() };
        let next = AtomicUsize::new(0);
        let done = Mutex::new((Vec::with_capacity(names.len()), Ok(())));
        let work = || {
            while let Some(name) = names.get(next.fetch_add(1, Ordering::Relaxed)) {
                if self.observer.is_stopped() {
                    break;
                }
                if self.observer.is_done(&self.dir.join(name)) {
                    continue;
                }
                let made = self.partition(name, &options).map(make);
                let mut done = done.lock().unwrap_or_else(PoisonError::into_inner);
                match made {
                    Ok(made) => done.0.push((name.as_str(), made)),
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
        let (mut all, result) = done.into_inner().unwrap_or_else(PoisonError::into_inner);
        result?;
        all.sort_unstable_by_key(|(name, _)| *name);
        Ok(all)
    }

    fn partition(&self, name: &str, options: &AuditOptions) -> io::Result<PartitionAudit> {
        let checkpoints = match live(name) {
            Some((topic, partition)) => self.checkpoints.of(&topic, partition),
            None => Checkpoints { is_clean_stop: self.checkpoints.is_clean_stop(), ..Checkpoints::default() },
        };
        let mut audit = partition::audit(self.fs, &self.dir.join(name), &checkpoints, options)?;
        consequences::of_partition(self.fs, &mut audit.report, &checkpoints, self.start, options);
        Ok(audit)
    }
}

/// Topic and number of a partition in use.
fn live(name: &str) -> Option<TopicPartition> {
    let name = PartitionDirName::parse(name).filter(|name| name.state == PartitionDirState::Live)?;
    Some((name.topic.to_owned(), name.partition))
}
