//! One round: the dirtiest log is cleaned, then old segments of compacted logs go (`CleanerThread.cleanFilthiestLog`).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::state::Done;
use crate::fs::Fs;
use crate::log::TopicPartition;
use crate::log::cleaner::{Cleaned, Cleaner, CleanerHooks, LogToClean};
use crate::log::error::{LogError, StorageError};
use crate::manager::LogManager;
use crate::manager::logs::Hosted;

/// What a round of cleaning came to.
#[derive(Debug)]
#[non_exhaustive]
pub enum CleaningOutcome {
    /// No log is dirty enough. Time for a pause of `log.cleaner.backoff.ms`.
    NothingToDo,
    /// A log was cleaned.
    Cleaned {
        /// The partition.
        partition: TopicPartition,
        /// What was done.
        cleaned: Cleaned,
    },
    /// The log was wanted elsewhere, or its directory failed; nothing of the round counts.
    Aborted {
        /// The partition.
        partition: TopicPartition,
    },
    /// A log cannot be cleaned, and will not be tried again: [`LogManager::uncleanable_partitions`].
    Uncleanable {
        /// The partition.
        partition: TopicPartition,
        /// Why.
        error: LogError,
    },
}

/// A log whose turn it is.
struct Filthiest<F: Fs> {
    hosted: Hosted<F>,
    to_clean: LogToClean,
    stop: Arc<AtomicBool>,
}

/// Stops the cleaner when somebody needs the log, and otherwise does what the embedder wants.
struct Hooks<'a, H> {
    stop: &'a AtomicBool,
    inner: &'a H,
}

impl<H: CleanerHooks> CleanerHooks for Hooks<'_, H> {
    fn is_aborted(&self) -> bool {
        self.stop.load(Ordering::Acquire) || self.inner.is_aborted()
    }

    fn throttle(&self, bytes: u64) {
        self.inner.throttle(bytes);
    }
}

impl<F: Fs> LogManager<F> {
    /// Cleans the dirtiest log of those that are dirty enough or have waited for too long, and notes how far it came.
    /// Several threads may do this at once, each with a cleaner of its own and on a log of its own.
    pub fn clean_filthiest_log(
        &self,
        cleaner: &mut Cleaner,
        hooks: &impl CleanerHooks,
        now_ms: i64,
    ) -> CleaningOutcome {
        let found = match self.grab_filthiest(now_ms) {
            Ok(Some(found)) => found,
            Ok(None) => return CleaningOutcome::NothingToDo,
            Err(outcome) => return *outcome,
        };
        let Filthiest { hosted, to_clean, stop } = found;
        let partition = hosted.log.topic_partition().clone();
        let span = tracing::info_span!("clean_log", %partition, from = to_clean.first_dirty_offset);
        let entered = span.enter();
        if self.log_start_to_note(&hosted.log).is_some() {
            // Cleaning forgets that transactions below the log start were aborted: their records must not come back.
            self.checkpoint_log_start_offsets_in(hosted.dir);
        }
        let result = cleaner.clean(&hosted.log, &to_clean, &Hooks { stop: &stop, inner: hooks }, now_ms);
        drop(entered);
        let result = self.note_failure(hosted.dir, result);
        let end_offset = match &result {
            Ok(cleaned) => cleaned.end_offset,
            Err(_) => to_clean.first_dirty_offset,
        };
        let done = self.cleaning.states.done(&partition, || {
            self.set_cleaner_offset(hosted.dir, &partition, end_offset);
        });
        match (result, done) {
            (Ok(cleaned), Done::Completed) => CleaningOutcome::Cleaned { partition, cleaned },
            (Ok(_) | Err(LogError::CleaningAborted), _) => CleaningOutcome::Aborted { partition },
            (
                Err(LogError::Storage(
                    StorageError::Offline { .. } | StorageError::Closed { .. } | StorageError::Deleted { .. },
                )),
                _,
            ) => CleaningOutcome::Aborted { partition },
            (Err(error), _) => self.mark_uncleanable(&hosted, error),
        }
    }

    /// (`grabFilthiestCompactedLog`)
    fn grab_filthiest(&self, now_ms: i64) -> Result<Option<Filthiest<F>>, Box<CleaningOutcome>> {
        let mut dirty: Vec<(Hosted<F>, LogToClean)> = Vec::new();
        for hosted in self.compacted() {
            let tp = hosted.log.topic_partition();
            if !self.cleaning.states.is_free(tp) {
                continue;
            }
            let checkpoint = self.dirs[hosted.dir].cleaner_offsets.lock().get(tp).copied();
            let looked = hosted.log.log_to_clean(checkpoint, now_ms);
            let to_clean = match self.note_failure(hosted.dir, looked) {
                Ok(to_clean) => to_clean,
                Err(error) => return Err(Box::new(self.mark_uncleanable(&hosted, error))),
            };
            if to_clean.force_update_checkpoint {
                self.set_cleaner_offset(hosted.dir, tp, to_clean.first_dirty_offset);
            }
            if to_clean.needs_cleaning(hosted.log.config().min_cleanable_dirty_ratio) {
                dirty.push((hosted, to_clean));
            }
        }
        dirty.sort_by(|(_, a), (_, b)| b.cleanable_ratio().total_cmp(&a.cleanable_ratio()));
        for (hosted, to_clean) in dirty {
            if let Some(stop) = self.cleaning.states.begin(hosted.log.topic_partition()) {
                return Ok(Some(Filthiest { hosted, to_clean, stop }));
            }
        }
        Ok(None)
    }

    /// Deletes old segments of logs that are compacted (`deletableLogs`), and says how many: by retention where the policy
    /// is `compact,delete`, and else those below the log start.
    pub fn delete_old_segments_of_compacted(&self, now_ms: i64) -> usize {
        let mut deleted = 0;
        for hosted in self.compacted() {
            let tp = hosted.log.topic_partition();
            if self.cleaning.states.begin(tp).is_none() {
                continue;
            }
            deleted += self.delete_old_segments_of(&hosted, now_ms);
            self.cleaning.states.done(tp, || {});
        }
        deleted
    }

    /// Partitions that could not be cleaned and are left alone (`uncleanablePartitions`).
    pub fn uncleanable_partitions(&self) -> Vec<TopicPartition> {
        self.maintain_uncleanable();
        self.cleaning.uncleanable.lock().iter().map(|(_, tp)| tp.clone()).collect()
    }

    /// Forgets partitions that are gone (`maintainUncleanablePartitions`).
    fn maintain_uncleanable(&self) {
        let logs = self.logs.read();
        self.cleaning.uncleanable.lock().retain(|(_, tp)| logs.current.contains_key(tp));
    }

    fn mark_uncleanable(&self, hosted: &Hosted<F>, error: LogError) -> CleaningOutcome {
        let partition = hosted.log.topic_partition().clone();
        tracing::warn!(%partition, %error, "log cannot be cleaned and is left alone");
        self.cleaning.uncleanable.lock().insert((hosted.dir, partition.clone()));
        CleaningOutcome::Uncleanable { partition, error }
    }

    fn compacted(&self) -> Vec<Hosted<F>> {
        let logs = self.logs.read();
        let compacted = logs.current.values().filter(|hosted| {
            self.dirs[hosted.dir].is_online()
                && hosted.log.config().compact
                && !self.cleaning.is_uncleanable(hosted.dir, hosted.log.topic_partition())
        });
        compacted.cloned().collect()
    }

    /// Has cleaning of a partition stop, and not begin again until resumed as often as paused (`abortAndPauseCleaning`).
    pub fn abort_and_pause_cleaning(&self, partition: &TopicPartition) {
        self.cleaning.states.abort_and_pause(partition);
    }

    /// Undoes one pause (`resumeCleaning`).
    ///
    /// # Errors
    /// `IllegalState` if the partition is not paused.
    pub fn resume_cleaning(&self, partition: &TopicPartition) -> Result<(), crate::manager::ManagerError> {
        self.cleaning.states.resume(partition)
    }
}
