//! Logs that move to another directory (`AlterReplicaLogDirs`).
//!
//! First the partition gets a preferred directory, then a future log there; that one is filled with what the current log
//! has ([`LogManager::copy_to_future_log`], as `ReplicaAlterLogDirsThread` does it), and once it has caught up it takes the
//! place of the current one. Cleaning is paused from the making of the future log to the swap.

use std::path::Path;
use std::sync::Arc;

use super::logs::Hosted;
use super::{CreateLog, LogManager, ManagerError, dir_name};
use crate::format::partition_dir::PartitionDirState;
use crate::fs::Fs;
use crate::log::error::{AppendError, LogError, StorageError};
use crate::log::types::FetchIsolation;
use crate::log::{Ended, Log, LogStartOffsetReason, TopicPartition};

impl<F: Fs> LogManager<F> {
    /// Says where the next log of a partition is to be made (`maybeUpdatePreferredLogDir`). Nothing happens if the current or
    /// the future log is there already.
    ///
    /// # Errors
    /// A path that is no log directory.
    pub fn set_preferred_log_dir(&self, partition: &TopicPartition, path: &Path) -> Result<(), ManagerError> {
        self.check_running()?;
        let dir = self.dir_index(path)?;
        let is_there = |future| self.hosted(partition, future).is_some_and(|hosted| hosted.dir == dir);
        if !is_there(false) && !is_there(true) {
            self.preferred.lock().insert(partition.clone(), dir);
        }
        Ok(())
    }

    /// Begins to move a partition to another directory: makes the future log there and pauses cleaning. One on its way to a
    /// third directory is deleted first. `None` if the partition is there already.
    ///
    /// # Errors
    /// As [`LogManager::set_preferred_log_dir`] and [`LogManager::get_or_create_log`].
    pub fn start_move(
        &self,
        partition: &TopicPartition,
        path: &Path,
        now_ms: i64,
    ) -> Result<Option<Arc<Log<F>>>, ManagerError> {
        self.check_running()?;
        let dir = self.dir_index(path)?;
        self.require_online(dir)?;
        let current = self.require(partition, false)?;
        match self.hosted(partition, true) {
            Some(future) if future.dir == dir => return Ok(Some(future.log)),
            Some(_) => self.cancel_move(partition, now_ms)?,
            None => {}
        }
        if current.dir == dir {
            return Ok(None);
        }
        self.set_preferred_log_dir(partition, path)?;
        let create =
            CreateLog { is_new: true, is_future: true, topic_id: current.log.topic_id(), ..CreateLog::default() };
        let future = self.get_or_create_log(partition, create, now_ms)?;
        self.cleaning.states.abort_and_pause(partition);
        if future.log_end_offset() != current.log.log_start_offset() {
            self.truncate_fully_and_start_at(partition, current.log.log_start_offset(), true, None, now_ms)?;
        }
        Ok(Some(future))
    }

    /// Gives up a move: the future log is deleted, and cleaning goes on.
    ///
    /// # Errors
    /// I/O errors.
    pub fn cancel_move(&self, partition: &TopicPartition, now_ms: i64) -> Result<(), ManagerError> {
        if self.async_delete(partition, true, now_ms)?.is_some() {
            self.cleaning.states.resume(partition)?;
        }
        Ok(())
    }

    /// Copies up to about `max_bytes` from the current log to the future one, and says whether it has caught up. Batches go
    /// over as they are, with their offsets and leader epochs. A future log that the current one has overtaken or
    /// contradicts, after retention or a truncation, is cut or started again.
    ///
    /// # Errors
    /// `NoSuchPartition` without a move; I/O errors of either directory.
    pub fn copy_to_future_log(
        &self,
        partition: &TopicPartition,
        max_bytes: usize,
        now_ms: i64,
    ) -> Result<bool, ManagerError> {
        self.check_running()?;
        let current = self.require(partition, false)?;
        let future = self.require(partition, true)?;
        let mut next = future.log.log_end_offset();
        if next > current.log.log_end_offset() {
            self.truncate_to(&[(partition.clone(), current.log.log_end_offset())], true, now_ms)?;
            next = future.log.log_end_offset();
        }
        let log_start = current.log.log_start_offset();
        if next < log_start {
            self.truncate_fully_and_start_at(partition, log_start, true, None, now_ms)?;
            next = log_start;
        }
        if next < current.log.log_end_offset() {
            let read = current.log.read(next, max_bytes, FetchIsolation::LogEnd, true);
            let bytes = self.note_failure(current.dir, read)?.records.read().map_err(|source| {
                let path = current.log.dir().to_path_buf();
                StorageError::Io { op: "read", path, source }
            })?;
            let mut appended = future.log.append_as_follower(&bytes, i32::MAX, now_ms);
            // The log start is in the middle of a batch, after a deletion of records: the batch comes as a whole
            // (`Partition.appendRecordsToFollowerOrFutureReplica`).
            if let Err(AppendError::UnexpectedAppendOffset { first_offset, last_offset, .. }) = appended
                && next == future.log.log_start_offset()
                && (first_offset..=last_offset).contains(&next)
            {
                self.truncate_fully_and_start_at(partition, first_offset, true, None, now_ms)?;
                appended = future.log.append_as_follower(&bytes, i32::MAX, now_ms);
            }
            // The current log was cut while it was read.
            if !matches!(appended, Err(AppendError::NothingToAppend)) {
                self.note_append_failure(future.dir, appended)?;
            }
        }
        let seen = future.log.update_high_watermark(current.log.high_watermark());
        self.note_failure(future.dir, seen)?;
        let reason = LogStartOffsetReason::LeaderOffsetIncremented;
        let moved =
            future.log.maybe_increment_log_start_offset(log_start.min(future.log.high_watermark()), reason, now_ms);
        self.note_failure(future.dir, moved)?;
        Ok(future.log.log_end_offset() >= current.log.log_end_offset())
    }

    /// Lets the future log take the place of the current one, whose folder is renamed to end in `-delete`
    /// (`replaceCurrentWithFutureLog`). The caller sees to it that nothing is appended meanwhile. The checkpoints of the
    /// cleaner move along, and cleaning goes on.
    ///
    /// What the future log has is on disk before the current one goes.
    ///
    /// # Errors
    /// `NoSuchPartition` without both logs; I/O errors of either directory.
    pub fn replace_current_with_future_log(
        &self,
        partition: &TopicPartition,
        now_ms: i64,
    ) -> Result<Arc<Log<F>>, ManagerError> {
        let _turn = self.take_turn()?;
        let source = self.require(partition, false)?;
        let target = self.require(partition, true)?;
        self.swap(partition, Some(source), target, now_ms)
    }

    /// Lets future logs, left behind when a broker stopped in the middle of a move, become the current ones where
    /// `belongs_here` says that the partition was already assigned to their directory (`recoverAbandonedFutureLogs`). A
    /// current log of the same topic id goes. The answer is the partitions that were recovered.
    ///
    /// # Errors
    /// I/O errors.
    pub fn recover_abandoned_future_logs(
        &self,
        belongs_here: impl Fn(&Log<F>, &Path) -> bool,
        now_ms: i64,
    ) -> Result<Vec<TopicPartition>, ManagerError> {
        let _turn = self.take_turn()?;
        let future: Vec<Hosted<F>> = self.logs.read().future.values().cloned().collect();
        let mut recovered = Vec::new();
        for target in future.into_iter().filter(|hosted| belongs_here(&hosted.log, &self.dirs[hosted.dir].path)) {
            let tp = target.log.topic_partition().clone();
            let source = self.hosted(&tp, false).filter(|source| source.log.topic_id() == target.log.topic_id());
            self.cleaning.states.abort_and_pause(&tp);
            self.swap(&tp, source, target, now_ms)?;
            recovered.push(tp);
        }
        Ok(recovered)
    }

    fn swap(
        &self,
        tp: &TopicPartition,
        source: Option<Hosted<F>>,
        target: Hosted<F>,
        now_ms: i64,
    ) -> Result<Arc<Log<F>>, ManagerError> {
        tracing::info!(partition = %tp, from = %target.log.dir().display(), "future log becomes the current one");
        // The current log may have been flushed; once it is gone this has to hold for the new one.
        let flushed = target.log.flush(true, now_ms);
        self.note_failure(target.dir, flushed)?;
        self.checkpoint_recovery_points_in(target.dir);
        let name = dir_name(tp, PartitionDirState::Live, "");
        let renamed = target.log.move_to(&self.dirs[target.dir].join(&name), None);
        self.note_failure(target.dir, renamed)?;
        if let Some(source) = &source {
            let updated = target.log.update_high_watermark(source.log.high_watermark());
            self.note_failure(target.dir, updated)?;
        }
        if let Some(source) = &source {
            target.log.set_sole_replica(source.log.is_sole_replica())?;
        }
        self.observe(&target.log);
        {
            let mut logs = self.logs.write();
            logs.future.remove(tp);
            logs.current.insert(tp.clone(), target.clone());
        }
        if let Some(source) = &source {
            self.move_cleaner_offset(tp, source.dir, target.dir);
        }
        // A move that was not begun here has paused nothing.
        let _ = self.cleaning.states.resume(tp);
        if let Some(source) = source {
            self.keep_traffic(&source.log);
            let name = self.unique_dir_name(tp, PartitionDirState::Deleted);
            let renamed = source.log.move_to(&self.dirs[source.dir].join(&name), Some(Ended::Closed));
            self.note_failure(source.dir, renamed)?;
            self.checkpoint_dir(source.dir);
            self.leaving.lock().push_back((source.log, now_ms));
        }
        self.checkpoint_dir(target.dir);
        Ok(target.log)
    }

    fn require(&self, tp: &TopicPartition, future: bool) -> Result<Hosted<F>, ManagerError> {
        let missing = || ManagerError::NoSuchPartition { partition: tp.clone(), future };
        self.hosted(tp, future).ok_or_else(missing)
    }

    fn note_append_failure<T>(&self, dir: usize, result: Result<T, AppendError>) -> Result<T, ManagerError> {
        result.map_err(|error| match error {
            AppendError::Storage(error) => match self.note_failure::<T>(dir, Err(LogError::Storage(error))) {
                Err(error) => ManagerError::Log(error),
                Ok(_) => ManagerError::NoLogDirs,
            },
            other => ManagerError::IllegalState(other.to_string()),
        })
    }
}
