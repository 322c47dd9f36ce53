//! The end (`shutdown`).

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::schedule::Schedule;
use super::workers::Queue;
use super::{LogManager, Workers};
use crate::fs::Fs;
use crate::log::Log;
use crate::log::error::LogError;

/// How the logs were closed.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct ShutdownReport {
    /// Directories that are marked as cleanly stopped.
    pub clean_dirs: Vec<PathBuf>,
    /// Directories whose logs will be recovered at the next start, and why.
    pub unclean_dirs: Vec<(PathBuf, String)>,
}

/// A directory whose logs are being closed.
struct Closing<F: Fs> {
    dir: usize,
    logs: Queue<Arc<Log<F>>>,
    all_closed: AtomicBool,
}

impl<F: Fs> LogManager<F> {
    /// Flushes and closes all logs, writes all checkpoints, marks directories where all went well as cleanly stopped, and
    /// releases the locks. `broker_epoch` goes into the marks, -1 if there is none. Logs that are still held answer `Closed`
    /// from then on, and so do the calls of the manager. A second call does nothing, and its report is empty.
    ///
    /// Cleaning is aborted, and waited for.
    pub fn shutdown(&self, workers: &dyn Workers, broker_epoch: i64, now_ms: i64) -> ShutdownReport {
        let span = tracing::info_span!("shut_down_logs");
        let _entered = span.enter();
        self.cleaning.states.stop();
        let Ok(_turn) = self.take_turn() else { return ShutdownReport::default() };
        let mut report = ShutdownReport::default();
        let dirs: Vec<Closing<F>> = {
            let logs = self.logs.read();
            let online = (0..self.dirs.len()).filter(|&dir| self.dirs[dir].is_online());
            let closing = |dir| Closing { dir, logs: Queue::new(logs.in_dir(dir)), all_closed: AtomicBool::new(true) };
            online.map(closing).collect()
        };
        let work = |number: usize| {
            let closing = &dirs[number % dirs.len()];
            while let Some(log) = closing.logs.take() {
                let closed = flush_all(log, now_ms).and_then(|()| log.close_shared());
                if self.note_failure(closing.dir, closed).is_err() {
                    closing.all_closed.store(false, Ordering::Release);
                }
            }
        };
        workers.run(dirs.len() * self.config.recovery_threads_per_data_dir.max(1), &work);
        for dir in self.dirs.iter().filter(|dir| dirs.iter().all(|closing| self.dirs[closing.dir].path != dir.path)) {
            report.unclean_dirs.push((dir.path.clone(), dir.failure().unwrap_or_default()));
        }
        for closing in &dirs {
            let dir = &self.dirs[closing.dir];
            let all_closed = closing.all_closed.load(Ordering::Acquire);
            if all_closed {
                self.checkpoint_dir(closing.dir);
                self.checkpoint_high_watermarks_in(closing.dir);
            }
            let marked = match dir.failure() {
                None if all_closed => {
                    dir.leave_clean_shutdown(&self.fs, broker_epoch).map_err(|error| error.to_string())
                }
                None => Err("a log could not be closed".to_owned()),
                Some(why) => Err(why),
            };
            match marked {
                Ok(()) => report.clean_dirs.push(dir.path.clone()),
                Err(why) => report.unclean_dirs.push((dir.path.clone(), why)),
            }
        }
        *self.is_running.write() = false;
        *self.schedule.lock() = Schedule::default();
        self.leaving.lock().clear();
        self.stray.lock().clear();
        let logs = std::mem::take(&mut *self.logs.write());
        // One that could not be closed is offline.
        logs.all().for_each(|hosted| hosted.log.release_dir_if_unused());
        self.dirs.iter().for_each(|dir| dir.unlock());
        report
    }
}

/// Makes everything durable, the names of empty files too. A log that has not changed since it was opened after a clean stop
/// is left alone: of many logs these are most.
fn flush_all<F: Fs>(log: &Log<F>, now_ms: i64) -> Result<(), LogError> {
    let is_behind = log.recovery_point() < log.log_end_offset();
    if is_behind || log.segments().iter().any(|segment| segment.is_unsynced()) {
        return log.flush(true, now_ms);
    }
    Ok(log.home().sync_names()?)
}
