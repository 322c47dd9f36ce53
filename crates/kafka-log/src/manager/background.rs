//! Threads that do the upkeep by themselves.
//!
//! One thread calls [`LogManager::tick`], and `log.cleaner.threads` others clean. An embedder with threads of his own runs
//! [`Upkeep::run`] and [`Upkeep::run_cleaner`] on them instead; with a clock of his own he gives that.
//!
//! ```no_run
//! # use std::sync::Arc;
//! # fn example(manager: Arc<kafka_log::manager::LogManager>) -> std::io::Result<()> {
//! use kafka_log::manager::StdThreads;
//! use kafka_log::manager::background::{Background, Clock as _, SystemClock};
//!
//! let background = Background::start(Arc::clone(&manager), Arc::new(SystemClock))?;
//! // ... serve ...
//! background.stop();
//! manager.shutdown(&StdThreads, -1, SystemClock.now_ms());
//! # Ok(())
//! # }
//! ```

use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use parking_lot::{Condvar, Mutex};

use super::{CleaningOutcome, LogManager};
use crate::fs::{Fs, OsFs};
use crate::log::cleaner::{Cleaner, CleanerHooks};

/// How long a tick may be late for what appends bring up, in ms.
const TICK_MS: i64 = 200;
/// How often the rate of the cleaners is looked at, in ms (`Throttler`).
const THROTTLE_CHECK_MS: i64 = 300;

/// Where the time comes from.
pub trait Clock: Send + Sync + 'static {
    /// Now, in ms since 1970.
    fn now_ms(&self) -> i64;
}

/// The clock of the operating system.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now_ms(&self) -> i64 {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    }
}

/// The upkeep of a manager as loops that run until they are stopped.
pub struct Upkeep<F: Fs = OsFs> {
    manager: Arc<LogManager<F>>,
    clock: Arc<dyn Clock>,
    stopped: Mutex<bool>,
    wake: Condvar,
    /// Since when, in ms, how many bytes the cleaners have read and written.
    cleaner_io: Mutex<(i64, u64)>,
    events: Box<dyn Fn(Event) + Send + Sync>,
}

/// Something that an embedder may want to know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A directory has gone offline.
    LogDirFailed(PathBuf),
    /// A round of cleaning did something, or failed to.
    Cleaned(CleaningOutcome),
}

impl<F: Fs> Upkeep<F> {
    /// The upkeep of `manager`; `events` is called from the loops.
    pub fn new(
        manager: Arc<LogManager<F>>,
        clock: Arc<dyn Clock>,
        events: impl Fn(Event) + Send + Sync + 'static,
    ) -> Self {
        let cleaner_io = Mutex::new((clock.now_ms(), 0));
        let events = Box::new(events);
        Upkeep { manager, clock, stopped: Mutex::new(false), wake: Condvar::new(), cleaner_io, events }
    }

    /// Ticks until stopped. One thread is enough.
    pub fn run(&self) {
        loop {
            let now_ms = self.clock.now_ms();
            let report = self.manager.tick(now_ms);
            report.failed_dirs.into_iter().for_each(|dir| (self.events)(Event::LogDirFailed(dir)));
            if self.pause(report.next_ms.saturating_sub(now_ms).clamp(1, TICK_MS)) {
                return;
            }
        }
    }

    /// Cleans until stopped, one log after the other. As many threads as `log.cleaner.threads` says: the memory for offset
    /// maps is shared out among so many.
    pub fn run_cleaner(&self) {
        let config = &self.manager.config().cleaner;
        let mut cleaner = Cleaner::with_threads(config.of_one_thread(), config.threads_per_log);
        while !self.is_stopped() {
            let outcome = self.manager.clean_filthiest_log(&mut cleaner, self, self.clock.now_ms());
            self.manager.delete_old_segments_of_compacted(self.clock.now_ms());
            let pause_ms = match outcome {
                CleaningOutcome::Cleaned { .. } => 0,
                _ => self.manager.config().cleaner.backoff_ms,
            };
            if !matches!(outcome, CleaningOutcome::NothingToDo) {
                (self.events)(Event::Cleaned(outcome));
            }
            if self.pause(pause_ms) {
                return;
            }
        }
    }

    /// Has all loops return soon; a round of cleaning is given up.
    pub fn stop(&self) {
        *self.stopped.lock() = true;
        self.wake.notify_all();
    }

    fn is_stopped(&self) -> bool {
        *self.stopped.lock()
    }

    /// Waits, unless stopped; says whether it was.
    fn pause(&self, ms: i64) -> bool {
        let mut stopped = self.stopped.lock();
        if !*stopped && ms > 0 {
            self.wake.wait_for(&mut stopped, Duration::from_millis(ms.unsigned_abs()));
        }
        *stopped
    }
}

/// Gives up a round when stopped, and keeps to `log.cleaner.io.max.bytes.per.second`.
impl<F: Fs> CleanerHooks for Upkeep<F> {
    fn is_aborted(&self) -> bool {
        self.is_stopped()
    }

    fn throttle(&self, bytes: u64) {
        let rate = self.manager.config().cleaner.io_max_bytes_per_second;
        if rate >= 1e15 {
            return;
        }
        let wait_ms = {
            let mut io = self.cleaner_io.lock();
            let (since_ms, so_far) = &mut *io;
            *so_far += bytes;
            let now_ms = self.clock.now_ms();
            let elapsed_ms = now_ms.saturating_sub(*since_ms);
            let wanted_ms = *so_far as f64 * 1000.0 / rate;
            if elapsed_ms < THROTTLE_CHECK_MS && wanted_ms < THROTTLE_CHECK_MS as f64 {
                return;
            }
            *so_far = 0;
            let wait_ms = (wanted_ms as i64).saturating_sub(elapsed_ms).max(0);
            *since_ms = now_ms.saturating_add(wait_ms);
            wait_ms
        };
        self.pause(wait_ms);
    }
}

/// Threads of the operating system that do the upkeep.
pub struct Background {
    stop: Box<dyn Fn() + Send + Sync>,
    threads: Vec<JoinHandle<()>>,
}

impl Background {
    /// Starts the threads.
    ///
    /// # Errors
    /// Those of the operating system, when it gives no thread.
    pub fn start<F: Fs>(manager: Arc<LogManager<F>>, clock: Arc<dyn Clock>) -> io::Result<Self> {
        Self::start_with(manager, clock, |_| {})
    }

    /// Starts the threads; `events` is called from them.
    ///
    /// # Errors
    /// Those of the operating system, when it gives no thread.
    pub fn start_with<F: Fs>(
        manager: Arc<LogManager<F>>,
        clock: Arc<dyn Clock>,
        events: impl Fn(Event) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let cleaner = &manager.config().cleaner;
        let cleaners = if cleaner.enabled { cleaner.threads } else { 0 };
        let upkeep = Arc::new(Upkeep::new(manager, clock, events));
        let mut background = {
            let upkeep = Arc::clone(&upkeep);
            Background { stop: Box::new(move || upkeep.stop()), threads: Vec::new() }
        };
        let ticking = Arc::clone(&upkeep);
        background.spawn("kafka-log-upkeep".to_owned(), move || ticking.run())?;
        for number in 0..cleaners {
            let upkeep = Arc::clone(&upkeep);
            background.spawn(format!("kafka-log-cleaner-thread-{number}"), move || upkeep.run_cleaner())?;
        }
        Ok(background)
    }

    fn spawn(&mut self, name: String, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads.push(thread::Builder::new().name(name).spawn(work)?);
        Ok(())
    }

    /// Stops the threads and waits for them. Dropping does the same.
    pub fn stop(self) {}
}

impl Drop for Background {
    fn drop(&mut self) {
        (self.stop)();
        for thread in self.threads.drain(..) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}
