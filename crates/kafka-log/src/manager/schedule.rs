//! What is due when (`LogManager.startup`, where Kafka hands the same work to its scheduler).

use std::path::PathBuf;

use super::LogManager;
use crate::fs::Fs;

/// Work that comes again and again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    Retention,
    Flush,
    RecoveryPoints,
    LogStartOffsets,
    HighWatermarks,
    ExpiredProducers,
}

const ALL: [Work; 6] = [
    Work::Flush,
    Work::Retention,
    Work::RecoveryPoints,
    Work::LogStartOffsets,
    Work::HighWatermarks,
    Work::ExpiredProducers,
];

/// When each piece of work is due next, in ms; in the order of [`ALL`]. Never, before the start.
#[derive(Debug)]
pub(super) struct Schedule([i64; ALL.len()]);

impl Default for Schedule {
    fn default() -> Self {
        Schedule([i64::MAX; ALL.len()])
    }
}

impl Schedule {
    /// The work that is due; it is due again a period from now.
    fn take_due(&mut self, now_ms: i64, period_ms: impl Fn(Work) -> i64) -> Vec<Work> {
        let due = ALL.iter().zip(&mut self.0).filter(|(_, next_ms)| **next_ms <= now_ms);
        due.map(|(&work, next_ms)| {
            *next_ms = now_ms.saturating_add(period_ms(work).max(1));
            work
        })
        .collect()
    }

    fn next_ms(&self) -> i64 {
        self.0.iter().copied().min().unwrap_or(i64::MAX)
    }
}

/// What a tick did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TickReport {
    /// Directories that have gone offline since the last tick.
    pub failed_dirs: Vec<PathBuf>,
    /// Segments that retention deleted.
    pub deleted_segments: usize,
    /// Folders of deleted logs that were removed.
    pub deleted_logs: usize,
    /// When the next tick has something to do, in ms, as far as can be told now; appends may bring more.
    pub next_ms: i64,
}

impl<F: Fs> LogManager<F> {
    /// Does all upkeep that is due, save cleaning, which is [`LogManager::clean_filthiest_log`]: flushes after rolls and
    /// those of `flush.ms`, removal of deleted files and folders, retention, checkpoints, expiry of producers; and drops the
    /// logs of directories that have failed. It may sync, and take its time. Several threads may call it.
    pub fn tick(&self, now_ms: i64) -> TickReport {
        let mut report = TickReport { failed_dirs: self.handle_failed_dirs(), ..TickReport::default() };
        self.run_due(now_ms);
        report.deleted_logs = self.delete_due(now_ms);
        let due = self.schedule.lock().take_due(now_ms, |work| self.period_ms(work));
        for work in due {
            match work {
                Work::Flush => self.flush_due(now_ms),
                Work::Retention => report.deleted_segments += self.delete_old_segments(now_ms),
                Work::RecoveryPoints => self.checkpoint_recovery_points(),
                Work::LogStartOffsets => self.checkpoint_log_start_offsets(),
                Work::HighWatermarks => self.checkpoint_high_watermarks(),
                Work::ExpiredProducers => self.remove_expired_producers(now_ms),
            }
        }
        report.failed_dirs.extend(self.handle_failed_dirs());
        let next = [Some(self.schedule.lock().next_ms()), self.next_due_ms(), self.next_delete_ms()];
        report.next_ms = next.into_iter().flatten().min().unwrap_or(i64::MAX);
        report
    }

    fn period_ms(&self, work: Work) -> i64 {
        match work {
            Work::Flush => self.config.flush_check_ms,
            Work::Retention => self.config.retention_check_ms,
            Work::RecoveryPoints => self.config.recovery_point_checkpoint_ms,
            Work::LogStartOffsets => self.config.log_start_offset_checkpoint_ms,
            Work::HighWatermarks => self.config.high_watermark_checkpoint_ms,
            Work::ExpiredProducers => self.config.producer_id_expiration_check_ms,
        }
    }

    pub(super) fn start_schedule(&self, now_ms: i64) {
        let first = |work| match work {
            Work::HighWatermarks => now_ms,
            Work::ExpiredProducers => now_ms.saturating_add(self.config.producer_id_expiration_check_ms),
            _ => now_ms.saturating_add(self.config.initial_task_delay_ms),
        };
        self.schedule.lock().0 = ALL.map(first);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_due_again_a_period_after_it_was_done() {
        let mut schedule = Schedule([10; ALL.len()]);
        let period = |work| if work == Work::Flush { i64::MAX } else { 5 };
        assert_eq!(schedule.take_due(9, period), []);
        assert_eq!(schedule.take_due(12, period), ALL);
        assert_eq!(schedule.next_ms(), 17);
        assert_eq!(schedule.take_due(17, period).len(), ALL.len() - 1);
        assert_eq!(schedule.0[0], i64::MAX);
    }
}
