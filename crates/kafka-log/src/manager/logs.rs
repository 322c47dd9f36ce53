//! Which logs are where.

use std::collections::HashMap;
use std::sync::Arc;

use super::ManagerError;
use crate::fs::Fs;
use crate::log::{Log, TopicPartition};

/// A log and its directory, as an index into those of the manager.
pub(super) struct Hosted<F: Fs> {
    pub(super) log: Arc<Log<F>>,
    pub(super) dir: usize,
}

impl<F: Fs> Clone for Hosted<F> {
    fn clone(&self) -> Self {
        Hosted { log: Arc::clone(&self.log), dir: self.dir }
    }
}

/// All logs by partition (`currentLogs`, `futureLogs`).
pub(super) struct Logs<F: Fs> {
    pub(super) current: HashMap<TopicPartition, Hosted<F>>,
    /// Copies that will take the place of the current ones.
    pub(super) future: HashMap<TopicPartition, Hosted<F>>,
}

impl<F: Fs> Default for Logs<F> {
    fn default() -> Self {
        Logs { current: HashMap::new(), future: HashMap::new() }
    }
}

impl<F: Fs> Logs<F> {
    pub(super) fn map(&mut self, future: bool) -> &mut HashMap<TopicPartition, Hosted<F>> {
        if future { &mut self.future } else { &mut self.current }
    }

    pub(super) fn get(&self, tp: &TopicPartition, future: bool) -> Option<&Hosted<F>> {
        if future { self.future.get(tp) } else { self.current.get(tp) }
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Hosted<F>> {
        self.current.values().chain(self.future.values())
    }

    /// The logs of one directory.
    pub(super) fn in_dir(&self, dir: usize) -> Vec<Arc<Log<F>>> {
        self.all().filter(|hosted| hosted.dir == dir).map(|hosted| Arc::clone(&hosted.log)).collect()
    }

    /// Number of logs in each directory, of `count`.
    pub(super) fn count_by_dir(&self, count: usize) -> Vec<usize> {
        let mut counts = vec![0; count];
        self.all().for_each(|hosted| counts[hosted.dir] += 1);
        counts
    }

    /// Takes over a log that was found on disk.
    pub(super) fn add_found(&mut self, future: bool, found: Hosted<F>) -> Result<(), ManagerError> {
        let tp = found.log.topic_partition().clone();
        let path = found.log.dir().to_path_buf();
        match self.map(future).insert(tp.clone(), found) {
            None => Ok(()),
            Some(other) => {
                let paths = [path, other.log.dir().to_path_buf()];
                Err(ManagerError::DuplicatePartition { partition: tp, paths })
            }
        }
    }
}
