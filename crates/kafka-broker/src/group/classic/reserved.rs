//! Member ids that were given out and have not joined yet (`pendingJoinMembers`).

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

/// Most ids that a group has out at a time. Kafka knows no bound: whoever may connect can have it keep an id for each request
/// until the session that the request asked for is over.
const MAX: usize = 10_000;

/// The ids, and the order in which they were given out.
#[derive(Debug, Default)]
pub(super) struct Reserved {
    ids: BTreeSet<Arc<str>>,
    /// With ids that are not out any more.
    order: VecDeque<Arc<str>>,
}

impl Reserved {
    pub(super) fn contains(&self, id: &str) -> bool {
        self.ids.contains(id)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Adds an id. Where there are too many, gives back the one that has been out for longest: its member, should it join
    /// after all, is told that it is unknown and asks for another.
    pub(super) fn insert(&mut self, id: Arc<str>) -> Option<Arc<str>> {
        let oldest = if self.ids.len() < MAX { None } else { self.pop_oldest() };
        if self.order.len() >= 2 * MAX {
            self.order.retain(|id| self.ids.contains(id));
        }
        self.order.push_back(Arc::clone(&id));
        self.ids.insert(id);
        oldest
    }

    pub(super) fn remove(&mut self, id: &str) {
        self.ids.remove(id);
        if self.ids.is_empty() {
            self.order = VecDeque::new();
        }
    }

    fn pop_oldest(&mut self) -> Option<Arc<str>> {
        while let Some(id) = self.order.pop_front() {
            if self.ids.remove(&id) {
                return Some(id);
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_of_too_many_goes() {
        let mut reserved = Reserved::default();
        let id = |number: usize| Arc::from(format!("{number:07}"));
        for number in 0..MAX {
            assert_eq!(reserved.insert(id(number)), None);
        }
        reserved.remove("0000000");
        assert_eq!(reserved.insert(id(MAX)), None);
        assert_eq!(reserved.insert(id(MAX + 1)), Some(id(1)));
        assert!(!reserved.contains("0000001") && reserved.contains("0000002"));
        // Ids that come and go leave nothing behind.
        for number in 0..5 * MAX {
            let id: Arc<str> = id(100_000 + number);
            let oldest = reserved.insert(Arc::clone(&id));
            reserved.remove(&id);
            assert!(oldest.is_some() == (number == 0));
        }
        assert!(reserved.ids.len() < MAX && reserved.order.len() <= 2 * MAX);
    }
}
