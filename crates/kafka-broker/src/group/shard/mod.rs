//! One partition of `__consumer_offsets` as a state machine (`GroupCoordinatorShard`).

mod commit;
mod complete;
mod consumer;
mod delete;
mod fetch;
mod member;
mod migrate;
mod replay;
mod retention;
mod view;

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use kafka_rpc::ErrorCode;

use super::classic::{ClassicGroup, Cx, RetentionBase};
use super::consumer::{ConsumerGroup, Resolution};
use super::modern::{Kind, ModernGroup};
use super::offsets::Offsets;
use super::outcome::{Outcome, Record};
use super::timers::{TimerAction, TimerKey, Timers};
use super::{GroupConfig, Metadata, Reply};

pub(super) use delete::deleted;
pub(super) use fetch::nothing;

/// Makes 128 random bits for a member id.
pub(super) type Random = Box<dyn FnMut() -> u128 + Send>;

/// A group of any protocol.
#[derive(Debug)]
pub(super) enum Group<T> {
    /// Members join and sync.
    Classic(Box<ClassicGroup<T>>),
    /// Members say what they have, and are told what to have.
    Consumer(Box<ConsumerGroup>),
    /// Another protocol.
    Modern(ModernGroup),
}

impl<T: Copy> Group<T> {
    fn is_empty(&self) -> bool {
        match self {
            Group::Classic(group) => group.is_empty(),
            Group::Consumer(group) => group.is_empty(),
            Group::Modern(group) => group.is_empty(),
        }
    }

    /// A group that only keeps offsets.
    fn is_simple(&self) -> bool {
        matches!(self, Group::Classic(group) if group.is_simple())
    }

    fn is_subscribed(&self, topic: &str) -> bool {
        match self {
            Group::Classic(group) => group.is_subscribed(topic),
            Group::Consumer(group) => group.is_subscribed(topic),
            Group::Modern(_) => false,
        }
    }

    fn retention_base(&self) -> Option<RetentionBase> {
        match self {
            Group::Classic(group) => group.retention_base(),
            Group::Consumer(_) | Group::Modern(_) => Some(RetentionBase::Commit),
        }
    }

    /// Share groups stay until they are deleted (`shouldExpire`).
    fn never_expires(&self) -> bool {
        matches!(self, Group::Modern(group) if group.kind == Kind::Share)
    }

    /// Tombstones of the group itself (`createGroupTombstoneRecords`).
    fn push_tombstones(&self, records: &mut Vec<Record>) {
        match self {
            Group::Classic(group) => records.push(Record::GroupTombstone { group: Arc::clone(&group.id) }),
            Group::Consumer(group) => records.extend(group.tombstones()),
            Group::Modern(group) => records.extend(group.tombstones()),
        }
    }

    fn check_delete(&self) -> Result<(), ErrorCode> {
        match self {
            Group::Classic(group) => group.check_delete(),
            Group::Consumer(_) | Group::Modern(_) if self.is_empty() => Ok(()),
            Group::Consumer(_) | Group::Modern(_) => Err(ErrorCode::NonEmptyGroup),
        }
    }
}

/// An outcome whose records are written and not committed yet.
#[derive(Debug)]
struct Uncommitted<T> {
    /// Offset of its last record.
    last_offset: i64,
    outcome: Outcome<T>,
}

/// The groups and offsets of one partition.
///
/// Handlers change the state and say what to append and to answer. The caller appends the records and reports
/// [`Shard::appended`] or [`Shard::append_failed`], then [`Shard::committed`], which gives the answers.
pub(super) struct Shard<T> {
    config: Arc<GroupConfig>,
    random: Random,
    groups: HashMap<Arc<str>, Group<T>>,
    offsets: Offsets,
    timers: Timers,
    uncommitted: VecDeque<Uncommitted<T>>,
    metadata: Arc<dyn Metadata>,
    /// Expressions that are being resolved, by group.
    resolving: HashMap<Arc<str>, Arc<Resolution>>,
    /// `Metadata::version` when topics came last.
    new_topics_version: i64,
}

impl<T: Copy> Shard<T> {
    /// A shard without groups.
    pub(super) fn new(config: Arc<GroupConfig>, random: Random, metadata: Arc<dyn Metadata>) -> Self {
        Shard {
            config,
            random,
            groups: HashMap::new(),
            offsets: Offsets::default(),
            timers: Timers::default(),
            uncommitted: VecDeque::new(),
            metadata,
            resolving: HashMap::new(),
            new_topics_version: -1,
        }
    }

    /// Starts the timers after the log was replayed (`onLoaded`).
    pub(super) fn loaded(&mut self, now_ms: i64) -> Outcome<T> {
        let mut out = Outcome::default();
        self.new_topics_version = self.metadata.version();
        let mut ids: Vec<_> = self.groups.keys().cloned().collect();
        ids.sort_unstable();
        for id in ids {
            self.with_classic(&id, now_ms, &mut out, |group, cx| group.loaded(cx));
            self.with_consumer(&id, now_ms, |group, cx| group.loaded(cx));
        }
        self.set_retention_timer(now_ms);
        out
    }

    /// Ends the shard: requests that wait are told to look for another coordinator (`onUnloaded`).
    pub(super) fn unload(mut self) -> Vec<(T, Reply)> {
        let error = ErrorCode::NotCoordinator;
        let mut replies = Vec::new();
        for Uncommitted { outcome, .. } in self.uncommitted.drain(..) {
            replies.extend(outcome.replies.into_iter().map(|(ticket, mut reply)| {
                reply.fail(error);
                (ticket, reply)
            }));
        }
        for group in self.groups.values_mut() {
            let Group::Classic(group) = group else { continue };
            let waiters = group.take_waiters();
            let join = waiters
                .join
                .into_iter()
                .map(|(member_id, waiter)| (waiter.ticket, Reply::join_error(error, &member_id, waiter.version)));
            replies.extend(join);
            replies.extend(waiters.sync.into_iter().map(|waiter| (waiter.ticket, Reply::sync_error(error))));
        }
        replies
    }

    /// Says how the time of deadlines stands to the time of day, before anything is handled.
    pub(super) fn set_skew(&mut self, skew_ms: i64) {
        self.timers.set_skew(skew_ms);
    }

    /// Has the sessions of a member, or of all members of a group, be over; gives their number.
    pub(super) fn end_sessions(&mut self, group: &str, member: Option<&str>, now_ms: i64) -> usize {
        let is_wanted = |key: &TimerKey| match key {
            TimerKey::Session { group: of, member: who } => {
                &**of == group && member.is_none_or(|member| &**who == member)
            }
            _ => false,
        };
        self.timers.hasten(is_wanted, now_ms)
    }

    /// When [`Shard::expire`] has something to do.
    pub(super) fn next_deadline(&self) -> Option<i64> {
        self.timers.next_deadline()
    }

    /// Fires one timer that is due; `None` if there is none.
    pub(super) fn expire(&mut self, now_ms: i64) -> Option<Outcome<T>> {
        let (key, action) = self.timers.take_due(now_ms)?;
        let mut out = Outcome::default();
        match (key, action) {
            (TimerKey::Session { group, member }, action @ TimerAction::EndSession) => {
                self.with_classic(&group, now_ms, &mut out, |group, cx| group.end_session(cx, &member));
                self.end_time_of(&group, &member, action, now_ms, &mut out);
            }
            (
                TimerKey::Rebalance { group, member }
                | TimerKey::MemberJoin { group, member }
                | TimerKey::MemberSync { group, member },
                action,
            ) => self.end_time_of(&group, &member, action, now_ms, &mut out),
            (TimerKey::Expressions(group), _) => {
                out.resolution = self.resolving.get(&group).map(|resolution| (group, Arc::clone(resolution)));
            }
            (TimerKey::Join(group), TimerAction::EndInitialJoin { delay_ms, remaining_ms }) => {
                let end = |group: &mut ClassicGroup<T>, cx: &mut Cx<'_, T>| {
                    group.end_initial_join(cx, delay_ms, remaining_ms);
                };
                self.with_classic(&group, now_ms, &mut out, end);
            }
            (TimerKey::Join(group), TimerAction::EndJoin) => {
                self.with_classic(&group, now_ms, &mut out, |group, cx| group.end_join(cx));
            }
            (TimerKey::Sync(group), TimerAction::EndSync { generation }) => {
                self.with_classic(&group, now_ms, &mut out, |group, cx| group.end_sync(cx, generation));
            }
            (TimerKey::Retention, _) => self.remove_expired(now_ms, &mut out),
            // Keys and actions are always set as one of these pairs.
            (TimerKey::Session { .. } | TimerKey::Join(_) | TimerKey::Sync(_), _) => {}
        }
        Some(out)
    }

    /// Does something with a classic group, if there is one with this id.
    fn with_classic<R>(
        &mut self,
        id: &str,
        now_ms: i64,
        out: &mut Outcome<T>,
        act: impl FnOnce(&mut ClassicGroup<T>, &mut Cx<'_, T>) -> R,
    ) -> Option<R> {
        let Some(Group::Classic(group)) = self.groups.get_mut(id) else { return None };
        let (timers, random) = (&mut self.timers, &mut *self.random);
        Some(act(group, &mut Cx { config: &self.config, timers, random, out, now_ms }))
    }
}
