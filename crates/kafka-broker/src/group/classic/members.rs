//! The members of a classic group.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use super::super::java;
use super::super::outcome::Waiter;
use super::member::{Member, Protocol};

/// Members by id, with counts that are kept up to date.
///
/// Kafka keeps them in a `HashMap`, whose order shows: in records, in what the leader gets, in who leads after the leader has
/// left. [`Members::ordered`] has that order.
#[derive(Debug)]
pub(in super::super) struct Members<T> {
    by_id: HashMap<Arc<str>, Entry<T>>,
    by_instance: HashMap<Arc<str>, Arc<str>>,
    /// How many members support a protocol.
    supported: HashMap<Box<str>, usize>,
    awaiting_join: usize,
    /// The most members there were.
    len_max: usize,
    inserted: u64,
}

#[derive(Debug)]
struct Entry<T> {
    member: Member<T>,
    hash: u32,
    inserted: u64,
}

/// The least time for a rebalance, in ms.
const REBALANCE_TIMEOUT_MIN_MS: i32 = 100;

impl<T> Default for Members<T> {
    fn default() -> Self {
        Members {
            by_id: HashMap::new(),
            by_instance: HashMap::new(),
            supported: HashMap::new(),
            awaiting_join: 0,
            len_max: 0,
            inserted: 0,
        }
    }
}

impl<T: Copy> Members<T> {
    pub(in super::super) fn len(&self) -> usize {
        self.by_id.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.by_id.is_empty()
    }

    pub(super) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(in super::super) fn get(&self, id: &str) -> Option<&Member<T>> {
        self.by_id.get(id).map(|entry| &entry.member)
    }

    /// The id of a static member.
    pub(super) fn of_instance(&self, instance_id: &str) -> Option<&Arc<str>> {
        self.by_instance.get(instance_id)
    }

    /// Members that wait for the end of the join phase.
    pub(super) fn awaiting_join(&self) -> usize {
        self.awaiting_join
    }

    /// How many members support a protocol.
    pub(super) fn supporting(&self, protocol: &str) -> usize {
        self.supported.get(protocol).copied().unwrap_or(0)
    }

    fn place(&self, entry: &Entry<T>) -> (u32, u64) {
        (entry.hash & (java::table_len(self.len_max) - 1), entry.inserted)
    }

    /// Members in the order of Kafka's table.
    pub(in super::super) fn ordered(&self) -> Vec<&Member<T>> {
        let mut entries: Vec<_> = self.by_id.values().map(|entry| (self.place(entry), &entry.member)).collect();
        entries.sort_unstable_by_key(|(place, _)| *place);
        entries.into_iter().map(|(_, member)| member).collect()
    }

    /// Ids of the members, in that order.
    pub(super) fn ids(&self) -> Vec<Arc<str>> {
        self.ordered().into_iter().map(|member| Arc::clone(&member.id)).collect()
    }

    /// The first member in that order.
    pub(super) fn first(&self) -> Option<&Member<T>> {
        self.first_of(|_| true)
    }

    /// The first member in that order that fits.
    pub(super) fn first_of(&self, fits: impl Fn(&Member<T>) -> bool) -> Option<&Member<T>> {
        let entries = self.by_id.values().filter(|entry| fits(&entry.member));
        entries.min_by_key(|entry| self.place(entry)).map(|entry| &entry.member)
    }

    /// Adds a member.
    pub(super) fn insert(&mut self, member: Member<T>) {
        self.remove(&Arc::clone(&member.id));
        if let Some(instance_id) = &member.instance_id {
            self.by_instance.insert(Arc::clone(instance_id), Arc::clone(&member.id));
        }
        self.count_protocols(&member.protocols, true);
        self.awaiting_join += usize::from(member.awaiting_join.is_some());
        self.inserted += 1;
        let (hash, inserted) = (java::spread(&member.id), self.inserted);
        self.by_id.insert(Arc::clone(&member.id), Entry { member, hash, inserted });
        self.len_max = self.len_max.max(self.by_id.len());
    }

    /// Removes a member.
    pub(super) fn remove(&mut self, id: &str) -> Option<Member<T>> {
        let Entry { member, .. } = self.by_id.remove(id)?;
        self.count_protocols(&member.protocols, false);
        self.awaiting_join -= usize::from(member.awaiting_join.is_some());
        if let Some(instance_id) = &member.instance_id {
            self.by_instance.remove(instance_id);
        }
        Some(member)
    }

    /// Changes what a member supports and how long it is waited for.
    pub(super) fn update(
        &mut self,
        id: &str,
        protocols: Vec<Protocol>,
        rebalance_timeout_ms: i32,
        session_timeout_ms: i32,
    ) {
        let Some(entry) = self.by_id.get_mut(id) else { return };
        let before = std::mem::take(&mut entry.member.protocols);
        entry.member.rebalance_timeout_ms = rebalance_timeout_ms;
        entry.member.session_timeout_ms = session_timeout_ms;
        self.count_protocols(&before, false);
        self.count_protocols(&protocols, true);
        if let Some(entry) = self.by_id.get_mut(id) {
            entry.member.protocols = protocols;
        }
    }

    fn count_protocols(&mut self, protocols: &[Protocol], up: bool) {
        let names: HashSet<&str> = protocols.iter().map(|p| &*p.name).collect();
        for name in names {
            if up {
                *self.supported.entry(name.into()).or_default() += 1;
            } else if let Some(count) = self.supported.get_mut(name) {
                *count -= 1;
                if *count == 0 {
                    self.supported.remove(name);
                }
            }
        }
    }

    /// Lets a JoinGroup of a member wait; returns the one that waited before.
    pub(super) fn await_join(&mut self, id: &str, waiter: Waiter<T>) -> Option<Waiter<T>> {
        let before = self.by_id.get_mut(id)?.member.awaiting_join.replace(waiter);
        self.awaiting_join += usize::from(before.is_none());
        before
    }

    /// The JoinGroup of a member that waits no longer.
    pub(super) fn take_join(&mut self, id: &str) -> Option<Waiter<T>> {
        let waiter = self.by_id.get_mut(id)?.member.awaiting_join.take()?;
        self.awaiting_join -= 1;
        Some(waiter)
    }

    /// Lets a SyncGroup of a member wait; returns the one that waited before.
    pub(super) fn await_sync(&mut self, id: &str, waiter: Waiter<T>) -> Option<Waiter<T>> {
        self.by_id.get_mut(id)?.member.awaiting_sync.replace(waiter)
    }

    /// The SyncGroup of a member that waits no longer.
    pub(super) fn take_sync(&mut self, id: &str) -> Option<Waiter<T>> {
        self.by_id.get_mut(id)?.member.awaiting_sync.take()
    }

    /// Sets the assignment of a member.
    pub(super) fn assign(&mut self, id: &str, assignment: Arc<[u8]>) {
        if let Some(entry) = self.by_id.get_mut(id) {
            entry.member.assignment = assignment;
        }
    }

    /// Notes that a new member was answered.
    pub(super) fn set_answered(&mut self, id: &str) {
        if let Some(entry) = self.by_id.get_mut(id) {
            entry.member.is_new = false;
        }
    }

    /// The longest rebalance timeout. Members may ask for none at all: without a least one, timers of a group would be due again as
    /// soon as they are set.
    pub(super) fn rebalance_timeout_ms(&self) -> i32 {
        let longest = self.by_id.values().map(|entry| entry.member.rebalance_timeout_ms).max();
        // Without members there is nothing to wait for.
        longest.map_or(0, |longest| longest.max(REBALANCE_TIMEOUT_MIN_MS))
    }

    /// The protocol that most members prefer among those that all support (`selectProtocol`).
    pub(super) fn preferred_protocol(&self) -> Option<Box<str>> {
        let is_candidate = |name: &str| self.supporting(name) == self.len();
        let mut votes: HashMap<&str, u32> = HashMap::new();
        for entry in self.by_id.values() {
            *votes.entry(entry.member.vote(is_candidate)?).or_default() += 1;
        }
        // Among equals Kafka takes the first of its table.
        let last = java::table_len(votes.len()) - 1;
        let most = votes.into_iter().max_by_key(|(name, count)| (*count, Reverse(java::spread(name) & last)));
        most.map(|(name, _)| name.into())
    }
}
