//! What is being cleaned, and what is paused (`LogCleaningState`).
//!
//! A partition that is neither has no entry. Each pause has to be undone by a resume of its own.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::{Condvar, Mutex};

use crate::log::TopicPartition;
use crate::manager::ManagerError;

#[derive(Debug)]
enum CleaningState {
    /// A thread works on it. The flag tells it to stop.
    InProgress(Arc<AtomicBool>),
    /// Told to stop, and this many pauses begin when it has.
    Aborted(u32),
    /// Paused this many times.
    Paused(u32),
}

/// The states of all partitions.
#[derive(Debug, Default)]
pub(crate) struct CleaningStates {
    states: Mutex<HashMap<TopicPartition, CleaningState>>,
    paused: Condvar,
    /// No work begins any more.
    stopped: AtomicBool,
}

/// What became of a piece of work on a partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// It went through: what it found out counts.
    Completed,
    /// It was told to stop: nothing of it counts.
    Aborted,
}

impl CleaningStates {
    /// Begins work on a partition that no thread works on and that is not paused. The flag is set when the work has to stop.
    pub(crate) fn begin(&self, tp: &TopicPartition) -> Option<Arc<AtomicBool>> {
        let mut states = self.states.lock();
        if states.contains_key(tp) || self.stopped.load(Ordering::Acquire) {
            return None;
        }
        let stop = Arc::new(AtomicBool::new(false));
        states.insert(tp.clone(), CleaningState::InProgress(Arc::clone(&stop)));
        Some(stop)
    }

    /// Lets no work begin any more, and has all that goes on aborted and ended.
    pub(crate) fn stop(&self) {
        self.stopped.store(true, Ordering::Release);
        let busy: Vec<TopicPartition> = {
            let states = self.states.lock();
            let busy = states.iter().filter(|(_, state)| !matches!(state, CleaningState::Paused(_)));
            busy.map(|(tp, _)| tp.clone()).collect()
        };
        busy.iter().for_each(|tp| self.abort_and_pause(tp));
    }

    /// Whether [`CleaningStates::begin`] would begin.
    pub(crate) fn is_free(&self, tp: &TopicPartition) -> bool {
        !self.states.lock().contains_key(tp)
    }

    /// Ends the work on a partition. `commit` is called, still under the lock, if the work counts.
    pub(crate) fn done(&self, tp: &TopicPartition, commit: impl FnOnce()) -> Done {
        let mut states = self.states.lock();
        match states.remove(tp) {
            Some(CleaningState::Aborted(pauses)) => {
                states.insert(tp.clone(), CleaningState::Paused(pauses));
                self.paused.notify_all();
                Done::Aborted
            }
            Some(paused @ CleaningState::Paused(_)) => {
                states.insert(tp.clone(), paused);
                Done::Aborted
            }
            Some(CleaningState::InProgress(_)) | None => {
                commit();
                Done::Completed
            }
        }
    }

    /// Pauses a partition that is free; false if it is not.
    pub(crate) fn try_pause(&self, tp: &TopicPartition) -> bool {
        let mut states = self.states.lock();
        let free = !states.contains_key(tp);
        if free {
            states.insert(tp.clone(), CleaningState::Paused(1));
        }
        free
    }

    /// Stops work on a partition, waits until it has stopped, and lets none begin until resumed.
    pub(crate) fn abort_and_pause(&self, tp: &TopicPartition) {
        let mut states = self.states.lock();
        match states.get_mut(tp) {
            None => {
                states.insert(tp.clone(), CleaningState::Paused(1));
            }
            Some(CleaningState::Aborted(pauses) | CleaningState::Paused(pauses)) => *pauses += 1,
            Some(state) => {
                if let CleaningState::InProgress(stop) = state {
                    stop.store(true, Ordering::Release);
                }
                *state = CleaningState::Aborted(1);
            }
        }
        while matches!(states.get(tp), Some(CleaningState::Aborted(_))) {
            self.paused.wait(&mut states);
        }
    }

    /// Undoes one pause.
    ///
    /// # Errors
    /// The partition is not paused.
    pub(crate) fn resume(&self, tp: &TopicPartition) -> Result<(), ManagerError> {
        let mut states = self.states.lock();
        match states.get_mut(tp) {
            Some(CleaningState::Paused(1)) => {
                states.remove(tp);
            }
            Some(CleaningState::Paused(pauses)) => *pauses -= 1,
            _ => {
                let message = format!("cleaning of {tp} cannot be resumed: it is not paused");
                return Err(ManagerError::IllegalState(message));
            }
        }
        Ok(())
    }
}

/// A pause that ends with the value.
pub(crate) struct Pause<'a> {
    states: &'a CleaningStates,
    tp: TopicPartition,
}

impl CleaningStates {
    /// [`CleaningStates::abort_and_pause`], resumed when the value goes.
    pub(crate) fn pause(&self, tp: &TopicPartition) -> Pause<'_> {
        self.abort_and_pause(tp);
        Pause { states: self, tp: tp.clone() }
    }

    /// [`CleaningStates::try_pause`], resumed when the value goes.
    pub(crate) fn pause_if_free(&self, tp: &TopicPartition) -> Option<Pause<'_>> {
        self.try_pause(tp).then(|| Pause { states: self, tp: tp.clone() })
    }
}

impl Drop for Pause<'_> {
    fn drop(&mut self) {
        // Somebody else may have resumed once too often; there is nothing left to undo then.
        let _ = self.states.resume(&self.tp);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;

    fn tp() -> TopicPartition {
        TopicPartition::on_disk("t", 0)
    }

    #[test]
    fn pauses_are_counted() {
        let states = CleaningStates::default();
        states.abort_and_pause(&tp());
        states.abort_and_pause(&tp());
        states.resume(&tp()).unwrap();
        assert!(states.begin(&tp()).is_none());
        states.resume(&tp()).unwrap();
        assert!(states.begin(&tp()).is_some());
        assert!(matches!(states.resume(&tp()), Err(ManagerError::IllegalState(_))));
    }

    #[test]
    fn an_abort_waits_for_the_work_and_its_result_does_not_count() {
        let states = CleaningStates::default();
        let stop = states.begin(&tp()).unwrap();
        thread::scope(|scope| {
            let pausing = scope.spawn(|| states.abort_and_pause(&tp()));
            while !stop.load(Ordering::Acquire) {
                thread::yield_now();
            }
            assert!(!pausing.is_finished());
            assert_eq!(states.done(&tp(), || unreachable!("it was aborted")), Done::Aborted);
            pausing.join().unwrap();
        });
        assert!(!states.try_pause(&tp()));
        states.resume(&tp()).unwrap();
        assert!(states.is_free(&tp()));
    }

    #[test]
    fn work_that_goes_through_counts_and_leaves_the_partition_free() {
        let states = CleaningStates::default();
        states.begin(&tp()).unwrap();
        let mut counted = false;
        assert_eq!(states.done(&tp(), || counted = true), Done::Completed);
        assert!(counted && states.is_free(&tp()));
    }

    #[test]
    fn a_pause_ends_with_its_value() {
        let states = CleaningStates::default();
        {
            let _pause = states.pause(&tp());
            assert!(states.pause_if_free(&tp()).is_none());
        }
        assert!(states.pause_if_free(&tp()).is_some());
    }
}
