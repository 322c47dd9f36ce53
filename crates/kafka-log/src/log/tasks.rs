//! Work that need not be done at once (`Scheduler` in `UnifiedLog`).

use std::io;
use std::path::PathBuf;

use super::Log;
use super::error::{LogError, StorageError};
use super::producers::ProducerStateManager;
use crate::fs::Fs;

/// Work to be done from a time on.
#[derive(Debug)]
pub(super) struct Task {
    pub(super) due_ms: i64,
    pub(super) work: Work,
}

#[derive(Debug)]
pub(super) enum Work {
    /// Makes everything below an offset durable, after a roll; and first the producer snapshot that the roll took.
    FlushUpTo { snapshot: Option<i64>, offset: i64 },
    /// Removes files that were renamed to end in `.deleted`; their names, since the directory may move.
    RemoveFiles(Vec<String>),
    /// Writes the leader epochs, which were cut.
    WriteEpochs,
    /// Writes `partition.metadata`.
    WriteMetadata,
}

impl<F: Fs> Log<F> {
    /// When the next piece of work is due, in ms; `None` without one.
    pub fn next_due_ms(&self) -> Option<i64> {
        self.tasks.lock().iter().map(|task| task.due_ms).min()
    }

    /// Does all work that is due at `now_ms`, earliest first: flushes behind rolls, removals of deleted files, epoch files.
    /// It may sync, so it belongs on a thread of its own.
    ///
    /// # Errors
    /// Those of the medium; the log is offline then.
    pub fn run_due(&self, now_ms: i64) -> Result<(), LogError> {
        loop {
            let task = {
                let mut tasks = self.tasks.lock();
                let due = tasks.iter().enumerate().filter(|(_, task)| task.due_ms <= now_ms);
                let Some((at, _)) = due.min_by_key(|(at, task)| (task.due_ms, *at)) else { return Ok(()) };
                tasks.remove(at)
            };
            self.run(task.work, now_ms)?;
        }
    }

    fn run(&self, work: Work, now_ms: i64) -> Result<(), LogError> {
        match work {
            Work::FlushUpTo { snapshot, offset } => {
                if let Some(snapshot) = snapshot {
                    let flushed = ProducerStateManager::flush_snapshot(self.home.fs(), &self.home.dir(), snapshot);
                    self.guard(flushed)?;
                }
                self.flush_up_to_exclusive(offset, now_ms)
            }
            Work::RemoveFiles(names) => {
                let dir = self.home.dir();
                for name in names {
                    self.guard(remove_file(self.home.fs(), dir.join(name)))?;
                }
                Ok(())
            }
            Work::WriteEpochs => {
                let mut writer = self.writer.lock();
                let flushed = writer.epochs.flush(self.home.fs(), &self.home.dir());
                Ok(self.guard(flushed)?)
            }
            Work::WriteMetadata => Ok(self.write_metadata(&mut self.writer.lock())?),
        }
    }

    pub(super) fn schedule(&self, due_ms: i64, work: Work) {
        self.tasks.lock().push(Task { due_ms, work });
    }
}

/// Removes a file that may be gone already.
pub(super) fn remove_file<F: Fs>(fs: &F, path: PathBuf) -> Result<(), StorageError> {
    match fs.remove_file(&path) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(StorageError::io("remove", &path)(e)),
    }
}
