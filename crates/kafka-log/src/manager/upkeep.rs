//! Upkeep of all logs: retention, flushes, work that logs have put off, producers that have gone silent.

use super::LogManager;
use super::logs::Hosted;
use crate::fs::Fs;
use crate::log::error::LogError;

impl<F: Fs> LogManager<F> {
    /// Deletes old segments of all logs that are not compacted (`cleanupLogs`), and says how many. Those of compacted logs
    /// go with the cleaner, see [`LogManager::delete_old_segments_of_compacted`].
    ///
    /// A log that fails takes its directory offline; the others are looked at all the same.
    pub fn delete_old_segments(&self, now_ms: i64) -> usize {
        let candidates: Vec<Hosted<F>> = {
            let logs = self.logs.read();
            logs.current.values().filter(|hosted| !hosted.log.config().compact).cloned().collect()
        };
        let mut deleted = 0;
        for hosted in candidates {
            let tp = hosted.log.topic_partition();
            // No cleaner must begin with the log while its policy is being changed to compaction.
            let Some(_pause) = self.cleaning.states.pause_if_free(tp) else { continue };
            deleted += self.delete_old_segments_of(&hosted, now_ms);
            if let Some(future) = self.hosted(tp, true) {
                deleted += self.delete_old_segments_of(&future, now_ms);
            }
        }
        deleted
    }

    pub(super) fn delete_old_segments_of(&self, hosted: &Hosted<F>, now_ms: i64) -> usize {
        let deleted = hosted.log.delete_old_segments(now_ms);
        self.note_failure(hosted.dir, deleted).unwrap_or_default()
    }

    /// Flushes the logs whose `flush.ms` is over since their last flush (`flushDirtyLogs`).
    pub(crate) fn flush_due(&self, now_ms: i64) {
        let is_due =
            |hosted: &Hosted<F>| now_ms.saturating_sub(hosted.log.last_flush_ms()) >= hosted.log.config().flush_ms;
        self.for_each_of(is_due, |hosted| hosted.log.flush(false, now_ms));
    }

    /// Does what logs have put off and is due: flushes after rolls, removal of deleted files.
    pub fn run_due(&self, now_ms: i64) {
        let is_due = |hosted: &Hosted<F>| hosted.log.next_due_ms().is_some_and(|due_ms| due_ms <= now_ms);
        self.for_each_of(is_due, |hosted| hosted.log.run_due(now_ms));
    }

    /// When the first log has something to do, in ms.
    pub(super) fn next_due_ms(&self) -> Option<i64> {
        self.logs.read().all().filter_map(|hosted| hosted.log.next_due_ms()).min()
    }

    /// Forgets producers that have been silent for `producer.id.expiration.ms` (`producerExpireCheck`).
    pub fn remove_expired_producers(&self, now_ms: i64) {
        self.for_each_of(
            |_| true,
            |hosted| {
                hosted.log.remove_expired_producers(now_ms);
                Ok(())
            },
        );
    }

    /// Lets go of the open files, maps and buffers of all logs; what is needed again is opened again.
    pub fn release_idle(&self) {
        self.for_each_of(|_| true, |hosted| hosted.log.release_idle());
    }

    /// Visits those of all logs that `is_meant` wants; one that fails takes its directory offline, and the others of it are
    /// passed over.
    fn for_each_of(&self, is_meant: impl Fn(&Hosted<F>) -> bool, visit: impl Fn(&Hosted<F>) -> Result<(), LogError>) {
        let meant: Vec<Hosted<F>> = self.logs.read().all().filter(|hosted| is_meant(hosted)).cloned().collect();
        for hosted in meant.iter().filter(|hosted| self.dirs[hosted.dir].is_online()) {
            // An error of one log alone, such as being closed meanwhile, is reported to its callers.
            let result = visit(hosted);
            if hosted.log.ended().is_none() {
                let _ = self.note_failure(hosted.dir, result);
            }
        }
    }
}
