//! Logs that go (`asyncDelete`, `deleteLogs`).

use std::sync::Arc;

use parking_lot::MutexGuard;

use super::logs::Hosted;
use super::{LogManager, ManagerError};
use crate::format::partition_dir::PartitionDirState;
use crate::fs::Fs;
use crate::log::error::LogError;
use crate::log::{Ended, Log, TopicPartition};

impl<F: Fs> LogManager<F> {
    /// Removes a log: its folder is renamed to end in `-delete`, and goes after the `file.delete.delay.ms` of the
    /// defaults, by [`LogManager::delete_due`]. From then on the log refuses all calls, also through other handles: no record is
    /// accepted into it. Slices that it handed out stay readable. With `is_future` the copy on its way to another directory is meant. The
    /// answer is the log, `None` if there is none.
    ///
    /// Cleaning of it is aborted; checkpoints are written without it.
    ///
    /// # Errors
    /// `LogDirsOffline` where there is none but it may be in a directory that is offline; I/O errors.
    pub fn async_delete(
        &self,
        partition: &TopicPartition,
        is_future: bool,
        now_ms: i64,
    ) -> Result<Option<Arc<Log<F>>>, ManagerError> {
        let turn = self.take_turn()?;
        let removed = self.remove(partition, is_future, PartitionDirState::Deleted, now_ms, &turn)?;
        Ok(removed.map(|removed| {
            self.forget_in_checkpoints(&[removed.dir]);
            removed.log
        }))
    }

    /// Removes the logs of many partitions, future ones too, and writes the checkpoints once. `is_stray`: they are put
    /// aside in `-stray` folders instead, and kept. The answer is what went wrong.
    pub fn async_delete_all(
        &self,
        partitions: &[TopicPartition],
        is_stray: bool,
        now_ms: i64,
    ) -> Vec<(TopicPartition, ManagerError)> {
        let turn = match self.take_turn() {
            Ok(turn) => turn,
            Err(_) => return partitions.iter().map(|tp| (tp.clone(), ManagerError::Closed)).collect(),
        };
        let state = if is_stray { PartitionDirState::Stray } else { PartitionDirState::Deleted };
        let (mut dirs, mut errors) = (Vec::new(), Vec::new());
        for tp in partitions {
            for is_future in [false, true] {
                if self.logs.read().get(tp, is_future).is_none() {
                    continue;
                }
                match self.remove(tp, is_future, state, now_ms, &turn) {
                    Ok(removed) => dirs.extend(removed.map(|removed| removed.dir)),
                    Err(error) => errors.push((tp.clone(), error)),
                }
            }
        }
        dirs.sort_unstable();
        dirs.dedup();
        self.forget_in_checkpoints(&dirs);
        errors
    }

    /// In the turn of the caller.
    pub(super) fn remove(
        &self,
        tp: &TopicPartition,
        is_future: bool,
        state: PartitionDirState,
        now_ms: i64,
        _turn: &MutexGuard<'_, ()>,
    ) -> Result<Option<Hosted<F>>, ManagerError> {
        let removed = self.logs.write().map(is_future).remove(tp);
        let Some(removed) = removed else {
            if self.has_offline_log_dirs() {
                let message = format!("no log of {tp} is deleted: it may be in a directory that is offline");
                return Err(ManagerError::LogDirsOffline { message, paths: self.offline_dirs() });
            }
            return Ok(None);
        };
        if !is_future {
            self.keep_traffic(&removed.log);
            drop(self.cleaning.states.pause(tp));
        }
        tracing::info!(partition = %tp, is_future, ?state, "log removed");
        // A stray log is not flushed or closed at the end, and the next start takes its directory's word for a clean stop.
        let flushed = if state == PartitionDirState::Stray { removed.log.flush(true, now_ms) } else { Ok(()) };
        let renamed = flushed.and_then(|()| self.put_away(removed.dir, &removed.log, state));
        self.note_failure(removed.dir, renamed)?;
        if state == PartitionDirState::Stray {
            self.stray.lock().push(Arc::clone(&removed.log));
        } else {
            self.leaving.lock().push_back((Arc::clone(&removed.log), now_ms));
        }
        Ok(Some(removed))
    }

    /// Ends a log, and renames its folder to one that stands for `state`.
    pub(super) fn put_away(&self, dir: usize, log: &Log<F>, state: PartitionDirState) -> Result<(), LogError> {
        let name = self.unique_dir_name(log.topic_partition(), state);
        log.move_to(&self.dirs[dir].join(&name), Some(Ended::Deleted))
    }

    pub(super) fn forget_in_checkpoints(&self, dirs: &[usize]) {
        for &dir in dirs {
            self.checkpoint_dir(dir);
            self.forget_cleaner_offsets(dir);
        }
    }

    /// Removes the folders of deleted logs whose time has come (`deleteLogs`), and says how many. One that cannot be
    /// removed takes its directory offline.
    pub fn delete_due(&self, now_ms: i64) -> usize {
        let delay_ms = self.settings.read().default().file_delete_delay_ms;
        let mut count = 0;
        loop {
            let is_running = self.is_running.read();
            if !*is_running {
                return count;
            }
            let log = {
                let mut leaving = self.leaving.lock();
                match leaving.front() {
                    Some((_, since_ms)) if now_ms.saturating_sub(*since_ms) >= delay_ms => leaving.pop_front(),
                    _ => return count,
                }
            };
            let Some((log, _)) = log else { return count };
            let deleted = log.remove_files();
            drop(is_running);
            if let Some(dir) = self.dirs.iter().position(|dir| log.dir().starts_with(&dir.path)) {
                count += usize::from(self.note_failure(dir, deleted).is_ok());
            }
        }
    }

    /// When the next folder is to be removed, in ms.
    pub(super) fn next_delete_ms(&self) -> Option<i64> {
        let delay_ms = self.settings.read().default().file_delete_delay_ms;
        self.leaving.lock().front().map(|(_, since_ms)| since_ms.saturating_add(delay_ms))
    }
}
