//! Which partitions are verified in this run, and what becomes of them.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash, Hasher};
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use kafka_log::audit::{Observer, PartitionReport};

use super::options::VerifyOptions;
use super::state::{Done, State, drawn_seed};

/// Follows a run.
pub(super) struct Tracker {
    sample: Option<u8>,
    /// Draws another sample each time.
    seed: u64,
    until: Option<Instant>,
    state: Option<Mutex<State>>,
    is_paused: AtomicBool,
    error: Mutex<Option<io::Error>>,
}

impl Tracker {
    pub(super) fn new(options: &VerifyOptions, state: Option<State>, started: Instant) -> Self {
        Tracker {
            sample: options.sample,
            // A run that is taken up again goes on with its own sample.
            seed: state.as_ref().map_or_else(drawn_seed, State::seed),
            until: options.pause_after.map(|minutes| started + Duration::from_secs(minutes.saturating_mul(60))),
            state: state.map(Mutex::new),
            is_paused: AtomicBool::new(false),
            error: Mutex::new(None),
        }
    }

    /// What an earlier run had done, and whether this one was paused.
    ///
    /// # Errors
    /// The state could not be written.
    pub(super) fn finish(self) -> io::Result<(Vec<Done>, bool)> {
        if let Some(error) = self.error.into_inner().unwrap_or_else(PoisonError::into_inner) {
            return Err(error);
        }
        let is_paused = self.is_paused.into_inner();
        let Some(state) = self.state else { return Ok((Vec::new(), is_paused)) };
        let state = state.into_inner().unwrap_or_else(PoisonError::into_inner);
        Ok((state.finish(is_paused)?, is_paused))
    }
}

impl Observer for Tracker {
    fn is_done(&self, partition: &Path) -> bool {
        if let Some(percent) = self.sample {
            let mut hasher = DefaultHasher::new();
            (self.seed, partition).hash(&mut hasher);
            if hasher.finish() % 100 >= u64::from(percent) {
                return true;
            }
        }
        let Some(state) = &self.state else { return false };
        state.lock().unwrap_or_else(PoisonError::into_inner).is_done(partition)
    }

    fn partition(&self, report: &PartitionReport) {
        let Some(state) = &self.state else { return };
        if let Err(error) = state.lock().unwrap_or_else(PoisonError::into_inner).add(report) {
            self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    fn is_stopped(&self) -> bool {
        let is_over = self.until.is_some_and(|until| Instant::now() >= until);
        if is_over {
            self.is_paused.store(true, Ordering::Relaxed);
        }
        is_over
    }
}
