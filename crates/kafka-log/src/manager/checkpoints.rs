//! Offsets of all logs, written down (`checkpointLogRecoveryOffsets`, `checkpointLogStartOffsets`,
//! `checkpointHighWatermarks`).

use std::sync::Arc;

use super::LogManager;
use super::log_dir::LogDir;
use super::log_dir::checkpoint::{OffsetCheckpointFile, Offsets};
use crate::fs::Fs;
use crate::log::Log;

impl<F: Fs> LogManager<F> {
    /// Writes down up to where all logs are on disk. A directory whose file cannot be written goes offline.
    pub fn checkpoint_recovery_points(&self) {
        self.checkpoint(|dir| &dir.recovery_points, |log| Some(log.recovery_point()));
    }

    /// Writes down the start of each log that does not start with its first segment.
    /// A directory whose file cannot be written goes offline.
    pub fn checkpoint_log_start_offsets(&self) {
        self.checkpoint(|dir| &dir.log_start_offsets, |log| self.log_start_to_note(log));
    }

    /// Writes down the high watermarks. A directory whose file cannot be written goes offline.
    pub fn checkpoint_high_watermarks(&self) {
        self.checkpoint(|dir| &dir.high_watermarks, |log| Some(log.high_watermark()));
    }

    /// Recovery points and starts of one directory, after logs have come or gone.
    pub(super) fn checkpoint_dir(&self, dir: usize) {
        self.checkpoint_recovery_points_in(dir);
        self.checkpoint_log_start_offsets_in(dir);
    }

    pub(super) fn checkpoint_recovery_points_in(&self, dir: usize) {
        let logs = self.logs.read().in_dir(dir);
        self.write_offsets(dir, &self.dirs[dir].recovery_points, &logs, |log| Some(log.recovery_point()));
    }

    pub(super) fn checkpoint_log_start_offsets_in(&self, dir: usize) {
        let logs = self.logs.read().in_dir(dir);
        self.write_offsets(dir, &self.dirs[dir].log_start_offsets, &logs, |log| self.log_start_to_note(log));
    }

    pub(super) fn checkpoint_high_watermarks_in(&self, dir: usize) {
        let logs = self.logs.read().in_dir(dir);
        self.write_offsets(dir, &self.dirs[dir].high_watermarks, &logs, |log| Some(log.high_watermark()));
    }

    pub(super) fn log_start_to_note(&self, log: &Log<F>) -> Option<i64> {
        let start = log.log_start_offset();
        let first_base_offset = log.segments().first().map_or(start, |first| first.base_offset());
        (start > first_base_offset).then_some(start)
    }

    fn checkpoint(&self, file: impl Fn(&LogDir<F>) -> &OffsetCheckpointFile, offset: impl Fn(&Log<F>) -> Option<i64>) {
        let mut by_dir: Vec<Vec<Arc<Log<F>>>> = self.dirs.iter().map(|_| Vec::new()).collect();
        for hosted in self.logs.read().all() {
            by_dir[hosted.dir].push(Arc::clone(&hosted.log));
        }
        for (at, logs) in by_dir.iter().enumerate() {
            self.write_offsets(at, file(&self.dirs[at]), logs, &offset);
        }
    }

    fn write_offsets(
        &self,
        dir: usize,
        file: &OffsetCheckpointFile,
        logs: &[Arc<Log<F>>],
        offset: impl Fn(&Log<F>) -> Option<i64>,
    ) {
        let dir = &self.dirs[dir];
        let is_running = self.is_running.read();
        if !*is_running || !dir.is_online() {
            return;
        }
        let offsets: Offsets =
            logs.iter().filter_map(|log| Some((log.topic_partition().clone(), offset(log)?))).collect();
        if let Err(error) = file.write(&self.fs, &offsets) {
            dir.fail(error.to_string());
        }
    }
}
