//! Logs that are cut (`truncateTo`, `truncateFullyAndStartAt`).

use super::logs::Hosted;
use super::{LogManager, ManagerError};
use crate::fs::Fs;
use crate::log::{Log, TopicPartition};

impl<F: Fs> LogManager<F> {
    /// Cuts logs so that they end at the given offsets, and writes down the recovery points. Partitions that are not here
    /// are passed over. Where a whole segment goes, cleaning is aborted first and goes on from the active segment.
    ///
    /// # Errors
    /// A negative offset; I/O errors. The partitions before are cut then.
    pub fn truncate_to(
        &self,
        offsets: &[(TopicPartition, i64)],
        is_future: bool,
        now_ms: i64,
    ) -> Result<(), ManagerError> {
        self.check_running()?;
        let mut dirs = Vec::new();
        let result = offsets.iter().try_for_each(|(tp, offset)| {
            let Some(hosted) = self.hosted(tp, is_future) else { return Ok(()) };
            let loses_segments = *offset < active_base_offset(&hosted.log);
            let _pause = (loses_segments && !is_future).then(|| self.cleaning.states.pause(tp));
            let truncated = hosted.log.truncate_to(*offset, now_ms);
            if self.note_failure(hosted.dir, truncated)? {
                dirs.push(hosted.dir);
            }
            if loses_segments && !is_future {
                self.lower_cleaner_offset(&hosted);
            }
            Ok(())
        });
        dirs.sort_unstable();
        dirs.dedup();
        dirs.into_iter().for_each(|dir| self.checkpoint_recovery_points_in(dir));
        result
    }

    /// Removes everything from a log and lets it start again at `new_offset`, with `log_start_offset` as its start if that
    /// is given; and writes down the recovery points. A partition that is not here is passed over.
    ///
    /// # Errors
    /// I/O errors.
    pub fn truncate_fully_and_start_at(
        &self,
        partition: &TopicPartition,
        new_offset: i64,
        is_future: bool,
        log_start_offset: Option<i64>,
        now_ms: i64,
    ) -> Result<(), ManagerError> {
        self.check_running()?;
        let Some(hosted) = self.hosted(partition, is_future) else { return Ok(()) };
        {
            let _pause = (!is_future).then(|| self.cleaning.states.pause(partition));
            let truncated = hosted.log.truncate_fully_and_start_at(new_offset, log_start_offset, now_ms);
            self.note_failure(hosted.dir, truncated)?;
            if !is_future {
                self.lower_cleaner_offset(&hosted);
            }
        }
        self.checkpoint_recovery_points_in(hosted.dir);
        Ok(())
    }

    pub(super) fn hosted(&self, tp: &TopicPartition, is_future: bool) -> Option<Hosted<F>> {
        self.logs.read().get(tp, is_future).cloned()
    }
}

/// Base offset of the segment that is appended to.
pub(super) fn active_base_offset<F: Fs>(log: &Log<F>) -> i64 {
    log.segments().last().map_or(0, |active| active.base_offset())
}
