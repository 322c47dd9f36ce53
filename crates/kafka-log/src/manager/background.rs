//! Threads that do the upkeep by themselves.
//!
//! One thread calls [`LogManager::tick`], and `log.cleaner.threads` others clean. An embedder with its own threads runs
//! [`Upkeep::run`] and [`Upkeep::run_cleaner`] on them instead; with its own clock it gives that.
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

use super::{CleaningOutcome, LogCleanerConfig, LogManager};
use crate::fs::{Fs, OsFs};
use crate::log::cleaner::{Cleaner, CleanerHooks};

/// How long a tick may be late for what appends bring up, in ms.
const TICK_MS: i64 = 200;
/// How often the rate of the cleaners is looked at, in ms (`Throttler`).
const THROTTLE_CHECK_MS: i64 = 300;

/// How soon cleaners that rest notice that their settings have changed, in ms.
const LOOK_MS: i64 = 1000;

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
        self.run_with(|| {});
    }

    fn run_with(&self, at_each: impl Fn()) {
        loop {
            at_each();
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
        self.clean_while(|_| true);
    }

    fn clean_while(&self, goes_on: impl Fn(&LogCleanerConfig) -> bool) {
        let made = |config: &LogCleanerConfig| Cleaner::with_threads(config.of_one_thread(), config.threads_per_log);
        let mut config = self.manager.cleaner_config();
        let mut cleaner = made(&config);
        while !self.is_stopped() && goes_on(&config) {
            let outcome = self.manager.clean_filthiest_log(&mut cleaner, self, self.clock.now_ms());
            self.manager.delete_old_segments_of_compacted(self.clock.now_ms());
            let pause_ms = match outcome {
                CleaningOutcome::Cleaned { .. } => 0,
                _ => config.backoff_ms,
            };
            if !matches!(outcome, CleaningOutcome::NothingToDo) {
                (self.events)(Event::Cleaned(outcome));
            }
            if self.pause_while(pause_ms, || Arc::ptr_eq(&self.manager.cleaner_config(), &config)) {
                return;
            }
            let current = self.manager.cleaner_config();
            if !Arc::ptr_eq(&current, &config) {
                cleaner = made(&current);
                config = current;
            }
        }
    }

    /// As [`Upkeep::pause`], in pieces, and no longer than `holds`.
    fn pause_while(&self, ms: i64, holds: impl Fn() -> bool) -> bool {
        let mut left_ms = ms;
        loop {
            let piece_ms = left_ms.min(LOOK_MS);
            if self.pause(piece_ms) {
                return true;
            }
            left_ms = left_ms.saturating_sub(LOOK_MS);
            if left_ms <= 0 || !holds() {
                return false;
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
        let rate = self.manager.cleaner_config().io_max_bytes_per_second;
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
    upkeep: Option<JoinHandle<()>>,
    cleaners: CleanerThreads,
}

/// The threads that clean, by their numbers.
type CleanerThreads = Arc<Mutex<Vec<JoinHandle<()>>>>;

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
        let upkeep = Arc::new(Upkeep::new(manager, clock, events));
        let mut background = {
            let upkeep = Arc::clone(&upkeep);
            Background { stop: Box::new(move || upkeep.stop()), upkeep: None, cleaners: CleanerThreads::default() }
        };
        start_cleaners(&upkeep, &background.cleaners)?;
        let cleaners = Arc::clone(&background.cleaners);
        let work = move || {
            upkeep.run_with(|| {
                if let Err(error) = start_cleaners(&upkeep, &cleaners) {
                    tracing::warn!(%error, "there are fewer cleaners than there should be");
                }
            });
        };
        background.upkeep = Some(thread::Builder::new().name("kafka-log-upkeep".to_owned()).spawn(work)?);
        Ok(background)
    }

    /// Stops the threads and waits for them. Dropping does the same.
    pub fn stop(self) {}
}

/// Starts the cleaners that are missing. Those that are too many end by themselves.
fn start_cleaners<F: Fs>(upkeep: &Arc<Upkeep<F>>, threads: &CleanerThreads) -> io::Result<()> {
    let wanted = {
        let config = upkeep.manager.cleaner_config();
        if config.enabled { config.threads } else { 0 }
    };
    let mut threads = threads.lock();
    for number in 0..wanted {
        if threads.get(number).is_some_and(|thread| !thread.is_finished()) {
            continue;
        }
        let cleaning = Arc::clone(upkeep);
        let work = move || cleaning.clean_while(|config| number < config.threads);
        let thread = thread::Builder::new().name(format!("kafka-log-cleaner-thread-{number}")).spawn(work)?;
        match threads.get_mut(number) {
            Some(ended) => *ended = thread,
            None => threads.push(thread),
        }
    }
    Ok(())
}

impl Drop for Background {
    fn drop(&mut self) {
        (self.stop)();
        // First the one that starts others.
        let upkeep = self.upkeep.take();
        for thread in upkeep.into_iter().chain(std::mem::take(&mut *self.cleaners.lock())) {
            // One that panicked has said so.
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::super::{LogManagerConfig, Startup};
    use super::*;
    use crate::log::config::LogConfig;

    #[test]
    fn cleaners_come_and_go_while_it_runs() {
        let dir = std::env::temp_dir().join(format!("cleaners-{}", std::process::id()));
        let cleaner = LogCleanerConfig { backoff_ms: 10, dedupe_buffer_bytes: 1 << 23, ..LogCleanerConfig::default() };
        let config = LogManagerConfig { cleaner: cleaner.clone(), ..LogManagerConfig::default() };
        let unloaded = LogManager::open(OsFs, std::slice::from_ref(&dir), LogConfig::default(), config).unwrap();
        let manager = Arc::new(unloaded.load(&Startup::plain(0)).unwrap().0);
        let background = Background::start(Arc::clone(&manager), Arc::new(SystemClock)).unwrap();
        let until = Instant::now() + Duration::from_secs(30);
        for threads in [3, 1, 2, 3] {
            manager.update_cleaner_config(LogCleanerConfig { threads, ..cleaner.clone() });
            let running = || background.cleaners.lock().iter().filter(|thread| !thread.is_finished()).count();
            while running() != threads {
                assert!(Instant::now() < until, "{} of {threads}", running());
                thread::sleep(Duration::from_millis(5));
            }
        }
        background.stop();
        std::fs::remove_dir_all(dir).unwrap();
    }
}
