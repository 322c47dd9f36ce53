//! Timers of a shard: virtual time, one timer for each key (`CoordinatorTimer`).
//!
//! A shard thinks in times of day, which may be set at any time. Deadlines are kept in a time that cannot.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Names a timer.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum TimerKey {
    /// The session of a member, or the time that a member id stays reserved.
    Session {
        /// Its group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
    },
    /// The join phase of a group.
    Join(Arc<str>),
    /// The sync phase of a group.
    Sync(Arc<str>),
    /// A member of a consumer group has to give up partitions.
    Rebalance {
        /// Its group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
    },
    /// A member of a consumer group that speaks the classic protocol has to join again.
    MemberJoin {
        /// Its group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
    },
    /// A member of a consumer group that speaks the classic protocol has to send SyncGroup.
    MemberSync {
        /// Its group.
        group: Arc<str>,
        /// The member.
        member: Arc<str>,
    },
    /// The regular expressions of a group are resolved.
    Expressions(Arc<str>),
    /// Expiry of offsets and groups.
    Retention,
}

/// What a timer does when it is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TimerAction {
    /// The session of a member ends, or its time to join or sync.
    EndSession,
    /// The time ends in which a member gives up partitions.
    EndRebalance {
        /// The epoch that it was to leave.
        epoch: i32,
    },
    /// Topics are matched with regular expressions.
    ResolveExpressions,
    /// The first rebalance of a group ends, or is put off while members keep coming.
    EndInitialJoin {
        /// How long this timer has run.
        delay_ms: i32,
        /// How long the rebalance can be put off after that.
        remaining_ms: i32,
    },
    /// The join phase ends with the members that are there.
    EndJoin,
    /// Members that have not sent SyncGroup are removed.
    EndSync {
        /// The generation that was to be synced.
        generation: i32,
    },
    /// Removes expired offsets and empty groups.
    RemoveExpired,
}

/// Timers by deadline; among equal deadlines the one that was set first comes first.
#[derive(Debug, Default)]
pub(super) struct Timers {
    by_deadline: BTreeMap<(i64, u64), (TimerKey, TimerAction)>,
    by_key: HashMap<TimerKey, (i64, u64)>,
    set: u64,
    skew_ms: i64,
}

impl Timers {
    /// Says what to add to a time of day for the time of deadlines, from now on.
    pub(super) fn set_skew(&mut self, skew_ms: i64) {
        self.skew_ms = skew_ms;
    }

    /// Sets a timer for a time of day, in place of one with the same key.
    pub(super) fn set(&mut self, key: TimerKey, deadline_ms: i64, action: TimerAction) {
        self.set += 1;
        let at = (deadline_ms.saturating_add(self.skew_ms), self.set);
        if let Some(before) = self.by_key.insert(key.clone(), at) {
            self.by_deadline.remove(&before);
        }
        self.by_deadline.insert(at, (key, action));
    }

    /// Has timers be due at this time of day; gives their number.
    pub(super) fn hasten(&mut self, is_wanted: impl Fn(&TimerKey) -> bool, now_ms: i64) -> usize {
        let wanted = self.by_deadline.values().filter(|(key, _)| is_wanted(key)).cloned().collect::<Vec<_>>();
        let count = wanted.len();
        wanted.into_iter().for_each(|(key, action)| self.set(key, now_ms, action));
        count
    }

    /// Whether a timer is set.
    pub(super) fn is_set(&self, key: &TimerKey) -> bool {
        self.by_key.contains_key(key)
    }

    /// Removes a timer.
    pub(super) fn cancel(&mut self, key: &TimerKey) {
        if let Some(at) = self.by_key.remove(key) {
            self.by_deadline.remove(&at);
        }
    }

    /// When the next timer is due, in the time of deadlines.
    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.by_deadline.first_key_value().map(|((deadline, _), _)| *deadline)
    }

    /// Takes a timer that is due at this time of day.
    pub(super) fn take_due(&mut self, now_ms: i64) -> Option<(TimerKey, TimerAction)> {
        let now_ms = now_ms.saturating_add(self.skew_ms);
        let first = self.by_deadline.first_entry().filter(|first| first.key().0 <= now_ms)?;
        let (key, action) = first.remove();
        self.by_key.remove(&key);
        Some((key, action))
    }
}
