//! Work that need not be done at once (`Scheduler` in `UnifiedLog`).

use std::io;
use std::path::PathBuf;

use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::{LogError, StorageError};
use crate::log::producers::ProducerStateManager;

/// Work to be done from a time on.
#[derive(Debug)]
pub(in crate::log) struct Task {
    pub(in crate::log) due_ms: i64,
    pub(in crate::log) work: Work,
}

#[derive(Debug)]
pub(in crate::log) enum Work {
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

    /// Does all work that is due at `now_ms`, earliest first: flushes after rolls, removals of deleted files, epoch files.
    /// It may sync, so it belongs on a thread of its own.
    ///
    /// # Errors
    /// I/O errors; the log is offline then.
    pub fn run_due(&self, now_ms: i64) -> Result<(), LogError> {
        // What is under way when the log ends belongs to its owner still.
        let _held = self.dir_lock.lock().clone();
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
                let mut writer = self.lock_usable()?;
                let flushed = writer.epochs.flush(self.home.fs(), &self.home.dir());
                Ok(self.guard(flushed)?)
            }
            Work::WriteMetadata => Ok(self.write_metadata(&mut *self.lock_usable()?)?),
        }
    }

    pub(in crate::log) fn schedule(&self, due_ms: i64, work: Work) {
        self.tasks.lock().push(Task { due_ms, work });
    }
}

/// Removes a file that may be gone already.
pub(in crate::log) fn remove_file<F: Fs>(fs: &F, path: PathBuf) -> Result<(), StorageError> {
    match fs.remove_file(&path) {
        Ok(()) => Ok(()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(e) => Err(StorageError::io("remove", &path)(e)),
    }
}
