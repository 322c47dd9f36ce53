//! Cleaning of many logs: whose turn it is, who has to wait (`LogCleaner`, `LogCleanerManager`).

mod offsets;
mod run;
mod state;

use std::collections::HashSet;

use parking_lot::Mutex;

use crate::log::TopicPartition;

pub use run::CleaningOutcome;
pub(super) use state::CleaningStates;

/// What the manager knows about cleaning.
#[derive(Debug, Default)]
pub(super) struct Cleaning {
    pub(super) states: CleaningStates,
    /// Partitions that could not be cleaned, and the directory they were in. They are left alone until they move or go.
    uncleanable: Mutex<HashSet<(usize, TopicPartition)>>,
}

impl Cleaning {
    fn is_uncleanable(&self, dir: usize, tp: &TopicPartition) -> bool {
        let uncleanable = self.uncleanable.lock();
        !uncleanable.is_empty() && uncleanable.contains(&(dir, tp.clone()))
    }
}
